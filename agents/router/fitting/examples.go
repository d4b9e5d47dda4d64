// Package fitting makes the heads of agents/router from labelled examples: it reads the examples, asks a model for
// log-probabilities once and keeps them in a file, fits the linear head, and measures it by cross-validation.
//
// It never lets a file that is held back for the final score near the weights: see [TestFile].
package fitting

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bestbox/agents/router"
)

// TestFile is the name of the examples that are only ever scored, never fitted or tuned on.
const TestFile = "test.csv"

// Example is one labelled question.
type Example struct {
	Text, Label string
	Language    string // en or zh
	Style       string // plain, terse, noisy, boundary, or the name of a public source
}

// columns are those of a file of examples for several labels; the file of an agent (routing.csv) has no label.
var columns = []string{"text", "label", "lang", "style"}

// ReadTraining reads the examples below the folder of the agents: routing.csv of every label's agent, in the order of the labels, and router/examples
// but for [TestFile]. A text that occurs twice is an error.
func ReadTraining(agents string) ([]Example, error) {
	files, err := filepath.Glob(filepath.Join(agents, "router", "examples", "*.csv"))
	if err != nil {
		return nil, fmt.Errorf("listing examples below %s: %w", agents, err)
	}
	slices.Sort(files)
	files = slices.DeleteFunc(files, func(file string) bool { return filepath.Base(file) == TestFile })
	var all []Example
	for _, label := range router.Labels {
		examples, err := ReadAgent(filepath.Join(agents, label, "routing.csv"), label)
		if err != nil {
			return nil, fmt.Errorf("%w; run this from the repository's root or give --folder", err)
		}
		all = append(all, examples...)
	}
	for _, file := range files {
		examples, err := ReadFile(file)
		if err != nil {
			return nil, err
		}
		all = append(all, examples...)
	}
	seen := map[string]bool{}
	for _, example := range all {
		if seen[example.Text] {
			return nil, fmt.Errorf("the example %q occurs twice; keep one", example.Text)
		}
		seen[example.Text] = true
	}
	return all, nil
}

// ReadAgent reads the examples of one agent, which all have its label.
func ReadAgent(path, label string) ([]Example, error) {
	rows, err := readRows(path, []string{"text", "lang", "style"})
	var examples []Example
	for _, row := range rows {
		examples = append(examples, Example{Text: row[0], Label: label, Language: row[1], Style: row[2]})
	}
	return examples, err
}

// ReadFile reads one CSV file with the columns text, label, lang, style.
func ReadFile(path string) ([]Example, error) {
	rows, err := readRows(path, columns)
	var examples []Example
	for number, row := range rows {
		if !slices.Contains(router.Labels, row[1]) {
			return nil, fmt.Errorf("%s: row %d: label %q; allowed: %v", path, number+1, row[1], router.Labels)
		}
		examples = append(examples, Example{Text: row[0], Label: row[1], Language: row[2], Style: row[3]})
	}
	return examples, err
}

func readRows(path string, columns []string) ([][]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading examples: %w", err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(rows) == 0 || !slices.Equal(rows[0], columns) {
		return nil, fmt.Errorf("%s: the first line must be %v", path, columns)
	}
	if at := slices.IndexFunc(rows, func(row []string) bool { return row[0] == "" }); at >= 0 {
		return nil, fmt.Errorf("%s: row %d has no text", path, at)
	}
	return rows[1:], nil
}

// Sample keeps at most perLabel examples of each label, chosen by the hashes of their texts; 0 keeps all. It is for models that are
// too slow to be asked about all of them.
func Sample(examples []Example, perLabel int) []Example {
	if perLabel <= 0 {
		return examples
	}
	sorted := slices.SortedFunc(slices.Values(examples), func(a, b Example) int {
		return strings.Compare(key(a.Text), key(b.Text))
	})
	taken := map[string]int{}
	return slices.DeleteFunc(sorted, func(example Example) bool {
		taken[example.Label]++
		return taken[example.Label] > perLabel
	})
}

// Clauses returns the parts of the questions that have several.
func Clauses(examples []Example) (texts []string) {
	for _, example := range examples {
		texts = append(texts, router.Clauses(example.Text)...)
	}
	return texts
}

// Texts returns the questions of examples.
func Texts(examples []Example) []string {
	texts := make([]string, len(examples))
	for i, example := range examples {
		texts[i] = example.Text
	}
	return texts
}
