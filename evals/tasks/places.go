package tasks

import (
	"cmp"
	"context"

	"bestbox/evals/stack"
	"bestbox/evals/state"
	"bestbox/worker/client"
)

// own is a BestBox of our own, whose records are put back to the fresh demo company when a task has changed them.
type own struct {
	*stack.Stack
	fresh state.State
	// employee is who asks where a task does not say; asking is who asks now.
	employee, asking string
	usable           bool // the worker runs, with fresh records
}

func (o *own) prepare(ctx context.Context, task *Task) (*client.Client, error) {
	if employee := cmp.Or(task.Employee, o.employee); !o.usable || employee != o.asking {
		if err := o.Fresh(ctx, employee); err != nil {
			return nil, err
		}
		o.asking = employee
	}
	o.usable = false // until it is known what the task has left
	return o.Client()
}

func (o *own) changes(ctx context.Context) ([]state.Change, error) {
	now, err := state.ReadFile(ctx, o.Records())
	if err != nil {
		return nil, err
	}
	changes := o.fresh.Changes(now)
	o.usable = len(changes) == 0
	return changes, nil
}

// running is a BestBox that runs for others: its records are not looked at, and only tasks that read are asked.
type running struct{ *client.Client }

func (r running) prepare(context.Context, *Task) (*client.Client, error) { return r.Client, nil }

func (r running) changes(context.Context) ([]state.Change, error) { return nil, nil }
