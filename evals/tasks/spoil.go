package tasks

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"time"

	"bestbox/agents"
	"bestbox/evals/state"
	"bestbox/tools"
)

// spoiled is gold with one thing wrong in it.
type spoiled struct {
	name  string
	calls []agents.Call
}

// spoil makes, of the gold calls of a task that writes, all the wrong ones that a scorer must tell from them: nothing done, a write left out,
// and every single argument of every write with another value of its kind.
func (s *suite) spoil(task *Task, known keys) (all []spoiled) {
	if !task.writes() {
		return nil
	}
	all = append(all, spoiled{"nothing done", slices.DeleteFunc(slices.Clone(task.Gold), func(call agents.Call) bool { return s.writes(call.Tool) })})
	for index, call := range task.Gold {
		if !s.writes(call.Tool) {
			continue
		}
		all = append(all, spoiled{"a write left out", slices.Delete(slices.Clone(task.Gold), index, index+1)})
		tool, _ := s.tools.Get(call.Tool)
		for _, each := range known.variants(call.Arguments, enums(tool)) {
			calls := slices.Clone(task.Gold)
			calls[index].Arguments = each.arguments
			all = append(all, spoiled{each.name, calls})
		}
	}
	if task.pinsTexts() {
		all = append(all, spoiled{"other texts", s.otherTexts(task.Gold, known)})
	}
	return all
}

// pinsTexts tells whether the task says what a text must hold.
func (t *Task) pinsTexts() bool {
	return slices.ContainsFunc(t.Changes, func(change Change) bool {
		_, row := change.row()
		return slices.ContainsFunc(slices.Collect(maps.Values(row)), func(cell Cell) bool { return len(cell.facts) > 0 })
	})
}

// otherTexts replaces every text of the writes that is neither an id, a day, a time nor one of a list.
func (s *suite) otherTexts(gold []agents.Call, known keys) []agents.Call {
	calls := slices.Clone(gold)
	for index, call := range calls {
		if !s.writes(call.Tool) {
			continue
		}
		tool, _ := s.tools.Get(call.Tool)
		calls[index].Arguments = edited(call.Arguments, func(name string, value any) any {
			text, isText := value.(string)
			if _, _, spoils := known.another(text, enums(tool)[name]); isText && !spoils {
				return "something else"
			}
			return value
		})
	}
	return calls
}

// keys are the ids of the records, by table.
type keys map[string][]string

// keysOf are the keys of all tables that have one column of text for it.
func keysOf(fresh state.State) keys {
	known := keys{}
	for _, name := range slices.Sorted(maps.Keys(fresh)) {
		if ids := fresh[name].Keys(); len(ids) > 1 {
			known[name] = ids
		}
	}
	return known
}

// variant are arguments of which one value is another.
type variant struct {
	name      string
	arguments json.RawMessage
}

// variants are the arguments with each of their values replaced, one at a time. Texts in words are left out: they may be put in many ways.
func (k keys) variants(arguments json.RawMessage, enums map[string][]string) (all []variant) {
	count := 0
	edited(arguments, func(_ string, value any) any { count++; return value })
	for position := range count {
		at, name := -1, ""
		changed := edited(arguments, func(field string, value any) any {
			if at++; at != position {
				return value
			}
			switch typed := value.(type) {
			case json.Number:
				name = "another amount"
				return json.Number(incremented(typed))
			case string:
				if other, kind, spoils := k.another(typed, enums[field]); spoils {
					name = kind
					return other
				}
			}
			return value
		})
		if name != "" {
			all = append(all, variant{name, changed})
		}
	}
	return all
}

var timeOfDay = regexp.MustCompile(`^\d\d:\d\d$`)

// another is another value of the same kind: a word of the list, an id of the same table, a day later, an hour later.
func (k keys) another(text string, enum []string) (other, kind string, found bool) {
	if at := slices.Index(enum, text); at >= 0 {
		return enum[(at+1)%len(enum)], "another word of the list", true
	}
	for _, table := range slices.Sorted(maps.Keys(k)) {
		if at, found := slices.BinarySearch(k[table], text); found {
			return k[table][(at+1)%len(k[table])], "another id", true
		}
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.AddDate(0, 0, 1).Format(time.DateOnly), "another day", true
	}
	if clock, err := time.Parse("15:04", text); err == nil && timeOfDay.MatchString(text) {
		return clock.Add(time.Hour).Format("15:04"), "another time", true
	}
	return "", "", false
}

// incremented is a number that is one more.
func incremented(number json.Number) string {
	if whole, err := number.Int64(); err == nil {
		return string(mustEncode(whole + 1))
	}
	fraction, _ := number.Float64()
	return string(mustEncode(fraction + 1))
}

// edited passes every value that holds no others through edit, with the name of the argument that it stands in.
func edited(arguments json.RawMessage, edit func(field string, value any) any) json.RawMessage {
	decoder := json.NewDecoder(bytes.NewReader(arguments))
	decoder.UseNumber()
	var decoded any
	if err := decoder.Decode(&decoded); err != nil {
		panic(err) // checkGold has read them
	}
	return mustEncode(editedValue("", decoded, edit))
}

func editedValue(field string, value any, edit func(field string, value any) any) any {
	switch typed := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(typed)) {
			inner := field
			if field == "" {
				inner = name
			}
			typed[name] = editedValue(inner, typed[name], edit)
		}
		return typed
	case []any:
		for index := range typed {
			typed[index] = editedValue(field, typed[index], edit)
		}
		return typed
	}
	return edit(field, value)
}

func mustEncode(value any) json.RawMessage {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err) // it was read from JSON
	}
	return encoded
}

// enums are the words that a tool's arguments are limited to, by argument.
func enums(tool *tools.Tool) map[string][]string {
	var schema struct {
		Properties map[string]struct {
			Enum []any `json:"enum"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(tool.Schema(), &schema); err != nil {
		panic(err) // a tool's schema is JSON
	}
	words := map[string][]string{}
	for name, property := range schema.Properties {
		for _, one := range property.Enum {
			if word, is := one.(string); is {
				words[name] = append(words[name], word)
			}
		}
	}
	return words
}
