package crm

import (
	"strings"

	"github.com/invopop/jsonschema"

	"bestbox/tools"
	"bestbox/tools/dates"
)

// The argument types carry their schema, so that an argument means and looks the same in every tool.
type (
	customerID string
	leadID     string
	dealID     string
	employeeID string
	vendorID   string
)

// JSONSchema implements invopop's interface for custom types, as the ones below do.
func (customerID) JSONSchema() *jsonschema.Schema { return tools.TextLike("^CUS-[0-9]{3}$", "CUS-001") }

// JSONSchema allows ids like LEAD-001.
func (leadID) JSONSchema() *jsonschema.Schema { return tools.TextLike("^LEAD-[0-9]{3}$", "LEAD-001") }

// JSONSchema allows ids like DEAL-001.
func (dealID) JSONSchema() *jsonschema.Schema { return tools.TextLike("^DEAL-[0-9]{3}$", "DEAL-001") }

// JSONSchema allows ids like EMP-001.
func (employeeID) JSONSchema() *jsonschema.Schema { return tools.TextLike("^EMP-[0-9]{3}$", "EMP-001") }

// JSONSchema allows ids like VND-001.
func (vendorID) JSONSchema() *jsonschema.Schema { return tools.TextLike("^VND-[0-9]{3}$", "VND-001") }

// spellings lets arguments be written as people and small models write them: "cus-001". Every argument struct embeds it.
type spellings struct{}

// NormalizeArguments implements tools.Normalizer.
func (spellings) NormalizeArguments(arguments map[string]any) {
	for name, value := range arguments {
		written, ok := value.(string)
		if !ok {
			continue
		}
		switch name {
		case "period":
			arguments[name] = dates.Normal(written)
		case "customer_id", "lead_id", "deal_id", "owner_id", "vendor_id":
			arguments[name] = strings.ToUpper(written)
		case "stage", "status", "kind":
			arguments[name] = strings.ToLower(written)
		}
	}
}

// bounds are the first day of a period and the first day after it, for SQL; without a period there is no bound.
func bounds(name dates.PeriodName) (from, before string, err error) {
	if name == "" {
		return "0000-01-01", "9999-12-31", nil
	}
	p, err := name.Period("period")
	from, before = p.Bounds()
	return from, before, err
}
