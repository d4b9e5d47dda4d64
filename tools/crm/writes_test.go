package crm

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/records"
	"bestbox/tools"
)

const (
	someQuote = `{"customer_id":"CUS-001","lines":[{"product_id":"LA-800","quantity":10},{"product_id":"CC-400","quantity":2}],"valid_days":20}`
	someLead  = `{"lead_id":"LEAD-003","stage":"contacted","owner_id":"EMP-022","next_step":"send two offers","next_step_on":"2026-01-20"}`
	someNote  = `{"lead_id":"LEAD-003","kind":"call","text":"They want four tables."}`
)

func apply(t *testing.T, r *tools.Registry, name, key, arguments string, data any) []string {
	t.Helper()
	result, err := toolOf(t, r, name).Apply(t.Context(), key, json.RawMessage(arguments))
	if err != nil {
		t.Fatalf("%s %s: %v", name, arguments, err)
	}
	decode(t, result.Data, data)
	return result.Sentences
}

// rows returns the text of every row of a query, columns joined by a bar.
func rows(t *testing.T, db *records.DB, query string) (all []string) {
	t.Helper()
	found, err := db.SQL().Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	for found.Next() {
		var row string
		if err := found.Scan(&row); err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// state is everything that the writes of this package may change.
func state(t *testing.T, db *records.DB) map[string][]string {
	t.Helper()
	return map[string][]string{
		"leads":      rows(t, db, "SELECT id || stage || owner_id || next_step || coalesce(next_step_on, '-') FROM leads ORDER BY id"),
		"activities": rows(t, db, "SELECT id || coalesce(customer_id, lead_id) || kind || happened_on || from_them || text FROM activities ORDER BY id"),
		"quotes":     rows(t, db, "SELECT id || customer_id || status || valid_until || discount_percent || list_cents || total_cents FROM quotes ORDER BY id"),
		"lines":      rows(t, db, "SELECT quote_id || line || product_id || quantity || unit_price_cents FROM quote_lines ORDER BY quote_id, line"),
		"effects":    rows(t, db, "SELECT key || state FROM effects ORDER BY key"),
	}
}

func TestAPreviewChangesNothing(t *testing.T) {
	t.Parallel()
	db, r := own(t)
	before := state(t, db)
	for _, w := range writes {
		if _, err := toolOf(t, r, w.tool).Preview(t.Context(), json.RawMessage(w.arguments)); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff(before, state(t, db)); diff != "" {
		t.Error(diff)
	}
}

func TestAWriteHappensOnceForItsKeyHoweverOftenItIsTried(t *testing.T) {
	t.Parallel()
	db, r := own(t)
	for _, w := range []struct{ tool, arguments string }{{"create_quote", someQuote}, {"update_lead", someLead}, {"log_activity", someNote}} {
		var group sync.WaitGroup
		results := make([]string, 6)
		for i := range results {
			group.Go(func() {
				result, err := toolOf(t, r, w.tool).Apply(t.Context(), "run/"+w.tool, json.RawMessage(w.arguments))
				if err != nil {
					t.Error(err)
				}
				results[i] = string(result.Data)
			})
		}
		group.Wait()
		for _, result := range results {
			if result != results[0] || result == "" {
				t.Errorf("%s: %s and %s", w.tool, results[0], result)
			}
		}
	}
	got := state(t, db)
	if n := len(got["quotes"]); n != len(rows(t, db, "SELECT id FROM quotes WHERE id LIKE 'Q-2025-%'"))+1 {
		t.Errorf("%d quotes", n)
	}
	if n := rows(t, db, "SELECT id FROM activities WHERE lead_id = 'LEAD-003'"); len(n) != 1 {
		t.Errorf("noted %v", n)
	}
}

func TestAQuoteIsNumberedAndPricedByTheListOfItsDay(t *testing.T) {
	t.Parallel()
	db, r := own(t)
	var first, second Quote
	sentences := apply(t, r, "create_quote", "a", someQuote, &first)
	apply(t, r, "create_quote", "b", `{"customer_id":"CUS-004","lines":[{"product_id":"GS-300","quantity":9}],"discount_percent":0}`, &second)
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
	want := []string{"Q-2026-00011LA-80010374920", "Q-2026-00012CC-40021015580"}
	if diff := cmp.Diff(want, rows(t, db, "SELECT quote_id || line || product_id || quantity || unit_price_cents FROM quote_lines WHERE quote_id = 'Q-2026-0001' ORDER BY line")); diff != "" {
		t.Error(diff)
	}
}

func TestADiscountAboveTheTierWarnsAndTellsPolicies(t *testing.T) {
	t.Parallel()
	tool := toolOf(t, registry(t), "create_quote")
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
}

func TestWhatIsUndoneIsAsItWasAndOnlyOnce(t *testing.T) {
	t.Parallel()
	db, r := own(t)
	before := state(t, db)
	for _, w := range []struct{ tool, arguments string }{{"create_quote", someQuote}, {"update_lead", someLead}, {"log_activity", someNote}} {
		apply(t, r, w.tool, w.tool, w.arguments, nil)
		for range 2 {
			if _, err := toolOf(t, r, w.tool).Undo(t.Context(), w.tool); err != nil {
				t.Errorf("%s: %v", w.tool, err)
			}
		}
		if _, err := toolOf(t, r, w.tool).Apply(t.Context(), w.tool, json.RawMessage(w.arguments)); err == nil {
			t.Errorf("%s was made again under the key of what was undone", w.tool)
		}
	}
	after := state(t, db)
	if diff := cmp.Diff([]string{"create_quoteundone", "log_activityundone", "update_leadundone"}, after["effects"]); diff != "" {
		t.Error(diff)
	}
	for _, table := range []string{"leads", "activities"} {
		if diff := cmp.Diff(before[table], after[table]); diff != "" {
			t.Errorf("%s: %s", table, diff)
		}
	}
	if last := after["quotes"][len(after["quotes"])-1]; !strings.HasPrefix(last, "Q-2026-0001CUS-001withdrawn") {
		t.Errorf("the quote is now %s", last)
	}
	var next Quote
	if apply(t, r, "create_quote", "next", someQuote, &next); next.ID != "Q-2026-0002" {
		t.Errorf("the number of a withdrawn quote was used again: %s", next.ID)
	}
}

func TestWhatHasChangedSinceIsNotUndone(t *testing.T) {
	t.Parallel()
	db, r := own(t)
	apply(t, r, "create_quote", "q", someQuote, nil)
	apply(t, r, "update_lead", "l", someLead, nil)
	if _, err := db.SQL().Exec("UPDATE quotes SET status = 'sent' WHERE id = 'Q-2026-0001'"); err != nil {
		t.Fatal(err)
	}
	apply(t, r, "update_lead", "l2", `{"lead_id":"LEAD-003","stage":"qualified"}`, nil)
	before := state(t, db)
	for tool, key := range map[string]string{"create_quote": "q", "update_lead": "l"} {
		if _, err := toolOf(t, r, tool).Undo(t.Context(), key); !errors.Is(err, errChangedSince) {
			t.Errorf("%s: %v", tool, err)
		}
	}
	for _, key := range []string{"l", "nothing"} { // another tool's, and nobody's
		if _, err := toolOf(t, r, "create_quote").Undo(t.Context(), key); err == nil || !strings.Contains(err.Error(), "nothing was made by create_quote under the key "+key) {
			t.Errorf("%s: %v", key, err)
		}
	}
	if diff := cmp.Diff(before, state(t, db)); diff != "" {
		t.Error(diff)
	}
}

// TestWhatWasRightAtThePreviewIsCheckedAgain changes the records between a person's yes and the write.
func TestWhatWasRightAtThePreviewIsCheckedAgain(t *testing.T) {
	t.Parallel()
	db, r := own(t)
	cases := []struct{ tool, arguments, meanwhile, field string }{
		{"update_lead", someLead, "UPDATE leads SET stage = 'converted' WHERE id = 'LEAD-003'", "lead_id"},
		{"create_quote", `{"customer_id":"CUS-026","deal_id":"DEAL-003","lines":[{"product_id":"LA-800","quantity":1}]}`,
			"INSERT INTO deal_steps VALUES ('DEAL-003', 9, 'lost', '2026-01-15')", "deal_id"},
		{"create_quote", `{"customer_id":"CUS-001","discount_percent":13,"lines":[{"product_id":"LA-800","quantity":1}]}`,
			"UPDATE discount_tiers SET percent = 5 WHERE segment = 'key'", "discount_percent"},
	}
	for _, c := range cases {
		tool := toolOf(t, r, c.tool)
		if _, err := tool.Preview(t.Context(), json.RawMessage(c.arguments)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.SQL().Exec(c.meanwhile); err != nil {
			t.Fatal(err)
		}
		before := state(t, db)
		_, err := tool.Apply(t.Context(), c.tool+c.field, json.RawMessage(c.arguments))
		if wrong, is := errors.AsType[*tools.ArgumentError](err); !is || wrong.Field != c.field {
			t.Errorf("%s: %v", c.tool, err)
		}
		if diff := cmp.Diff(before, state(t, db)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestACallBringsALeadBackIntoContact(t *testing.T) {
	t.Parallel()
	_, r := own(t)
	apply(t, r, "log_activity", "k", `{"lead_id":"LEAD-016","kind":"call","text":"The project goes on."}`, nil)
	apply(t, r, "log_activity", "n", `{"lead_id":"LEAD-004","kind":"note","text":"Nothing said."}`, nil)
	for lead, silent := range map[string]int{"LEAD-016": 0, "LEAD-004": 64} { // a note is no contact
		var found Leads
		result, err := toolOf(t, r, "get_leads").Call(t.Context(), json.RawMessage(`{"lead_id":"`+lead+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		if decode(t, result.Data, &found); found.Leads[0].SilentDays != silent {
			t.Errorf("%s: %d days without contact", lead, found.Leads[0].SilentDays)
		}
	}
}
