package grammar_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"bestbox/internal/llm/grammar"
)

func TestWhatIsRefusedIsNamedByArgumentAndKeyword(t *testing.T) {
	t.Parallel()
	err := grammar.Check(json.RawMessage(`{"type":"object","properties":{
		"lines":{"type":"array","items":{"type":"object","properties":{"day":{"type":"string","pattern":"[0-9]+"}}},"uniqueItems":true},
		"note":{"type":"string","maxLength":6000}}}`))
	want := []string{
		"argument lines: uniqueItems: the server overlooks it; check it when the tool is called",
		`argument lines[].day: pattern: "[0-9]+": the server takes a pattern only from ^ to $`,
		"argument note: maxLength: it is 6000; allowed: 0 to 2000",
	}
	if err == nil || err.Error() != strings.Join(want, "\n") {
		t.Errorf("got %v", err)
	}
	if found, is := errors.AsType[*grammar.Error](err); !is || found.Field != "lines" {
		t.Errorf("got %#v", found)
	}
}

// TestPatternsThatEndTheServerAreRefused are not in the contract: with ] or } outside of a class the server's reader of patterns never comes to an end.
func TestPatternsThatEndTheServerAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`^a]$`, `^a}b$`, `^]$`, `^{2}$`, `^*a$`, `^a**$`, `^a+?$`, `^a|$`, `^()$`, `^$`, `^.$`, `^[^a]$`, `^[ -~]$`, `^[z-a]$`, `^[]$`, `^a{2,1}$`, `^a{1,2,3}$`,
		`^a{-1}$`, `^(a))$`, "^\x01$", `^a\`, `^\$`, `^a{1,3001}$`, `^` + strings.Repeat("(", 200) + "a" + strings.Repeat(")", 200) + `$`} {
		if err := grammar.Check(argument(pattern(text))); err == nil {
			t.Errorf("%q passes", text)
		}
	}
}

func TestHugeAndBrokenSchemasAreRefused(t *testing.T) {
	t.Parallel()
	for name, schema := range map[string]string{
		"too deep": strings.Repeat(`{"type":"array","items":`, 200) + `{"type":"null"}` + strings.Repeat(`}`, 200),
		"too long": `{"type":"object","description":"` + strings.Repeat("a", 70<<10) + `"}`,
		"no JSON":  `{"type":`, "two values": `{"type":"object"}{}`, "empty": ``, "null": `null`, "list": `[]`,
		"no list": `{"enum":3}`, "no object": `{"type":"object","properties":[]}`,
	} {
		if err := grammar.Check(json.RawMessage(schema)); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

// FuzzCheck finds no schema that makes it panic or takes it long.
func FuzzCheck(f *testing.F) {
	for _, schema := range passing {
		f.Add(schema)
	}
	for _, one := range refused {
		f.Add(one.schema)
	}
	f.Fuzz(func(t *testing.T, schema string) {
		if err := grammar.Check(json.RawMessage(schema)); err != nil && err.Error() == "" {
			t.Error("an error says nothing")
		}
	})
}
