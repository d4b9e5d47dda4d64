package crm

import (
	"encoding/json"
	"errors"
	"testing"

	"bestbox/tools"
)

// FuzzTools calls every tool that reads, and previews every write, with what a model might write. The only errors are the model's own, and
// every answer has a sentence.
func FuzzTools(f *testing.F) {
	for _, q := range questions {
		f.Add([]byte(q.arguments))
	}
	for _, w := range writes {
		f.Add([]byte(w.arguments))
	}
	f.Add([]byte(`{"customer_id":"CUS-001","lines":[{"product_id":"WH-001","quantity":1000}],"discount_percent":50}`))
	r := registry(f)
	f.Fuzz(func(t *testing.T, arguments []byte) {
		for _, name := range r.Names() {
			tool, _ := r.Get(name)
			var err error
			var said bool
			if tool.Effect() == tools.Write {
				var change tools.Change
				change, err = tool.Preview(t.Context(), json.RawMessage(arguments))
				said = change.Summary != ""
			} else {
				var result tools.Result
				result, err = tool.Call(t.Context(), json.RawMessage(arguments))
				said = len(result.Sentences) > 0 && json.Valid(result.Data)
			}
			var wrong *tools.ArgumentError
			if !errors.As(err, &wrong) && (err != nil || !said) {
				t.Errorf("%s %s: %v", name, arguments, err)
			}
		}
	})
}
