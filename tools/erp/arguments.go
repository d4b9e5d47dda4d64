package erp

import (
	"strings"

	"github.com/invopop/jsonschema"

	"bestbox/tools"
	"bestbox/tools/dates"
)

// The argument types carry their schema, so that an argument means and looks the same in every tool.
type (
	vendorID    string
	itemID      string
	warehouseID string
	invoiceID   string
)

// JSONSchema implements invopop's interface for custom types, as the ones below do.
func (vendorID) JSONSchema() *jsonschema.Schema { return tools.TextLike("^VND-[0-9]{3}$", "VND-001") }

// JSONSchema allows ids like A-100.
func (itemID) JSONSchema() *jsonschema.Schema { return tools.TextLike("^[A-Z]-[0-9]{3}$", "A-100") }

// JSONSchema allows ids like WH-001.
func (warehouseID) JSONSchema() *jsonschema.Schema { return tools.TextLike("^WH-[0-9]{3}$", "WH-001") }

// JSONSchema allows ids like INV-2025-0001.
func (invoiceID) JSONSchema() *jsonschema.Schema {
	return tools.TextLike("^INV-20[0-9][0-9]-[0-9]{4}$", "INV-2025-0001")
}

// spellings lets arguments be written as people and small models write them: "Q4-2025", "vnd-001". Every argument
// struct embeds it.
type spellings struct{}

// NormalizeArguments implements tools.Normalizer.
func (spellings) NormalizeArguments(arguments map[string]any) {
	for name, value := range arguments {
		written, ok := value.(string)
		if !ok {
			continue
		}
		switch name {
		case "period", "compared_with":
			arguments[name] = dates.Normal(written)
		case "vendor_id", "item_id", "warehouse_id", "from_warehouse_id", "to_warehouse_id", "invoice_id":
			arguments[name] = strings.ToUpper(written)
		case "status":
			arguments[name] = strings.ToLower(written)
		}
	}
}
