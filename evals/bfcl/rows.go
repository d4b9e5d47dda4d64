package bfcl

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Row is one question of a category, with the functions that are offered and what right answers are.
type Row struct {
	ID        string
	Messages  []Message
	Functions []Function
	// Gold is what right answers call: one entry for each call. It is empty where the right answer is to call nothing.
	Gold []GoldCall
}

// Message is one message of the conversation that a row asks about.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// GoldCall is one call of a right answer: the accepted values of each parameter. "" among them means that it may be left out.
type GoldCall struct {
	Name     string
	Accepted map[string][]any
}

// Category is one file of questions.
type Category struct {
	Name string
	Rows []Row
}

// questionFile matches the files of the set: live_simple.jsonl, or BFCL_v4_live_simple.json as upstream names them.
var questionFile = regexp.MustCompile(`^(?:BFCL_v\d+_)?([a-z][a-z0-9_]*)\.jsonl?$`)

// noCall is in the names of the categories whose right answer is to call nothing; they have no gold file.
const noCall = "irrelevance"

// ReadFolder reads the categories of a folder that has BFCL's layout, in the order of names; all of them where names is empty.
func ReadFolder(folder fs.FS, names []string) ([]Category, error) {
	files, err := fs.ReadDir(folder, ".")
	if err != nil {
		return nil, fmt.Errorf("bfcl: read the folder: %w", err)
	}
	found := map[string]string{}
	var all []string
	for _, file := range files {
		if match := questionFile.FindStringSubmatch(file.Name()); match != nil && !file.IsDir() {
			found[match[1]] = file.Name()
			all = append(all, match[1])
		}
	}
	if len(all) == 0 {
		return nil, errors.New("bfcl: the folder holds no questions: wanted are files such as live_simple.jsonl, and possible_answer/live_simple.jsonl")
	}
	if len(names) == 0 {
		names = all
	}
	categories := make([]Category, 0, len(names))
	for _, name := range names {
		file, ok := found[name]
		if !ok {
			return nil, fmt.Errorf("bfcl: there is no category %q; the folder has %s", name, strings.Join(all, ", "))
		}
		rows, err := readCategory(folder, name, file)
		if err != nil {
			return nil, fmt.Errorf("bfcl: %w", err)
		}
		categories = append(categories, Category{Name: name, Rows: rows})
	}
	return categories, nil
}

func readCategory(folder fs.FS, name, file string) ([]Row, error) {
	var rows []Row
	err := readLines(folder, file, func(line json.RawMessage) error {
		row, err := readRow(line)
		rows = append(rows, row)
		return err
	})
	if err != nil || strings.Contains(name, noCall) {
		return rows, err
	}
	answers := path.Join("possible_answer", file)
	gold := map[string][]GoldCall{}
	if err := readLines(folder, answers, func(line json.RawMessage) error { return readGold(line, gold) }); err != nil {
		return nil, err
	}
	for index := range rows {
		rows[index].Gold = gold[rows[index].ID]
		if len(rows[index].Gold) == 0 {
			return nil, fmt.Errorf("%s has no answer for the row %s of %s", answers, rows[index].ID, file)
		}
	}
	return rows, nil
}

// readLines hands every line of a file to each; an error names the file and the line.
func readLines(folder fs.FS, name string, each func(line json.RawMessage) error) error {
	content, err := folder.Open(name)
	if err != nil {
		return err
	}
	defer content.Close()
	reader := bufio.NewReader(content)
	for number := 1; ; number++ {
		line, err := reader.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("%s: %w", name, err)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if err := each(line); err != nil {
				return fmt.Errorf("%s, line %d: %w", name, number, err)
			}
		}
		if err != nil {
			return nil
		}
	}
}

// dotless is how a name is offered and expected: tool names with dots are refused by the servers' protocol, and upstream does the same.
func dotless(name string) string { return strings.ReplaceAll(name, ".", "_") }

func readRow(line json.RawMessage) (Row, error) {
	var written struct {
		ID       string               `json:"id"`
		Question [][]Message          `json:"question"`
		Function []functionDefinition `json:"function"`
	}
	if err := decode(line, &written); err != nil {
		return Row{}, err
	}
	if written.ID == "" || len(written.Question) != 1 || len(written.Question[0]) == 0 {
		return Row{}, fmt.Errorf("row %q has %d turns; wanted is an id, and one turn with at least one message", written.ID, len(written.Question))
	}
	row := Row{ID: written.ID, Messages: written.Question[0]}
	for _, definition := range written.Function {
		function := newFunction(definition)
		if slices.ContainsFunc(row.Functions, func(other Function) bool { return other.Name == function.Name }) {
			return Row{}, fmt.Errorf("row %s: two functions are named %s", row.ID, function.Name)
		}
		row.Functions = append(row.Functions, function)
	}
	return row, nil
}

func readGold(line json.RawMessage, into map[string][]GoldCall) error {
	var written struct {
		ID          string                        `json:"id"`
		GroundTruth []map[string]map[string][]any `json:"ground_truth"`
	}
	if err := decode(line, &written); err != nil {
		return err
	}
	for _, call := range written.GroundTruth {
		if len(call) != 1 {
			return fmt.Errorf("the answer of %s names %d functions in one call; wanted is one", written.ID, len(call))
		}
		for name, accepted := range call {
			into[written.ID] = append(into[written.ID], GoldCall{Name: dotless(name), Accepted: accepted})
		}
	}
	return nil
}
