package workbench

import (
	"fmt"
	"slices"
	"strings"

	"bestbox/tools"
)

func projectTools(s *session) []*tools.Tool {
	const area = "project_management_"
	return []*tools.Tool{
		reads(s, area+"search_tasks", "Finds tasks by parts of their fields, those that are due first before others.", searchTasks),
		reads(s, area+"get_task_information_by_id", "One field of a task.", func(w *World, in taskField) (said, error) {
			return information(&w.Tasks, in.TaskID, in.Field)
		}),
		writes(s, area+"create_task", "Adds a task.", createTask),
		writes(s, area+"update_task", "Changes one field of a task.", updateTask),
		writes(s, area+"delete_task", "Deletes a task.", func(w *World, in taskID) (said, error) { return deleted(&w.Tasks, in.TaskID) }),
	}
}

const (
	taskLists  = "Backlog, In Progress, In Review, Completed"
	taskBoards = "Back end, Front end, Design"
	// mostTasks bounds what the search shows; upstream's has no limit, and nobody has as many tasks.
	mostTasks = 30
)

type taskSearch struct {
	spelling
	AssignedTo string `json:"assigned_to_email,omitempty" jsonschema_extras:"x-addressees=mail"`
	Name       string `json:"task_name,omitempty"`
	List       string `json:"list_name,omitempty" jsonschema:"enum=Backlog,enum=In Progress,enum=In Review,enum=Completed" jsonschema_extras:"x-words=Backlog:backlog|not started|hasn't started|haven't started|not yet started|to do;In Progress:in progress|in-progress|under way|ongoing|working on;In Review:in review|review|reviewed;Completed:completed|complete|done|finished"`
	DueDate    string `json:"due_date,omitempty" jsonschema:"pattern=^[0-9]{4}-[0-9]{2}-[0-9]{2}$,example=2023-01-31"`
	Board      string `json:"board,omitempty" jsonschema:"enum=Back end,enum=Front end,enum=Design" jsonschema_extras:"x-words=Back end:back end|back-end|backend;Front end:front end|front-end|frontend;Design:design"`
}

func searchTasks(world *World, in taskSearch) (said, error) {
	found := world.Tasks.where(func(cell func(string) string) bool {
		return has(cell("task_name"), in.Name) && has(cell("assigned_to_email"), in.AssignedTo) && has(cell("list_name"), in.List) &&
			has(cell("due_date"), in.DueDate) && has(cell("board"), in.Board)
	})
	slices.SortStableFunc(found, func(a, b []string) int { return strings.Compare(a[4], b[4]) })
	return listed(found, mostTasks, "tasks", func(row []string) string {
		overdue := ""
		if row[4] < now[:len("2023-11-30")] && row[3] != "Completed" {
			overdue = " (overdue)"
		}
		return fmt.Sprintf("TK-%s %q of %s, %s, due on %s%s, %s", row[0], row[1], row[2], row[3], row[4], overdue, row[5])
	}), nil
}

type taskID struct {
	spelling
	TaskID string `json:"task_id" jsonschema:"pattern=^TK-[0-9]+$,example=TK-00000000"`
}

type taskField struct {
	taskID
	Field string `json:"field" jsonschema:"enum=list_name,enum=assigned_to_email,enum=due_date,enum=task_name,enum=board"`
}

type taskChange struct {
	taskField
	NewValue string `json:"new_value" jsonschema:"minLength=1"`
}

type newTask struct {
	spelling
	Name       string `json:"task_name" jsonschema:"minLength=1" jsonschema_extras:"x-said=add|new|create|open|make"`
	AssignedTo string `json:"assigned_to_email" jsonschema:"minLength=1" jsonschema_extras:"x-addressees=mail"`
	List       string `json:"list_name" jsonschema:"enum=Backlog,enum=In Progress,enum=In Review,enum=Completed"`
	DueDate    string `json:"due_date" jsonschema:"example=2023-01-31"`
	Board      string `json:"board" jsonschema:"enum=Back end,enum=Front end,enum=Design"`
}

func createTask(world *World, in newTask) (said, error) {
	assignee := strings.ToLower(in.AssignedTo)
	if err := ownsTasks(world, "assigned_to_email", assignee); err != nil {
		return nil, err
	}
	if err := isDay("due_date", in.DueDate); err != nil {
		return nil, err
	}
	id := fmt.Sprintf("%08d", world.Tasks.largestID()+1)
	world.Tasks.Rows = append(world.Tasks.Rows, []string{id, in.Name, assignee, in.List, in.DueDate, in.Board})
	return said{fmt.Sprintf("The task %q was created.", in.Name)}, nil
}

func updateTask(world *World, in taskChange) (said, error) {
	value := in.NewValue
	switch in.Field {
	case "list_name":
		if !oneOf(value, taskLists) {
			return nil, wrong("new_value", value, "one of "+taskLists)
		}
	case "board":
		if !oneOf(value, taskBoards) {
			return nil, wrong("new_value", value, "one of "+taskBoards)
		}
	case "assigned_to_email":
		value = strings.ToLower(value)
		if err := ownsTasks(world, "new_value", value); err != nil {
			return nil, err
		}
	case "due_date":
		if err := isDay("new_value", value); err != nil {
			return nil, err
		}
	}
	return updated(&world.Tasks, in.TaskID, in.Field, value)
}

// ownsTasks refuses somebody who has no task yet: upstream knows the team by its tasks.
func ownsTasks(world *World, field, address string) error {
	at := world.Tasks.column("assigned_to_email")
	if !slices.ContainsFunc(world.Tasks.Rows, func(row []string) bool { return row[at] == address }) {
		return wrong(field, address, "the e-mail address of somebody in the team")
	}
	return nil
}
