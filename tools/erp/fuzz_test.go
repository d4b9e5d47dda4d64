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
	f.Add([]byte(`{"vendor_id":"VND-001","item_id":"A-100","quantity":100000,"warehouse_id":"WH-001"}`))
	f.Add([]byte(`{"item_id":"A-100","from_warehouse_id":"wh-001","to_warehouse_id":"WH-002","quantity":1}`))
	f.Add([]byte(`{"period":"2000-01","compared_with":"2099-12"}`))
	f.Add([]byte(`{"vendor_id":"VND-001","due_from":"2099-12-31","due_to":"2000-01-01","limit":20}`))
	r := registry(f)
	f.Fuzz(func(t *testing.T, arguments []byte) {
		for _, name := range r.Names() {
			tool, _ := r.Get(name)
			var wrong *tools.ArgumentError
			if tool.Effect() == tools.Write {
				if change, err := tool.Preview(t.Context(), json.RawMessage(arguments)); !errors.As(err, &wrong) && (err != nil || change.Summary == "") {
					t.Errorf("%s %s: %+v, %v", name, arguments, change, err)
				}
				continue
			}
			result, err := tool.Call(t.Context(), json.RawMessage(arguments))
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
