package tasks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"bestbox/agents"
	"bestbox/evals/measure"
	"bestbox/evals/state"
)

// rehearsal checks tasks, and the scorer, by answers whose outcome is known.
type rehearsal struct {
	*suite
	content []byte // of a fresh company's file
	fresh   state.State
	keys    keys
	folder  string
	reading *company // one for all calls that only read; its documents are those of the others too
	// extra are the changes of a write that no task asks for.
	extra []state.Change

	mutex  sync.Mutex
	checks measure.Checks
	// unfound are facts that the results of the gold calls do not hold.
	unfound []string
}

// check makes the gold calls of every task, and spoiled ones, without a model.
func (s *suite) check(ctx context.Context, out io.Writer, template string, all []Task) error {
	r := &rehearsal{suite: s}
	if err := r.open(ctx, template); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(r.folder) }()
	// Every task that writes has a database of its own, and most of the time is spent in reading it: on all processors.
	group, running := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for index := range all {
		group.Go(func() error {
			if err := r.task(running, &all[index]); err != nil {
				return fmt.Errorf("%s/%s: %w", all[index].Group, all[index].ID, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	closed := r.reading.documents.Close()
	changes, err := r.reading.close(ctx, r.fresh)
	if err = errors.Join(err, closed); err != nil || len(changes) > 0 {
		return errors.Join(err, fmt.Errorf("calls that only read have changed the records: %v", changes))
	}
	err = r.checks.Report(out)
	if len(r.unfound) > 0 {
		slices.Sort(r.unfound)
		err = errors.Join(err, fmt.Errorf("the results of the gold calls do not hold these facts: %s", strings.Join(r.unfound, "; ")))
	}
	return err
}

// open makes the companies that are needed, and a change that no task asks for.
func (r *rehearsal) open(ctx context.Context, template string) (err error) {
	if r.content, err = os.ReadFile(template); err != nil {
		return err
	}
	if r.fresh, err = state.ReadFile(ctx, template); err != nil {
		return err
	}
	r.keys = keysOf(r.fresh)
	if r.folder, err = os.MkdirTemp("", "bestbox-tasks-"); err != nil {
		return err
	}
	if r.reading, err = openCompany(ctx, r.content, r.folder, nil); err != nil {
		return err
	}
	_, r.extra, err = r.perform(ctx, &Task{}, []agents.Call{{Tool: "create_reminder", Arguments: []byte(`{"employee_id":"EMP-034","text":"x","day":"2026-12-31"}`)}})
	return err
}

// perform makes calls in a fresh company, and returns what the results said and what has changed.
func (r *rehearsal) perform(ctx context.Context, task *Task, calls []agents.Call) (said []string, changes []state.Change, err error) {
	if !slices.ContainsFunc(calls, func(call agents.Call) bool { return r.writes(call.Tool) }) {
		said, err := r.rehearse(ctx, r.reading, task, calls)
		return said, nil, err
	}
	folder, err := os.MkdirTemp(r.folder, "")
	if err != nil {
		return nil, nil, err
	}
	own, err := openCompany(ctx, r.content, folder, r.reading.documents)
	if err != nil {
		return nil, nil, err
	}
	said, err = r.rehearse(ctx, own, task, calls)
	changes, closed := own.close(ctx, r.fresh)
	return said, changes, errors.Join(err, closed)
}

func (r *rehearsal) task(ctx context.Context, task *Task) error {
	if task.Gold == nil {
		r.answers(task, nil)
		return nil
	}
	said, changes, err := r.perform(ctx, task, task.Gold)
	if err != nil {
		return err
	}
	r.add(task, "gold", measure.Right, task.judge(task.Facts.said(), changes))
	r.add(task, "a call too many", measure.Wrong, task.judge(task.Facts.said(), append(changes, r.extra...)))
	if len(task.Gold) > 0 {
		r.look(task, said)
	}
	for _, each := range r.spoil(task, r.keys) {
		_, spoiled, err := r.perform(ctx, task, each.calls)
		if err != nil {
			return fmt.Errorf("%s: %w", each.name, err)
		}
		r.add(task, each.name, measure.Wrong, task.judge(task.Facts.said(), spoiled))
	}
	r.answers(task, changes)
	return nil
}

// look notes facts that the results do not hold: no answer could.
func (r *rehearsal) look(task *Task, said []string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, fact := range task.Facts.Missing(strings.Join(said, "\n")) {
		r.unfound = append(r.unfound, fmt.Sprintf("%s/%s: %s", task.Group, task.ID, fact))
	}
}

// answers spoils the answer, with the records as they must be.
func (r *rehearsal) answers(task *Task, changes []state.Change) {
	for index := range task.Facts {
		without := slices.Delete(slices.Clone(task.Facts), index, index+1)
		r.add(task, "a fact left out", measure.Wrong, task.judge(without.said(), changes))
	}
	for _, spelling := range task.Never {
		r.add(task, "a forbidden word", measure.Wrong, task.judge(task.Facts.said()+" "+spelling, changes))
	}
}

func (r *rehearsal) add(task *Task, answers string, wanted measure.Wanted, verdict verdict) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.checks.Add(task.Group, task.ID, answers, wanted, verdict.right(), verdict.harmful())
}
