package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.temporal.io/sdk/temporal"

	"bestbox/internal/knowledge/folder"
	"bestbox/internal/knowledge/ingests"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/knowledge/parse"
	"bestbox/internal/llm"
	"bestbox/workflows/run"
)

// read puts one file in and notes how it has fared. An error means that it has no outcome yet.
func (d *Documents) read(ctx context.Context, shelf Shelf, input run.Ingest, file ingests.File) error {
	if file.Tries > mostTries {
		file.State, file.Reason = ingests.NotIn, fmt.Sprintf("the worker has ended, or hours have passed, %d times while it read this file", mostTries)
		file.Advice = "split the file, or give the machine more memory, and put it in again"
		return shelf.Ingests.Note(ctx, input.ID, file)
	}
	file, err := d.put(ctx, shelf, input, file)
	if err != nil {
		if file, err = d.without(ctx, shelf.Ingests, input.ID, file, err); err != nil {
			return err
		}
	}
	// What is in is noted, even when the worker was told to stop a moment ago.
	return shelf.Ingests.Note(context.WithoutCancel(ctx), input.ID, file)
}

// put gives the file with what has become of it.
func (d *Documents) put(ctx context.Context, into Shelf, input run.Ingest, file ingests.File) (ingests.File, error) {
	content := file.Content
	var err error
	switch ingests.Kind(input.Kind) {
	case ingests.Folder:
		content, err = d.readFile(ctx, input.Root, file.Source)
	case ingests.URLs:
		file.Name, content, err = d.fetch(ctx, file.Source)
	case ingests.Upload:
	}
	if err != nil {
		return file, err
	}
	file.Size = int64(len(content))
	_, change, err := into.Library.Put(ctx, library.File{
		Domain: input.Domain, Source: file.Source, Root: input.Root, Name: file.Name, Bytes: content,
		// What a large file waited for before it went on is nothing to what fails hours later.
		Progress: func(ctx context.Context) error { return into.Ingests.GoOn(ctx, input.ID) },
	})
	file.State = ingests.FileState(change)
	return file, err
}

// readFile reads a file of a folder that may still be put in.
func (d *Documents) readFile(ctx context.Context, root, path string) ([]byte, error) {
	resolved, err := d.options.Places.Resolve(root)
	if err != nil {
		return nil, temporal.NewNonRetryableApplicationError(err.Error(), ErrorFolder, nil)
	}
	content, err := folder.Read(ctx, resolved, path, d.options.MaximumBytes)
	if err != nil && ctx.Err() == nil {
		return nil, &parse.UnreadableError{Source: path, Reason: err.Error()}
	}
	return content, err
}

// fetch brings what a URL names. What a server says now it says in an hour too, mostly, and others are waiting: it is not waited for.
func (d *Documents) fetch(ctx context.Context, url string) (name string, content []byte, err error) {
	fetched, err := d.options.Fetch.Fetch(ctx, url)
	if err != nil && ctx.Err() == nil {
		err = &fetchError{err}
	}
	return fetched.Name, fetched.Bytes, err
}

// fetchError is that of a URL which brings nothing.
type fetchError struct{ cause error }

func (e *fetchError) Error() string { return e.cause.Error() }
func (e *fetchError) Unwrap() error { return e.cause }

// without says what becomes of a file that could not be put in: it is given up, or the error says that another attempt may do it.
func (d *Documents) without(ctx context.Context, registry *ingests.Registry, id string, file ingests.File, cause error) (ingests.File, error) {
	unreadable, isUnreadable := errors.AsType[*parse.UnreadableError](cause)
	refused, isRefused := errors.AsType[*temporal.ApplicationError](cause)
	model, isModel := errors.AsType[*llm.Error](cause)
	// Without the source: the query of an address may hold a key, which is for neither Temporal's history nor the log.
	reason := strings.TrimPrefix(cause.Error(), "put "+file.Source+" in: ")
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded): // it has taken hours, and counts as a try: else it would keep all others out for ever
		return file, cause
	case ctx.Err() != nil: // the worker stops, or somebody has cancelled: not the file's fault
		return file, errors.Join(cause, registry.Untry(context.WithoutCancel(ctx), id, file))
	case isUnreadable:
		file.State, file.Reason, file.Advice = ingests.Unreadable, unreadable.Reason, unreadable.Advice
		return file, nil
	case isRefused:
		return file, refused
	case errors.As(cause, new(*fetchError)):
		file.State, file.Reason = ingests.NotIn, cause.Error()
		return file, nil
	}
	file.State, file.Reason, file.Advice = ingests.NotIn, reason, "put it in again once that is mended"
	if isModel && !model.Retryable() {
		return file, d.giveUp(ctx, registry, id, file)
	}
	patient, err := d.wait(ctx, registry, id, file, file.Reason, cause)
	if err != nil {
		return file, err
	}
	if patient {
		return file, waiting(errors.New(file.Reason))
	}
	if errors.Is(cause, library.ErrReindex) {
		return file, temporal.NewNonRetryableApplicationError(reason, ErrorReindex, nil)
	}
	return file, d.giveUp(ctx, registry, id, file)
}

// giveUp gives up the rest too, where several files in a row were for the same reason.
func (d *Documents) giveUp(ctx context.Context, registry *ingests.Registry, id string, file ingests.File) error {
	before, err := registry.Files(ctx, id, file.Position-mostInARow, mostInARow-1, ingests.NotIn)
	another := func(earlier ingests.File) bool {
		return earlier.Position >= file.Position || earlier.Reason != ingests.AsNoted(file.Reason)
	}
	if err != nil || len(before) < mostInARow-1 || slices.ContainsFunc(before, another) {
		return err
	}
	return registry.NoteRest(ctx, id, ingests.NotIn, file.Reason, file.Advice)
}

// progress is how far something is that tells it while others ask.
type progress struct {
	mutex   sync.Mutex
	reached run.Reindexed
}

func (p *progress) set(done, all int) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.reached = run.Reindexed{Done: done, All: all}
}

func (p *progress) get() run.Reindexed {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.reached
}

func (p *progress) say() any { return p.get() }
