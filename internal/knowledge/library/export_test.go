package library

import (
	"context"
	"time"

	"bestbox/internal/knowledge"
)

// Forget forgets which model the embedding server has, as a minute does.
func (l *Library) Forget() {
	l.described.Lock()
	defer l.described.Unlock()
	l.described.when = time.Time{}
}

// Model is the one that the embedding server has.
func (l *Library) Model(ctx context.Context) (knowledge.Model, error) { return l.model(ctx) }
