package library

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"bestbox/internal/knowledge"
)

// Repair makes the index and the rows agree again: what a killed process has left in the index goes, and a row whose chunks the index does not hold (its file was lost, or
// put back from an old copy) goes too, so that the next ingest puts that document in again. It returns how many of each it has found. Documents that somebody is changing
// just now are left alone.
func (l *Library) Repair(ctx context.Context) (leftOver, lost int, err error) {
	held := map[string][]string{}
	index, err := l.store.Live(ctx)
	if err == nil {
		held, err = index.Versions(ctx)
	}
	if err != nil && !errors.Is(err, knowledge.ErrNoIndex) {
		return 0, 0, fmt.Errorf("look for what is left over: %w", err)
	}
	seen := map[string]bool{}
	documents, err := l.list(ctx, "")
	if err != nil {
		return 0, 0, fmt.Errorf("look for what is left over: %w", err)
	}
	for _, document := range documents {
		seen[document.ID] = true
		if slices.Equal(held[document.ID], []string{document.Version}) {
			continue
		}
		mended, gone, err := l.mend(ctx, document.ID)
		if err != nil {
			return leftOver, lost, err
		}
		leftOver, lost = leftOver+mended, lost+gone
	}
	for id := range held {
		if seen[id] {
			continue
		}
		mended, _, err := l.mend(ctx, id)
		if err != nil {
			return leftOver, lost, err
		}
		leftOver += mended
	}
	return leftOver, lost, nil
}

// mend makes row and index agree about one document. It looks at both again, now that nobody else changes it.
func (l *Library) mend(ctx context.Context, id string) (leftOver, lost int, err error) {
	ctx, claim, err := l.claim(ctx, id)
	if errors.Is(err, ErrBusy) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	defer claim.release(ctx)
	index, err := l.store.Live(ctx)
	if err != nil && !errors.Is(err, knowledge.ErrNoIndex) {
		return 0, 0, err
	}
	document, _, err := l.row(ctx, id)
	if err != nil && !errors.Is(err, ErrUnknownDocument) {
		return 0, 0, err
	}
	if err == nil {
		var chunks []knowledge.Chunk
		if index != nil {
			if chunks, err = index.Chunks(ctx, id, document.Version); err != nil {
				return 0, 0, err
			}
		}
		if len(chunks) != document.Chunks {
			lost, document.Version = 1, ""
			if _, err := l.forget(ctx, claim); err != nil {
				return 0, 0, err
			}
		}
	}
	if index == nil {
		return 0, lost, nil
	}
	if err := index.Keep(ctx, id, document.Version); err != nil {
		return 0, lost, fmt.Errorf("remove what is left over of the document %s: %w", id, err)
	}
	return 1 - lost, lost, nil
}

// Reindex makes a new index with the embedding model that is configured, from the chunks of the one that is searched, and switches to it. Searches go on meanwhile; documents
// are not changed (ErrBusy). It tells how many documents of all it has done. Called again after a crash it begins anew; the old index stays until the end.
func (l *Library) Reindex(ctx context.Context, progress func(done, all int)) error {
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
	if err := l.reindex(ctx, model, progress); err != nil {
		return fmt.Errorf("reindex: %w", because(ctx, err))
	}
	return nil
}

func (l *Library) reindex(ctx context.Context, model knowledge.Model, progress func(done, all int)) error {
	old, err := l.store.Live(ctx)
	if errors.Is(err, knowledge.ErrNoIndex) {
		return nil // the first document makes one
	}
	if err != nil {
		return err
	}
	documents, err := l.list(ctx, "ORDER BY source, id")
	if err != nil {
		return err
	}
	beside, err := l.store.Create(ctx, model)
	if err != nil {
		return err
	}
	for i, document := range documents {
		chunks, err := old.Chunks(ctx, document.ID, document.Version)
		if err != nil {
			return err
		}
		if err := l.add(ctx, beside, document, chunks); err != nil {
			return fmt.Errorf("%s: %w", document.Source, err)
		}
		progress(i+1, len(documents))
	}
	return l.store.Switch(ctx)
}
