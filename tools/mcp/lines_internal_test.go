package mcp

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// FuzzIDScanner: of a message that is JSON the scanner finds the id that a decoder finds, however the text is cut.
func FuzzIDScanner(f *testing.F) {
	for _, seed := range []string{`{"jsonrpc":"2.0","id":3,"result":{"id":4}}`, `{"result":[{"id":1}],"jsonrpc":"2.0","id":"a\"b"}`, `{"id":null}`, `{"id":7,"method":"x"}`, `{"i\u0064":7}`,
		`[{"id":1}]`, `{"a":{"b":[1,2,{"id":5}]},"id":6}`, ` { "id" : -1 } `} {
		f.Add(seed, 3)
	}
	f.Fuzz(func(t *testing.T, text string, cut int) {
		var message map[string]json.RawMessage
		scan := &idScanner{}
		cut = max(0, min(cut, len(text)))
		scan.feed([]byte(text[:cut]))
		scan.feed([]byte(text[cut:]))
		if json.Unmarshal([]byte(text), &message) != nil || strings.Contains(text, `\u`) || strings.Count(text, `"id"`) > 1 {
			return // only that it ends
		}
		want := string(message["id"])
		if len(want) > longestToken-2 || want == "null" || strings.HasPrefix(want, "{") || strings.HasPrefix(want, "[") {
			return
		}
		if scan.id != want {
			t.Errorf("%q: got %q, want %q", text, scan.id, want)
		}
		if _, isMethod := message["method"]; isMethod != scan.method && len(message) > 0 {
			t.Errorf("%q: method %v", text, scan.method)
		}
	})
}

func TestLinesThatAreTooLongBecomeErrorsOfTheirCalls(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxMessage)
	for name, one := range map[string]struct {
		form       lineForm
		text, want string
	}{
		"a short one":         {plainLines, `{"id":1,"result":{}}` + "\n", `{"id":1,"result":{}}` + "\n"},
		"the last, unended":   {plainLines, `{"id":1}`, `{"id":1}`},
		"no JSON":             {plainLines, "Welcome!\n\n{\"id\":1}\n", "{\"id\":1}\n"},
		"the id first":        {plainLines, `{"id":"a","result":{"text":"` + long + "\"}}\n{\"id\":2}\n", tooLong(`"a"`) + "\n{\"id\":2}\n"},
		"the id last":         {plainLines, `{"result":{"id":9,"text":"` + long + "\"},\"id\":3}\n", tooLong("3") + "\n"},
		"a notification":      {plainLines, `{"method":"m","params":"` + long + "\"}\n{\"id\":2}\n", "{\"id\":2}\n"},
		"a request":           {plainLines, `{"id":4,"method":"m","params":"` + long + "\"}\n", ""},
		"an event":            {eventLines, "id: 1\ndata: {\"result\":\"" + long + "\",\"id\":5}\n\n", "id: 1\ndata:" + tooLong("5") + "\n\n"},
		"an event of no size": {eventLines, ": hello\n\ndata: {}\n\n", ": hello\n\ndata: {}\n\n"},
	} {
		got, err := io.ReadAll(newLineReader(t.Context(), strings.NewReader(one.text), one.form))
		if err != nil || string(got) != one.want {
			t.Errorf("%s: got %.200s (%d bytes), %v", name, got, len(got), err)
		}
	}
	endless := io.MultiReader(strings.NewReader(`{"id":1,"result":"`), endlessReader{})
	if _, err := io.Copy(io.Discard, io.LimitReader(newLineReader(t.Context(), endless, plainLines), 10)); err != errFloods { //nolint:errorlint // it is passed on as it is
		t.Errorf("got %v", err)
	}
}

// endlessReader gives a text that never ends.
type endlessReader struct{}

func (endlessReader) Read(into []byte) (int, error) {
	return copy(into, bytes.Repeat([]byte("x"), len(into))), nil
}

// FuzzLineReader: what is read is lines of a bounded length, and of plain lines only JSON.
func FuzzLineReader(f *testing.F) {
	f.Add("{\"id\":1}\n\nhello\n[1,2]", true)
	f.Fuzz(func(t *testing.T, text string, plain bool) {
		form := eventLines
		if plain {
			form = plainLines
		}
		got, err := io.ReadAll(newLineReader(t.Context(), strings.NewReader(text), form))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(got)) {
			if plain && !json.Valid([]byte(line)) {
				t.Errorf("%q", line)
			}
		}
		if !plain && string(got) != text {
			t.Errorf("events are changed: %q", got)
		}
	})
}
