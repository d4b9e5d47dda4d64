package crm

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"bestbox/tools"
)

// The argument types carry their schema, so that an argument means and looks the same in every tool.
type (
	customerID string
	leadID     string
	dealID     string
	employeeID string
	vendorID   string
	// periodText is a quarter (2025-Q4), a month (2025-10) or a year (2025).
	periodText string
	// dateText is a day, 2026-01-31.
	dateText string
)

func patterned(pattern string, examples ...any) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: pattern, Examples: examples}
}

// JSONSchema implements invopop's interface for custom types, as the ones below do.
func (customerID) JSONSchema() *jsonschema.Schema { return patterned("^CUS-[0-9]{3}$", "CUS-001") }

// JSONSchema allows ids like LEAD-001.
func (leadID) JSONSchema() *jsonschema.Schema { return patterned("^LEAD-[0-9]{3}$", "LEAD-001") }

// JSONSchema allows ids like DEAL-001.
func (dealID) JSONSchema() *jsonschema.Schema { return patterned("^DEAL-[0-9]{3}$", "DEAL-001") }

// JSONSchema allows ids like EMP-001.
func (employeeID) JSONSchema() *jsonschema.Schema { return patterned("^EMP-[0-9]{3}$", "EMP-001") }

// JSONSchema allows ids like VND-001.
func (vendorID) JSONSchema() *jsonschema.Schema { return patterned("^VND-[0-9]{3}$", "VND-001") }

// JSONSchema allows quarters, months and years.
func (periodText) JSONSchema() *jsonschema.Schema {
	return patterned("^20[0-9][0-9](-Q[1-4]|-0[1-9]|-1[0-2])?$")
}

// JSONSchema allows ISO dates. The example is no date on purpose: small models copy one into calls that need none.
func (dateText) JSONSchema() *jsonschema.Schema {
	return patterned("^20[0-9][0-9]-[01][0-9]-[0-3][0-9]$")
}

// spellings lets arguments be written as people and small models write them: "cus-001". Every argument struct embeds it.
type spellings struct{}

var (
	quarterFirst = regexp.MustCompile(`^Q([1-4])[ /-]?(20[0-9][0-9])$`)
	yearFirst    = regexp.MustCompile(`^(20[0-9][0-9])[ /-]?Q([1-4])$`)
)

// NormalizeArguments implements tools.Normalizer.
func (spellings) NormalizeArguments(arguments map[string]any) {
	for name, value := range arguments {
		written, ok := value.(string)
		if !ok {
			continue
		}
		switch name {
		case "period":
			upper := strings.ToUpper(written)
			if m := quarterFirst.FindStringSubmatch(upper); m != nil {
				arguments[name] = m[2] + "-Q" + m[1]
			} else if m := yearFirst.FindStringSubmatch(upper); m != nil {
				arguments[name] = m[1] + "-Q" + m[2]
			}
		case "customer_id", "lead_id", "deal_id", "owner_id", "vendor_id":
			arguments[name] = strings.ToUpper(written)
		case "stage", "status", "kind":
			arguments[name] = strings.ToLower(written)
		}
	}
}

// parseDate reads a date argument; the pattern lets February 30 through.
func parseDate(field string, value dateText) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, string(value))
	if err != nil {
		return day, &tools.ArgumentError{Field: field, Value: string(value), Allowed: "a day that exists, like 2026-01-31"}
	}
	return day, nil
}

// bounds are the first day of a period, which the schema has checked, and the first day after it, for SQL.
func (p periodText) bounds() (from, before string) {
	year, rest, _ := strings.Cut(string(p), "-")
	y, _ := strconv.Atoi(year) // the pattern lets only digits through
	month, months := 1, 12
	switch {
	case strings.HasPrefix(rest, "Q"):
		quarter, _ := strconv.Atoi(rest[1:])
		month, months = 3*quarter-2, 3
	case rest != "":
		month, _ = strconv.Atoi(rest)
		months = 1
	}
	start := time.Date(y, time.Month(month), 1, 0, 0, 0, 0, time.UTC)
	return start.Format(time.DateOnly), start.AddDate(0, months, 0).Format(time.DateOnly)
}
