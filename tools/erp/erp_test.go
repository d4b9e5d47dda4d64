package erp

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

func TestOnlyTheToolsThatSayItWriteAndCanBeUndone(t *testing.T) {
	t.Parallel()
	writing := map[string]bool{"adjust_stock": true, "approve_supplier_invoice": true, "create_purchase_order": true, "transfer_stock": true}
	ours := map[string]bool{"adjust_stock": true, "transfer_stock": true, "get_inventory_levels": true, "get_financial_summary": true} // they name no vendor
	d := area.Reading(t)
	for _, name := range d.Names() {
		tool := d.Tool(t, name)
		if (tool.Effect() == tools.Write) != writing[name] || tool.CanUndo() != writing[name] || tool.Outsiders() == ours[name] {
			t.Errorf("%s: %s, can be undone: %t, outsiders: %t", name, tool.Effect(), tool.CanUndo(), tool.Outsiders())
		}
	}
}
