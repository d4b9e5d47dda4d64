package itops

import (
	"testing"

	"bestbox/tools/toolstest"
)

func TestPagesHoldWholeLists(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		d.PagesHoldWholeLists(t, []toolstest.Listing{
			{"get_active_alerts", `"state":"all",`, "alerts", "count", "id", 20},
			{"get_active_alerts", `"state":"resolved","severity":"warning",`, "alerts", "count", "id", 4},
			{"query_system_logs", `"component_id":"MCH-001","level":"error",`, "newest", "count", "", 20},
			{"query_system_logs", `"since":"2026-01-14","level":"warning",`, "newest", "count", "", 20},
			{"get_tickets", ``, "tickets", "count", "id", 3},
		})
		d.TakesAnyPageOfNothing(t, []toolstest.Question{
			{"get_active_alerts", `{"component_id":"MCH-009"}`},
			{"query_system_logs", `{"component_id":"MCH-001","level":"error","contains":"keeps failing"}`},
			{"get_tickets", `{"component_id":"MCH-002"}`},
		})
	})
}
