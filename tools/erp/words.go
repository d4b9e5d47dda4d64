package erp

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"bestbox/tools/wording"
)

// Percent is a percentage in tenths: 305 is 30.5 %. It is rounded once, where it is computed, so that data and
// sentences agree.
type Percent int64

// percentOf returns part as a percentage of whole, which must not be zero, rounded half away from zero.
func percentOf(part, whole int64) Percent {
	if whole < 0 {
		part, whole = -part, -whole
	}
	if part < 0 {
		return -percentOf(-part, whole)
	}
	return Percent((part*2000 + whole) / (2 * whole))
}

// changeOf returns the change from before to after as a percentage of before; nil when there was nothing before.
func changeOf(before, after int64) *Percent {
	if before == 0 {
		return nil
	}
	p := percentOf(after-before, magnitude(before)) // a loss that shrinks is a rise
	return &p
}

// String is the number as it stands in sentences: 30%, 30.5%.
func (p Percent) String() string {
	text, _ := p.MarshalText()
	return string(text) + "%"
}

// MarshalText gives the number without the sign of percent.
func (p Percent) MarshalText() ([]byte, error) {
	return []byte(strings.TrimSuffix(strconv.FormatFloat(float64(p)/10, 'f', 1, 64), ".0")), nil
}

// MarshalJSON gives a JSON number: 30, 30.5.
func (p Percent) MarshalJSON() ([]byte, error) { return p.MarshalText() }

// UnmarshalJSON reads what MarshalJSON wrote, for clients written in Go.
func (p *Percent) UnmarshalJSON(text []byte) error {
	var number float64
	if err := json.Unmarshal(text, &number); err != nil {
		return err
	}
	*p = Percent(math.Round(number * 10))
	return nil
}

// size is the percentage without its sign, for sentences that say "fell 3%".
func (p Percent) size() string { return max(p, -p).String() }

func magnitude(n int64) int64 { return max(n, -n) }

// changed says how an amount changed between two periods.
func changed(subject, currency string, before, after int64, older, newer string) string {
	from, to := wording.Money(currency, before), wording.Money(currency, after)
	change := changeOf(before, after)
	switch {
	case before == after:
		return fmt.Sprintf("%s did not change: %s in %s and in %s.", subject, to, older, newer)
	case change == nil:
		return fmt.Sprintf("%s rose from nothing in %s to %s in %s.", subject, older, to, newer)
	}
	// The amount itself comes first: asked for a total, small models otherwise answer with the change.
	return fmt.Sprintf("%s in %s was %s: it %s %s from %s in %s, %s %s.", subject, newer, to, rose(after-before), change.size(),
		from, older, wording.Money(currency, magnitude(after-before)), moreLess(after-before))
}

func rose(change int64) string {
	if change < 0 {
		return "fell"
	}
	return "rose"
}

func moreLess(change int64) string {
	if change < 0 {
		return "less"
	}
	return "more"
}
