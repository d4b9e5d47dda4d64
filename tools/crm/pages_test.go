package crm

import (
	"testing"

	"bestbox/tools/toolstest"
)

func TestPagesHoldWholeLists(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		d.PagesHoldWholeLists(t, []toolstest.Listing{
			{"get_leads", ``, "leads", "count", "id", 20},
			{"get_leads", `"stage":"disqualified",`, "leads", "count", "id", 1},
			{"get_high_churn_customers", ``, "listed", "", "customer_id", 20},
			{"get_pipeline", ``, "largest", "open", "id", 0},
			{"get_pipeline", `"period":"2026-Q1",`, "largest", "open", "id", 0},
			{"get_customer_orders", `"period":"2025-Q4",`, "orders", "count", "id", 20},
			{"get_customer_orders", `"customer_id":"CUS-032","status":"delivered",`, "orders", "count", "id", 20},
		})
		d.TakesAnyPageOfNothing(t, []toolstest.Question{
			{"get_leads", `{"owner_id":"EMP-024","stage":"disqualified"}`},
			{"get_high_churn_customers", `{"owner_id":"EMP-001"}`},
			{"get_pipeline", `{"customer_id":"CUS-007"}`},
			{"get_customer_orders", `{"period":"2023"}`},
		})
	})
}
