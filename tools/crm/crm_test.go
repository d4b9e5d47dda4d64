package crm

import (
	"os"
	"testing"

	"bestbox/internal/records/recordstest"
	"bestbox/tools"
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

func TestToolsSayWhetherTheyChangeAnythingAndHoldTextsOfOutsiders(t *testing.T) {
	t.Parallel()
	writing := map[string]bool{"update_lead": true, "log_activity": true, "create_quote": true}
	d := area.Reading(t)
	for _, name := range d.Names() {
		tool := d.Tool(t, name)
		if (tool.Effect() == tools.Write) != writing[name] || tool.CanUndo() != writing[name] || !tool.Outsiders() {
			t.Errorf("%s: %s, can be undone: %t, outsiders: %t", name, tool.Effect(), tool.CanUndo(), tool.Outsiders())
		}
	}
}
