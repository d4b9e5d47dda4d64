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
// takes a moment and is there before the checks, what must be evaluated waits until nobody asks.
func (s *service) warm(restored []prefix.Report) {
	m := s.spec.Model
	if m == nil || len(m.Prefixes) == 0 || s.now.Adopted {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.alsoEnd(cancel)
	told := make(chan string, 1)
	s.warmed = told
	spec, turns := s.spec, s.host.turns
	go func() {
		turn := func(ctx context.Context) error {
			if err := untilIdle(ctx, spec.Metrics); err != nil {
				return err
			}
			return turns.quiet(ctx)
		}
		reports, err := prefix.Warm(ctx, spec.Address, m.savedPrompts(spec), m.Prefixes, restored, turn)
		text := summary(reports)
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

// savedPrompts says where this server, with these flags and this model, finds what it saved.
func (m *Model) savedPrompts(spec Spec) prefix.Files {
	return prefix.Files{Folder: m.Slotfiles, Key: spec.Digest() + m.SHA256}
}

// untilIdle returns when nobody has asked the server for a while.
func untilIdle(ctx context.Context, metrics string) error {
	for quiet := 0; quiet < warmIdle; {
		if err := sleep(ctx, warmPoll); err != nil {
			return err
		}
		now, err := readPage(ctx, metrics)
		if quiet++; err != nil || now.running > 0 {
			quiet = 0
		}
	}
	return nil
}

// summary counts in what ways prompts came into the server.
func summary(reports []prefix.Report) string {
	counts := map[prefix.How]int{}
	tokens, seconds := 0, 0.0
	for _, r := range reports {
		counts[r.How]++
		tokens += r.Tokens
		seconds += r.Seconds
	}
	parts := []string{fmt.Sprintf("%d fixed prompts of %d tokens", len(reports), tokens)}
	for _, how := range []prefix.How{prefix.Restored, prefix.Evaluated, prefix.AlreadyThere, prefix.Failed} {
		if counts[how] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[how], how))
		}
	}
	return fmt.Sprintf("%s in %.1f s", strings.Join(parts, ", "), seconds)
}
