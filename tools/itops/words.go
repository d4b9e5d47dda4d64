package itops

import (
	"fmt"
	"strconv"
	"time"

	"bestbox/tools/wording"
)

// notSeen is how a result ends of which something is missing; empty without gaps.
func notSeen(gaps []string) string {
	if len(gaps) == 0 {
		return ""
	}
	return "Not everything was seen: " + bounded(gaps, "the worker's configuration") + "."
}

// more is how a list ends that was cut.
func more(shown, all int, with string) string {
	if shown >= all {
		return ""
	}
	return fmt.Sprintf("; and %d more, ask with %s", all-shown, with)
}

// longestQuotation is how much of what a program wrote is shown, in characters.
const longestQuotation = 160

// quotation shows what somebody else wrote as such.
func quotation(text string) string { return wording.Quoted(text, longestQuotation) }

// amount is a measured value with its unit: "92%", "836 mbar".
func amount(value int64, unit string) string {
	if unit == "%" {
		return strconv.FormatInt(value, 10) + "%"
	}
	return wording.Grouped(int(value)) + " " + unit
}

// difference is one of two such values: "39 percentage points".
func difference(value int64, unit string) string {
	if unit == "%" {
		return wording.Counted(int(value), "percentage point")
	}
	return amount(value, unit)
}

// lasted is a time in words: "40 minutes", "7 hours", "3 days".
func lasted(d time.Duration) string {
	switch {
	case d < 2*time.Hour:
		return wording.Counted(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return wording.Counted(int(d/time.Hour), "hour")
	}
	return wording.Counted(int(d/(24*time.Hour)), "day")
}
