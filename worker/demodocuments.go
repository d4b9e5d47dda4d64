package main

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"bestbox/internal/config"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/knowledge/parse"
	"bestbox/internal/records"
	"bestbox/internal/records/demo"
)

// giveDemoDocuments puts the demo company's documents in, once, so that there is something to search: who deletes one has deleted it. It goes on until they are in or ctx ends,
// since the embedding server may start later than the worker.
func (s *service) giveDemoDocuments(ctx context.Context) {
	db, shelf := s.companies[config.DefaultTenant], s.shelves[config.DefaultTenant]
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = time.Second, 30*time.Second
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		return struct{}{}, putDemoDocuments(ctx, db, shelf.Library)
	}, backoff.WithBackOff(wait), backoff.WithMaxElapsedTime(0), backoff.WithNotify(func(err error, after time.Duration) {
		s.log.Debug("the demo company's documents are not in yet", "error", err, "again_in", after)
	}))
	if err != nil && ctx.Err() == nil {
		s.log.Warn("the demo company's documents could not be put in", "error", err)
	}
}

func putDemoDocuments(ctx context.Context, db *records.DB, into *library.Library) error {
	lacks, err := db.LacksPart(ctx, records.DemoDocuments)
	if err != nil || !lacks {
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
		_, _, err = into.Put(ctx, library.File{Domain: domain, Source: "demo:" + below, Name: path.Base(name), Bytes: content})
		var unreadable *parse.UnreadableError
		if errors.As(err, &unreadable) || errors.Is(err, library.ErrReindex) { // no better later
			return backoff.Permanent(err)
		}
		return err
	})
	if err != nil {
		return err
	}
	return db.GivePart(ctx, records.DemoDocuments)
}
