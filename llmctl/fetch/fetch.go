// Package fetch puts artefacts of the catalogue into the cache directory, and images into the Docker engine, and proves them whole.
//
// Whatever the source, the rules are the same: one download of an artefact at a time across processes; what was loaded before an
// interruption is kept and continued; nothing appears under its final name before its size and hash are right; what was loaded is
// recorded. It never runs a program it has not checked, and never touches files outside the cache directory.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"bestbox/llmctl/catalogue"
	"bestbox/llmctl/engine"
)

// Fetcher loads artefacts into one cache directory. Its zero values are the shipped behaviour; the fields exist for other mirrors,
// and for tests.
type Fetcher struct {
	// Cache is the absolute cache directory.
	Cache string
	// Progress is told what happens; nil: nobody is.
	Progress Progress
	// HubURL and ReleaseURL are the bases of Hugging Face and of GitHub's API; empty: the public ones.
	HubURL, ReleaseURL string
	// StallTimeout is how long a download may bring nothing before it is tried again; 0: 30 seconds.
	StallTimeout time.Duration
	// Python runs pip; empty: python3.
	Python string
	// FreeBytes says how much room a folder's disk has; nil: asks the system.
	FreeBytes func(folder string) (int64, error)
	// Engine takes images; nil: the one that answers.
	Engine *engine.Engine

	client     http.Client
	hosts      hosts
	connecting sync.Mutex
}

// New returns a Fetcher for a cache directory that need not exist yet.
func New(cache string, progress Progress) *Fetcher {
	f := &Fetcher{Cache: cache, Progress: progress}
	f.client = http.Client{Transport: f.transport(), CheckRedirect: checkRedirect}
	return f
}

// Error says that an artefact could not be had from any source, with what each said.
type Error struct {
	Artefact string
	Tried    []error
}

func (e *Error) Error() string {
	lines := make([]string, len(e.Tried))
	for i, err := range e.Tried {
		lines[i] = "\n  " + strings.ReplaceAll(err.Error(), "\n", "\n    ")
	}
	return fmt.Sprintf("%s could not be loaded; each source was tried:%s", e.Artefact, strings.Join(lines, ""))
}

func (e *Error) Unwrap() []error { return e.Tried }

// errAbsent marks a source that has nothing to offer on this machine, which needs no warning.
var errAbsent = errors.New("not here")

// Fetch returns the record of an artefact, loading it if the cache does not hold it whole. Cancelling ctx keeps what has come.
func (f *Fetcher) Fetch(ctx context.Context, artefact catalogue.Artefact) (Record, error) {
	if record, ok := f.Loaded(artefact); ok {
		return record, nil
	}
	unlock, err := f.lock(ctx, artefact.Name)
	if err != nil {
		return Record{}, err
	}
	defer unlock()
	if record, ok := f.Loaded(artefact); ok { // another process loaded it while this one waited
		return record, nil
	}
	if artefact.Kind == catalogue.Image {
		if _, err := f.docker(ctx); err != nil { // no source helps
			return Record{}, fmt.Errorf("%s: %w", artefact.Name, err)
		}
	} else if record, err := f.adopt(artefact); err == nil {
		return record, f.save(record)
	}
	failure := &Error{Artefact: artefact.Name}
	for _, source := range artefact.Sources {
		record, err := f.from(ctx, artefact, source)
		if err == nil {
			return record, f.save(record)
		}
		if ctx.Err() != nil {
			return Record{}, ctx.Err()
		}
		if full := (*DiskError)(nil); errors.As(err, &full) {
			return Record{}, err // no other source needs less room
		}
		failure.Tried = append(failure.Tried, fmt.Errorf("%s: %w", source, err))
		if !errors.Is(err, errAbsent) {
			f.say("%s: not from %s: %s", artefact.Name, source, reason(err))
		}
	}
	return Record{}, failure
}

// from loads an artefact from one source into the staging folder, checks it, and moves it to its final place.
func (f *Fetcher) from(ctx context.Context, artefact catalogue.Artefact, source catalogue.Source) (Record, error) {
	switch {
	case artefact.Kind == catalogue.Image:
		return f.image(ctx, artefact, source)
	case source.Kind == catalogue.Path:
		return f.installed(ctx, artefact, source)
	}
	staging := f.staging(artefact, source)
	out := filepath.Join(staging, "out")
	if err := os.MkdirAll(out, 0o755); err != nil {
		return Record{}, err
	}
	var err error
	switch source.Kind {
	case catalogue.Hub:
		err = f.hub(ctx, artefact, source, out)
	case catalogue.Release:
		err = f.release(ctx, artefact, source, staging, out)
	case catalogue.Wheels:
		err = f.wheels(ctx, artefact, source, staging, out)
	case catalogue.Tree:
		err = f.tree(ctx, source, staging, out)
	case catalogue.Build:
		err = f.build(ctx, artefact, source, staging, out)
	default:
		err = fmt.Errorf("source kind %q is not known", source.Kind)
	}
	if err != nil {
		return Record{}, err
	}
	record := Record{Name: artefact.Name, Kind: artefact.Kind, Source: source.String(), Folder: f.folder(artefact)}
	if artefact.Kind == catalogue.Program {
		if record.Version, err = programVersion(ctx, filepath.Join(out, artefact.Files[0].Name), artefact.Version); err != nil {
			return Record{}, errors.Join(err, os.RemoveAll(out))
		}
	}
	if err := replaceFolder(out, record.Folder); err != nil {
		return Record{}, err
	}
	if record.Files, err = describeFiles(record.Folder, artefact); err != nil {
		return Record{}, err
	}
	f.say("%s: loaded from %s", artefact.Name, source)
	return record, os.RemoveAll(f.stagingRoot(artefact))
}

// folder is where an artefact lies in the end.
func (f *Fetcher) folder(a catalogue.Artefact) string {
	return filepath.Join(f.Cache, a.Kind+"s", a.Name)
}

func (f *Fetcher) stagingRoot(a catalogue.Artefact) string {
	return filepath.Join(f.Cache, "partial", a.Name)
}

// staging is where a source works; each source has its own, so that what one left does not confuse another.
func (f *Fetcher) staging(a catalogue.Artefact, s catalogue.Source) string {
	return filepath.Join(f.stagingRoot(a), s.Kind)
}

// replaceFolder moves a finished folder to its final name. A crash in between leaves the old one or none, never a mixture.
func replaceFolder(finished, final string) error {
	if err := os.MkdirAll(filepath.Dir(final), 0o755); err != nil {
		return err
	}
	if err := os.RemoveAll(final); err != nil {
		return err
	}
	return os.Rename(finished, final)
}

func (f *Fetcher) say(format string, arguments ...any) {
	if f.Progress != nil {
		f.Progress.Say(fmt.Sprintf(format, arguments...))
	}
}

// task announces a piece of work of a known size; 0: unknown.
func (f *Fetcher) task(name string, total int64) Task {
	if f.Progress == nil {
		return silent{}
	}
	return f.Progress.Start(name, total)
}

// reason is a refusal in a few words: the request's address adds nothing where the host cannot be reached at all.
func reason(err error) string {
	if unreachable := (*unreachableError)(nil); errors.As(err, &unreachable) {
		return firstLine(unreachable)
	}
	return firstLine(err)
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
