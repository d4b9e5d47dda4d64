package crash

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"bestbox/agents"
	"bestbox/worker/api"
	"bestbox/worker/client"
	"bestbox/workflows/run"
)

// day is when the meeting is: no day of the demo company's calendars, leave or holidays is as late.
var day = time.Now().AddDate(1, 0, 0).Format(time.DateOnly)

// request asks for what the script does.
var request = api.Request{Domain: "clerk", Question: "Order 40 of A-100 from VND-001 for WH-001. Then have EMP-003 meet EMP-002 in ROOM-03 on " + day +
	" at 14:00 to talk about prices, and send DRF-2026-0001."}

// script are the calls of each decision. A person is asked about the meeting by the clerk's policy, and about the mail since the run has read text of
// outsiders by then.
var script = [][]agents.Call{
	{{Tool: "create_purchase_order", Arguments: json.RawMessage(`{"vendor_id":"VND-001","item_id":"A-100","quantity":40,"warehouse_id":"WH-001"}`)}},
	{
		{Tool: "schedule_meeting", Arguments: json.RawMessage(`{"title":"Price talks","organizer":"EMP-003","attendees":["EMP-002"],"day":"` + day +
			`","time":"14:00","room_id":"ROOM-03"}`)},
		{Tool: "send_email", Arguments: json.RawMessage(`{"draft_id":"DRF-2026-0001"}`)},
	},
}

// The calls that a person agrees to.
const meeting, sending = "2.1", "2.2"

// look is how often the person looks what there is to decide. Each time costs the worker and Temporal more than a step of the run.
const look = 250 * time.Millisecond

// person is who asks, and decides what waits. Whatever got no answer because the worker was killed is said again.
type person struct {
	company *company
	run     api.Run
	// decided are the calls whose decisions the worker has taken, with the verdicts.
	decided map[string]run.Verdict
}

// seeThrough starts the worker, asks, decides, and starts the worker again when it was killed, until the run has ended.
func (c *company) seeThrough() *person {
	c.t.Helper()
	c.start()
	c.points.arm(c.process.Kill)
	p := &person{company: c, decided: map[string]run.Verdict{}}
	killed := c.points.killed
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(look) {
		select {
		case <-killed:
			killed = nil
			c.start()
		default:
		}
		if err := p.goOn(); err != nil {
			if _, away := errors.AsType[*client.Unreachable](err); !away {
				c.t.Fatalf("%v: %s", err, c.process.Log())
			}
		}
		if p.run.Status != "" && p.run.Status != api.Running {
			return p
		}
	}
	c.t.Fatalf("the run has not ended within %s; it came to\n%s\n%s", limit, strings.Join(c.points.all(), "\n"), c.process.Log())
	return nil
}

// goOn does what is next: to ask, or to look and decide.
func (p *person) goOn() (err error) {
	ctx, worker := p.company.t.Context(), p.company.http
	if p.run.ID == "" {
		p.run, err = worker.Start(ctx, request, p.company.name)
		p.company.run = p.run.ID
		return err
	}
	waiting, err := worker.Approvals(ctx)
	if err != nil {
		return err
	}
	for _, one := range waiting {
		if err := p.decide(one.Proposal.Call); err != nil {
			return err
		}
	}
	p.run, err = worker.Get(ctx, p.run.Links)
	return err
}

// decide agrees to the meeting and to the mail, and to nothing being taken back, and says whether the server has the mail where nobody else knows. That it was decided already is known where the worker was killed before it could say so.
func (p *person) decide(call string) error {
	if p.decided[call] != "" {
		return nil
	}
	verdict := run.Deny
	if call == meeting || call == sending || call == run.SettleOf(sending) && unsure[p.company.points.target] == 1 {
		verdict = run.Approve
	}
	_, err := p.company.http.Decide(p.company.t.Context(), p.run.ID, call, api.Decide{Verdict: verdict, By: "Anna", Reason: "I have looked"})
	if problem, is := errors.AsType[*client.Problem](err); is && problem.Status == http.StatusConflict {
		err = nil
	}
	if err == nil {
		p.decided[call] = verdict
	}
	return err
}
