package library

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"

	"bestbox/internal/knowledge"
	"bestbox/internal/llm"
)

// Repair makes the index and the rows agree again: what a killed process has left in the index goes, and a document whose chunks the index does not hold (its file was lost, or
// put back from an old copy, or another store is configured) is lost until it is put in again, or the index that holds it is back. It returns how many it has found of each
// that it did not know of. Documents that somebody is changing just now are left alone, and so is what the index holds of those that wait to be put in, of which pending, where it is
// not nil, gives the ids: nobody claims them while their ingest waits, and it goes on with what is there.
func (l *Library) Repair(ctx context.Context, pending func(context.Context) (map[string]bool, error)) (leftOver, lost int, err error) {
	if err := l.Sweep(ctx); err != nil && !errors.Is(err, ErrBusy) {
		return 0, 0, err
	}
	held := map[string][]string{}
	index, err := l.store.Live(ctx)
	if err == nil {
		held, err = index.Versions(ctx)
	}
	if err != nil && !errors.Is(err, knowledge.ErrNoIndex) {
		return 0, 0, fmt.Errorf("look for what is left over: %w", err)
	}
	var waiting map[string]bool
	if pending != nil { // asked between index and rows, so that one that is begun, or put in, meanwhile is among those that wait or has its row
		if waiting, err = pending(ctx); err != nil {
			return 0, 0, fmt.Errorf("look for what is left over: %w", err)
		}
	}
	seen := map[string]bool{}
	documents, err := l.list(ctx, "")
	if err != nil {
		return 0, 0, fmt.Errorf("look for what is left over: %w", err)
	}
	for _, document := range documents {
		seen[document.ID] = true
		versions := held[document.ID]
		if document.Lost && len(versions) == 0 || !document.Lost && slices.Equal(versions, []string{document.Version}) {
			continue
		}
		mended, gone, err := l.mend(ctx, document.ID, waiting[document.ID])
		if err != nil {
			return leftOver, lost, err
		}
		leftOver, lost = leftOver+mended, lost+gone
	}
	for id := range held {
		if seen[id] || waiting[id] {
			continue
		}
		mended, _, err := l.mend(ctx, id, false)
		if err != nil {
			return leftOver, lost, err
		}
		leftOver += mended
	}
	return leftOver, lost, nil
}

// mend makes row and index agree about one document; of one that waits to be put in only the row. It looks at both again, now that nobody else changes it.
func (l *Library) mend(ctx context.Context, id string, waits bool) (leftOver, lost int, err error) {
	ctx, claim, err := l.claim(ctx, id)
	if errors.Is(err, ErrBusy) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	defer claim.release(ctx)
	defer func() { err = because(ctx, err) }()
	index, err := l.store.Live(ctx)
	if err != nil && !errors.Is(err, knowledge.ErrNoIndex) {
		return 0, 0, err
	}
	document, _, err := l.row(ctx, id)
	if err != nil && !errors.Is(err, ErrUnknownDocument) {
		return 0, 0, err
	}
	if err == nil {
		whole, err := holds(ctx, index, document)
		if err != nil {
			return 0, 0, err
		}
		if whole == document.Lost {
			if err := l.lose(ctx, claim, !whole); err != nil {
				return 0, 0, err
			}
		}
		if !whole && !document.Lost {
			lost = 1
		}
		if !whole {
			document.Version = "" // what there is of it is no document
		}
	}
	if index == nil || waits {
		return 0, lost, nil
	}
	if err := claim.still(ctx); err != nil { // else a version that somebody else has put in since would go
		return 0, lost, err
	}
	if err := index.Keep(ctx, id, document.Version); err != nil {
		return 0, lost, fmt.Errorf("remove what is left over of the document %s: %w", id, err)
	}
	return 1 - lost, lost, nil
}

// holds reports whether an index, which may be nil, has all chunks of the version of a document that counts.
func holds(ctx context.Context, index knowledge.Index, document knowledge.Document) (bool, error) {
	if index == nil {
		return false, nil
	}
	chunks, err := index.Chunks(ctx, document.ID, document.Version)
	return len(chunks) == document.Chunks, err
}

// Reindex makes a new index with the embedding model that is configured, from the chunks of the one that is searched, and switches to it. Searches go on meanwhile; documents
// are not changed (ErrBusy). It tells how many documents of all it has done. An embedding server that is away is waited for. Called again after a crash or an error with how far that was, it goes on with what was begun for the same model; with (0, 0) it begins anew. The old index stays until the end. ErrLost: there is none.
func (l *Library) Reindex(ctx context.Context, earlier Reindexing, progress func(done, all int)) error {
	l.described.Lock()
	l.described.when = time.Time{} // the model may be another one since
	l.described.Unlock()
	model, err := l.model(ctx)
	if err != nil {
		return fmt.Errorf("reindex: %w", err)
	}
	ctx, claim, err := l.claim(ctx, everything)
	if err != nil {
		return fmt.Errorf("reindex: %w", err)
	}
	defer claim.release(ctx)
	if err := l.reindex(ctx, claim, model, earlier, progress); err != nil {
		return fmt.Errorf("reindex: %w", because(ctx, err))
	}
	return nil
}

// Reindexing is how many documents of all are in a new index.
type Reindexing struct{ Done, All int }

func (l *Library) reindex(ctx context.Context, claim *claimed, model knowledge.Model, earlier Reindexing, progress func(done, all int)) error {
	old, err := l.store.Live(ctx)
	if errors.Is(err, knowledge.ErrNoIndex) {
		return l.nothing(ctx) // the first document makes one
	}
	if err != nil {
		return err
	}
	documents, err := l.list(ctx, "ORDER BY source, id")
	if err != nil {
		return err
	}
	beside, err := l.beside(ctx, model, earlier, documents)
	switch {
	case errors.Is(err, knowledge.ErrNoIndex) && earlier.Done == earlier.All && old.Model() == model:
		return nil // it was switched to
	case errors.Is(err, knowledge.ErrNoIndex):
		beside, err = l.store.Create(ctx, model)
	}
	if err != nil {
		return err
	}
	beside = guarded{beside, l}
	for i, document := range documents {
		if err := l.copy(ctx, document, old, beside); err != nil {
			return fmt.Errorf("document %s: %w", document.ID, err) // the query of its address may hold a key
		}
		progress(i+1, len(documents))
	}
	if err := claim.still(ctx); err != nil {
		return err
	}
	return l.store.Switch(ctx)
}

// beside is the index that an earlier attempt has begun for the model, without what is of no document any more; ErrNoIndex where there is none. Without an earlier one it is a new index.
func (l *Library) beside(ctx context.Context, model knowledge.Model, earlier Reindexing, documents []knowledge.Document) (knowledge.Index, error) {
	if earlier.Done == 0 {
		return l.store.Create(ctx, model)
	}
	begun, err := l.store.Begun(ctx)
	if err != nil {
		return nil, err
	}
	if begun.Model() != model {
		return l.store.Create(ctx, model)
	}
	there, err := begun.Versions(ctx)
	if err != nil {
		return nil, err
	}
	current := map[string]string{}
	for _, document := range documents {
		current[document.ID] = document.Version
	}
	for id, versions := range there {
		if !slices.Equal(versions, []string{current[id]}) {
			if err := begun.Keep(ctx, id, current[id]); err != nil {
				return nil, err
			}
		}
	}
	return begun, nil
}

// copy puts those of a document's chunks from one index into another that it lacks.
func (l *Library) copy(ctx context.Context, document knowledge.Document, from, into knowledge.Index) error {
	there, err := into.Chunks(ctx, document.ID, document.Version)
	if err != nil {
		return err
	}
	chunks, err := from.Chunks(ctx, document.ID, document.Version)
	if err != nil {
		return err
	}
	return l.addPatiently(ctx, into, document, lacking(chunks, there))
}

const (
	// reindexPatience is how long a reindex waits for an embedding server that is away.
	reindexPatience = time.Hour
	// longestReindexPause is between two attempts.
	longestReindexPause = 15 * time.Second
)

// addPatiently adds what add does, and waits for the embedding server.
func (l *Library) addPatiently(ctx context.Context, index knowledge.Index, document knowledge.Document, chunks []knowledge.Chunk) error {
	pause := backoff.NewExponentialBackOff()
	pause.MaxInterval = longestReindexPause
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		_, _ = l.model(ctx) // may be another one by now, which the index then refuses
		err := l.add(ctx, index, document, chunks)
		if server, isServer := errors.AsType[*llm.Error](err); err != nil && (!isServer || !server.Retryable()) {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(reindexPatience))
	return err
}
