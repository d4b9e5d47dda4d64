package itops

import (
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"testing"

	"bestbox/tools/toolstest"
)

const writtenRows = `SELECT (SELECT count(*) FROM silences) + (SELECT count(*) FROM tickets) + (SELECT count(*) FROM ticket_notes) + (SELECT count(*) FROM effects)`

func TestAPreviewChangesNothing(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		before := d.Number(t, writtenRows)
		for _, w := range writes {
			d.Preview(t, w.Tool, w.Arguments)
		}
		if after := d.Number(t, writtenRows); after != before {
			t.Errorf("%d rows were written", after-before)
		}
	})
}

func TestAWriteHappensOnceForItsKeyByHoweverManyWorkers(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		other := area.Again(t, d)
		for _, w := range writes {
			before := d.Number(t, writtenRows)
			var group sync.WaitGroup
			outcomes := make([]string, 6)
			for i := range outcomes {
				tool := []toolstest.Desk{d, other}[i%2].Tool(t, w.Tool)
				group.Go(func() {
					result, err := tool.Apply(t.Context(), "run/"+w.Arguments, json.RawMessage(w.Arguments))
					if err != nil {
						t.Errorf("%s: %v", w.Arguments, err)
					}
					outcomes[i] = string(result.Data)
				})
			}
			group.Wait()
			for _, outcome := range outcomes {
				if outcome != outcomes[0] {
					t.Errorf("one key, two outcomes: %s and %s", outcome, outcomes[0])
				}
			}
			if n := d.Number(t, writtenRows) - before; n != 2 { // the silence, the ticket or the note, and its effect
				t.Errorf("%s: %d rows were written", w.Arguments, n)
			}
		}
	})
}

func TestASilenceIsSeenAndCanBeTakenBack(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		state := func() (found ActiveAlert) {
			var alerts Alerts
			d.Call(t, "get_active_alerts", `{"component_id":"MCH-006","state":"all"}`, &alerts)
			return alerts.Alerts[0]
		}
		var out Silenced
		d.Apply(t, "silence_alert", "k", `{"alert_id":"ALR-2026-0010","hours":100,"reason":"bearing comes later"}`, &out)
		if a := state(); a.State != "silenced" || a.SilencedUntil != "2026-01-19 12:00" || a.SilencedUntil != out.Until || a.SilenceReason != "bearing comes later" {
			t.Errorf("%+v after %+v", a, out)
		}
		tool := d.Tool(t, "silence_alert")
		for range 2 {
			if result, err := tool.Undo(t.Context(), "k"); err != nil || !strings.Contains(result.Sentences[0], "taken back") {
				t.Errorf("%+v, %v", result, err)
			}
		}
		if a := state(); a.State != "silenced" || a.SilencedUntil != "2026-01-17 18:00" {
			t.Errorf("the silence of before does not hold again: %+v", a)
		}
		if _, err := tool.Undo(t.Context(), "never used"); err == nil {
			t.Error("what was never made was taken back")
		}
		if _, err := tool.Apply(t.Context(), "k", json.RawMessage(`{"alert_id":"ALR-2026-0010","hours":100,"reason":"bearing comes later"}`)); err == nil {
			t.Error("what was taken back was made again under its key")
		}
	})
}

func TestTicketsAreNumberedInTheirYear(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		last := d.Number(t, "SELECT max(CAST(substr(id, 10) AS INTEGER)) FROM tickets WHERE id LIKE 'TCK-2026-%'")
		for i, title := range []string{"First thing", "Second thing"} {
			var out TicketWritten
			sentences := d.Apply(t, "create_ticket", title, `{"title":"`+title+`"}`, &out)
			want := "TCK-2026-000" + strconv.Itoa(last+1+i)
			if out.TicketID != want || !strings.Contains(sentences[0], want) {
				t.Errorf("got %s, want %s: %v", out.TicketID, want, sentences)
			}
		}
	})
}

func TestATicketThatWasOpenedOrChangedCanBeTakenBackUnlessSomebodyWorkedOnIt(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		create := d.Tool(t, "create_ticket")
		change := d.Tool(t, "update_ticket")
		var made, changed TicketWritten
		d.Apply(t, "create_ticket", "c", `{"title":"Look at the switch","component_id":"HST-009"}`, &made)
		d.Apply(t, "update_ticket", "u", `{"ticket_id":"`+made.TicketID+`","status":"waiting","note":"Waits for a part."}`, &changed)
		if _, err := create.Undo(t.Context(), "c"); err == nil || !strings.Contains(err.Error(), "changed since") {
			t.Errorf("a ticket that was worked on was taken back: %v", err)
		}
		if _, err := change.Undo(t.Context(), "u"); err != nil {
			t.Error(err)
		}
		d.Apply(t, "update_ticket", "n", `{"ticket_id":"`+made.TicketID+`","note":"Somebody is on the way."}`, nil)
		if _, err := create.Undo(t.Context(), "c"); err == nil || !strings.Contains(err.Error(), "changed since") {
			t.Errorf("a ticket with somebody's note was taken back: %v", err)
		}
		if _, err := change.Undo(t.Context(), "n"); err != nil {
			t.Error(err)
		}
		state := "SELECT count(*) FROM tickets WHERE id = '" + made.TicketID + "' AND status = "
		if d.Number(t, state+"'open'") != 1 || d.Number(t, "SELECT count(*) FROM ticket_notes WHERE ticket_id = '"+made.TicketID+"'") != 0 {
			t.Error("the ticket is not what it was before")
		}
		var later TicketWritten
		d.Apply(t, "update_ticket", "v", `{"ticket_id":"`+made.TicketID+`","priority":"high"}`, &later)
		if _, err := change.Undo(t.Context(), "u"); err != nil || d.Number(t, "SELECT count(*) FROM tickets WHERE id = '"+made.TicketID+"' AND priority = 'high'") != 1 {
			t.Errorf("what was taken back before was taken back again: %v", err)
		}
		d.Apply(t, "update_ticket", "w", `{"ticket_id":"`+made.TicketID+`","priority":"urgent"}`, nil)
		if _, err := change.Undo(t.Context(), "v"); err == nil || !strings.Contains(err.Error(), "changed since") {
			t.Errorf("a priority that was changed again was taken back: %v", err)
		}
		for _, key := range []string{"w", "v"} {
			if _, err := change.Undo(t.Context(), key); err != nil {
				t.Error(err)
			}
		}
		for range 2 {
			if result, err := create.Undo(t.Context(), "c"); err != nil || !strings.Contains(result.Sentences[0], "taken back") {
				t.Errorf("%+v, %v", result, err)
			}
		}
		if d.Number(t, state+"'cancelled'") != 1 || d.Number(t, "SELECT count(*) FROM effects WHERE state = 'undone'") != 5 {
			t.Error("the ticket is not cancelled, or the ledger does not say so")
		}
	})
}

func TestWhatCannotBeWrittenIsRefusedByPreviewAndByApply(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		before := d.Number(t, writtenRows)
		d.Refuses(t, []toolstest.Mistake{
			{"silence_alert", `{"alert_id":"ALR-2026-9999","hours":1,"reason":"test"}`, "alert_id", "active are ALR-2026-0025"},
			{"silence_alert", `{"alert_id":"ALR-2026-0001","hours":1,"reason":"test"}`, "alert_id", "resolved at 2026-01-03 08:10"},
			{"silence_alert", `{"alert_id":"ALR-2026-0012","reason":"test"}`, "hours", "until"},
			{"silence_alert", `{"alert_id":"ALR-2026-0012","hours":1,"until":"2026-01-16","reason":"test"}`, "until", "not both"},
			{"silence_alert", `{"alert_id":"ALR-2026-0012","until":"2026-01-14","reason":"test"}`, "until", "2026-01-15 to"},
			{"silence_alert", `{"alert_id":"ALR-2026-0012","until":"2027-01-01","reason":"test"}`, "until", "2026-01-15 to"},
			{"silence_alert", `{"alert_id":"ALR-2026-0012","until":"2026-02-30","reason":"test"}`, "until", "exists"},
			{"silence_alert", `{"alert_id":"ALR-2026-0012","hours":-4,"reason":"test"}`, "hours", "1 to 168"},
			{"silence_alert", `{"alert_id":"ALR-2026-0012","hours":1e300,"reason":"test"}`, "hours", "1 to 168"},
			{"silence_alert", `{"alert_id":"ALR-2026-0012","hours":4,"reason":"\u200b\u200b\u200b"}`, "reason", "words"},
			{"silence_alert", `{"alert_id":"ALR-2026-0010","until":"2026-01-17"}`, "reason", "3"},
			{"silence_alert", `{"alert_id":"ALR-2026-0010","hours":58,"reason":"the very same time"}`, "alert_id", "silenced until 2026-01-17 18:00 already"},
			{"create_ticket", `{"title":"abc"}`, "title", "5"},
			{"create_ticket", `{"title":"\u0000\u0000\u0000\u0000\u0000\u0000"}`, "title", "words"},
			{"create_ticket", `{"title":"A good title","component_id":"MCH-099"}`, "component_id", "MCH-001 to MCH-012"},
			{"create_ticket", `{"title":"A good title","priority":"top"}`, "priority", "urgent"},
			{"update_ticket", `{"ticket_id":"TCK-2026-0999","status":"resolved"}`, "ticket_id", "to TCK-2026-0006"},
			{"update_ticket", `{"ticket_id":"TCK-2026-0002"}`, "ticket_id", "something to change"},
			{"update_ticket", `{"ticket_id":"TCK-2026-0002","status":"in_progress","priority":"high"}`, "ticket_id", "something to change"},
			{"update_ticket", `{"ticket_id":"TCK-2026-0002","status":"deleted"}`, "status", "resolved"},
		})
		if after := d.Number(t, writtenRows); after != before {
			t.Errorf("%d rows were written", after-before)
		}
	})
}

func TestWarningsAndFactsTellAPersonAndAPolicyWhatMatters(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		tests := []struct{ tool, arguments, warning, facts string }{
			{"silence_alert", `{"alert_id":"ALR-2026-0012","hours":4,"reason":"test"}`, "The alert is critical",
				`{"component":{"id":"HST-009","kind":"host"},"rule":"PacketLoss","severity":"critical","silenced_hours":4}`},
			{"silence_alert", `{"alert_id":"ALR-2026-0012","hours":4,"reason":"test"}`, "No ticket is open about HST-009",
				`{"component":{"id":"HST-009","kind":"host"},"rule":"PacketLoss","severity":"critical","silenced_hours":4}`},
			{"create_ticket", `{"title":"It trips again","component_id":"MCH-001"}`, "TCK-2026-0002 (“Compressor unit A trips”) is open",
				`{"component":{"id":"MCH-001","kind":"machine"},"priority":"normal","tickets_open":1}`},
			{"update_ticket", `{"ticket_id":"TCK-2026-0002","status":"resolved"}`, "MCH-001 (Compressor unit A) is still failing", `{"priority":"high","status":"resolved","ticket":{"assignee":"Chen Wei 陈伟","priority":"high","status":"in_progress"}}`},
			{"update_ticket", `{"ticket_id":"TCK-2025-0001","status":"open"}`, "The ticket is resolved", `{"priority":"normal","status":"open","ticket":{"assignee":"Qian Duo 钱多","priority":"normal","status":"resolved"}}`},
		}
		for _, test := range tests {
			tool := d.Tool(t, test.tool)
			change, err := tool.Preview(t.Context(), json.RawMessage(test.arguments))
			if err != nil {
				t.Errorf("%s: %v", test.arguments, err)
				continue
			}
			facts, err := json.Marshal(change.Facts)
			if err != nil || string(facts) != test.facts {
				t.Errorf("%s: facts %s, %v", test.arguments, facts, err)
			}
			if !strings.Contains(strings.Join(change.Warnings, " "), test.warning) {
				t.Errorf("%s: warnings %q", test.arguments, change.Warnings)
			}
		}
	})
}
