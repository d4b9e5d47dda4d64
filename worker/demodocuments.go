package main

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"

	"bestbox/internal/config"
	"bestbox/internal/knowledge/demodocuments"
)

// giveDemoDocuments puts the demo company's documents in, once, so that there is something to search: who deletes one has deleted it. It goes on until they are in or ctx ends,
// since the embedding server may start later than the worker.
func (s *service) giveDemoDocuments(ctx context.Context) {
	db, shelf := s.companies[config.DefaultTenant], s.shelves[config.DefaultTenant]
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = time.Second, 30*time.Second
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		return struct{}{}, demodocuments.Put(ctx, db, shelf.Library)
	}, backoff.WithBackOff(wait), backoff.WithMaxElapsedTime(0), backoff.WithNotify(func(err error, after time.Duration) {
		s.log.Debug("the demo company's documents are not in yet", "error", err, "again_in", after)
	}))
	if err != nil && ctx.Err() == nil {
		s.log.Warn("the demo company's documents could not be put in", "error", err)
	}
}
