// Package tasks asks a running BestBox questions of a file and checks that each answer holds the right facts. It scores facts,
// not wording, and knows nothing of the tools behind the answers.
package tasks

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Task is one question and what a right answer holds.
type Task struct {
	ID       string `yaml:"id"`
	Question string `yaml:"question"`
	// Domain, when not empty, skips the router.
	Domain string `yaml:"domain"`
	// Facts must all be in the answer; each is a list of spellings of which one is enough.
	Facts [][]string `yaml:"facts"`
	// Never are spellings that make an answer wrong.
	Never []string `yaml:"never"`
	// Evidence is SQL on the demo records whose rows prove the facts. Scoring does not need it; the tests run it.
	Evidence string `yaml:"evidence"`
}

// Read reads a file of tasks.
func Read(path string) ([]Task, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the tasks: %w", err)
	}
	var read []Task
	if err := yaml.UnmarshalWithOptions(content, &read, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("read the tasks of %s: %s", path, yaml.FormatError(err, false, true))
	}
	seen := map[string]bool{}
	for number, task := range read {
		switch {
		case task.ID == "" || seen[task.ID]:
			return nil, fmt.Errorf("%s: task %d: id: %q; allowed: a name that no other task has", path, number+1, task.ID)
		case task.Question == "":
			return nil, fmt.Errorf("%s: task %s: question: it is empty", path, task.ID)
		case len(task.Facts) == 0:
			return nil, fmt.Errorf("%s: task %s: facts: there are none, so that any answer would be right", path, task.ID)
		case slices.ContainsFunc(task.Facts, func(spellings []string) bool { return len(spellings) == 0 }):
			return nil, fmt.Errorf("%s: task %s: facts: one has no spelling", path, task.ID)
		}
		seen[task.ID] = true
	}
	return read, nil
}

// Missing returns the first spelling of each fact that the answer does not hold, and what it holds but must not.
func (t Task) Missing(answer string) (missing, forbidden []string) {
	for _, spellings := range t.Facts {
		if !slices.ContainsFunc(spellings, func(spelling string) bool { return holds(answer, spelling) }) {
			missing = append(missing, spellings[0])
		}
	}
	for _, spelling := range t.Never {
		if holds(answer, spelling) {
			forbidden = append(forbidden, spelling)
		}
	}
	return missing, forbidden
}

var (
	thousands = regexp.MustCompile(`(\d)[,，](\d{3})`)
	zeros     = regexp.MustCompile(`(\d)\.0+(\D|$)`)
	percent   = regexp.MustCompile(`\s*(?:%|％|percent)`)
)

// normal makes spellings of one figure equal: 1,234.00 and 1234, 25.0 % and 25%.
func normal(text string) string {
	text = strings.ToLower(text)
	for thousands.MatchString(text) {
		text = thousands.ReplaceAllString(text, "$1$2")
	}
	text = zeros.ReplaceAllString(text, "$1$2")
	return percent.ReplaceAllString(text, "%")
}

// holds reports whether the spelling stands in the answer as a whole: 12 does not stand in 3120, nor A-10 in A-100.
func holds(answer, spelling string) bool {
	answer, spelling = normal(answer), normal(spelling)
	for from := 0; ; {
		index := strings.Index(answer[from:], spelling)
		if index < 0 {
			return false
		}
		start, end := from+index, from+index+len(spelling)
		if !joins(answer[:start], spelling, true) && !joins(answer[end:], spelling, false) {
			return true
		}
		from = start + 1
	}
}

// joins reports whether the text next to a spelling goes on with the same number or word.
func joins(beside, spelling string, before bool) bool {
	if beside == "" {
		return false
	}
	edge, inner := beside[0], spelling[len(spelling)-1]
	if before {
		edge, inner = beside[len(beside)-1], spelling[0]
	}
	switch {
	case digit(inner) && digit(edge):
		return true
	case digit(inner) && edge == '.':
		// A decimal point, unless it ends the sentence.
		return before || len(beside) > 1 && digit(beside[1])
	default:
		return letter(inner) && letter(edge)
	}
}

func digit(symbol byte) bool  { return symbol >= '0' && symbol <= '9' }
func letter(symbol byte) bool { return symbol >= 'a' && symbol <= 'z' }
