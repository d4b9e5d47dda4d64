package grammar_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"bestbox/internal/llm/grammar"
)

// argument makes the schema of a tool's arguments with one argument v.
func argument(schema string) json.RawMessage {
	return json.RawMessage(`{"type":"object","properties":{"v":` + schema + `},"required":["v"],"additionalProperties":false}`)
}

// passing are schemas that the check passes, so the server must take them, and what it writes must keep them.
var passing = []string{
	`{"type":"string"}`, `{"type":"integer"}`, `{"type":"number"}`, `{"type":"boolean"}`, `{"type":"null"}`,
	`{"description":"anything"}`,
	`{"type":["string","null"]}`,
	`{"type":["integer","string"],"minimum":3,"maximum":9}`,
	`{"const":"a\"b\\c\n采购"}`, `{"enum":["open","in progress",3,null,true]}`, `{"type":"string","enum":["a"]}`,
	`{"type":"string","minLength":3,"maxLength":5}`, `{"type":"string","maxLength":2000}`,
	`{"type":"integer","minimum":1,"maximum":25}`, `{"type":"integer","minimum":0}`, `{"type":"integer","maximum":-3}`, `{"type":"integer","minimum":-5,"maximum":7}`,
	`{"type":"integer","exclusiveMinimum":10,"exclusiveMaximum":12}`, `{"type":"integer","minimum":128,"maximum":100000}`, `{"type":"integer","minimum":37}`,
	`{"type":"integer","minimum":-999999999999999,"maximum":999999999999999}`, `{"type":"integer","maximum":0}`, `{"type":"integer","minimum":-7}`,
	`{"type":"string","format":"date"}`, `{"type":"string","format":"time"}`, `{"type":"string","format":"date-time"}`, `{"type":"string","format":"uuid"}`,
	`{"type":"string","format":"email","maxLength":20}`,
	`{"type":"array","items":{"type":"integer","minimum":1,"maximum":9},"minItems":2,"maxItems":3}`,
	`{"type":"array","items":{"type":"string","maxLength":3},"maxItems":1}`, `{"type":"array","items":{"type":"boolean"},"maxItems":0}`,
	`{"type":"array","maxItems":2,"items":{"type":"object","properties":{"a":{"type":"string","maxLength":4},"b":{"type":"integer","minimum":0,"maximum":9}},"required":["a"],"additionalProperties":false}}`,
	`{"type":"array","prefixItems":[{"const":1},{"type":"string","maxLength":4}]}`, `{"items":{"const":1},"maxItems":2}`,
	`{"type":"object","properties":{"a":{"const":1},"b":{"const":2}}}`, `{"properties":{"a":{"const":1}},"required":["a"]}`,
	`{"type":"object","additionalProperties":false}`, `{"type":"object","additionalProperties":{"type":"integer","minimum":0,"maximum":9}}`,
	`{"type":"object","properties":{"a_1":{"const":1}},"additionalProperties":{"type":"boolean"}}`,
	`{"oneOf":[{"const":"a"},{"type":"integer","minimum":1,"maximum":3}]}`, `{"type":"string","anyOf":[{"type":"string","maxLength":2},{"type":"string","format":"date"}]}`,
	`{"type":"array","items":{"const":"a"},"maxItems":2,"uniqueItems":false}`,
	pattern(`^[A-Z]{2,5}-[0-9]{3}$`), pattern(`^(VND|ITM)-[0-9]{3}$`), pattern(`^20[0-9]{2}-(Q[1-4]|0[1-9]|1[0-2])$`), pattern(`^(?:a|b)+c?$`), pattern(`^a\.b\$$`),
	pattern(`^[a-z][a-z0-9_-]*$`), pattern(`^ab+c*d{2}e{1,}f{0,3}$`), pattern(`^[\]\[]$`), pattern(`^é采购$`), pattern(`^[一-龥]{1,4}$`), pattern(`^a|b$`),
	pattern(`^([a-z]{1,10} ){1,10}$`), pattern(`^[a-z]{1,1000}$`), pattern(`^[a\-z]{9}$`),
}

func pattern(text string) string {
	encoded, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return `{"type":"string","pattern":` + string(encoded) + `}`
}

// refused are schemas that the check refuses. The server must refuse them too, or write what they forbid: each is made so that a grammar which
// overlooks the keyword can write little or nothing else. Where the validator cannot read a schema either,
// writes is what is wrong of all that the server could write.
var refused = []struct{ schema, writes string }{
	{schema: `true`}, {schema: `{"type":"text"}`}, {schema: `{"$ref":"#/$defs/a"}`}, {schema: `{"$ref":"#/properties/w"}`},
	{schema: `{"const":1,"not":{"const":1}}`}, {schema: `{"const":1,"if":{"const":1},"then":false,"else":true}`},
	{schema: `{"type":"array","items":{"const":"a"},"minItems":2,"maxItems":2,"uniqueItems":true}`},
	{schema: `{"type":"array","items":{"const":"a"},"minItems":2,"maxItems":2,"contains":{"const":"b"}}`},
	{schema: `{"type":"integer","minimum":3,"maximum":3,"multipleOf":2}`},
	{schema: `{"type":"object","properties":{"a":{"const":1}},"required":["a"],"minProperties":2}`},
	{schema: `{"type":"object","properties":{"a":{"const":1}},"required":["a"],"maxProperties":0}`},
	{schema: `{"type":"object","properties":{"a":{"const":1}},"required":["a"],"patternProperties":{"^a$":{"const":2}}}`},
	{schema: `{"type":"object","properties":{"a":{"const":1}},"required":["a"],"propertyNames":{"const":"b"}}`},
	{schema: `{"type":"object","properties":{"a":{"const":1}},"required":["a"],"dependentRequired":{"a":["b"]}}`},
	{schema: `{"type":"object","properties":{"a":{"const":1}},"required":["a"],"dependentSchemas":{"a":false}}`},
	{schema: `{"type":"object","properties":{"a":{"const":1}},"required":["a"],"allOf":[{"properties":{"a":{"const":2}}}]}`},
	{schema: `{"type":"object","properties":{"a":{"const":1}},"required":["a","b"]}`},
	{schema: `{"oneOf":[{"const":5}],"maximum":3}`},
	{schema: `{"type":"array","prefixItems":[{"const":1}],"items":{"const":2},"minItems":1,"maxItems":1}`},
	{schema: `{"type":"array","prefixItems":[{"const":1},{"const":2}],"maxItems":1}`},
	{schema: `{"type":"integer","minimum":3,"maximum":3,"exclusiveMinimum":3}`}, {schema: `{"type":"integer","minimum":3.5,"maximum":3}`},
	{schema: `{"type":"integer","minimum":5,"maximum":3}`},
	{schema: `{"type":"string","maxLength":2001}`}, {schema: `{"type":"string","minLength":3000}`}, {schema: `{"type":"array","items":{"const":1},"maxItems":6000}`},
	{schema: `{"type":"array","items":true}`}, {schema: `{"enum":[]}`},
	{schema: `{"type":"string","pattern":"^aaaa$","maxLength":2}`},
	{schema: pattern(`a`)}, {schema: pattern(`^a`)}, {schema: pattern(`a$`)}, {schema: pattern(`^\d$`)}, {schema: pattern(`^\w+$`)}, {schema: pattern(`^\s$`)}, {schema: pattern(`^a\/b$`)},
	{schema: pattern(`^[\d]$`)}, {schema: pattern(`^[\w.-]+$`)}, {schema: pattern(`^"$`)}, {schema: pattern(`^["]$`)},
	{schema: pattern(`^[\\]$`)}, {schema: pattern(`^\\$`)}, {schema: pattern(`^ab\.{2}$`)}, {schema: pattern(`^aé{2}$`)}, {schema: pattern(`^a$b$`)}, {schema: pattern(`^a^b$`)},
	{schema: pattern(`^(a$`)}, {schema: pattern(`^[a$`)}, {schema: pattern(`^a{2$`)},
	{schema: pattern(`^(?!a)a$`), writes: `.`}, {schema: pattern(`^(?=b)a$`), writes: `.`}, {schema: pattern(`^(?i)a$`), writes: `"v": ?"[^aA]`},
}

// TestWhatTheCheckPassesTheServerTakesAndKeeps compares the check with the real server's grammar.
func TestWhatTheCheckPassesTheServerTakesAndKeeps(t *testing.T) {
	t.Parallel()
	for _, schema := range passing {
		t.Run(schema, func(t *testing.T) {
			t.Parallel()
			whole := argument(schema)
			if err := grammar.Check(whole); err != nil {
				t.Fatal(err)
			}
			written, status, stopped := write(t, whole, 1)
			if status != http.StatusOK {
				t.Fatalf("the server refuses it: %d %s", status, written)
			}
			if !stopped {
				return // the text is not complete
			}
			if err := violation(t, whole, written); err != nil {
				t.Errorf("the server writes %s: %v", written, err)
			}
		})
	}
}

func TestWhatTheCheckRefusesTheServerRefusesOrGetsWrong(t *testing.T) {
	t.Parallel()
	for _, one := range refused {
		t.Run(one.schema, func(t *testing.T) {
			t.Parallel()
			whole := argument(one.schema)
			if err := grammar.Check(whole); err == nil {
				t.Fatal("the check passes it")
			}
			for seed := range 4 {
				written, status, _ := write(t, whole, seed)
				if status != http.StatusOK {
					return
				}
				if one.writes != "" && regexp.MustCompile(one.writes).MatchString(written) || one.writes == "" && violation(t, whole, written) != nil {
					return
				}
				t.Logf("written: %s", written)
			}
			t.Error("the server keeps to it, so the check need not refuse it")
		})
	}
}

// violation says how a text breaks a schema.
func violation(t *testing.T, schema json.RawMessage, written string) error {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(written), &value); err != nil {
		return err
	}
	read := &jsonschema.Schema{}
	if err := json.Unmarshal(schema, read); err != nil {
		t.Fatal(err)
	}
	resolved, err := read.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return resolved.Validate(value)
}

// write has the model write something by the schema, as part of a decision (agents.Definition.DecisionSchema), at a high temperature. Stopped says
// that it came to an end.
func write(t *testing.T, schema json.RawMessage, seed int) (written string, status int, stopped bool) {
	t.Helper()
	decision := fmt.Sprintf(`{"type":"object","properties":{"calls":{"type":"array","minItems":1,"maxItems":1,"items":{"oneOf":[{"type":"object",
		"properties":{"tool":{"const":"t"},"arguments":%s},"required":["tool","arguments"],"additionalProperties":false}]}}},"required":["calls"],"additionalProperties":false}`, schema)
	body, err := json.Marshal(map[string]any{
		"messages":    []map[string]string{{"role": "user", "content": "Write a short JSON object."}},
		"temperature": 1.2, "seed": seed, "max_tokens": 64,
		"response_format": map[string]any{"type": "json_schema", "json_schema": map[string]any{"name": "d", "schema": json.RawMessage(decision)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, shared.URL+"/v1/chat/completions", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	reply, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		return string(reply), response.StatusCode, false
	}
	var read struct {
		Choices []struct {
			Message struct{ Content string }
			Reason  string `json:"finish_reason"`
		}
	}
	if err := json.Unmarshal(reply, &read); err != nil || len(read.Choices) != 1 {
		t.Fatalf("%v: %s", err, reply)
	}
	choice := read.Choices[0]
	var outer struct {
		Calls []struct{ Arguments json.RawMessage }
	}
	if json.Unmarshal([]byte(choice.Message.Content), &outer) == nil && len(outer.Calls) == 1 {
		return string(outer.Calls[0].Arguments), http.StatusOK, choice.Reason == "stop"
	}
	return choice.Message.Content, http.StatusOK, choice.Reason == "stop"
}
