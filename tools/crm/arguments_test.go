package crm

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/tools/toolstest"
)

func TestIdsPeriodsAndStatusesMayBeWrittenInSeveralWays(t *testing.T) {
	t.Parallel()
	same := []struct{ tool, one, other string }{
		{"predict_churn", `{"customer_id":"CUS-007"}`, `{"customer_id":" cus-007 "}`},
		{"get_leads", `{"lead_id":"LEAD-005"}`, `{"lead_id":"lead-005","stage":null,"owner_id":""}`},
		{"get_pipeline", `{"period":"2025-Q4"}`, `{"period":"q4 2025"}`},
		{"get_pipeline", `{"period":"2025-Q4"}`, `{"period":"2025Q4"}`},
		{"get_customer_orders", `{"status":"late","vendor_id":"VND-003"}`, `{"status":"LATE","vendor_id":"vnd-003"}`},
	}
	d := area.Reading(t)
	for _, c := range same {
		if diff := cmp.Diff(d.Call(t, c.tool, c.one, nil), d.Call(t, c.tool, c.other, nil)); diff != "" {
			t.Errorf("%s %s: %s", c.tool, c.other, diff)
		}
	}
}

func TestWrongArgumentsNameTheFieldAndTheWayOut(t *testing.T) {
	t.Parallel()
	const someCall, line = `"kind":"call","text":"hello"`, `"lines":[{"product_id":"LA-800","quantity":1}]`
	area.Reading(t).Refuses(t, []toolstest.Mistake{
		{"get_leads", `{"lead_id":"Polarstern"}`, "lead_id", "text like LEAD-001"},
		{"get_leads", `{"limit":0.5}`, "limit", "a whole number from 1 to 20"},
		{"get_leads", `{"limit":1e300}`, "limit", "a whole number from 1 to 20"},
		{"get_leads", `{"stage":"hot"}`, "stage", "one of new, contacted"},
		{"get_customer_360", `{}`, "customer_id", "text like CUS-001"},
		{"predict_churn", `{"customer_id":"' OR 1=1 --"}`, "customer_id", "text like CUS-001"},
		{"get_pipeline", `{"period":"2025-Q5"}`, "period", "text matching"},
		{"get_pipeline", `{"stage":"won"}`, "stage", "one of qualification"},
		{"get_customer_orders", `{"status":"lost"}`, "status", "one of open, late, delivered"},
		{"get_customer_orders", `{"ordered_to":"2025-02-30"}`, "ordered_to", "a day that exists"},
		{"update_lead", `{"lead_id":"LEAD-999","stage":"new"}`, "lead_id", "LEAD-001 (Polarstern Kältetechnik) to LEAD-022"},
		{"update_lead", `{"lead_id":"LEAD-020","stage":"new"}`, "lead_id", "not a customer already"},
		{"update_lead", `{"lead_id":"LEAD-001"}`, "", "LEAD-001 does not have already"},
		{"update_lead", `{"lead_id":"LEAD-001","stage":"qualified"}`, "", "LEAD-001 does not have already"},
		{"update_lead", `{"lead_id":"LEAD-001","stage":"converted"}`, "stage", "one of new, contacted, qualified, disqualified"},
		{"update_lead", `{"lead_id":"LEAD-001","owner_id":"EMP-001"}`, "owner_id", "EMP-006 (Xu Haoran)"},
		{"update_lead", `{"lead_id":"LEAD-001","next_step_on":"2026-02-30"}`, "next_step_on", "a day that exists"},
		{"update_lead", `{"lead_id":"LEAD-001","next_step_on":"2026-01-14"}`, "next_step_on", "a day from 2026-01-15 to 2027-01-16"},
		{"update_lead", `{"lead_id":"LEAD-001","next_step_on":"2027-01-17"}`, "next_step_on", "a day from 2026-01-15 to 2027-01-16"},
		{"update_lead", `{"lead_id":"LEAD-001","next_step":"` + strings.Repeat("x", 201) + `"}`, "next_step", "at most 200 characters"},
		{"log_activity", `{"lead_id":"LEAD-003","kind":"call","text":"\u200b\u200b\u200b"}`, "text", "words"},
		{"update_lead", `{"lead_id":"LEAD-003","next_step":"\u202e\u200b"}`, "next_step", "words"},
		{"log_activity", `{` + someCall + `}`, "customer_id", "either customer_id or lead_id"},
		{"log_activity", `{` + someCall + `,"customer_id":"CUS-001","lead_id":"LEAD-001"}`, "customer_id", "either customer_id or lead_id"},
		{"log_activity", `{` + someCall + `,"customer_id":"CUS-043"}`, "customer_id", "CUS-001 (Harbor Robotics) to CUS-042"},
		{"log_activity", `{` + someCall + `,"customer_id":"CUS-001","happened_on":"2026-01-16"}`, "happened_on", "a day from 2025-01-14 to 2026-01-15"},
		{"log_activity", `{` + someCall + `,"customer_id":"CUS-001","happened_on":"2024-12-31"}`, "happened_on", "a day from 2025-01-14"},
		{"log_activity", `{"customer_id":"CUS-001","kind":"call","text":"  "}`, "text", "3 to 1000 characters"},
		{"log_activity", `{"customer_id":"CUS-001","kind":"call","text":"hel\u0000lo"}`, "text", "without the character U+0000"},
		{"log_activity", `{"customer_id":"CUS-001","kind":"fax","text":"hello"}`, "kind", "one of call, visit"},
		{"create_quote", `{"customer_id":"CUS-001","lines":[]}`, "lines", ""},
		{"create_quote", `{"customer_id":"CUS-001","lines":[{"product_id":"LA-800","quantity":-1}]}`, "lines", ""},
		{"create_quote", `{"customer_id":"CUS-001","lines":[{"product_id":"LA-800","quantity":1e300}]}`, "lines", ""},
		{"create_quote", `{"customer_id":"CUS-001","lines":[{"product_id":"LA-800","quantity":1.5}]}`, "lines", ""},
		{"create_quote", `{"customer_id":"CUS-001","lines":[{"product_id":"LA-800","quantity":1,"price":1}]}`, "lines", ""},
		{"create_quote", `{"customer_id":"CUS-001","lines":[{"product_id":"LA-801","quantity":1}]}`, "lines", "a product that exists: the known ones are CC-400"},
		{"create_quote", `{"customer_id":"CUS-001","lines":[{"product_id":"SV-100","quantity":1}]}`, "lines", "priced by a person"},
		{"create_quote", `{"customer_id":"CUS-001","lines":[{"product_id":"LA-800","quantity":1},{"product_id":"LA-800","quantity":2}]}`, "lines", "each product once"},
		{"create_quote", `{"customer_id":"CUS-099",` + line + `}`, "customer_id", "a customer that exists"},
		{"create_quote", `{"customer_id":"CUS-001","discount_percent":14,` + line + `}`, "discount_percent", "at most 13: a key customer gets 8% on $3,749.20"},
		{"create_quote", `{"customer_id":"CUS-001","discount_percent":-1,` + line + `}`, "discount_percent", "a whole number from 0 to 50"},
		{"create_quote", `{"customer_id":"CUS-001","discount_percent":1e300,` + line + `}`, "discount_percent", "a whole number from 0 to 50"},
		{"create_quote", `{"customer_id":"CUS-001","discount_percent":"NaN",` + line + `}`, "discount_percent", "a whole number from 0 to 50"},
		{"create_quote", `{"customer_id":"CUS-001","valid_days":91,` + line + `}`, "valid_days", "a whole number from 1 to 90"},
		{"create_quote", `{"customer_id":"CUS-007","deal_id":"DEAL-001",` + line + `}`, "deal_id", "has no open deal: leave it out"},
		{"create_quote", `{"customer_id":"CUS-026","deal_id":"DEAL-001",` + line + `}`, "deal_id", "an open deal of CUS-026 (Tianjin Haihe Pumps): DEAL-003"},
	})
}
