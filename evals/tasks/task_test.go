package tasks_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bestbox/evals/tasks"
)

// written puts a file of tasks into a folder of its own.
func written(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mine.yaml")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestAFileThatCannotScoreIsRefusedWithFileTaskAndField(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, content, want string }{
		{"no task", "[]", "no task"},
		{"no facts and no changes", "- {id: a, question: why}", "task a: facts"},
		{"an empty fact", "- {id: a, question: why, facts: [[]]}", "task a: facts"},
		{"an empty spelling", `- {id: a, question: why, facts: [["x", ""]]}`, "task a: facts"},
		{"an empty forbidden word", `- {id: a, question: why, facts: [[x]], never: [""]}`, "task a: facts, never"},
		{"no question", "- {id: a, facts: [[x]]}", "task a: question"},
		{"no id", "- {question: q, facts: [[x]]}", "task 1: id"},
		{"an id twice", "- {id: a, question: q, facts: [[x]]}\n- {id: a, question: q, facts: [[x]]}", "task 2: id"},
		{"an unknown key", "- {id: a, question: q, fact: [[x]]}", "fact"},
		{"an unknown key of a change", "- {id: a, question: q, changes: [{table: t, add: {x: 1}}]}", "add"},
		{"a change of no table", "- {id: a, question: q, changes: [{added: {x: 1}}]}", "task a: changes: the 1. change names no table"},
		{"a change that is two", "- {id: a, question: q, changes: [{table: t, added: {x: 1}, removed: {x: 1}}]}", "the 1. change has not one of"},
		{"a change that is none", "- {id: a, question: q, changes: [{table: t}]}", "the 1. change has not one of"},
		{"an empty fact of a cell", "- {id: a, question: q, changes: [{table: t, added: {x: [[]]}}]}", "x: a fact has no spelling"},
		{"an approval that is none", "- {id: a, question: q, facts: [[x]], approve: maybe}", "approve: allowed: all"},
		{"an empty reply", `- {id: a, question: q, facts: [[x]], replies: [" "]}`, "task a: replies"},
		{"gold without a tool", "- {id: a, question: q, facts: [[x]], gold: [{arguments: {}}]}", "task a: gold: the 1. call"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := written(t, test.content)
			_, err := tasks.Read(path)
			require.ErrorContains(t, err, test.want)
			assert.ErrorContains(t, err, path)
		})
	}
	_, err := tasks.Read(filepath.Join(t.TempDir(), "none.yaml"))
	require.ErrorIs(t, err, os.ErrNotExist)
	same := "- {id: a, question: q, facts: [[x]]}"
	_, err = tasks.Read(written(t, same), written(t, same))
	require.ErrorContains(t, err, "rename one")
}

func TestThePersonAgreesToWhatTheTaskSays(t *testing.T) {
	t.Parallel()
	for approve, want := range map[string][2]bool{"": {true, true}, ", approve: all": {true, true}, ", approve: none": {false, false}, ", approve: [draft_email]": {true, false}} {
		read, err := tasks.Read(written(t, "- {id: a, question: q, facts: [[x]]"+approve+"}"))
		require.NoError(t, err)
		assert.Equal(t, want, [2]bool{read[0].Approve.Agrees("draft_email"), read[0].Approve.Agrees("create_quote")}, approve)
	}
}

func TestGoldKeepsItsArgumentsAsAModelWouldWriteThem(t *testing.T) {
	t.Parallel()
	read, err := tasks.Read(written(t, strings.Join([]string{"- id: a", "  question: q", "  facts: [[x]]", "  gold:",
		`    - {tool: create_quote, arguments: {lines: [{product_id: SK-010, quantity: 3}], period: "2025"}}`}, "\n")))
	require.NoError(t, err)
	assert.JSONEq(t, `{"lines":[{"product_id":"SK-010","quantity":3}],"period":"2025"}`, string(read[0].Gold[0].Arguments))
	assert.Equal(t, "mine", read[0].Group)
}
