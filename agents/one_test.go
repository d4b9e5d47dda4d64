package agents

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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

func TestTheFirstOfWhatIsListedIsMeantWhereTheOrderSaysSo(t *testing.T) {
	t.Parallel()
	schema := json.RawMessage(`{"type":"object","required":["mail_id"],"properties":{"mail_id":{"type":"string","pattern":"^MAIL-[0-9]+$"},"to":{"type":"string","pattern":"^EMP-[0-9]+$"}}}`)
	agent := Definition{Specs: []tools.Spec{{Name: "find", Effect: tools.Read, First: "MAIL:newest|last", Schema: schema}, {Name: "answer", Effect: tools.Write, Schema: schema}}}
	found := Fact{Tool: "find", Arguments: `{}`, Sentences: []string{"EMP-001 has 3 mails; the newest is MAIL-3.", "Then MAIL-2, MAIL-1 to EMP-002."}}
	failed := found
	failed.Failed = true
	const all, newest = `"enum":["MAIL-3","MAIL-2","MAIL-1"]`, `"enum":["MAIL-3"]`
	for name, test := range map[string]struct {
		question string
		facts    []Fact
		want     string
	}{
		"the newest":               {"Answer the newest mail.", []Fact{found}, newest},
		"another order":            {"Answer the oldest mail.", []Fact{found}, all},
		"several":                  {"Answer the newest mails.", []Fact{found}, all},
		"one that is named itself": {"Answer the newest mail after MAIL-1.", []Fact{found}, `"enum":["MAIL-1","MAIL-3"]`},
		"a call that failed":       {"Answer the newest mail.", []Fact{found, failed}, newest},
		"a search after it":        {"Answer the newest mail.", []Fact{found, {Tool: "find", Arguments: `{}`, Sentences: []string{"MAIL-2, MAIL-1."}}}, `"enum":["MAIL-3","MAIL-2"]`},
	} {
		got, err := agent.DecisionSchema(Turn{Question: test.question, Facts: test.facts}, 0)
		require.NoError(t, err, name)
		_, write, _ := strings.Cut(string(got), `"const":"answer"`)
		assert.Contains(t, write, `"mail_id":{"type":"string",`+test.want, name)
		assert.Contains(t, write, `"enum":["EMP-001","EMP-002"]`, name)
	}
}
