package workbench

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Task is one question with the calls whose final state is the right one.
type Task struct {
	ID       string
	Domain   string
	Template string
	Question string
	Gold     []Call
}

// Call is one call by a tool's name.
type Call struct {
	Tool      string          `json:"tool"`
	Arguments json.RawMessage `json:"arguments"`
}

// questionFile matches the files of the single-domain tasks.
var questionFile = regexp.MustCompile(`^([a-z_]+)_queries_and_answers\.csv$`)

// ReadTasks reads the tasks of the domains, all of them where domains is empty.
func ReadTasks(folder fs.FS, domains []string) ([]Task, error) {
	files, err := fs.ReadDir(folder, "queries_and_answers")
	if err != nil {
		return nil, fmt.Errorf("workbench: %w", err)
	}
	var tasks []Task
	var found []string
	for _, file := range files {
		match := questionFile.FindStringSubmatch(file.Name())
		if match == nil {
			continue
		}
		if _, known := domainTools[match[1]]; !known {
			return nil, fmt.Errorf("workbench: %s: there are no tools for the domain %q", file.Name(), match[1])
		}
		found = append(found, match[1])
		if len(domains) > 0 && !slices.Contains(domains, match[1]) {
			continue
		}
		read, err := readTasks(folder, path.Join("queries_and_answers", file.Name()), match[1])
		if err != nil {
			return nil, fmt.Errorf("workbench: %w", err)
		}
		tasks = append(tasks, read...)
	}
	for _, domain := range domains {
		if !slices.Contains(found, domain) {
			return nil, fmt.Errorf("workbench: there are no tasks of the domain %q; the folder has %s", domain, strings.Join(found, ", "))
		}
	}
	return tasks, nil
}

func readTasks(folder fs.FS, name, domain string) ([]Task, error) {
	file, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	reader := csv.NewReader(file)
	header, err := reader.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	question, answer, template := slices.Index(header, "query"), slices.Index(header, "answer"), slices.Index(header, "base_template")
	if question < 0 || answer < 0 || template < 0 {
		return nil, fmt.Errorf("%s: the first line must name the columns query, answer and base_template", name)
	}
	var tasks []Task
	for number := 1; ; number++ {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return tasks, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		gold, err := parseCalls(row[answer])
		if err != nil {
			return nil, fmt.Errorf("%s, task %d: %w", name, number, err)
		}
		tasks = append(tasks, Task{ID: fmt.Sprintf("%s-%d", domain, number), Domain: domain, Template: row[template], Question: row[question], Gold: gold})
	}
}

// parseCalls reads a Python list of texts, each of which is a call: ['email.delete_email.func(email_id="00000479")'].
func parseCalls(text string) ([]Call, error) {
	s := scanner{text}
	if err := s.take("["); err != nil {
		return nil, err
	}
	calls := []Call{}
	for !s.next("]") {
		if len(calls) > 0 {
			if err := s.take(","); err != nil {
				return nil, err
			}
		}
		written, err := s.quoted()
		if err != nil {
			return nil, err
		}
		call, err := parseCall(written)
		if err != nil {
			return nil, err
		}
		calls = append(calls, call)
	}
	if s.rest != "" {
		return nil, fmt.Errorf("%q follows the list of calls", s.rest)
	}
	return calls, nil
}

var callName = regexp.MustCompile(`^([a-z_]+)\.([a-z_]+)(?:\.func)?\(`)

// parseCall reads one call with texts for named arguments.
func parseCall(text string) (Call, error) {
	name := callName.FindStringSubmatch(text)
	if name == nil {
		return Call{}, fmt.Errorf("%q is no call such as email.delete_email.func(email_id=\"00000479\")", text)
	}
	s := scanner{text[len(name[0]):]}
	arguments := map[string]string{}
	for !s.next(")") {
		if len(arguments) > 0 {
			if err := s.take(","); err != nil {
				return Call{}, err
			}
		}
		argument, rest, found := strings.Cut(s.rest, "=")
		if !found {
			return Call{}, fmt.Errorf("%q: an argument without a value", text)
		}
		s.rest = rest
		value, err := s.quoted()
		if err != nil {
			return Call{}, err
		}
		arguments[strings.TrimSpace(argument)] = value
	}
	if s.rest != "" {
		return Call{}, fmt.Errorf("%q follows the call", s.rest)
	}
	encoded, err := json.Marshal(arguments)
	return Call{Tool: name[1] + "_" + name[2], Arguments: encoded}, err
}

// scanner reads the few forms of Python that the answers are written in.
type scanner struct{ rest string }

func (s *scanner) next(symbol string) bool {
	s.rest = strings.TrimLeft(s.rest, " ")
	rest, found := strings.CutPrefix(s.rest, symbol)
	if found {
		s.rest = rest
	}
	return found
}

func (s *scanner) take(symbol string) error {
	if !s.next(symbol) {
		return fmt.Errorf("%q stands where %q is wanted", s.rest, symbol)
	}
	return nil
}

// quoted reads a text in single or double quotes, with Python's escapes for quotes, line breaks and backslashes.
func (s *scanner) quoted() (string, error) {
	s.rest = strings.TrimLeft(s.rest, " ")
	if s.rest == "" || (s.rest[0] != '\'' && s.rest[0] != '"') {
		return "", fmt.Errorf("%q stands where a text in quotes is wanted", s.rest)
	}
	var text strings.Builder
	for at := 1; at < len(s.rest); at++ {
		switch s.rest[at] {
		case s.rest[0]:
			s.rest = s.rest[at+1:]
			return text.String(), nil
		case '\\':
			if at++; at == len(s.rest) {
				break
			}
			switch s.rest[at] {
			case 'n':
				text.WriteByte('\n')
			case '\\', '\'', '"':
				text.WriteByte(s.rest[at])
			default:
				return "", fmt.Errorf("the escape %s is none of \\n, \\\\, \\' and \\\"", strconv.Quote(s.rest[at-1:at+1]))
			}
		default:
			text.WriteByte(s.rest[at])
		}
	}
	return "", errors.New("a text in quotes has no end")
}
