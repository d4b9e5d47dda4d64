package crm

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/tools"
)

var update = flag.Bool("update", false, "write the sentences into testdata instead of comparing them")

// questions are the calls behind what people ask, and the cases in which there is little to say.
var questions = []struct{ tool, arguments string }{
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
	{"get_customer_orders", `{"vendor_id":"VND-003"}`},
	{"get_customer_orders", `{"vendor_id":"VND-003","status":"late"}`},
	{"get_customer_orders", `{"vendor_id":"VND-002"}`},
	{"get_customer_orders", `{"vendor_id":"VND-999"}`},
	{"get_customer_orders", `{"status":"late"}`},
	{"get_customer_orders", `{"status":"open"}`},
	{"get_customer_orders", `{"customer_id":"CUS-001","status":"open"}`},
	{"get_customer_orders", `{"customer_id":"CUS-007","status":"open"}`},
	{"get_customer_orders", `{"customer_id":"CUS-001","period":"2025-Q3"}`},
	{"get_customer_orders", `{"period":"2025-Q4"}`},
	{"get_customer_orders", `{"period":"2023"}`},
}

// writes are the changes that are previewed in the golden file; none is made.
var writes = []struct{ tool, arguments string }{
	{"update_lead", `{"lead_id":"LEAD-003","stage":"contacted","next_step":"send  two offers","next_step_on":"2026-01-20"}`},
	{"update_lead", `{"lead_id":"LEAD-001","stage":"disqualified","owner_id":"EMP-022"}`},
	{"log_activity", `{"customer_id":"CUS-001","kind":"call","text":"They ask for a firm date for SO-2025-0228."}`},
	{"log_activity", `{"lead_id":"LEAD-005","kind":"note","text":"报价已准备","happened_on":"2026-01-14"}`},
	{"create_quote", `{"customer_id":"CUS-001","lines":[{"product_id":"LA-800","quantity":10},{"product_id":"CC-400","quantity":2}]}`},
	{"create_quote", `{"customer_id":"CUS-016","lines":[{"product_id":"SK-010","quantity":1}],"discount_percent":5,"valid_days":7}`},
	{"create_quote", `{"customer_id":"CUS-011","lines":[{"product_id":"GS-300","quantity":2}]}`},
}

// TestSentencesAreWhatPeopleReadAndApproved compares with testdata/sentences.golden; run with -update after a change and read the difference.
func TestSentencesAreWhatPeopleReadAndApproved(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for _, q := range questions {
		fmt.Fprintf(&text, "%s %s\n", q.tool, q.arguments)
		for _, sentence := range call(t, q.tool, q.arguments, nil) {
			fmt.Fprintf(&text, "    %s\n", sentence)
		}
	}
	for _, q := range writes {
		fmt.Fprintf(&text, "%s %s\n", q.tool, q.arguments)
		change, err := toolOf(t, registry(t), q.tool).Preview(t.Context(), json.RawMessage(q.arguments))
		if err != nil {
			t.Fatalf("%s %s: %v", q.tool, q.arguments, err)
		}
		describe(t, &text, change)
	}
	compareGolden(t, "sentences.golden", text.String())
}

func describe(t *testing.T, text *strings.Builder, change tools.Change) {
	t.Helper()
	facts, err := json.Marshal(change.Facts)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(text, "    %s\n", change.Summary)
	for _, line := range change.Lines {
		fmt.Fprintf(text, "      %s: %q -> %q\n", line.What, line.Before, line.After)
	}
	for _, warning := range change.Warnings {
		fmt.Fprintf(text, "      warning: %s\n", warning)
	}
	fmt.Fprintf(text, "      facts: %s\n", facts)
}

// TestSchemasAndDescriptionsAreStable guards the prompt: any byte that changes empties the model servers' caches.
func TestSchemasAndDescriptionsAreStable(t *testing.T) {
	t.Parallel()
	db, err := company()
	if err != nil {
		t.Fatal(err)
	}
	list, err := Tools(db)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, tool := range list {
		fmt.Fprintf(&text, "%s (%s)\n    %s\n    %s\n", tool.Name(), tool.Effect(), tool.Description(), tool.Schema())
	}
	compareGolden(t, "schemas.golden", text.String())
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run the test with -update once", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}
