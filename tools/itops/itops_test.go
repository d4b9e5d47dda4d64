package itops

import (
	"os"
	"testing"

	"bestbox/internal/config"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
	"bestbox/tools"
	"bestbox/tools/toolstest"
)

var area = toolstest.NewArea(overRecords)

// overRecords makes the tools over the demo plant.
func overRecords(db *records.DB) ([]*tools.Tool, error) { return Tools(db, config.Connections{}) }

func TestMain(m *testing.M) {
	if os.Getenv(toolstest.OrderVariable) != "" {
		os.Exit(toolstest.Obey(silenceAsWorker))
	}
	os.Exit(recordstest.Run(m))
}

func TestToolsNeedADatabase(t *testing.T) {
	t.Parallel()
	if _, err := overRecords(nil); err == nil {
		t.Error("tools without a database were made")
	}
}

// diagnosed runs diagnose_fault.
func diagnosed(t testing.TB, d toolstest.Desk, component string) (out Diagnosis) {
	t.Helper()
	d.Call(t, "diagnose_fault", `{"component_id":"`+component+`"}`, &out)
	return out
}
