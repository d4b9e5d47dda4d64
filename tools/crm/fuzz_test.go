package crm

import (
	"testing"

	"bestbox/tools/toolstest"
)

func FuzzTools(f *testing.F) {
	area.Reading(f).Fuzz(f, questions, writes, []toolstest.Question{
		{Arguments: `{"customer_id":"CUS-001","lines":[{"product_id":"WH-001","quantity":1000}],"discount_percent":50}`},
	})
}

func TestOddArgumentsAreTakenOrRefused(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) { d.TakesOddArguments(t, questions, writes) })
}
