package erp

import (
	"regexp"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"bestbox/tools"
)

// The argument types carry their schema, so that an argument means and looks the same in every tool.
type (
	// periodText is a quarter (2025-Q4), a month (2025-10) or a year (2025).
	periodText string
	// dateText is a day, 2025-10-31.
	dateText    string
	vendorID    string
	itemID      string
	warehouseID string
	invoiceID   string
)

func patterned(pattern string, examples ...any) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: pattern, Examples: examples}
}

// JSONSchema implements invopop's interface for custom types, as the ones below do.
func (periodText) JSONSchema() *jsonschema.Schema {
	return patterned("^20[0-9][0-9](-Q[1-4]|-0[1-9]|-1[0-2])?$")
}

// JSONSchema allows ISO dates. The example is no date on purpose: small models copy one into calls that need none.
func (dateText) JSONSchema() *jsonschema.Schema {
	return patterned("^20[0-9][0-9]-[01][0-9]-[0-3][0-9]$")
}

// JSONSchema allows ids like VND-001.
func (vendorID) JSONSchema() *jsonschema.Schema { return patterned("^VND-[0-9]{3}$", "VND-001") }

// JSONSchema allows ids like A-100.
func (itemID) JSONSchema() *jsonschema.Schema { return patterned("^[A-Z]-[0-9]{3}$", "A-100") }

// JSONSchema allows ids like WH-001.
func (warehouseID) JSONSchema() *jsonschema.Schema { return patterned("^WH-[0-9]{3}$", "WH-001") }

// JSONSchema allows ids like INV-2025-0001.
func (invoiceID) JSONSchema() *jsonschema.Schema {
	return patterned("^INV-20[0-9][0-9]-[0-9]{4}$", "INV-2025-0001")
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
			arguments[name] = normalPeriod(written)
		case "vendor_id", "item_id", "warehouse_id", "from_warehouse_id", "to_warehouse_id", "invoice_id":
			arguments[name] = strings.ToUpper(written)
		case "status":
			arguments[name] = strings.ToLower(written)
		}
	}
}

var (
	quarterFirst = regexp.MustCompile(`^Q([1-4])[ /-]?(20[0-9][0-9])$`)
	yearFirst    = regexp.MustCompile(`^(20[0-9][0-9])[ /-]?Q([1-4])$`)
)

// normalPeriod turns Q4-2025, Q4 2025, 2025Q4 and 2025/Q4 into 2025-Q4, and leaves everything else as it is.
func normalPeriod(written string) string {
	upper := strings.ToUpper(written)
	if m := quarterFirst.FindStringSubmatch(upper); m != nil {
		return m[2] + "-Q" + m[1]
	}
	if m := yearFirst.FindStringSubmatch(upper); m != nil {
		return m[1] + "-Q" + m[2]
	}
	return written
}

// parseDate reads a date argument; the pattern lets February 30 through.
func parseDate(field string, value dateText) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, string(value))
	if err != nil {
		return day, &tools.ArgumentError{Field: field, Value: string(value), Allowed: "a day that exists, like 2025-10-31"}
	}
	return day, nil
}

// dateRange is a span of days, both included; an end that was not given is zero.
type dateRange struct{ from, to time.Time }

// parseRange reads two date arguments. Their order does not matter: small models swap them.
func parseRange(fromField string, from dateText, toField string, to dateText) (dateRange, error) {
	var r dateRange
	var err error
	if from != "" {
		if r.from, err = parseDate(fromField, from); err != nil {
			return r, err
		}
	}
	if to != "" {
		if r.to, err = parseDate(toField, to); err != nil {
			return r, err
		}
	}
	if !r.from.IsZero() && !r.to.IsZero() && r.to.Before(r.from) {
		r.from, r.to = r.to, r.from
	}
	return r, nil
}

// words is the range as it stands in a sentence, with a leading blank; empty without any end.
func (r dateRange) words() string {
	switch {
	case r.from.IsZero() && r.to.IsZero():
		return ""
	case r.from.IsZero():
		return " up to " + r.to.Format(time.DateOnly)
	case r.to.IsZero():
		return " from " + r.from.Format(time.DateOnly) + " on"
	}
	return " from " + r.from.Format(time.DateOnly) + " to " + r.to.Format(time.DateOnly)
}

// bounds are the range's ends for SQL text comparison, both included.
func (r dateRange) bounds() (from, to string) {
	from, to = "0000-01-01", "9999-12-31"
	if !r.from.IsZero() {
		from = r.from.Format(time.DateOnly)
	}
	if !r.to.IsZero() {
		to = r.to.Format(time.DateOnly)
	}
	return from, to
}

// within narrows the range to a period.
func (r dateRange) within(p period) dateRange {
	last := p.end.AddDate(0, 0, -1)
	if r.from.Before(p.start) {
		r.from = p.start
	}
	if r.to.IsZero() || r.to.After(last) {
		r.to = last
	}
	return r
}
