package itops

import (
	"os"
	"testing"

	"bestbox/internal/records/recordstest"
	"bestbox/tools/toolstest"
)

var area = toolstest.NewArea(Tools)

func TestMain(m *testing.M) { os.Exit(recordstest.Run(m)) }

func TestToolsNeedADatabase(t *testing.T) {
	t.Parallel()
	if _, err := Tools(nil); err == nil {
		t.Error("tools without a database were made")
	}
}

// diagnosed runs diagnose_fault.
func diagnosed(t testing.TB, d toolstest.Desk, component string) (out Diagnosis) {
	t.Helper()
	d.Call(t, "diagnose_fault", `{"component_id":"`+component+`"}`, &out)
	return out
}
