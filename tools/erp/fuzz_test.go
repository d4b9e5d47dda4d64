package erp

import (
	"testing"

	"bestbox/tools/toolstest"
)

func FuzzTools(f *testing.F) {
	area.Reading(f).Fuzz(f, questions, previews, []toolstest.Question{
		{Arguments: `{"vendor_id":"VND-001","item_id":"A-100","quantity":100000,"warehouse_id":"WH-001"}`},
		{Arguments: `{"item_id":"A-100","from_warehouse_id":"wh-001","to_warehouse_id":"WH-002","quantity":1}`},
		{Arguments: `{"period":"2000-01","compared_with":"2099-12"}`},
		{Arguments: `{"vendor_id":"VND-001","due_from":"2099-12-31","due_to":"2000-01-01","limit":20}`},
	})
}

func TestOddArgumentsAreTakenOrRefused(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) { d.TakesOddArguments(t, questions, previews) })
}
