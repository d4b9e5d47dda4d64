package erp

import (
	"encoding/json"
	"errors"
	"testing"

	"bestbox/tools"
)

// FuzzTools calls every tool with what a model might write. The only errors are the model's own, and every answer has
// a sentence.
func FuzzTools(f *testing.F) {
	for _, q := range questions {
		f.Add([]byte(q.arguments))
	}
	f.Add([]byte(`{"period":"2000-01","compared_with":"2099-12"}`))
	f.Add([]byte(`{"vendor_id":"VND-001","due_from":"2099-12-31","due_to":"2000-01-01","limit":20}`))
	r := registry(f)
	f.Fuzz(func(t *testing.T, arguments []byte) {
		for _, name := range r.Names() {
			tool, _ := r.Get(name)
			result, err := tool.Call(t.Context(), json.RawMessage(arguments))
			var wrong *tools.ArgumentError
			switch {
			case errors.As(err, &wrong):
			case err != nil:
				t.Errorf("%s %s: %v", name, arguments, err)
			case len(result.Sentences) == 0 || !json.Valid(result.Data):
				t.Errorf("%s %s: %+v", name, arguments, result)
			}
		}
	})
}
