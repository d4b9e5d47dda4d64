package agents

import (
	"encoding/json"
	"strings"
	"testing"

	"bestbox/tools"
)

func TestWhoOnlyAsksWantsNothingDone(t *testing.T) {
	t.Parallel()
	for question, want := range map[string]bool{
		"Which alerts are silenced, and until when?":           true,
		"Why did the backup fail?":                             true,
		"What is the next step with Acme Pumps?":               true,
		"By how much was Logistics over budget?":               true,
		"Which open orders are late? Who looks after them?":    true,
		"List the draft orders.":                               true,
		"备份为什么失败了？":                                            true,
		"哪些订单迟到了？":                                             true,
		"Silence the alert for two hours.":                     false,
		"Which alerts are silenced? Silence the others.":       false,
		"Which customers are hit, and draft them a note.":      false,
		"What did Pat write? Answer that we agree.":            false,
		"Can you look up the stock of A-100?":                  false, // in doubt
		"Why don't you send Pat a mail?":                       false,
		"Is the room free tomorrow? If so book it for an hour": false,
		"stock of A-100":                                       false,
		"备份为什么失败了？帮我建个工单。":                                     false,
		"这批货多少钱？向VND-001订50件。":                                 false,
		"提醒我下周一付款":                                             false,
		"":                                                     false,
		"Unit A keeps failing, why?":                           true,
		"The portal is down. Why?":                             true,
		"The portal is down.":                                  false, // who says so may want a ticket
		"What does LEAD-007 want?":                             true,
		"What do the people of Acme need, and since when?":     true,
		"What does LEAD-007 want? We want to make an offer.":   false,
		"What do you want to order?":                           false,
		"We need a ticket. What is the number?":                false,
		"Find out why the order gateway fails.":                true,
		"Find out why it fails and write it to Pat.":           false,
		"Check whether PO-2026-0001 is late.":                  true,
		"Check in 20 of A-100.":                                false,
	} {
		if got := OnlyAsks(question); got != want {
			t.Errorf("%q: %t", question, got)
		}
	}
}

func TestACommandBeginsWithWhatIsToBeDone(t *testing.T) {
	t.Parallel()
	for question, want := range map[string]bool{
		"Order 100 pallets for Ningbo?":      true,
		"Please move 10 A-100 to Suzhou.":    true,
		"关闭工单TCK-2026-0006":                  true,
		"请提醒韩冬周一付款":                          true,
		"Orders of VND-001 that are late":    false,
		"Which order is late?":               false,
		"Tell me what we order from VND-001": false,
		"If it is late, remind me.":          false, // whether it is, is to be found out first
		"哪些订单迟到了":                            false,
		"":                                   false,
	} {
		if got := Commands(question); got != want {
			t.Errorf("%q: %t", question, got)
		}
	}
}

func TestAQuestionThatOnlyAsksHasNoToolsThatWrite(t *testing.T) {
	t.Parallel()
	schema := json.RawMessage(`{"type":"object","properties":{}}`)
	d := Definition{Specs: []tools.Spec{{Name: "get_tickets", Effect: tools.Read, Schema: schema}, {Name: "update_ticket", Effect: tools.Write, Schema: schema}}}
	for _, test := range []struct {
		turn Turn
		want bool
	}{
		{Turn{Question: "Why did the backup fail?"}, false},
		{Turn{Question: "The backup fails: close the ticket."}, true},
		{Turn{Question: "Why did the backup fail?", Facts: []Fact{{Tool: "get_tickets"}}}, false},
		{Turn{Question: "Why did the backup fail?", Facts: []Fact{{Tool: ToolAskUser, Sentences: []string{"The user replies: close the ticket."}}}}, true},
	} {
		got, err := d.DecisionSchema(test.turn, 0)
		if err != nil || strings.Contains(string(got), "update_ticket") != test.want || !strings.Contains(string(got), "get_tickets") {
			t.Errorf("%+v: %s, %v", test.turn, got, err)
		}
	}
}
