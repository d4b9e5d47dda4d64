package agents

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"

	"bestbox/tools"
)

func TestAQuestionMeansOneThingByItsPlaceAmongOthers(t *testing.T) {
	t.Parallel()
	for question, want := range map[string]bool{
		"Cancel my next meeting with Li Na.":              true,
		"Give Chen Wei's most urgent ticket to Song Tao.": true,
		"Delete the last email from the landlord":         true,
		"Move the first safety review meeting to 3 pm":    true,
		"取消我下一个会议。":                                       true,
		"把最新的邮件转给陈伟":                                      true,
		"Cancel next week's meeting and tell Li Na.":      false,
		"Cancel all meetings after the next meeting.":     false,
		"Close the last ticket and the next task.":        false,
		"Cancel my meetings on Friday.":                   false,
		"Close the next three tickets.":                   false,
		"Cancel my next meetings.":                        false,
		"取消下周的所有会议":                                       false,
		"Close the first and the second ticket.":          false,
		"取消第一个和第二个会议":                                     false,
		"关闭这个工单":                                          false,
	} {
		assert.Equal(t, want, meansOne(question), question)
	}
}

func TestOneThingIsChangedWhereOneIsMeant(t *testing.T) {
	t.Parallel()
	agent := Definition{Specs: []tools.Spec{{Name: "cancel", Effect: tools.Write}, {Name: "pass", Effect: tools.Write}, {Name: "find", Effect: tools.Read}}}
	call := func(tool, arguments string) Call { return Call{Tool: tool, Arguments: json.RawMessage(arguments)} }
	first, second := call("cancel", `{"id":"EV-1"}`), call("cancel", `{"id":"EV-2"}`)
	turn := Turn{Question: "Cancel my next meeting."}
	assert.Equal(t, []Call{first}, agent.OfOne(turn, []Call{first, second}), "the first of several")
	reads := []Call{call("find", `{"id":"EV-1"}`), call("find", `{"id":"EV-2"}`)}
	assert.Equal(t, reads, agent.OfOne(turn, reads), "what only reads is free")
	passed := []Call{call("pass", `{"id":"EV-1","to":"EMP-1"}`), call("pass", `{"id":"EV-1","to":"EMP-2"}`)}
	assert.Equal(t, passed, agent.OfOne(turn, passed), "one thing, twice")

	turn.Facts = []Fact{{Tool: "cancel", Arguments: `{"id":"EV-1"}`}}
	assert.Empty(t, agent.OfOne(turn, []Call{second}), "after the first was done")
	turn.Facts[0].Failed = true
	assert.Equal(t, []Call{second}, agent.OfOne(turn, []Call{second}), "after the first was refused")
	assert.Equal(t, []Call{first, second}, agent.OfOne(Turn{Question: "Cancel my meetings."}, []Call{first, second}))
}
