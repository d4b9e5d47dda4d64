package crm

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/tools"
	"bestbox/tools/toolstest"
)

const (
	someQuote = `{"customer_id":"CUS-001","lines":[{"product_id":"LA-800","quantity":10},{"product_id":"CC-400","quantity":2}],"valid_days":20}`
	someLead  = `{"lead_id":"LEAD-003","stage":"contacted","owner_id":"EMP-022","next_step":"send two offers","next_step_on":"2026-01-20"}`
	someNote  = `{"lead_id":"LEAD-003","kind":"call","text":"They want four tables."}`
)

// state is everything that the writes of this package may change.
func state(t *testing.T, d toolstest.Desk) map[string][]string {
	t.Helper()
	contents := d.Contents(t, "leads", "activities", "quotes", "quote_lines")
	contents["effects"] = d.Rows(t, "SELECT key, state FROM effects ORDER BY key")
	return contents
}

func TestAPreviewChangesNothing(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		before := state(t, d)
		for _, w := range writes {
			d.Preview(t, w.Tool, w.Arguments)
		}
		if diff := cmp.Diff(before, state(t, d)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAWriteHappensOnceForItsKeyHoweverOftenItIsTried(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		other := area.Again(t, d)
		for _, w := range []toolstest.Question{{"create_quote", someQuote}, {"update_lead", someLead}, {"log_activity", someNote}} {
			var group sync.WaitGroup
			results := make([]string, 6)
			for i := range results {
				at := []toolstest.Desk{d, other}[i%2]
				group.Go(func() {
					result, err := at.Tool(t, w.Tool).Apply(t.Context(), "run/"+w.Tool, json.RawMessage(w.Arguments))
					if err != nil {
						t.Error(err)
					}
					results[i] = string(result.Data)
				})
			}
			group.Wait()
			for _, result := range results {
				if result != results[0] || result == "" {
					t.Errorf("%s: %s and %s", w.Tool, results[0], result)
				}
			}
		}
		got := state(t, d)
		if n := len(got["quotes"]); n != len(d.Rows(t, "SELECT id FROM quotes WHERE id LIKE 'Q-2025-%'"))+1 {
			t.Errorf("%d quotes", n)
		}
		if n := d.Rows(t, "SELECT id FROM activities WHERE lead_id = 'LEAD-003'"); len(n) != 1 {
			t.Errorf("noted %v", n)
		}
	})
}

func TestAQuoteIsNumberedAndPricedByTheListOfItsDay(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		var first, second Quote
		sentences := d.Apply(t, "create_quote", "a", someQuote, &first)
		d.Apply(t, "create_quote", "b", `{"customer_id":"CUS-004","lines":[{"product_id":"GS-300","quantity":9}],"discount_percent":0}`, &second)
		// 10 x $3,749.20 and 2 x $10,155.80 less 8 %, each unit rounded to cents; 9 x $29,355.00 without any.
		if first.ID != "Q-2026-0001" || second.ID != "Q-2026-0002" || first.ListCents != 5_780_360 || first.TotalCents != 5_317_928 || second.TotalCents != 26_419_500 {
			t.Errorf("%+v, %+v", first, second)
		}
		if second.TierPercent != 15 || first.ValidUntil != "2026-02-04" || first.Status != "draft" {
			t.Errorf("%+v, %+v", first, second)
		}
		if !strings.Contains(sentences[0], "Q-2026-0001") || !strings.Contains(sentences[0], "$53,179.28") {
			t.Errorf("%q", sentences)
		}
		want := []string{"Q-2026-0001|1|LA-800|10|374920", "Q-2026-0001|2|CC-400|2|1015580"}
		if diff := cmp.Diff(want, d.Rows(t, "SELECT quote_id, line, product_id, quantity, unit_price_cents FROM quote_lines WHERE quote_id = 'Q-2026-0001' ORDER BY line")); diff != "" {
			t.Error(diff)
		}
	})
}

func TestADiscountAboveTheTierWarnsAndTellsPolicies(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		tool := d.Tool(t, "create_quote")
		for _, c := range []struct {
			discount string
			above    bool
		}{{`,"discount_percent":8`, false}, {`,"discount_percent":9`, true}, {`,"discount_percent":13`, true}, {``, false}} {
			change, err := tool.Preview(t.Context(), json.RawMessage(`{"customer_id":"CUS-001","lines":[{"product_id":"LA-800","quantity":1}]`+c.discount+`}`))
			if err != nil {
				t.Fatal(err)
			}
			warned := len(change.Warnings) > 0 && strings.Contains(change.Warnings[0], "is above the 8%")
			if facts := change.Facts["discount"].(map[string]any); facts["above_tier"] != c.above || warned != c.above {
				t.Errorf("%s: %v, %q", c.discount, facts, change.Warnings)
			}
		}
	})
}

func TestWhatIsUndoneIsAsItWasAndOnlyOnce(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		before := state(t, d)
		for _, w := range []toolstest.Question{{"create_quote", someQuote}, {"update_lead", someLead}, {"log_activity", someNote}} {
			d.Apply(t, w.Tool, w.Tool, w.Arguments, nil)
			for range 2 {
				if _, err := d.Tool(t, w.Tool).Undo(t.Context(), w.Tool); err != nil {
					t.Errorf("%s: %v", w.Tool, err)
				}
			}
			if _, err := d.Tool(t, w.Tool).Apply(t.Context(), w.Tool, json.RawMessage(w.Arguments)); err == nil {
				t.Errorf("%s was made again under the key of what was undone", w.Tool)
			}
		}
		after := state(t, d)
		if diff := cmp.Diff([]string{"create_quote|undone", "log_activity|undone", "update_lead|undone"}, after["effects"]); diff != "" {
			t.Error(diff)
		}
		for _, table := range []string{"leads", "activities"} {
			if diff := cmp.Diff(before[table], after[table]); diff != "" {
				t.Errorf("%s: %s", table, diff)
			}
		}
		if last := after["quotes"][len(after["quotes"])-1]; !strings.HasPrefix(last, "Q-2026-0001|CUS-001|") || !strings.Contains(last, "|withdrawn|") {
			t.Errorf("the quote is now %s", last)
		}
		var next Quote
		if d.Apply(t, "create_quote", "next", someQuote, &next); next.ID != "Q-2026-0002" {
			t.Errorf("the number of a withdrawn quote was used again: %s", next.ID)
		}
	})
}

func TestWhatHasChangedSinceIsNotUndone(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		d.Apply(t, "create_quote", "q", someQuote, nil)
		d.Apply(t, "update_lead", "l", someLead, nil)
		d.Execute(t, "UPDATE quotes SET status = 'sent' WHERE id = 'Q-2026-0001'")
		d.Apply(t, "update_lead", "l2", `{"lead_id":"LEAD-003","stage":"qualified"}`, nil)
		before := state(t, d)
		for tool, key := range map[string]string{"create_quote": "q", "update_lead": "l"} {
			if _, err := d.Tool(t, tool).Undo(t.Context(), key); !errors.Is(err, errChangedSince) {
				t.Errorf("%s: %v", tool, err)
			}
		}
		for _, key := range []string{"l", "nothing"} { // another tool's, and nobody's
			if _, err := d.Tool(t, "create_quote").Undo(t.Context(), key); err == nil || !strings.Contains(err.Error(), "nothing was made by create_quote under the key "+key) {
				t.Errorf("%s: %v", key, err)
			}
		}
		if diff := cmp.Diff(before, state(t, d)); diff != "" {
			t.Error(diff)
		}
	})
}

// TestWhatWasRightAtThePreviewIsCheckedAgain changes the records between a person's yes and the write.
func TestWhatWasRightAtThePreviewIsCheckedAgain(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		cases := []struct{ tool, arguments, meanwhile, field string }{
			{"update_lead", someLead, "UPDATE leads SET stage = 'converted' WHERE id = 'LEAD-003'", "lead_id"},
			{"create_quote", `{"customer_id":"CUS-026","deal_id":"DEAL-003","lines":[{"product_id":"LA-800","quantity":1}]}`,
				"INSERT INTO deal_steps VALUES ('DEAL-003', 9, 'lost', '2026-01-15')", "deal_id"},
			{"create_quote", `{"customer_id":"CUS-001","discount_percent":13,"lines":[{"product_id":"LA-800","quantity":1}]}`,
				"UPDATE discount_tiers SET percent = 5 WHERE segment = 'key'", "discount_percent"},
		}
		for _, c := range cases {
			tool := d.Tool(t, c.tool)
			if _, err := tool.Preview(t.Context(), json.RawMessage(c.arguments)); err != nil {
				t.Fatal(err)
			}
			d.Execute(t, c.meanwhile)
			before := state(t, d)
			_, err := tool.Apply(t.Context(), c.tool+c.field, json.RawMessage(c.arguments))
			if wrong, is := errors.AsType[*tools.ArgumentError](err); !is || wrong.Field != c.field {
				t.Errorf("%s: %v", c.tool, err)
			}
			if diff := cmp.Diff(before, state(t, d)); diff != "" {
				t.Error(diff)
			}
		}
	})
}

func TestACallBringsALeadBackIntoContact(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		d.Apply(t, "log_activity", "k", `{"lead_id":"LEAD-016","kind":"call","text":"The project goes on."}`, nil)
		d.Apply(t, "log_activity", "n", `{"lead_id":"LEAD-004","kind":"note","text":"Nothing said."}`, nil)
		for lead, silent := range map[string]int{"LEAD-016": 0, "LEAD-004": 64} { // a note is no contact
			var found Leads
			if d.Call(t, "get_leads", `{"lead_id":"`+lead+`"}`, &found); found.Leads[0].SilentDays != silent {
				t.Errorf("%s: %d days without contact", lead, found.Leads[0].SilentDays)
			}
		}
	})
}
