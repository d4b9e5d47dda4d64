package toolstest

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"bestbox/internal/records"
	"bestbox/tools"
)

// AreShortEnough holds that what the calls say fits a small model, and is sentences. The most characters are the area's own.
func (d Desk) AreShortEnough(t *testing.T, questions []Question, mostCharacters int) {
	t.Helper()
	const mostSentences = 8
	for _, q := range questions {
		sentences := d.Call(t, q.Tool, q.Arguments, nil)
		if n := len(sentences); n > mostSentences {
			t.Errorf("%s %s: %d sentences", q.Tool, q.Arguments, n)
		}
		if n := utf8.RuneCountInString(strings.Join(sentences, " ")); n > mostCharacters {
			t.Errorf("%s %s: %d characters", q.Tool, q.Arguments, n)
		}
		for _, s := range sentences {
			if !strings.HasSuffix(s, ".") || strings.Contains(s, "<nil>") || strings.Contains(s, "%!") || strings.Contains(s, "  ") ||
				strings.Contains(s, "..") || strings.ContainsAny(s, "\r\n") {
				t.Errorf("%s %s: not a sentence: %q", q.Tool, q.Arguments, s)
			}
		}
	}
}

var (
	amounts     = regexp.MustCompile(`\$([0-9,]+\.[0-9]{2})`)
	percentages = regexp.MustCompile(`([0-9.]+)%`)
)

// HaveTheirFiguresInTheData keeps the two faces of a result from drifting apart: programs and the check of answers rely on the data. Figures are
// amounts and percentages.
func (d Desk) HaveTheirFiguresInTheData(t *testing.T, questions []Question) {
	t.Helper()
	for _, q := range questions {
		var data any
		sentences := strings.Join(d.Call(t, q.Tool, q.Arguments, &data), "\n")
		known := map[float64]bool{}
		collect(data, known)
		for _, m := range amounts.FindAllStringSubmatch(sentences, -1) {
			dollars, err := strconv.ParseFloat(strings.ReplaceAll(m[1], ",", ""), 64)
			if err != nil || !known[math.Round(dollars*100)] {
				t.Errorf("%s %s: the amount %s is not in the data", q.Tool, q.Arguments, m[0])
			}
		}
		for _, m := range percentages.FindAllStringSubmatch(sentences, -1) {
			percent, err := strconv.ParseFloat(m[1], 64)
			if err != nil || !known[percent] {
				t.Errorf("%s %s: the percentage %s is not in the data", q.Tool, q.Arguments, m[0])
			}
		}
	}
}

// collect gathers the size of every number in the data.
func collect(value any, into map[float64]bool) {
	switch v := value.(type) {
	case float64:
		into[math.Abs(v)] = true
	case []any:
		for _, element := range v {
			collect(element, into)
		}
	case map[string]any:
		for _, element := range v {
			collect(element, into)
		}
	}
}

// Mistake is a call with a wrong argument: the argument, and a part of what is allowed. It is an alias for the same reason as Question.
type Mistake = struct{ Tool, Arguments, Field, Allowed string }

// Refuses holds that every call is refused with the argument that is wrong and the way out, by the preview of a write and by its making, and
// that none is in the ledger.
func (d Desk) Refuses(t *testing.T, mistakes []Mistake) {
	t.Helper()
	for _, m := range mistakes {
		tool, key := d.Tool(t, m.Tool), m.Tool+" "+m.Arguments
		if tool.Effect() == tools.Read {
			_, err := tool.Call(t.Context(), json.RawMessage(m.Arguments))
			Refused(t, m, err)
			continue
		}
		_, previewed := tool.Preview(t.Context(), json.RawMessage(m.Arguments))
		Refused(t, m, previewed)
		_, applied := tool.Apply(t.Context(), key, json.RawMessage(m.Arguments))
		Refused(t, m, applied)
		if _, found, err := d.FindEffect(t.Context(), key); found || err != nil {
			t.Errorf("%s is in the ledger: %v", key, err)
		}
	}
}

// Refused wants the *tools.ArgumentError of a mistake.
func Refused(t testing.TB, m Mistake, err error) {
	t.Helper()
	wrong, is := errors.AsType[*tools.ArgumentError](err)
	if !is || wrong.Field != m.Field || wrong.Tool != m.Tool || !strings.Contains(wrong.Allowed, m.Allowed) {
		t.Errorf("%s %s: got %v, want an error about the argument %q that allows %q", m.Tool, m.Arguments, err, m.Field, m.Allowed)
	}
}

// Called is a text with the ids of the things that it calls by their names.
type Called = struct {
	Text string
	IDs  []string
}

// Names finds the things of an area that a text calls by their names.
type Names func(ctx context.Context, db *records.DB, text string) ([]tools.Name, error)

// FindsNames holds that an area finds the things that texts call by their names, in its order, and no others.
func (d Desk) FindsNames(t *testing.T, find Names, texts []Called) {
	t.Helper()
	for _, text := range texts {
		names, err := find(t.Context(), d.DB, text.Text)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, name := range names {
			got = append(got, name.ID)
		}
		if !slices.Equal(got, text.IDs) {
			t.Errorf("%q: got %v, want %v", text.Text, got, text.IDs)
		}
	}
}

// FuzzNames looks for names in any text.
func (d Desk) FuzzNames(f *testing.F, find Names, seed string) {
	f.Add(seed)
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := find(t.Context(), d.DB, text); err != nil {
			t.Error(err)
		}
	})
}

// Fuzz calls every tool that reads, and previews every write, with what a model might write. The only errors are the model's own, and every
// answer says something.
func (d Desk) Fuzz(f *testing.F, seeds ...[]Question) {
	for _, q := range slices.Concat(seeds...) {
		f.Add([]byte(q.Arguments))
	}
	f.Fuzz(func(t *testing.T, arguments []byte) {
		for _, name := range d.Names() {
			said, err := d.answers(t, d.Tool(t, name), arguments)
			if _, wrong := errors.AsType[*tools.ArgumentError](err); !wrong && (err != nil || !said) {
				t.Errorf("%s %s: %v", name, arguments, err)
			}
		}
	})
}

// odd are values that a model might write, or somebody who has it write them.
var odd = []any{"\x00", "a\x00b", "\xff", "'; DROP TABLE effects; --", "%_?$1", "\u2028“”", strings.Repeat("长", 300), -1, 0, 1e300, 0.5, true, []any{}, []any{"\x00"},
	map[string]any{"x": "\x00"}}

// TakesOddArguments puts every odd value into every argument of the calls. The only errors are the model's own, and every answer says something.
func (d Desk) TakesOddArguments(t *testing.T, calls ...[]Question) {
	t.Helper()
	tried := map[string]bool{}
	for _, q := range slices.Concat(calls...) {
		var arguments map[string]any
		if err := json.Unmarshal([]byte(q.Arguments), &arguments); err != nil {
			t.Fatal(err)
		}
		for name, value := range arguments {
			if tried[q.Tool+name] {
				continue
			}
			tried[q.Tool+name] = true
			for _, arguments[name] = range odd {
				d.takes(t, d.Tool(t, q.Tool), arguments)
			}
			arguments[name] = value
		}
	}
}

func (d Desk) takes(t *testing.T, tool *tools.Tool, arguments map[string]any) {
	t.Helper()
	text, err := json.Marshal(arguments)
	if err != nil {
		t.Fatal(err)
	}
	said, err := d.answers(t, tool, text)
	if _, wrong := errors.AsType[*tools.ArgumentError](err); !wrong && (err != nil || !said) {
		t.Errorf("%s %s: %v", tool.Name(), text, err)
	}
}

func (d Desk) answers(t *testing.T, tool *tools.Tool, arguments json.RawMessage) (said bool, err error) {
	if tool.Effect() == tools.Write {
		change, err := tool.Preview(t.Context(), arguments)
		return change.Summary != "", err
	}
	result, err := tool.Call(t.Context(), arguments)
	return len(result.Sentences) > 0 && json.Valid(result.Data), err
}
