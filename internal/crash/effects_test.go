package crash

import (
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"bestbox/internal/records"
	"bestbox/worker/api"
	"bestbox/workflows/run"
)

// unsure are the points between the row that says that the mail is being handed over and the one that says that the server has taken it, with the mails that the
// server has then. No mail server can be asked whether it has a mail: a worker that is killed there sends nothing again, and a person is asked.
var unsure = map[string]int{
	"records: after the commit of UPDATE mail_drafts, INSERT mail_deliveries": 0,
	"mail: before the server gets the first line":                             0,
	"mail: before the server gets the last line":                              0,
	"mail: the server's word to the last line":                                1,
	"records: before UPDATE mail_deliveries":                                  1,
	"records: before the commit of UPDATE mail_deliveries":                    1,
}

// inDoubt is how the answer begins to speak of a mail of which nobody knows whether it was sent.
var inDoubt = regexp.MustCompile(`whether send_email has happened is not known.* Message-ID <[0-9a-f]{32}@yunqiao\.example>`)

// check holds what a run has left against what it must, and returns it in a line.
func (c *company) check(p *person) string {
	c.t.Helper()
	mails, doubtful := unsure[c.points.target]
	state, tellsOfMail := records.EffectDone, regexp.MustCompile("was sent")
	decided := map[string]run.Verdict{meeting: run.Approve, sending: run.Approve}
	if doubtful {
		state, tellsOfMail = records.EffectUnknown, inDoubt
		if mails == 1 {
			decided[run.SettleOf(sending)] = run.Approve
		} else {
			decided[run.SettleOf(sending)], decided[run.UndoOf(meeting)], decided[run.UndoOf("1.1")] = run.Deny, run.Deny, run.Deny
		}
	} else {
		mails = 1
	}
	want := fmt.Sprintf("1 order, %d mails, 1 event for 3; create_purchase_order done, schedule_meeting done, send_email %s", mails, state)
	got := c.effects()
	if got != want {
		c.t.Errorf("it has left %s\nwant %s", got, want)
	}
	if p.run.Status != api.Completed {
		c.t.Fatalf("the run is %s: %+v", p.run.Status, p.run.Error)
	}
	for _, tells := range []*regexp.Regexp{regexp.MustCompile("Ordered: PO-"), regexp.MustCompile("is in the calendars"), tellsOfMail} {
		if !tells.MatchString(p.run.Result.Answer) {
			c.t.Errorf("the answer does not say %s: %s", tells, p.run.Result.Answer)
		}
	}
	if len(p.run.Result.Unsupported) > 0 {
		c.t.Errorf("in the answer is unsupported: %q", p.run.Result.Unsupported)
	}
	if fmt.Sprint(p.decided) != fmt.Sprint(decided) {
		c.t.Errorf("a person has decided %v, want %v", p.decided, decided)
	}
	return got
}

// effects are what the run has left in the world.
func (c *company) effects() string {
	c.t.Helper()
	var orders int
	var ledger []string
	c.query(func(db *sql.DB) error {
		if err := db.QueryRowContext(c.t.Context(), "SELECT count(*) FROM purchase_orders").Scan(&orders); err != nil {
			return err
		}
		rows, err := db.QueryContext(c.t.Context(), "SELECT tool, state FROM effects ORDER BY tool")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var tool, state string
			if err := rows.Scan(&tool, &state); err != nil {
				return err
			}
			ledger = append(ledger, tool+" "+state)
		}
		return rows.Err()
	})
	var events []string
	for _, calendar := range calendars {
		events = append(events, c.systems.calendars.events(c.t, c.name+"/"+calendar)...)
	}
	slices.Sort(events)
	return fmt.Sprintf("%d order, %d mails, %d event for %d; %s", orders-c.orders, len(c.systems.mail.mails(c.t, c.name)), len(slices.Compact(slices.Clone(events))),
		len(events), strings.Join(ledger, ", "))
}
