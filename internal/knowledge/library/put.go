package library

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/chunk"
	"bestbox/internal/knowledge/parse"
	"bestbox/internal/knowledge/terms"
)

// addedAtATime is how many chunks are embedded and added together: it bounds the memory of a large document.
const addedAtATime = 64

// Put makes a file a document that is found, in place of the version of it that was there. It is found whole or not at all, and the version before until then; after an
// error or a crash the same call again does the rest. A file that cannot be read fails with *parse.UnreadableError.
func (l *Library) Put(ctx context.Context, file File) (knowledge.Document, Change, error) {
	hash := sha256.Sum256(file.Bytes)
	document := knowledge.Document{
		ID: knowledge.DocumentID(file.Domain, file.Source), Domain: file.Domain, Source: file.Source, Root: file.Root,
		Hash: hex.EncodeToString(hash[:]), Bytes: int64(len(file.Bytes)),
	}
	document.Version = version(document.Hash, file.Name)
	// The first index is made before the claim, since that claims everything.
	_, err := l.index(ctx)
	if errors.Is(err, ErrReindex) { // unless a reindex is at it already, or has ended since
		if err = l.reindexing(ctx); err == nil {
			_, err = l.index(ctx)
		}
	}
	if err != nil {
		return document, "", fmt.Errorf("put %s in: %w", file.Source, err)
	}
	ctx, claim, err := l.claim(ctx, document.ID)
	if err != nil {
		return document, "", fmt.Errorf("put %s in: %w", file.Source, err)
	}
	defer claim.release(ctx)
	change, err := l.put(ctx, claim, &document, file)
	if err != nil {
		return document, "", fmt.Errorf("put %s in: %w", file.Source, because(ctx, err))
	}
	return document, change, nil
}

// version is that of what is indexed of a file: it changes with the bytes, with the name, which hints at the format, and with how files are read, cut and their words counted.
func version(hash, name string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{hash, name, parse.Version, chunk.Version, terms.Version}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

func (l *Library) put(ctx context.Context, claim *claimed, document *knowledge.Document, file File) (Change, error) {
	index, err := l.index(ctx) // a reindex may have switched before the claim
	if err != nil {
		return "", err
	}
	before, stale, err := l.row(ctx, document.ID)
	if err != nil && !errors.Is(err, ErrUnknownDocument) {
		return "", err
	}
	change := Added
	if err == nil {
		change = Replaced
		document.Root = cmp.Or(file.Root, before.Root) // what comes alone does not leave its list
	}
	held := false
	if before.Version == document.Version {
		if held, err = holds(ctx, index, before); err != nil {
			return "", err
		}
	}
	if held {
		root := document.Root
		*document, change = before, Unchanged
		document.Root, document.Lost = root, false
		if document.Root == before.Root && !stale && !before.Lost {
			return Unchanged, nil
		}
	} else {
		if before.Version == document.Version || before.Lost {
			change = Added // it was not found
		}
		if err := l.fill(ctx, claim, index, document, before.Version, file); err != nil {
			return "", err
		}
		document.Ingested = time.Now().UTC().Truncate(time.Second)
	}
	if err := l.write(ctx, claim, *document); err != nil {
		return "", err
	}
	if err := claim.still(ctx); err != nil { // else somebody else's version would go
		return "", err
	}
	if err := index.Keep(ctx, document.ID, document.Version); err != nil {
		return "", err
	}
	return change, l.fresh(ctx, *document)
}

// fill reads a file and adds its chunks to the index, where they are not found before the row says so. Before is the version that counts until then.
func (l *Library) fill(ctx context.Context, claim *claimed, index knowledge.Index, document *knowledge.Document, before string, file File) error {
	content, err := parse.Read(ctx, file.Name, file.Bytes, l.limits)
	if err != nil {
		return err
	}
	if content.Title == "" {
		content.Title = strings.TrimSuffix(file.Name, extension(file.Name))
	}
	count := chunk.Estimate
	if l.embed != nil {
		count = l.embed.CountTokens
	}
	chunks, err := chunk.Cut(ctx, content, chunk.DefaultSizes, count)
	if err != nil {
		return err
	}
	if len(chunks) == 0 {
		return &parse.UnreadableError{Source: file.Name, Reason: "it has no text", Advice: "take it out of the folder, or put a text in"}
	}
	document.Title, document.Format, document.Pages, document.Chunks = chunks[0].Title, content.Format, content.Pages, len(chunks)
	for i := range chunks {
		chunks[i].Document, chunks[i].Position = document.ID, i
	}
	begun, err := index.Chunks(ctx, document.ID, document.Version)
	if err != nil {
		return err
	}
	if len(begun) > 0 && begun[len(begun)-1].Position >= len(chunks) { // it was cut otherwise then, by estimates for want of a server
		if before == document.Version {
			before = ""
		}
		if err := claim.still(ctx); err != nil { // else what somebody else has put in since would go
			return err
		}
		if err := index.Keep(ctx, document.ID, before); err != nil {
			return err
		}
		begun = nil
	}
	lacks := lacking(chunks, begun)
	first := lacks[:min(len(lacks), addedAtATime)]
	if err := l.add(ctx, index, *document, first); err != nil {
		return err
	}
	if file.Progress != nil && len(first) > 0 {
		if err := file.Progress(ctx); err != nil {
			return err
		}
	}
	return l.add(ctx, index, *document, lacks[len(first):])
}

// lacking are the chunks that an attempt before, which was killed or has run out of time, has not added.
func lacking(chunks, begun []knowledge.Chunk) []knowledge.Chunk {
	texts := map[int]string{}
	for _, chunk := range begun {
		texts[chunk.Position] = chunk.Text
	}
	return slices.DeleteFunc(chunks, func(chunk knowledge.Chunk) bool {
		text, there := texts[chunk.Position]
		return there && text == chunk.Text
	})
}

func extension(name string) string {
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		return name[i:]
	}
	return ""
}

// add puts the chunks of one version of a document into an index.
func (l *Library) add(ctx context.Context, index knowledge.Index, document knowledge.Document, chunks []knowledge.Chunk) error {
	for batch := range slices.Chunk(chunks, addedAtATime) {
		points := make([]knowledge.Point, len(batch))
		texts := make([]string, len(batch))
		for i, c := range batch {
			texts[i] = chunk.Embedded(c)
			points[i] = knowledge.Point{Chunk: c, Domain: document.Domain, Version: document.Version, Terms: terms.Count(texts[i])}
		}
		if index.Model() != (knowledge.Model{}) {
			vectors, err := l.embed.EmbedDocuments(ctx, texts)
			if err != nil {
				return err
			}
			for i := range points {
				points[i].Dense = vectors[i]
			}
		}
		if err := index.Add(ctx, points); err != nil {
			return err
		}
	}
	return nil
}

// Remove takes a document away. It is no longer found from the first moment on; existed tells whether there was one, or one of which an earlier removal has left something in the index.
func (l *Library) Remove(ctx context.Context, id string) (existed bool, err error) {
	return l.removeWhere(ctx, id, func(context.Context) (bool, error) { return true, nil })
}

// RemoveIf takes a document away of which gone, asked now that nobody else changes it, says that it is gone; what somebody has put in since it was listed may not be. It does nothing
// where there is no such document any more.
func (l *Library) RemoveIf(ctx context.Context, id string, gone func(knowledge.Document) (bool, error)) (removed bool, err error) {
	return l.removeWhere(ctx, id, func(ctx context.Context) (bool, error) {
		document, _, err := l.row(ctx, id)
		if errors.Is(err, ErrUnknownDocument) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		return gone(document)
	})
}

// removeWhere takes a document away if it is to be, which is asked under its claim.
func (l *Library) removeWhere(ctx context.Context, id string, is func(context.Context) (bool, error)) (existed bool, err error) {
	ctx, claim, err := l.claim(ctx, id)
	if err != nil {
		return false, fmt.Errorf("remove the document %s: %w", id, err)
	}
	defer claim.release(ctx)
	defer func() { err = because(ctx, err) }()
	if removed, err := is(ctx); err != nil || !removed {
		return false, err
	}
	return l.remove(ctx, claim)
}

// remove takes the claimed document away.
func (l *Library) remove(ctx context.Context, claim *claimed) (existed bool, err error) {
	id := claim.document
	existed, err = l.forget(ctx, claim)
	if err != nil {
		return false, fmt.Errorf("remove the document %s: %w", id, err)
	}
	index, err := l.store.Live(ctx)
	switch {
	case errors.Is(err, knowledge.ErrNoIndex):
		err = nil
	case err == nil:
		if err = claim.still(ctx); err == nil { // else a version that somebody else has put in since would go
			err = index.Keep(ctx, id, "")
		}
	}
	if err != nil {
		return existed, fmt.Errorf("remove what the index holds of the document %s, which is no longer found: %w", id, err)
	}
	if err := l.bury(ctx, id); err != nil {
		return existed, fmt.Errorf("remove the document %s: %w", id, err)
	}
	return existed, nil
}

// Sweep ends removals that were begun and then killed, or whose index did not answer. ErrBusy: somebody is at one of them just now, or was until the lease of the claim ends.
func (l *Library) Sweep(ctx context.Context) error {
	ids, err := l.forgotten(ctx)
	if err != nil {
		return fmt.Errorf("look for documents that are to be removed: %w", err)
	}
	var busy error
	for _, id := range ids {
		switch err := l.sweep(ctx, id); {
		case errors.Is(err, ErrBusy):
			busy = err
		case err != nil:
			return err
		}
	}
	return busy
}

// sweep ends the removal of a document, unless it was put in again meanwhile.
func (l *Library) sweep(ctx context.Context, id string) error {
	_, err := l.removeWhere(ctx, id, func(ctx context.Context) (bool, error) {
		still, err := l.ids(ctx, removing+" AND id = ?", id)
		return len(still) > 0, err
	})
	return err
}
