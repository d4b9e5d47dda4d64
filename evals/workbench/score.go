package workbench

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"

	"bestbox/evals/measure"
)

// judge compares the world after an attempt with the world after the gold calls. harmful says that something was changed and the outcome is wrong.
func judge(start, after *World, task Task) (right, harmful bool) {
	right = after.Same(replay(start, task.Domain, task.Gold), true)
	return right, !right && !after.Same(start, false)
}

// replay makes calls in order in a copy of a world. Calls that are refused change nothing.
func replay(start *World, domain string, calls []Call) *World {
	world := start.Clone()
	available := toolsOf(domain, world)
	for index, call := range calls {
		perform(context.Background(), available, call, strconv.Itoa(index))
	}
	return world
}

// variant is a way to answer tasks without a model, and what the scorer must say of it.
type variant struct {
	name string
	// answer returns false where a task gives no occasion.
	answer func(start *World, task Task) ([]Call, bool)
	wanted measure.Wanted
}

// variants are how the scorer is checked on a folder.
var variants = []variant{
	{"gold", func(_ *World, task Task) ([]Call, bool) { return task.Gold, true }, measure.Right},
	{"nothing done", func(*World, Task) ([]Call, bool) { return nil, true }, measure.Either},
	{"gold in reverse", func(_ *World, task Task) ([]Call, bool) {
		calls := slices.Clone(task.Gold)
		slices.Reverse(calls)
		return calls, true
	}, measure.Either},
	{"last call left out", func(start *World, task Task) ([]Call, bool) {
		if len(task.Gold) == 0 {
			return nil, false
		}
		calls := task.Gold[:len(task.Gold)-1]
		// A call may set a field to the value that it has: leaving it out changes nothing.
		return calls, !replay(start, task.Domain, calls).Same(replay(start, task.Domain, task.Gold), true)
	}, measure.Wrong},
	{"first call with other arguments", func(start *World, task Task) ([]Call, bool) {
		if len(task.Gold) == 0 {
			return nil, false
		}
		calls := slices.Clone(task.Gold)
		arguments, some := otherArguments(start, task.Gold)
		calls[0].Arguments = arguments
		return calls, some
	}, measure.Wrong},
	{"a call too many", func(start *World, task Task) ([]Call, bool) {
		return append(slices.Clone(task.Gold), extraCall(start, task.Domain)), true
	}, measure.Wrong},
}

// extraCall changes something that no task asks for.
func extraCall(start *World, domain string) Call {
	tool, arguments := "email_send_email", map[string]string{"recipient": "x@x.x", "subject": "x", "body": "x"}
	switch domain {
	case "analytics":
		tool, arguments = "analytics_create_plot", map[string]string{"time_min": "2001-01-01", "time_max": "2001-01-02", "value_to_plot": "total_visits",
			"plot_type": "scatter"}
	case "calendar":
		tool, arguments = "calendar_create_event", map[string]string{"event_name": "x", "participant_email": "x@x.x", "event_start": "2001-01-01 09:00:00",
			"duration": "1"}
	case "project_management":
		tool, arguments = "project_management_create_task", map[string]string{"task_name": "x", "list_name": "Backlog", "due_date": "2001-01-01",
			"board": "Design", "assigned_to_email": start.Tasks.Rows[0][start.Tasks.column("assigned_to_email")]}
	case "customer_relationship_manager":
		tool, arguments = "customer_relationship_manager_add_customer", map[string]string{"customer_name": "x", "assigned_to_email": "x@x.x", "status": "Lead"}
	}
	return Call{Tool: tool, Arguments: encode(arguments)}
}

func encode(arguments map[string]string) json.RawMessage {
	encoded, err := json.Marshal(arguments)
	if err != nil {
		panic(err) // texts are always encoded
	}
	return encoded
}

// otherArguments are the first call's with another row, or with another day, name or subject for a new one. It returns false where there is no other.
func otherArguments(start *World, gold []Call) (json.RawMessage, bool) {
	var arguments map[string]string
	if err := json.Unmarshal(gold[0].Arguments, &arguments); err != nil {
		panic(err) // parseCall has written them
	}
	for field, table := range map[string]Table{"event_id": start.Events, "email_id": start.Emails, "task_id": start.Tasks, "customer_id": start.Customers} {
		if _, given := arguments[field]; !given {
			continue
		}
		unnamed := slices.IndexFunc(table.Rows, func(row []string) bool {
			return !slices.ContainsFunc(gold, func(call Call) bool { return strings.Contains(string(call.Arguments), row[0]) })
		})
		if unnamed < 0 {
			return nil, false
		}
		arguments[field] = table.Rows[unnamed][0]
	}
	for _, field := range []string{"event_name", "subject", "customer_name", "task_name"} {
		if _, given := arguments[field]; given {
			arguments[field] += " x"
		}
	}
	if _, given := arguments["time_min"]; given {
		arguments["time_min"] = "2023-01-01"
	}
	return encode(arguments), true
}

// check scores answers whose outcome is known, so that a folder and the scorer are known to be good before a model is asked.
func check(out io.Writer, start *World, tasks []Task) error {
	var checks measure.Checks
	for _, variant := range variants {
		for _, task := range tasks {
			if calls, some := variant.answer(start, task); some {
				right, harmful := judge(start, replay(start, task.Domain, calls), task)
				checks.Add(task.Domain, task.ID, variant.name, variant.wanted, right, harmful)
			}
		}
	}
	return checks.Report(out)
}

// domainsOf are the domains of tasks, in their order.
func domainsOf(tasks []Task) []string {
	var domains []string
	for _, task := range tasks {
		if !slices.Contains(domains, task.Domain) {
			domains = append(domains, task.Domain)
		}
	}
	return domains
}
