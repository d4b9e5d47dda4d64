package tools

import (
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"
)

// FuzzCall feeds what a model might write: either the handler gets arguments that keep the schema, or the model gets
// an *ArgumentError that can be shown to it. Nothing panics.
func FuzzCall(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `null`, `[]`, `"x"`, `{"vendor":"VND-001"}`, `{"vendor":"VND-001","limit":1e400}`, `{"vendor":{"a":[1]}}`,
		`{"vendor":"VND-001","limit":9007199254740993}`, `{"vendor":"VND-001","vendor":"x"}`, "{\"vendor\":\"\xff\"}",
		`{"vendor":"VND-001","note":"采购采购采购采购采购"}`, `{"vendor":"VND-001","limit":5}{"vendor":"VND-002"}`,
	} {
		f.Add([]byte(seed))
	}
	tool := echoTool(f)
	f.Fuzz(func(t *testing.T, arguments []byte) {
		result, err := tool.Call(t.Context(), arguments)
		var wrong *ArgumentError
		switch {
		case errors.As(err, &wrong):
			if wrong.Allowed == "" || wrong.Tool == "" || len(wrong.Error()) > 1000 || !utf8.ValidString(wrong.Error()) && utf8.Valid(arguments) {
				t.Errorf("%q: a poor message: %q", arguments, wrong.Error())
			}
		case err != nil:
			t.Errorf("%q: %v", arguments, err)
		default:
			var got echo
			if err := json.Unmarshal(result.Data, &got); err != nil {
				t.Fatal(err)
			}
			if got.Got.Limit < 0 || got.Got.Limit > 20 || len(got.Got.Vendor) != len("VND-001") || got.Got.Weight < 0 {
				t.Errorf("%q reached the handler as %+v", arguments, got.Got)
			}
		}
	})
}
