// Package bench measures how fast model servers read prompts and write answers, each alone and all at once, sets that against what the
// memory can deliver (the roofline), keeps the figures and says when they drop.
//
// The speeds are the servers' own: llama-server times every request. It measures servers that run and starts none.
package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"bestbox/internal/llm"

	"golang.org/x/sync/errgroup"
)

const (
	// DefaultRounds is enough for a median that one disturbed round does not move.
	DefaultRounds = 3
	// longestMeasurement bounds one request: the sizes are halved until it is likely to stay below, so that a slow machine is measured
	// in minutes.
	longestMeasurement = 5 * time.Second
	// enough ends a measurement that has at least one round: tiers that share too few processors can be twenty times slower together
	// than alone.
	enough = 30 * time.Second
	// requestLimit gives up a server that does not get on. It is far beyond longestMeasurement, since all tiers share the machine.
	requestLimit = 5 * time.Minute
	// largestPrompt and largestAnswer are in tokens. A prompt of 512 fills one micro-batch of the server's own size.
	largestPrompt, smallestPrompt = 512, 32
	largestAnswer, smallestAnswer = 128, 8
	// shortPrompt goes before a generation that is measured. It is short, so that what is read for each token is the weights, and
	// nearly nothing of the context.
	shortPrompt = 16
)

// Target is a model server that is ready to be measured.
type Target struct {
	Tier string
	// URL is the server's base address, without a path.
	URL string
	// Embeds marks an embedding server: it reads prompts and writes nothing. Its server times no requests, so that the time is the
	// client's.
	Embeds bool
	// Reranks marks an embedding server that takes no text without a question: one for reranking.
	Reranks bool
	// Conditions without Build, Slots and Context, which the server says itself.
	Conditions Conditions
	// BytesPerToken is what is read of the model's file for one generated token (see BytesPerToken); 0: unknown.
	BytesPerToken int64
	// Bandwidth is what the memory delivers to this server; zero: unknown.
	Bandwidth Bandwidth
}

// Options say how to measure.
type Options struct {
	// Rounds of every measurement, fewer where they take long; 0: DefaultRounds.
	Rounds int
	// Earlier are the runs to compare with, oldest first. A server is measured with the sizes of its last run, so that slowness cannot
	// hide behind smaller ones.
	Earlier []Record
	// Shared is what the memory delivers to all servers together; zero: unknown.
	Shared Bandwidth
	// Progress is told how many of all rounds are done; nil: nobody is.
	Progress func(done, total int)
}

// Report is one run of all targets.
type Report struct {
	Tiers []Record `json:"tiers"`
	// Together is what all generating at once read from memory; nil where fewer than two generate.
	Together *Together `json:"together,omitempty"`
	// Dropped says that a tier has become slower.
	Dropped bool `json:"dropped"`
}

// Together is the memory traffic of all tiers that generate at once.
type Together struct {
	// Bandwidth is the roof, Reads what the tiers read, in GB/s.
	Bandwidth Bandwidth `json:"bandwidth,omitzero"`
	Reads     float64   `json:"reads_gb_per_second"`
	// OfRoof is Reads as a part of the bandwidth, 0 to 1; 0: unknown.
	OfRoof float64 `json:"of_roof,omitempty"`
}

// Run measures each target alone, then all at once, and compares with earlier runs. It stops within a batch of the servers' work when
// ctx ends.
func Run(ctx context.Context, targets []Target, o Options) (*Report, error) {
	if o.Rounds == 0 {
		o.Rounds = DefaultRounds
	}
	run := &run{options: o, at: time.Now().UTC().Truncate(time.Second)}
	for _, target := range targets {
		one, err := run.prepare(ctx, target)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", target.Tier, err)
		}
		run.subjects = append(run.subjects, one)
	}
	run.countRounds()
	for _, one := range run.subjects {
		if err := run.alone(ctx, one); err != nil {
			return nil, fmt.Errorf("%s: %w", one.Tier, err)
		}
	}
	if err := run.together(ctx); err != nil {
		return nil, err
	}
	return run.report(), nil
}

// run is one call of Run.
type run struct {
	options  Options
	at       time.Time
	subjects []*subject

	mutex       sync.Mutex
	done, total int
}

// subject is a target with what is known about it so far.
type subject struct {
	Target
	client *client
	record Record
}

// prepare asks the server for its conditions, warms it up and settles the sizes.
func (r *run) prepare(ctx context.Context, target Target) (*subject, error) {
	server, err := llm.New(llm.Options{Name: target.Tier, BaseURL: target.URL})
	if err != nil {
		return nil, err
	}
	properties, err := server.Properties(ctx)
	if err != nil {
		return nil, err
	}
	one := &subject{Target: target, client: &client{url: target.URL, reranks: target.Reranks}}
	one.Conditions.Build, one.Conditions.Slots, one.Conditions.Context = properties.Build, properties.Slots, properties.ContextTokens
	one.record = Record{At: r.at, Tier: target.Tier, Conditions: one.Conditions, BytesPerToken: target.BytesPerToken, Bandwidth: target.Bandwidth}
	if one.record.Disturbed, err = one.client.busy(ctx); err != nil {
		return nil, err
	}
	if err := one.client.readPrompt(ctx); err != nil {
		return nil, err
	}
	pilot, err := one.pilot(ctx)
	if err != nil {
		return nil, err
	}
	one.record.Sizes = pilot
	if last := lastAlike(one.record, r.options.Earlier); last != nil && one.fits(last.Sizes) {
		one.record.Sizes = last.Sizes
	}
	return one, nil
}

// pilot measures once with small sizes, which also brings the model's file into memory, and returns the sizes to measure with.
func (s *subject) pilot(ctx context.Context) (Sizes, error) {
	if s.Embeds {
		return s.readingSizes(ctx)
	}
	if _, err := s.client.complete(ctx, smallestPrompt, smallestAnswer); err != nil {
		return Sizes{}, err
	}
	speed, err := s.client.complete(ctx, smallestPrompt, smallestAnswer)
	if err != nil {
		return Sizes{}, err
	}
	sizes := Sizes{PromptTokens: fitting(largestPrompt, smallestPrompt, speed.Prompt), AnswerTokens: fitting(largestAnswer, smallestAnswer, speed.Generation)}
	for !s.fits(sizes) {
		sizes.PromptTokens /= 2
	}
	return sizes, nil
}

// fitting halves a size until it is likely to be done in time at the given speed.
func fitting(largest, smallest int, speed float64) int {
	size := largest
	for size > smallest && float64(size) > speed*longestMeasurement.Seconds() {
		size /= 2
	}
	return size
}

// fits tells whether a slot's context holds what is measured, one token more than the answer included.
func (s *subject) fits(sizes Sizes) bool {
	return max(sizes.PromptTokens, shortPrompt+sizes.AnswerTokens)+1 <= max(s.Conditions.Context, smallestPrompt+1)
}

// readingSizes finds what the server takes: a text has to fit into one of its batches, which it names nowhere.
func (s *subject) readingSizes(ctx context.Context) (Sizes, error) {
	for size := largestPrompt; ; size /= 2 {
		_, err := s.client.read(ctx, size)
		var refused *refusedError
		if err == nil || size <= smallestPrompt || !errors.As(err, &refused) {
			return Sizes{PromptTokens: size}, err
		}
	}
}

// countRounds knows beforehand what Progress is told; the loops of the common part may make more rounds than they need.
func (r *run) countRounds() {
	generating := r.generating()
	r.total = r.options.Rounds * (len(r.subjects) + len(generating))
	if len(r.subjects) > 1 {
		r.total += r.options.Rounds * len(r.subjects)
	}
	if len(generating) > 1 {
		r.total += r.options.Rounds * len(generating)
	}
}

func (r *run) generating() []*subject {
	return slices.DeleteFunc(slices.Clone(r.subjects), func(s *subject) bool { return s.Embeds })
}

func (r *run) progress() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.done++
	if r.options.Progress != nil {
		r.options.Progress(r.done, r.total)
	}
}

func (r *run) alone(ctx context.Context, s *subject) error {
	busy, err := s.client.busy(ctx)
	if err != nil {
		return err
	}
	s.record.Disturbed = s.record.Disturbed || busy
	for _, kind := range []struct {
		measure func(context.Context) (float64, error)
		into    **Speed
		skip    bool
	}{{s.prompt, &s.record.Alone.Prompt, false}, {s.generation, &s.record.Alone.Generation, s.Embeds}} {
		if kind.skip {
			continue
		}
		rounds, began := []float64(nil), time.Now()
		for range r.options.Rounds {
			if len(rounds) == 0 || time.Since(began) < enough {
				speed, err := kind.measure(ctx)
				if err != nil {
					return err
				}
				rounds = append(rounds, speed)
			}
			r.progress()
		}
		*kind.into = speedOf(rounds)
	}
	return nil
}

func (s *subject) prompt(ctx context.Context) (float64, error) {
	if s.Embeds {
		return s.client.read(ctx, s.record.PromptTokens)
	}
	speeds, err := s.client.complete(ctx, s.record.PromptTokens, 1)
	return speeds.Prompt, err
}

// generation asks for one token more than it measures: the first one comes with the prompt, and llama-server counts the others.
func (s *subject) generation(ctx context.Context) (float64, error) {
	speeds, err := s.client.complete(ctx, shortPrompt, s.record.AnswerTokens+1)
	return speeds.Generation, err
}

// together measures with all tiers busy: first all read prompts, then all generate.
func (r *run) together(ctx context.Context) error {
	if len(r.subjects) < 2 {
		return nil
	}
	for _, s := range r.subjects {
		s.record.Busy = &Figures{}
		for _, other := range r.subjects {
			if other != s {
				c := other.Conditions
				s.record.Beside = append(s.record.Beside, fmt.Sprintf("%s: %s, %s, %s", other.Tier, c.Model, c.Backend, c.Build))
			}
		}
	}
	prompts, err := r.atOnce(ctx, r.subjects, (*subject).prompt)
	if err != nil {
		return err
	}
	for i, s := range r.subjects {
		s.record.Busy.Prompt = speedOf(prompts[i])
	}
	generating := r.generating()
	if len(generating) < 2 {
		return nil
	}
	generations, err := r.atOnce(ctx, generating, (*subject).generation)
	if err != nil {
		return err
	}
	for i, s := range generating {
		s.record.Busy.Generation = speedOf(generations[i])
	}
	return nil
}

// atOnce keeps every subject busy until each has made all rounds, or one where that is enough. What is then still under way is given up:
// it would run with fewer neighbours than the rounds before.
func (r *run) atOnce(ctx context.Context, subjects []*subject, measure func(*subject, context.Context) (float64, error)) ([][]float64, error) {
	inner, stop := context.WithCancel(ctx)
	defer stop()
	var mutex sync.Mutex
	rounds, began := make([][]float64, len(subjects)), time.Now()
	note := func(i int, speed float64) {
		mutex.Lock()
		defer mutex.Unlock()
		rounds[i] = append(rounds[i], speed)
		needed := r.options.Rounds
		if time.Since(began) >= enough {
			needed = 1
		}
		if !slices.ContainsFunc(rounds, func(made []float64) bool { return len(made) < needed }) {
			stop()
		}
		if len(rounds[i]) <= r.options.Rounds {
			r.progress()
		}
	}
	group, inner := errgroup.WithContext(inner)
	for i, s := range subjects {
		group.Go(func() error {
			for {
				speed, err := measure(s, inner)
				switch {
				case inner.Err() != nil:
					return ctx.Err()
				case err != nil:
					return fmt.Errorf("%s: %w", s.Tier, err)
				}
				note(i, speed)
			}
		})
	}
	return rounds, group.Wait()
}

func (r *run) report() *Report {
	report := &Report{}
	together := Together{Bandwidth: r.options.Shared}
	for _, s := range r.subjects {
		s.record.compare(r.options.Earlier)
		report.Tiers = append(report.Tiers, s.record)
		report.Dropped = report.Dropped || s.record.Dropped
		if s.record.Busy != nil && s.record.Busy.Generation != nil {
			together.Reads += gigabytes(s.record.BytesPerToken, s.record.Busy.Generation)
			report.Together = &together
		}
	}
	if together.Bandwidth.GBps > 0 {
		together.OfRoof = together.Reads / together.Bandwidth.GBps
	}
	return report
}

// gigabytes is the memory traffic of a generation, in GB/s.
func gigabytes(bytesPerToken int64, speed *Speed) float64 {
	return float64(bytesPerToken) * speed.Median / 1e9
}
