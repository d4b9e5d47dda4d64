package fetch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bestbox/llmctl/catalogue"
	"bestbox/llmctl/engine"
)

// ImageRecord is an image as the Docker engine holds it.
type ImageRecord struct {
	// ID is the hash of its contents. Digest is its name with digest (repository@sha256:…) where a registry knows it.
	ID     string `json:"id"`
	Digest string `json:"digest,omitempty"`
	Size   int64  `json:"size"`
}

// Reference is what a container is made from: it can only ever mean this very image.
func (i ImageRecord) Reference() string {
	if i.Digest != "" {
		return i.Digest
	}
	return i.ID
}

// askTimeout is how long a look at the engine may take while the records are read.
const askTimeout = 10 * time.Second

// docker returns the engine, which is looked for when it is first needed.
func (f *Fetcher) docker(ctx context.Context) (*engine.Engine, error) {
	f.connecting.Lock()
	defer f.connecting.Unlock()
	if f.Engine == nil {
		found, err := engine.Connect(ctx)
		if err != nil {
			return nil, err
		}
		f.Engine = found
	}
	return f.Engine, nil
}

// imageLoaded tells whether the engine holds the recorded image, and whether it is still the one that the catalogue means.
func (f *Fetcher) imageLoaded(artefact catalogue.Artefact, record Record) bool {
	meant := slices.ContainsFunc(artefact.Sources, func(source catalogue.Source) bool {
		return record.Source == source.String() || (source.Kind == catalogue.Archive && strings.HasPrefix(record.Source, "archive "))
	})
	if record.Image == nil || !meant {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	docker, err := f.docker(ctx)
	if err != nil {
		return false
	}
	_, ok, err := docker.Image(ctx, record.Image.Reference())
	return ok && err == nil
}

// image gets an image into the engine.
func (f *Fetcher) image(ctx context.Context, artefact catalogue.Artefact, source catalogue.Source) (Record, error) {
	docker, err := f.docker(ctx)
	if err != nil {
		return Record{}, err
	}
	record := Record{Name: artefact.Name, Kind: artefact.Kind, Source: source.String()}
	switch source.Kind {
	case catalogue.Registry:
		record.Image, err = f.registry(ctx, docker, artefact, source)
	case catalogue.Archive:
		record.Image, err = f.archive(ctx, docker, source, filepath.Join(f.Cache, source.Path))
	case catalogue.FromProgram:
		record, err = f.fromProgram(ctx, docker, record, source)
	default:
		err = fmt.Errorf("source kind %q is not known", source.Kind)
	}
	if err == nil {
		f.say("%s: loaded from %s", artefact.Name, source)
	}
	return record, err
}

// registry has the engine pull an image. A digest of the catalogue counts, then one that an earlier pull of the same tag has recorded,
// then what the tag names today. What is in the engine already serves where the registry does not answer.
func (f *Fetcher) registry(ctx context.Context, docker *engine.Engine, artefact catalogue.Artefact, source catalogue.Source) (*ImageRecord, error) {
	reference, pinned := source.String(), source.Digest != ""
	if earlier, ok := f.readRecord(artefact.Name); ok && !pinned && earlier.Source == source.String() && earlier.Image != nil && earlier.Image.Digest != "" {
		reference, pinned = earlier.Image.Digest, true
	}
	found, ok, err := docker.Image(ctx, reference)
	if err != nil {
		return nil, err
	}
	if !pinned || !ok {
		pulled, pullError := f.pull(ctx, docker, artefact.Name, reference)
		switch {
		case pullError == nil && !pinned && pulled != "":
			reference, pinned = source.Repository+"@"+pulled, true
		case pullError != nil && (!ok || ctx.Err() != nil):
			return nil, pullError
		case pullError != nil:
			f.say("%s: using the image that is here: %s", artefact.Name, firstLine(pullError))
		}
		if found, ok, err = docker.Image(ctx, reference); err != nil || !ok {
			return nil, errors.Join(err, fmt.Errorf("the engine does not hold %s after the pull", reference))
		}
	}
	digest := reference
	if !pinned {
		if digest, ok = found.DigestOf(source.Repository); !ok {
			return nil, fmt.Errorf("%s has no digest: it did not come from its registry", reference)
		}
	}
	return &ImageRecord{ID: found.ID, Digest: digest, Size: found.Size}, nil
}

// pull shows a layer's way as a download of its own.
func (f *Fetcher) pull(ctx context.Context, docker *engine.Engine, name, reference string) (digest string, err error) {
	tasks := map[string]Task{}
	digest, err = docker.Pull(ctx, reference, func(layer string, done, total int64) {
		if tasks[layer] == nil {
			tasks[layer] = f.task(name+" "+layer, total)
		}
		tasks[layer].Set(done)
	})
	for _, task := range tasks {
		task.Done(err == nil)
	}
	return digest, err
}

// archive has the engine take an image from a file. It has no digest: the engine knows it by its id.
func (f *Fetcher) archive(ctx context.Context, docker *engine.Engine, source catalogue.Source, path string) (*ImageRecord, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s does not exist; docker save writes it where the image can be pulled (llmctl pull --from-file takes it from anywhere)", errAbsent, path)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if source.SHA256 != "" {
		if hash, err := hashFile(path); err != nil || hash != source.SHA256 {
			return nil, errors.Join(err, fmt.Errorf("wrong checksum: %s has SHA-256 %s instead of %s", path, hash, source.SHA256))
		}
	}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	task := f.task(filepath.Base(path), info.Size())
	loaded, err := docker.Load(ctx, &counted{Reader: file, task: task})
	task.Done(err == nil)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", path, err)
	}
	return inEngine(ctx, docker, loaded)
}

// inEngine describes an image that must be there now.
func inEngine(ctx context.Context, docker *engine.Engine, reference string) (*ImageRecord, error) {
	found, ok, err := docker.Image(ctx, reference)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("the engine does not hold %s, which it has just made", reference)
	}
	return &ImageRecord{ID: found.ID, Size: found.Size}, nil
}

// fromProgram builds an image of a program, its loader and its libraries, unless the engine holds the same already.
func (f *Fetcher) fromProgram(ctx context.Context, docker *engine.Engine, record Record, source catalogue.Source) (Record, error) {
	program, err := f.Fetch(ctx, source.From)
	if err != nil {
		return record, err
	}
	record.Version, record.Folder, record.Files = program.Version, program.Folder, program.Files
	root, err := rootOf(program.Path(), os.DirFS("/"))
	if err != nil {
		return record, err
	}
	tag, err := root.tag()
	if err != nil {
		return record, err
	}
	if _, ok, err := docker.Image(ctx, tag); err != nil {
		return record, err
	} else if !ok {
		if err := root.build(ctx, docker, tag); err != nil {
			return record, fmt.Errorf("build %s: %w", tag, err)
		}
	}
	record.Image, err = inEngine(ctx, docker, tag)
	return record, err
}

// FetchFile has the engine take an image from an archive of `docker save`, whatever it held before under this name.
func (f *Fetcher) FetchFile(ctx context.Context, artefact catalogue.Artefact, path string) (Record, error) {
	if artefact.Kind != catalogue.Image {
		return Record{}, fmt.Errorf("%s is a %s; only images are loaded from a file", artefact.Name, artefact.Kind)
	}
	unlock, err := f.lock(ctx, artefact.Name)
	if err != nil {
		return Record{}, err
	}
	defer unlock()
	docker, err := f.docker(ctx)
	if err != nil {
		return Record{}, fmt.Errorf("%s: %w", artefact.Name, err)
	}
	source := catalogue.Source{Kind: catalogue.Archive, Path: path}
	record := Record{Name: artefact.Name, Kind: artefact.Kind, Source: source.String()}
	if record.Image, err = f.archive(ctx, docker, source, path); err != nil {
		return Record{}, fmt.Errorf("%s: %w", artefact.Name, err)
	}
	return record, f.save(record)
}
