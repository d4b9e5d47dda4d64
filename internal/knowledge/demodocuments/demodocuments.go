// Package demodocuments puts the demo company's documents into a library.
package demodocuments

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/cenkalti/backoff/v5"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/embedded"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/knowledge/parse"
	"bestbox/internal/records"
	"bestbox/internal/records/demo"
)

// Put puts them in, once: who deletes one has deleted it, but one that was lost with its index comes in again. Where it fails it may be called again and does what is left; an
// error that is backoff's PermanentError stays.
func Put(ctx context.Context, db *records.DB, into *library.Library) error {
	lacks, err := db.LacksPart(ctx, records.DemoDocuments)
	if err != nil {
		return err
	}
	documents := demo.Documents()
	err = fs.WalkDir(documents, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(documents, name)
		if err != nil {
			return err
		}
		domain, below, _ := strings.Cut(name, "/")
		if domain == demo.EveryDomain {
			domain = ""
		}
		source := "demo:" + below
		if !lacks {
			known, _, err := into.Document(ctx, knowledge.DocumentID(domain, source))
			switch {
			case errors.Is(err, library.ErrUnknownDocument):
				return nil
			case err != nil || !known.Lost:
				return err
			}
		}
		_, _, err = into.Put(ctx, library.File{Domain: domain, Source: source, Name: path.Base(name), Bytes: content})
		var unreadable *parse.UnreadableError
		if errors.As(err, &unreadable) || errors.Is(err, library.ErrReindex) { // no better later
			return backoff.Permanent(err)
		}
		return err
	})
	if err != nil || !lacks {
		return err
	}
	return db.GivePart(ctx, records.DemoDocuments)
}

// ByWords opens a library that has them, with its index in the file at path. It finds by words alone, so that nothing has to run for it.
func ByWords(ctx context.Context, db *records.DB, path string) (*library.Library, error) {
	store, err := embedded.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	documents := library.New(library.Options{DB: db, Store: store, Limits: parse.DefaultLimits})
	if err := Put(ctx, db, documents); err != nil {
		return nil, errors.Join(err, documents.Close())
	}
	return documents, nil
}
