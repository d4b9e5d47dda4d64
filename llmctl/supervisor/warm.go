package supervisor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"bestbox/llmctl/prefix"
)

const (
	// warmPoll is how often a server is asked whether it is idle, and warmIdle how often in a row it must say so before a prompt that has to
	// be evaluated gets its turn: people's questions come first.
	warmPoll = 2 * time.Second
	warmIdle = 2
)

// warm holds the fixed prompts ready in a server that has just become ready. It goes on in the background: what was saved by an earlier start
// takes a moment, what must be evaluated waits until nobody asks.
func (s *service) warm() {
	m := s.spec.Model
	if m == nil || len(m.Prefixes) == 0 || s.now.Adopted {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.alsoEnd(cancel)
	told := make(chan string, 1)
	s.warmed = told
	spec := s.spec
	go func() {
		began := time.Now()
		idle := func(ctx context.Context) error { return untilIdle(ctx, spec.Metrics) }
		reports, err := prefix.Warm(ctx, spec.Address, prefix.Files{Folder: m.Slotfiles, Key: spec.Digest() + m.SHA256}, m.Prefixes, idle)
		text := summary(reports, time.Since(began))
		if err != nil {
			text += ": " + err.Error()
		}
		if ctx.Err() != nil {
			return
		}
		for _, r := range reports {
			say("%s: prompt of %s %s: %d of %d tokens from the cache, %.2f s %s", spec.Name, r.Name, r.How, r.Cached, r.Tokens, r.Seconds, r.Note)
		}
		told <- text
	}()
}

// untilIdle returns when nobody has asked the server for a while.
func untilIdle(ctx context.Context, metrics string) error {
	for quiet := 0; quiet < warmIdle; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(warmPoll):
		}
		now, err := readPage(ctx, metrics)
		if quiet++; err != nil || now.running > 0 {
			quiet = 0
		}
	}
	return nil
}

// summary counts in what ways prompts came into the server.
func summary(reports []prefix.Report, took time.Duration) string {
	counts := map[prefix.How]int{}
	tokens := 0
	for _, r := range reports {
		counts[r.How]++
		tokens += r.Tokens
	}
	parts := []string{fmt.Sprintf("%d fixed prompts of %d tokens", len(reports), tokens)}
	for _, how := range []prefix.How{prefix.Restored, prefix.Evaluated, prefix.AlreadyThere, prefix.Failed} {
		if counts[how] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[how], how))
		}
	}
	return fmt.Sprintf("%s in %.1f s", strings.Join(parts, ", "), took.Seconds())
}
