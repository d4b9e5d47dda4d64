package itops

import (
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"bestbox/internal/records"
	"bestbox/tools"
)

// number reads one number from the records.
func number(t testing.TB, db *records.DB, query string) (n int) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *sql.Tx) error { return tx.QueryRowContext(t.Context(), query).Scan(&n) })
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// applied makes a write and decodes its data.
func applied(t testing.TB, r *tools.Registry, name, key, arguments string, data any) []string {
	t.Helper()
	tool, _ := r.Get(name)
	result, err := tool.Apply(t.Context(), key, json.RawMessage(arguments))
	if err != nil {
		t.Fatalf("%s %s: %v", name, arguments, err)
	}
	if err := json.Unmarshal(result.Data, data); err != nil {
		t.Fatal(err)
	}
	return result.Sentences
}

const writtenRows = `SELECT (SELECT count(*) FROM silences) + (SELECT count(*) FROM tickets) + (SELECT count(*) FROM ticket_notes) + (SELECT count(*) FROM effects)`

var writes = []struct{ tool, arguments, summary, line string }{
	{"silence_alert", `{"alert_id":"ALR-2026-0012","hours":4,"reason":"switch is replaced"}`,
		"Silences the alert ALR-2026-0012 (PacketLoss, critical) of HST-009 (sw-hall-2) until 2026-01-15 12:00 because: “switch is replaced”.",
		"alert ALR-2026-0012: not silenced -> silenced until 2026-01-15 12:00"},
	{"silence_alert", `{"alert_id":"alr-2026-0010","until":"2026-01-20","reason":"bearing comes later"}`,
		"Silences the alert ALR-2026-0010 (VibrationHigh, warning) of MCH-006 (CNC mill 2) until 2026-01-20 23:59 because: “bearing comes later”.",
		"alert ALR-2026-0010: silenced until 2026-01-17 18:00 -> silenced until 2026-01-20 23:59"},
	{"create_ticket", `{"title":"Put the original filter back","component_id":"MCH-001","priority":"urgent","description":"Type OE20."}`,
		"Opens a ticket about MCH-001 (Compressor unit A) with priority urgent: “Put the original filter back”.", "about:  -> MCH-001 (Compressor unit A)"},
	{"create_ticket", `{"title":"换一台打印机"}`, "Opens a ticket with priority normal: “换一台打印机”.", "priority:  -> normal"},
	{"update_ticket", `{"ticket_id":"TCK-2026-0005","status":"in_progress","assignee":"Marta Novak","note":"Deletes old backups."}`,
		"Changes the ticket TCK-2026-0005 (“Backup of the night failed”): status to “in_progress”, assignee to “Marta Novak” and adds the note “Deletes old backups.”.",
		"status: open -> in_progress"},
}

func TestAPreviewSaysWhatWillHappenAndChangesNothing(t *testing.T) {
	t.Parallel()
	db, r := ownTools(t)
	before := number(t, db, writtenRows)
	for _, w := range writes {
		tool, _ := r.Get(w.tool)
		change, err := tool.Preview(t.Context(), json.RawMessage(w.arguments))
		if err != nil {
			t.Fatal(err)
		}
		if change.Summary != w.summary {
			t.Errorf("got  %s\nwant %s", change.Summary, w.summary)
		}
		lines := ""
		for _, l := range change.Lines {
			lines += l.What + ": " + l.Before + " -> " + l.After + "\n"
		}
		if !strings.Contains(lines, w.line+"\n") {
			t.Errorf("%s: %q is not among\n%s", w.arguments, w.line, lines)
		}
	}
	if after := number(t, db, writtenRows); after != before {
		t.Errorf("%d rows were written", after-before)
	}
}

func TestAWriteHappensOnceForItsKeyByHoweverManyWorkers(t *testing.T) {
	t.Parallel()
	db, r := ownTools(t)
	second, err := records.Open(t.Context(), db.Path())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = second.Close() })
	other := toolsOver(t, second)
	for _, w := range writes {
		before := number(t, db, writtenRows)
		var group sync.WaitGroup
		outcomes := make([]string, 6)
		for i := range outcomes {
			group.Go(func() {
				at := r
				if i%2 == 1 {
					at = other
				}
				tool, _ := at.Get(w.tool)
				result, err := tool.Apply(t.Context(), "run/"+w.arguments, json.RawMessage(w.arguments))
				if err != nil {
					t.Errorf("%s: %v", w.arguments, err)
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
		if n := number(t, db, writtenRows) - before; n != 2 { // the silence, the ticket or the note, and its effect
			t.Errorf("%s: %d rows were written", w.arguments, n)
		}
	}
}

func TestASilenceIsSeenAndCanBeTakenBack(t *testing.T) {
	t.Parallel()
	_, r := ownTools(t)
	get, _ := r.Get("get_active_alerts")
	state := func() (found ActiveAlert) {
		result, err := get.Call(t.Context(), json.RawMessage(`{"component_id":"MCH-006","state":"all"}`))
		var alerts Alerts
		if err = errors.Join(err, json.Unmarshal(result.Data, &alerts)); err != nil {
			t.Fatal(err)
		}
		return alerts.Alerts[0]
	}
	var out Silenced
	applied(t, r, "silence_alert", "k", `{"alert_id":"ALR-2026-0010","hours":100,"reason":"bearing comes later"}`, &out)
	if a := state(); a.State != "silenced" || a.SilencedUntil != "2026-01-19 12:00" || a.SilencedUntil != out.Until || a.SilenceReason != "bearing comes later" {
		t.Errorf("%+v after %+v", a, out)
	}
	tool, _ := r.Get("silence_alert")
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
}

func TestTicketsAreNumberedInTheirYear(t *testing.T) {
	t.Parallel()
	db, r := ownTools(t)
	last := number(t, db, "SELECT max(CAST(substr(id, 10) AS INTEGER)) FROM tickets WHERE id LIKE 'TCK-2026-%'")
	for i, title := range []string{"First thing", "Second thing"} {
		var out TicketWritten
		sentences := applied(t, r, "create_ticket", title, `{"title":"`+title+`"}`, &out)
		want := "TCK-2026-000" + string(rune('0'+last+1+i))
		if out.TicketID != want || !strings.Contains(sentences[0], want) {
			t.Errorf("got %s, want %s: %v", out.TicketID, want, sentences)
		}
	}
}

func TestATicketThatWasOpenedOrChangedCanBeTakenBackUnlessSomebodyWorkedOnIt(t *testing.T) {
	t.Parallel()
	db, r := ownTools(t)
	create, _ := r.Get("create_ticket")
	change, _ := r.Get("update_ticket")
	var made, changed TicketWritten
	applied(t, r, "create_ticket", "c", `{"title":"Look at the switch","component_id":"HST-009"}`, &made)
	applied(t, r, "update_ticket", "u", `{"ticket_id":"`+made.TicketID+`","status":"waiting","note":"Waits for a part."}`, &changed)
	if _, err := create.Undo(t.Context(), "c"); err == nil || !strings.Contains(err.Error(), "changed since") {
		t.Errorf("a ticket that was worked on was taken back: %v", err)
	}
	if _, err := change.Undo(t.Context(), "u"); err != nil {
		t.Error(err)
	}
	state := "SELECT count(*) FROM tickets WHERE id = '" + made.TicketID + "' AND status = "
	if number(t, db, state+"'open'") != 1 || number(t, db, "SELECT count(*) FROM ticket_notes WHERE ticket_id = '"+made.TicketID+"'") != 0 {
		t.Error("the ticket is not what it was before")
	}
	var later TicketWritten
	applied(t, r, "update_ticket", "v", `{"ticket_id":"`+made.TicketID+`","priority":"high"}`, &later)
	if _, err := change.Undo(t.Context(), "u"); err != nil || number(t, db, "SELECT count(*) FROM tickets WHERE id = '"+made.TicketID+"' AND priority = 'high'") != 1 {
		t.Errorf("what was taken back before was taken back again: %v", err)
	}
	if _, err := change.Undo(t.Context(), "v"); err != nil {
		t.Error(err)
	}
	for range 2 {
		if result, err := create.Undo(t.Context(), "c"); err != nil || !strings.Contains(result.Sentences[0], "taken back") {
			t.Errorf("%+v, %v", result, err)
		}
	}
	if number(t, db, state+"'cancelled'") != 1 || number(t, db, "SELECT count(*) FROM effects WHERE state = 'undone'") != 3 {
		t.Error("the ticket is not cancelled, or the ledger does not say so")
	}
}

func TestWhatCannotBeWrittenIsRefusedByPreviewAndByApply(t *testing.T) {
	t.Parallel()
	db, r := ownTools(t)
	before := number(t, db, writtenRows)
	tests := []struct{ tool, arguments, field, says string }{
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
		{"create_ticket", `{"title":"abc"}`, "title", "5"},
		{"create_ticket", `{"title":"\u0000\u0000\u0000\u0000\u0000\u0000"}`, "title", "words"},
		{"create_ticket", `{"title":"A good title","component_id":"MCH-099"}`, "component_id", "MCH-001 to MCH-012"},
		{"create_ticket", `{"title":"A good title","priority":"top"}`, "priority", "urgent"},
		{"update_ticket", `{"ticket_id":"TCK-2026-0999","status":"resolved"}`, "ticket_id", "to TCK-2026-0006"},
		{"update_ticket", `{"ticket_id":"TCK-2026-0002"}`, "ticket_id", "something to change"},
		{"update_ticket", `{"ticket_id":"TCK-2026-0002","status":"in_progress","priority":"high"}`, "ticket_id", "something to change"},
		{"update_ticket", `{"ticket_id":"TCK-2026-0002","status":"deleted"}`, "status", "resolved"},
	}
	for _, test := range tests {
		tool, _ := r.Get(test.tool)
		_, previewed := tool.Preview(t.Context(), json.RawMessage(test.arguments))
		_, made := tool.Apply(t.Context(), "k", json.RawMessage(test.arguments))
		for _, err := range []error{previewed, made} {
			if wrong, ok := errors.AsType[*tools.ArgumentError](err); !ok || wrong.Field != test.field || !strings.Contains(wrong.Allowed, test.says) {
				t.Errorf("%s %s: got %v", test.tool, test.arguments, err)
			}
		}
	}
	if after := number(t, db, writtenRows); after != before {
		t.Errorf("%d rows were written", after-before)
	}
}

func TestWarningsAndFactsTellAPersonAndAPolicyWhatMatters(t *testing.T) {
	t.Parallel()
	tests := []struct{ tool, arguments, warning, facts string }{
		{"silence_alert", `{"alert_id":"ALR-2026-0012","hours":4,"reason":"test"}`, "The alert is critical",
			`{"component":{"id":"HST-009","kind":"host"},"rule":"PacketLoss","severity":"critical","silenced_hours":4}`},
		{"silence_alert", `{"alert_id":"ALR-2026-0012","hours":4,"reason":"test"}`, "No ticket is open about HST-009",
			`{"component":{"id":"HST-009","kind":"host"},"rule":"PacketLoss","severity":"critical","silenced_hours":4}`},
		{"create_ticket", `{"title":"It trips again","component_id":"MCH-001"}`, "TCK-2026-0002 (“Compressor unit A trips”) is open",
			`{"component":{"id":"MCH-001","kind":"machine"},"priority":"normal","tickets_open":1}`},
		{"update_ticket", `{"ticket_id":"TCK-2026-0002","status":"resolved"}`, "MCH-001 (Compressor unit A) is still failing", `{"priority":"high","status":"resolved","ticket":{"assignee":"Chen Wei 陈伟","priority":"high","status":"in_progress"}}`},
		{"update_ticket", `{"ticket_id":"TCK-2025-0001","status":"open"}`, "The ticket is resolved", `{"priority":"normal","status":"open","ticket":{"assignee":"Marta Novak","priority":"normal","status":"resolved"}}`},
	}
	for _, test := range tests {
		tool, _ := registry(t).Get(test.tool)
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
}
