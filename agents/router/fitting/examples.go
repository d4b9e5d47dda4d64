// Package fitting makes the heads of agents/router from labelled examples: it reads the examples, asks a model for
// log-probabilities once and keeps them in a file, fits the linear head, and measures it by cross-validation.
//
// It never lets a file that is held back for the final score near the weights: see [TestFile].
package fitting

import (
	"encoding/csv"
	"fmt"
	"io"
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

var columns = []string{"text", "label", "lang", "style"}

// ReadTraining reads every CSV file of a folder but [TestFile], in the order of their names. A text that occurs twice is an error.
func ReadTraining(folder string) ([]Example, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.csv"))
	if err != nil {
		return nil, fmt.Errorf("listing examples in %s: %w", folder, err)
	}
	slices.Sort(files)
	var all []Example
	seen := map[string]string{}
	for _, file := range files {
		if filepath.Base(file) == TestFile {
			continue
		}
		examples, err := ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, example := range examples {
			if before, twice := seen[example.Text]; twice {
				return nil, fmt.Errorf("%s: %q occurs twice (also in %s); keep one", file, example.Text, before)
			}
			seen[example.Text] = file
		}
		all = append(all, examples...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no examples (*.csv) in %s; run this from the repository's root or give --examples", folder)
	}
	return all, nil
}

// ReadFile reads one CSV file with the columns text, label, lang, style.
func ReadFile(path string) ([]Example, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading examples: %w", err)
	}
	defer file.Close()
	reader := csv.NewReader(file)
	header, err := reader.Read()
	if err != nil || !slices.Equal(header, columns) {
		return nil, fmt.Errorf("%s: the first line must be %v", path, columns)
	}
	var examples []Example
	for {
		row, err := reader.Read()
		if err == io.EOF {
			return examples, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		example := Example{Text: row[0], Label: row[1], Language: row[2], Style: row[3]}
		if example.Text == "" || !slices.Contains(router.Labels, example.Label) {
			line, _ := reader.FieldPos(0)
			return nil, fmt.Errorf("%s:%d: label %q; a text and one of %v are needed", path, line, example.Label, router.Labels)
		}
		examples = append(examples, example)
	}
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

// Texts returns the questions of examples.
func Texts(examples []Example) []string {
	texts := make([]string, len(examples))
	for i, example := range examples {
		texts[i] = example.Text
	}
	return texts
}
