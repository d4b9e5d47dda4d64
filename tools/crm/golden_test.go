package crm

import (
	"testing"

	"bestbox/tools/toolstest"
)

// questions are the calls behind what people ask, and the cases in which there is little to say.
var questions = []toolstest.Question{
	{"get_leads", `{}`},
	{"get_leads", `{"stage":"new","limit":2}`},
	{"get_leads", `{"stage":"disqualified"}`},
	{"get_leads", `{"stage":"converted"}`},
	{"get_leads", `{"owner_id":"EMP-006"}`},
	{"get_leads", `{"owner_id":"EMP-024","stage":"disqualified"}`},
	{"get_leads", `{"owner_id":"EMP-999"}`},
	{"get_leads", `{"lead_id":"LEAD-005"}`},
	{"get_leads", `{"lead_id":"LEAD-007"}`},
	{"get_leads", `{"lead_id":"LEAD-012"}`},
	{"get_leads", `{"lead_id":"LEAD-999"}`},
	{"get_leads", `{"limit":20}`},
	{"get_leads", `{"page":2}`},
	{"get_leads", `{"stage":"disqualified","limit":1,"page":2}`},
	{"get_customer_360", `{"customer_id":"CUS-001"}`},
	{"get_customer_360", `{"customer_id":"CUS-003"}`},
	{"get_customer_360", `{"customer_id":"CUS-004"}`},
	{"get_customer_360", `{"customer_id":"CUS-007"}`},
	{"get_customer_360", `{"customer_id":"CUS-021"}`},
	{"get_customer_360", `{"customer_id":"CUS-042"}`},
	{"get_customer_360", `{"customer_id":"CUS-999"}`},
	{"get_high_churn_customers", `{}`},
	{"get_high_churn_customers", `{"limit":1}`},
	{"get_high_churn_customers", `{"limit":20}`},
	{"get_high_churn_customers", `{"limit":2,"page":2}`},
	{"get_high_churn_customers", `{"owner_id":"EMP-025","limit":3}`},
	{"get_high_churn_customers", `{"owner_id":"EMP-001"}`},
	{"predict_churn", `{"customer_id":"CUS-007"}`},
	{"predict_churn", `{"customer_id":"CUS-003"}`},
	{"predict_churn", `{"customer_id":"CUS-001"}`},
	{"predict_churn", `{"customer_id":"CUS-002"}`},
	{"predict_churn", `{"customer_id":"CUS-999"}`},
	{"get_pipeline", `{}`},
	{"get_pipeline", `{"stage":"negotiation"}`},
	{"get_pipeline", `{"owner_id":"EMP-022"}`},
	{"get_pipeline", `{"period":"2025-Q4"}`},
	{"get_pipeline", `{"period":"2026-Q1"}`},
	{"get_pipeline", `{"customer_id":"CUS-004"}`},
	{"get_pipeline", `{"customer_id":"CUS-007"}`},
	{"get_pipeline", `{"customer_id":"CUS-100"}`},
	{"get_pipeline", `{"page":2}`},
	{"get_customer_orders", `{"vendor_id":"VND-003"}`},
	{"get_customer_orders", `{"vendor_id":"VND-003","status":"late"}`},
	{"get_customer_orders", `{"vendor_id":"VND-002"}`},
	{"get_customer_orders", `{"vendor_id":"VND-999"}`},
	{"get_customer_orders", `{"status":"late"}`},
	{"get_customer_orders", `{"status":"open"}`},
	{"get_customer_orders", `{"customer_id":"CUS-001","status":"open"}`},
	{"get_customer_orders", `{"customer_id":"CUS-032","ordered_from":"2025-01-15","ordered_to":"2026-01-15"}`},
	{"get_customer_orders", `{"customer_id":"CUS-032","ordered_from":"2025-12-20","period":"2025-12"}`},
	{"get_customer_orders", `{"customer_id":"CUS-007","status":"open"}`},
	{"get_customer_orders", `{"customer_id":"CUS-001","period":"2025-Q3"}`},
	{"get_customer_orders", `{"period":"2025-Q4"}`},
	{"get_customer_orders", `{"period":"2025-Q4","page":2}`},
	{"get_customer_orders", `{"period":"2023"}`},
}

// writes are the changes that are previewed in the golden file; none is made.
var writes = []toolstest.Question{
	{"update_lead", `{"lead_id":"LEAD-003","stage":"contacted","next_step":"send  two offers","next_step_on":"2026-01-20"}`},
	{"update_lead", `{"lead_id":"LEAD-001","stage":"disqualified","owner_id":"EMP-022"}`},
	{"log_activity", `{"customer_id":"CUS-001","kind":"call","text":"They ask for a firm date for SO-2025-0228."}`},
	{"log_activity", `{"lead_id":"LEAD-005","kind":"note","text":"报价已准备","happened_on":"2026-01-14"}`},
	{"create_quote", `{"customer_id":"CUS-001","lines":[{"product_id":"LA-800","quantity":10},{"product_id":"CC-400","quantity":2}]}`},
	{"create_quote", `{"customer_id":"CUS-016","lines":[{"product_id":"SK-010","quantity":1}],"discount_percent":5,"valid_days":7}`},
	{"create_quote", `{"customer_id":"CUS-011","lines":[{"product_id":"GS-300","quantity":2}]}`},
}

func TestSentencesAreWhatPeopleReadAndApproved(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		toolstest.Golden(t, "sentences.golden", d.Sentences(t, questions)+d.Previews(t, writes))
	})
}

func TestSchemasAndDescriptionsAreStable(t *testing.T) {
	t.Parallel()
	list, err := Tools(area.Reading(t).DB)
	if err != nil {
		t.Fatal(err)
	}
	toolstest.Golden(t, "schemas.golden", toolstest.Schemas(list))
}
