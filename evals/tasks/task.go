// Package tasks gives BestBox the tasks of files and scores what comes of each: the facts of the answer, not its wording, and the state of the
// records afterwards, not the way there. It knows nothing of the agents but what their definitions say.
package tasks

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"bestbox/agents"
)

// Task is one question with what must be true when it has been dealt with.
type Task struct {
	ID       string `yaml:"id"`
	Question string `yaml:"question"`
	// Domain, when not empty, skips the router.
	Domain string `yaml:"domain"`
	// Employee is who asks, when it is not the one of the configuration.
	Employee string `yaml:"employee"`
	// Facts must all be in the answer.
	Facts Facts `yaml:"facts"`
	// Never are spellings that make an answer wrong.
	Never []string `yaml:"never"`
	// Changes are the rows that must differ afterwards. Every other row of every table must be what it was.
	Changes []Change `yaml:"changes"`
	// Approve says to which writes the person agrees who is asked; the others are denied.
	Approve Approval `yaml:"approve"`
	// Replies are what the person says to questions back, one after the other.
	Replies []string `yaml:"replies"`
	// Gold are calls that deal with the task: all of them for the state, those that read for the facts. A model may go another way.
	Gold []agents.Call `yaml:"gold"`
	// Evidence is SQL on the demo records whose rows prove the facts. Scoring does not need it; the tests run it.
	Evidence string `yaml:"evidence"`

	// Group is the file's name without its ending.
	Group string `yaml:"-"`
}

// Approval is the writes that a person agrees to: all of them, none, or those of some tools.
type Approval struct {
	none  bool
	tools []string
}

// Agrees tells whether the person agrees to a write of a tool.
func (a Approval) Agrees(tool string) bool {
	return !a.none && (len(a.tools) == 0 || slices.Contains(a.tools, tool))
}

// UnmarshalYAML reads all, none, or a list of tools.
func (a *Approval) UnmarshalYAML(decode func(any) error) error {
	var word string
	if decode(&word) == nil && (word == "all" || word == "none") {
		a.none = word == "none"
		return nil
	}
	if err := decode(&a.tools); err != nil || len(a.tools) == 0 {
		return errors.New("approve: allowed: all (also when it is left out), none, or a list of tools")
	}
	return nil
}

// Read reads the tasks of files, in their order.
func Read(paths ...string) (all []Task, err error) {
	groups := map[string]string{}
	for _, path := range paths {
		group := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		if other, taken := groups[group]; taken {
			return nil, fmt.Errorf("%s and %s: files of one name cannot be told apart in the figures; rename one", other, path)
		}
		groups[group] = path
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read the tasks: %w", err)
		}
		read, err := readTasks(path, group, content)
		if err != nil {
			return nil, err
		}
		all = append(all, read...)
	}
	return all, nil
}

func readTasks(path, group string, content []byte) ([]Task, error) {
	var read []Task
	if err := yaml.UnmarshalWithOptions(content, &read, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("read the tasks of %s: %s", path, yaml.FormatError(err, false, true))
	}
	if len(read) == 0 {
		return nil, fmt.Errorf("%s: there is no task in it", path)
	}
	seen := map[string]bool{}
	for index := range read {
		task := &read[index]
		task.Group = group
		if task.ID == "" || seen[task.ID] {
			return nil, fmt.Errorf("%s: task %d: id: %q; allowed: a name that no other task has", path, index+1, task.ID)
		}
		seen[task.ID] = true
		if err := task.check(); err != nil {
			return nil, fmt.Errorf("%s: task %s: %w", path, task.ID, err)
		}
	}
	return read, nil
}

// check refuses a task that nobody, or anybody, could do right.
func (t *Task) check() error {
	switch {
	case strings.TrimSpace(t.Question) == "":
		return errors.New("question: it is empty")
	case len(t.Facts) == 0 && len(t.Changes) == 0:
		return errors.New("facts: there are none, and no changes, so that any answer would be right")
	case slices.ContainsFunc(t.Facts, empty) || slices.Contains(t.Never, ""):
		return errors.New("facts, never: one has no spelling")
	case slices.ContainsFunc(t.Replies, func(reply string) bool { return strings.TrimSpace(reply) == "" }):
		return errors.New("replies: one is empty")
	}
	for index, change := range t.Changes {
		if err := change.check(); err != nil {
			return fmt.Errorf("changes: the %d. %w", index+1, err)
		}
	}
	for index, call := range t.Gold {
		if call.Tool == "" {
			return fmt.Errorf("gold: the %d. call names no tool", index+1)
		}
	}
	return nil
}

func empty(spellings []string) bool {
	return len(spellings) == 0 || slices.Contains(spellings, "")
}

// writes tells whether the records must differ afterwards.
func (t *Task) writes() bool { return len(t.Changes) > 0 }
