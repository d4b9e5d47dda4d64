package retrieval

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"bestbox/internal/knowledge/folder"
)

// maximumFile is how large a file of a corpus may be, in bytes.
const maximumFile = 64 << 20

// Question is a line of a file of questions.
type Question struct {
	ID    string `json:"id"`
	Query string `json:"query"`
	// Corpus is the group that it is summed up with; empty: none but all.
	Corpus string `json:"corpus"`
	Type   string `json:"type"`
	// Relevant are the files that answer it: paths from the folder that the corpus stands in, or from the corpus itself.
	Relevant []string `json:"relevant"`
	// Also are further files that answer it, though whoever made the set did not name them; nil: nobody has looked for such.
	Also []string `json:"also"`
}

// File is a document of a corpus.
type File struct {
	// Path begins with the name of the corpus's folder.
	Path  string
	Bytes []byte
}

// Set is a corpus and the questions about it.
type Set struct {
	// Files are in the order of their paths.
	Files     []File
	Questions []Question
}

// Load reads a folder of documents and a file of questions, one JSON object a line.
func Load(ctx context.Context, corpus, questions string) (*Set, error) {
	root, err := folder.Resolve(corpus)
	if err != nil {
		return nil, err
	}
	found, problems, err := folder.List(ctx, root, func(string) bool { return true })
	if err != nil {
		return nil, err
	}
	for _, problem := range problems {
		return nil, fmt.Errorf("a corpus must be read as a whole: %s", problem)
	}
	set := &Set{}
	for _, file := range found {
		content, err := folder.Read(ctx, root, file.Path, maximumFile)
		if err != nil {
			return nil, err
		}
		relative, err := filepath.Rel(filepath.Dir(root), file.Path)
		if err != nil {
			return nil, err
		}
		set.Files = append(set.Files, File{Path: filepath.ToSlash(relative), Bytes: content})
	}
	slices.SortFunc(set.Files, func(a, b File) int { return bytes.Compare([]byte(a.Path), []byte(b.Path)) })
	set.Questions, err = readQuestions(questions, filepath.Base(root), set.Files)
	return set, err
}

// readQuestions reads the lines and resolves their paths to those of files.
func readQuestions(path, corpus string, files []File) ([]Question, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the questions: %w", err)
	}
	there := map[string]bool{}
	for _, file := range files {
		there[file.Path] = true
	}
	var questions []Question
	ids := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, 1<<20)
	for number := 1; lines.Scan(); number++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var question Question
		if err := json.Unmarshal(lines.Bytes(), &question); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, number, err)
		}
		if err := question.resolve(corpus, there); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, number, err)
		}
		if ids[question.ID] {
			return nil, fmt.Errorf("%s, line %d: the id %q comes twice", path, number, question.ID)
		}
		ids[question.ID] = true
		questions = append(questions, question)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(questions) == 0 {
		return nil, fmt.Errorf("%s has no questions", path)
	}
	return questions, nil
}

func (q *Question) resolve(corpus string, there map[string]bool) error {
	if q.ID == "" || q.Query == "" || len(q.Relevant) == 0 {
		return errors.New("a question needs id, query and relevant")
	}
	var err error
	if q.Relevant, err = resolved(q.Relevant, corpus, there); err != nil {
		return fmt.Errorf("%s: relevant: %w", q.ID, err)
	}
	if q.Also == nil {
		return nil
	}
	if q.Also, err = resolved(q.Also, corpus, there); err != nil {
		return fmt.Errorf("%s: also: %w", q.ID, err)
	}
	for _, name := range q.Also {
		if slices.Contains(q.Relevant, name) {
			return fmt.Errorf("%s: also: the file %q is among the relevant ones", q.ID, name)
		}
	}
	return nil
}

// resolved are the paths of files that are named from the folder that the corpus stands in, or from the corpus itself; each once, and in order.
func resolved(names []string, corpus string, there map[string]bool) ([]string, error) {
	found := map[string]bool{}
	for _, name := range names {
		switch below := corpus + "/" + name; {
		case there[name]:
			found[name] = true
		case there[below]:
			found[below] = true
		default:
			return nil, fmt.Errorf("the file %q is not in the corpus", name)
		}
	}
	return append([]string{}, slices.Sorted(maps.Keys(found))...), nil // not nil
}
