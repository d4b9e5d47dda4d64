package itops

import (
	"testing"

	"bestbox/tools/toolstest"
)

// questions are the calls behind what people ask, and the cases in which there is little to say.
var questions = []toolstest.Question{
	{"get_active_alerts", `{}`},
	{"get_active_alerts", `{"severity":"critical"}`},
	{"get_active_alerts", `{"kind":"machine"}`},
	{"get_active_alerts", `{"component_id":"MCH-001"}`},
	{"get_active_alerts", `{"component_id":"MCH-001","state":"all","limit":20}`},
	{"get_active_alerts", `{"component_id":"MCH-002"}`},
	{"get_active_alerts", `{"component_id":"MCH-009"}`},
	{"get_active_alerts", `{"state":"silenced"}`},
	{"get_active_alerts", `{"state":"resolved","limit":3}`},
	{"get_active_alerts", `{"state":"all","limit":6,"page":2}`},
	{"get_active_alerts", `{"since":"2026-01-14"}`},
	{"get_active_alerts", `{"since":"2026-01-04","until":"2026-01-03"}`},
	{"get_active_alerts", `{"component_id":"HST-999"}`},
	{"query_system_logs", `{"component_id":"MCH-001","level":"error"}`},
	{"query_system_logs", `{"component_id":"SVC-003"}`},
	{"query_system_logs", `{"component_id":"SVC-007","level":"error","since":"2026-01-14","until":"2026-01-14"}`},
	{"query_system_logs", `{"contains":"no space left"}`},
	{"query_system_logs", `{"contains":"忽略之前"}`},
	{"query_system_logs", `{"contains":"results>"}`},
	{"query_system_logs", `{"component_id":"MCH-001","level":"error","contains":"keeps failing"}`},
	{"query_system_logs", `{"level":"error","limit":1}`},
	{"query_system_logs", `{"component_id":"MCH-001","level":"error","page":2}`},
	{"query_system_logs", `{"component_id":"HST-001","level":"error"}`},
	{"query_system_logs", `{"component_id":"MCH-777"}`},
	{"query_metrics", `{"component_id":"MCH-001"}`},
	{"query_metrics", `{"component_id":"MCH-001","metric":"temperature"}`},
	{"query_metrics", `{"component_id":"MCH-001","metric":"pressure","until":"2025-12-28"}`},
	{"query_metrics", `{"component_id":"MCH-002"}`},
	{"query_metrics", `{"component_id":"MCH-011"}`},
	{"query_metrics", `{"component_id":"HST-005"}`},
	{"query_metrics", `{"component_id":"SVC-007","metric":"certificate_days"}`},
	{"query_metrics", `{"metric":"disk"}`},
	{"query_metrics", `{"metric":"cpu"}`},
	{"query_metrics", `{}`},
	{"query_metrics", `{"until":"2026-01-08"}`},
	{"query_metrics", `{"until":"2025-12-20"}`},
	{"query_metrics", `{"since":"2027-01-01"}`},
	{"query_metrics", `{"component_id":"SVC-006"}`},
	{"query_metrics", `{"component_id":"MCH-001","metric":"cpu"}`},
	{"query_metrics", `{"component_id":"MCH-001","since":"2027-01-01"}`},
	{"diagnose_fault", `{"component_id":"MCH-001"}`},
	{"diagnose_fault", `{"component_id":"MCH-002"}`},
	{"diagnose_fault", `{"component_id":"MCH-006"}`},
	{"diagnose_fault", `{"component_id":"MCH-009"}`},
	{"diagnose_fault", `{"component_id":"HST-005"}`},
	{"diagnose_fault", `{"component_id":"HST-009"}`},
	{"diagnose_fault", `{"component_id":"SVC-003"}`},
	{"diagnose_fault", `{"component_id":"SVC-006"}`},
	{"diagnose_fault", `{"component_id":"SVC-007"}`},
	{"diagnose_fault", `{"component_id":"SVC-008"}`},
	{"diagnose_fault", `{"component_id":"SVC-009"}`},
	{"diagnose_fault", `{"component_id":"SVC-012"}`},
	{"diagnose_fault", `{"component_id":"MCH-010"}`},
	{"diagnose_fault", `{"component_id":"SVC-099"}`},
	{"get_service_status", `{}`},
	{"get_service_status", `{"kind":"machine"}`},
	{"get_service_status", `{"kind":"host"}`},
	{"get_service_status", `{"component_id":"SVC-008"}`},
	{"get_service_status", `{"component_id":"SVC-001"}`},
	{"get_service_status", `{"component_id":"MCH-001"}`},
	{"get_service_status", `{"component_id":"MCH-005"}`},
	{"get_service_status", `{"component_id":"MCH-012"}`},
	{"get_service_status", `{"component_id":"HST-077"}`},
	{"get_tickets", `{}`},
	{"get_tickets", `{"ticket_id":"TCK-2026-0002"}`},
	{"get_tickets", `{"component_id":"MCH-009","status":"resolved"}`},
	{"get_tickets", `{"component_id":"MCH-002"}`},
	{"get_tickets", `{"status":"open","limit":1}`},
	{"get_tickets", `{"limit":3,"page":2}`},
	{"get_tickets", `{"ticket_id":"TCK-2026-0999"}`},
}

// writes are one or more right calls of each tool that changes something.
var writes = []toolstest.Question{
	{"silence_alert", `{"alert_id":"ALR-2026-0012","hours":4,"reason":"switch is replaced"}`},
	{"silence_alert", `{"alert_id":"alr-2026-0010","until":"2026-01-20","reason":"bearing comes later"}`},
	{"create_ticket", `{"title":"Put the original filter back","component_id":"MCH-001","priority":"urgent","description":"Type OE20."}`},
	{"create_ticket", `{"title":"换一台打印机"}`},
	{"update_ticket", `{"ticket_id":"TCK-2026-0005","status":"in_progress","assignee":"Qian Duo","note":"Deletes old backups."}`},
}

func TestSentencesAreWhatPeopleReadAndApproved(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		toolstest.Golden(t, "sentences.golden", d.Sentences(t, questions))
		toolstest.Golden(t, "previews.golden", d.Previews(t, writes))
	})
}

func TestSchemasAndDescriptionsAreStable(t *testing.T) {
	t.Parallel()
	list, err := overRecords(area.Reading(t).DB)
	if err != nil {
		t.Fatal(err)
	}
	toolstest.Golden(t, "schemas.golden", toolstest.Schemas(list))
}
