package workbench

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bestbox/agents"
)

var idArgument = regexp.MustCompile(`"(\w+_id)":"([0-9]+)"`)

// What a question means by "the next meeting" is found on questions that nobody had in mind who wrote the words: no call of a right answer may be lost.
func TestNoCallOfARightAnswerIsOneTooMany(t *testing.T) {
	t.Parallel()
	tasks, err := ReadTasks(os.DirFS("testdata"), nil)
	require.NoError(t, err)
	fewer := 0
	for _, task := range tasks {
		agent, err := agentOf(task.Domain, toolsOf(task.Domain, smallWorld()))
		require.NoError(t, err)
		var calls []agents.Call
		for _, call := range task.Gold {
			named := idArgument.ReplaceAllStringFunc(string(call.Arguments), func(argument string) string {
				parts := idArgument.FindStringSubmatch(argument)
				return `"` + parts[1] + `":"` + prefixes[parts[1]] + parts[2] + `"`
			})
			calls = append(calls, agents.Call{Tool: call.Tool, Arguments: json.RawMessage(named)})
		}
		assert.Equal(t, calls, agent.OfOne(agents.Turn{Question: task.Question}, calls), task.Question)
		other := agents.Call{Tool: task.Domain, Arguments: json.RawMessage(`{}`)}
		if len(calls) > 0 {
			other = agents.Call{Tool: calls[0].Tool, Arguments: json.RawMessage(`{"x":"XX-1"}`)}
		}
		if len(agent.OfOne(agents.Turn{Question: task.Question}, append(calls, other))) == len(calls) && len(calls) > 0 {
			fewer++
		}
	}
	t.Logf("%d of %d questions mean one thing", fewer, len(tasks))
}
