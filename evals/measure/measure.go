// Package measure is what measurements of a model's answers share: which rows are asked how often, what is kept after every answer so that a
// measurement can be stopped and gone on with, how outcomes are summed up, and how a scorer is checked before it is believed. What a
// right answer is, each set says for itself.
package measure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"bestbox/evals/service"
)

// About says what is measured. Outcomes of another model, build or choice of rows are never added to these.
type About struct {
	Model string `json:"model"`
	Build string `json:"build"`
	// Set names the rows: by what they were chosen, or what they hold.
	Set string `json:"set"`
}

// Measurement is one measurement as it is kept.
type Measurement[O Scored] struct {
	About
	Measured time.Time `json:"measured"`
	Repeats  int       `json:"repeats"`
	Groups   []Summary `json:"groups"`
	Outcomes []O       `json:"outcomes"`
}

// Job asks one row once, by all ways: all of its outcomes are kept, or none.
type Job[O Scored] struct {
	Group, Row string
	Ask        func(ctx context.Context) ([]O, error)
}

// saveEvery is how often the file is written while a measurement goes on: what a crash costs.
const saveEvery = 15 * time.Second

// Run asks every row as often as the options say, unless it was asked before and goes on, and writes the table of the columns named by marks
// to out, what went wrong by these marks, and all of it to the file. What is measured is kept also where an error, or the end of ctx, stops it.
func Run[O Scored](ctx context.Context, out, progress io.Writer, o Options, about About, jobs []Job[O], marks ...string) (err error) {
	m := &Measurement[O]{About: about, Repeats: o.Repeats}
	if o.Resume {
		if m.Outcomes, err = m.earlier(o.Output); err != nil {
			return err
		}
	}
	stopped := m.ask(ctx, progress, o.Output, jobs)
	if stopped != nil {
		stopped = fmt.Errorf("%w (what was measured is kept in %s: go on with --resume)", stopped, o.Output)
	}
	if err := m.save(o.Output); err != nil {
		return errors.Join(stopped, err)
	}
	fmt.Fprintf(out, "%s, server build %s, %s, repeats: %d\n", m.Model, m.Build, m.Set, m.Repeats)
	err = show(out, m.Groups, m.Repeats, marks)
	failures(out, m.scores(), marks)
	return errors.Join(stopped, err)
}

// earlier reads the outcomes of a measurement that was stopped.
func (m *Measurement[O]) earlier(path string) ([]O, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("go on from an earlier measurement: %w", err)
	}
	var before Measurement[O]
	if err := json.Unmarshal(content, &before); err != nil {
		return nil, fmt.Errorf("go on from %s: %w; choose another --output", path, err)
	}
	if before.About != m.About {
		return nil, fmt.Errorf("go on from %s: it was measured with %s, build %s, %s, and now it is %s, %s, %s; choose another --output",
			path, before.Model, before.Build, before.Set, m.Model, m.Build, m.Set)
	}
	return before.Outcomes, nil
}

// ask asks what has no outcome yet.
func (m *Measurement[O]) ask(ctx context.Context, progress io.Writer, path string, jobs []Job[O]) error {
	type attempt struct {
		Job[O]
		repeat int
	}
	var left []attempt
	for repeat := 1; repeat <= m.Repeats; repeat++ {
		for _, job := range jobs {
			if !slices.ContainsFunc(m.Outcomes, func(o O) bool {
				return o.score().Group == job.Group && o.score().Row == job.Row && o.score().Repeat == repeat
			}) {
				left = append(left, attempt{job, repeat})
			}
		}
	}
	shown := newProgress(progress, len(left))
	defer shown.close()
	saved := time.Now()
	for _, next := range left {
		outcomes, err := next.Ask(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", next.Row, err)
		}
		for _, outcome := range outcomes {
			score := outcome.score()
			score.Group, score.Row, score.Repeat = next.Group, next.Row, next.repeat
			shown.say(score)
		}
		shown.done()
		m.Outcomes = append(m.Outcomes, outcomes...)
		if time.Since(saved) > saveEvery {
			if err := m.save(path); err != nil {
				return err
			}
			saved = time.Now()
		}
	}
	return nil
}

func (m *Measurement[O]) save(path string) error {
	m.Groups, m.Measured = summarise(m.scores(), m.Repeats), time.Now().UTC()
	return service.WriteJSON(path, m)
}

func (m *Measurement[O]) scores() []*Score {
	scores := make([]*Score, len(m.Outcomes))
	for index, outcome := range m.Outcomes {
		scores[index] = outcome.score()
	}
	return scores
}
