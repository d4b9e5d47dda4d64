package workbench

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bestbox/tools"
)

// domainTools are the tools of each domain, as tasks see them, in the order that a model reads them. Every domain has the directory as well.
var domainTools = map[string]func(*session) []*tools.Tool{
	"analytics":                     analyticsTools,
	"calendar":                      calendarTools,
	"customer_relationship_manager": customerTools,
	"email":                         emailTools,
	"project_management":            projectTools,
}

// session is one task's world while its calls are made.
type session struct {
	world *World
	done  map[string]said // what was said of a change, by key
}

// said is what a call tells, in sentences.
type said []string

// Sentences are what was said.
func (s said) Sentences() []string { return s }

// toolsOf makes the tools of a domain over a world that they change.
func toolsOf(domain string, world *World) []*tools.Tool {
	s := &session{world: world, done: map[string]said{}}
	directory := reads(s, "company_directory_find_email_address", "Finds e-mail addresses of colleagues by a part of a name.", findAddress)
	return append(domainTools[domain](s), directory)
}

// reads makes a tool that changes nothing.
func reads[In any](s *session, name, description string, answer func(*World, In) (said, error)) *tools.Tool {
	return ordered(s, "", name, description, answer)
}

// ordered is reads, of a tool whose first row is what some questions mean (tools.Definition.First).
func ordered[In any](s *session, first, name, description string, answer func(*World, In) (said, error)) *tools.Tool {
	return tools.Must(tools.New(tools.Definition{Name: name, Description: description, Effect: tools.Read, First: first},
		func(_ context.Context, in In) (said, error) { return answer(s.world, in) }))
}

// writes makes a tool that changes the world; what it would do is found out on a copy.
func writes[In any](s *session, name, description string, change func(*World, In) (said, error)) *tools.Tool {
	return tools.Must(tools.NewWrite(tools.Definition{Name: name, Description: description, Effect: tools.Write}, tools.Writer[In, said]{
		Preview: func(_ context.Context, in In) (tools.Change, error) {
			would, err := change(s.world.Clone(), in)
			if err != nil {
				return tools.Change{}, err
			}
			return tools.Change{Summary: would[0]}, nil
		},
		Apply: func(_ context.Context, key string, in In) (said, error) {
			if before, made := s.done[key]; made {
				return before, nil
			}
			told, err := change(s.world, in)
			if err == nil {
				s.done[key] = told
			}
			return told, err
		},
	}))
}

// prefixes tell identifiers of one kind from those of another. The files have bare numbers, which mean nothing to a reader of two tables; calls
// may name both.
var prefixes = map[string]string{"event_id": "EV-", "email_id": "EM-", "task_id": "TK-", "customer_id": "CU-"}

// spelling is part of all arguments: it forgives a bare number for an identifier, and a line break that is written as \n, as upstream does.
type spelling struct{}

// NormalizeArguments puts the spellings right that the tools understand.
func (*spelling) NormalizeArguments(arguments map[string]any) {
	for name, value := range arguments {
		text, ok := value.(string)
		if !ok {
			continue
		}
		text = strings.ReplaceAll(text, `\n`, "\n")
		if prefix := prefixes[name]; prefix != "" && text != "" && strings.Trim(text, "0123456789") == "" {
			text = prefix + text
		}
		arguments[name] = text
	}
}

// row finds the row that an identifier names.
func row(table *Table, id string) (at int, err error) {
	field := table.Columns[0]
	if at = table.find(strings.TrimPrefix(id, prefixes[field])); at < 0 {
		return 0, &tools.ArgumentError{Field: field, Value: id, Allowed: "an identifier that a search has found"}
	}
	return at, nil
}

func wrong(field string, value any, allowed string) error {
	return &tools.ArgumentError{Field: field, Value: value, Allowed: allowed}
}

// information is one field of a row.
func information(table *Table, id, field string) (said, error) {
	at, err := row(table, id)
	if err != nil {
		return nil, err
	}
	column := slices.Index(table.Columns, field)
	if column < 0 {
		return nil, wrong("field", field, "one of "+strings.Join(table.Columns, ", "))
	}
	if table.Rows[at][column] == "" {
		return said{fmt.Sprintf("%s has no %s.", id, field)}, nil
	}
	return said{fmt.Sprintf("The %s of %s is %s.", field, id, table.Rows[at][column])}, nil
}

// updated changes one field of a row.
func updated(table *Table, id, field, value string) (said, error) {
	at, err := row(table, id)
	if err != nil {
		return nil, err
	}
	column := table.column(field)
	before := table.Rows[at][column]
	table.Rows[at][column] = value
	return said{fmt.Sprintf("The %s of %s was changed from %q to %q.", field, id, before, value)}, nil
}

// deleted removes a row.
func deleted(table *Table, id string) (said, error) {
	at, err := row(table, id)
	if err != nil {
		return nil, err
	}
	table.Rows = slices.Delete(table.Rows, at, at+1)
	return said{id + " was deleted."}, nil
}

// nothing begins what is said of a search that has found nothing.
const nothing = "There are no such "

// isNothing tells whether a sentence says so.
func isNothing(sentence string) bool { return strings.HasPrefix(sentence, nothing) }

// listed says what a search has found: how many, and the first of them.
func listed(found [][]string, limit int, things string, describe func(row []string) string) said {
	if len(found) == 0 {
		return said{nothing + things + "."}
	}
	shown := found[:min(limit, len(found))]
	words := make([]string, len(shown))
	for index, one := range shown {
		words[index] = describe(one)
	}
	count := fmt.Sprintf("%d %s: ", len(found), things)
	if len(found) > limit {
		count = fmt.Sprintf("%d %s, the first %d are: ", len(found), things, limit)
	}
	told := said{count + strings.Join(words, "; ") + "."}
	if len(found) > limit {
		told = append(told, fmt.Sprintf("And %d more: ask with narrower bounds.", len(found)-limit))
	}
	return told
}

// has tells whether part occurs in text, in any case; an empty part occurs everywhere.
func has(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// between compares dates and times as they are written. An empty bound is none; what is missing is within no bound.
func between(value, low, high string) bool {
	if low == "" && high == "" {
		return true
	}
	return value != "" && (low == "" || value >= low) && (high == "" || value <= high)
}

// isTime checks a time of the form 2023-12-01 09:00:00.
func isTime(field, value string) error {
	if _, err := time.Parse(time.DateTime, value); err != nil {
		return wrong(field, value, "a time such as 2023-12-01 09:00:00")
	}
	return nil
}

// isDay checks a day of the form 2023-12-01.
func isDay(field, value string) error {
	if _, err := time.Parse(time.DateOnly, value); err != nil {
		return wrong(field, value, "a day such as 2023-12-01")
	}
	return nil
}

type nameArguments struct {
	spelling
	Name string `json:"name" jsonschema:"minLength=1" jsonschema_description:"A part of the name."`
}

func findAddress(world *World, in nameArguments) (said, error) {
	var found []string
	for _, address := range world.Directory {
		if has(address, in.Name) {
			found = append(found, address)
		}
	}
	if len(found) == 0 {
		return said{fmt.Sprintf("Nobody in the directory is called %s.", in.Name)}, nil
	}
	return said{strings.Join(found, ", ") + "."}, nil
}
