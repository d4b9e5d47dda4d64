package tasks

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bestbox/agents"
	"bestbox/evals/state"
	"bestbox/internal/config"
	"bestbox/internal/programs"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
	"bestbox/tools/areas"
	"bestbox/tools/knowledge"
)

// TestGoldOfAllShippedFilesIsRightAndSpoiledGoldIsWrong runs the command as people do: in a process of its own it is not slowed down by the race
// detector, under which the five hundred databases would take minutes.
func TestGoldOfAllShippedFilesIsRightAndSpoiledGoldIsWrong(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "evals")
	require.NoError(t, programs.Look("bestbox/evals"))
	require.NoError(t, programs.Build([]string{"bestbox/evals"}, "-o", program))
	command := exec.CommandContext(t.Context(), program, "tasks", "--check")
	command.Dir = filepath.Join("..", "..")
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	kinds := map[string][]string{}
	for line := range strings.Lines(string(output)) {
		fields := strings.Fields(line)
		if fields[0] == "all" {
			kinds[strings.Join(fields[1:len(fields)-3], " ")] = fields[len(fields)-3:]
		}
	}
	for _, kind := range []string{"nothing done", "a write left out", "another id", "another amount", "another day", "another time", "another word of the list",
		"other texts", "a call too many", "a fact left out", "a forbidden word"} {
		if assert.Contains(t, kinds, kind) {
			assert.Equal(t, "0", kinds[kind][0], kind)
			assert.NotEqual(t, "0", kinds[kind][2], kind)
		}
	}
	if assert.Contains(t, kinds, "gold") {
		assert.Equal(t, kinds["gold"][2], kinds["gold"][0])
	}
}

// The suite holds what the measurement is announced with: so many of each kind, half of them kept from those who tune.
func TestEveryAgentHasEnoughTasksAndHalfOfThemAreUnseen(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	all, err := Read(files...)
	require.NoError(t, err)
	count := func(holds func(Task) bool) int {
		return len(slices.DeleteFunc(slices.Clone(all), func(task Task) bool { return !holds(task) }))
	}
	for _, area := range []string{"erp", "crm", "itops", "oa"} {
		of := func(task Task) bool { return strings.HasPrefix(task.Group, area) }
		writes := func(task Task) bool { return strings.HasPrefix(task.Group, area+"-writes") }
		assert.GreaterOrEqual(t, count(of), 25, area)
		assert.GreaterOrEqual(t, count(func(task Task) bool { return of(task) && task.writes() }), 10, area)
		assert.GreaterOrEqual(t, 2*count(func(task Task) bool { return task.Group == area+"-writes-unseen" }), count(writes), area)
		assert.GreaterOrEqual(t, count(func(task Task) bool { return task.Group == area+"-unseen" }), 10, area)
		assert.GreaterOrEqual(t, count(func(task Task) bool { return writes(task) && !task.writes() }), 4, "%s: what must not be done", area)
	}
	across := func(task Task) bool { return strings.HasPrefix(task.Group, "across") }
	assert.GreaterOrEqual(t, count(across), 20)
	assert.GreaterOrEqual(t, 2*count(func(task Task) bool { return task.Group == "across-unseen" }), count(across))
	assert.Equal(t, 8, count(func(task Task) bool { return task.Group == "demo" }))
}

// checked runs the check of a file on a fresh company.
func checked(t *testing.T, content string) (table string, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mine.yaml")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	template := small(t)
	all, err := Read(path)
	require.NoError(t, err)
	var out strings.Builder
	err = withSuite(t.Context(), agents.Source{}, template, 0, all, func(s *suite, _ state.State) error { return s.check(t.Context(), &out, template, all) })
	return out.String(), err
}

// small is the file of a company without most of what there is to be compared.
func small(t *testing.T) string {
	t.Helper()
	location := recordstest.Stores()[0].Copy(t)
	db, err := records.Open(t.Context(), location)
	require.NoError(t, err)
	for _, table := range []string{"metric_samples", "log_lines", "journal_lines", "journal_entries", "receipt_lines", "stock_movements WHERE item_id <> 'A-100'"} {
		_, err := db.SQL().ExecContext(t.Context(), "DELETE FROM "+table)
		require.NoError(t, err)
	}
	require.NoError(t, db.Close())
	return location.Path
}

const sound = `- id: take
  question: q
  facts: [["10"]]
  changes: [{table: stock_movements, added: {warehouse_id: WH-001, item_id: A-100, quantity: -2}}]
  gold: [{tool: adjust_stock, arguments: {item_id: A-100, warehouse_id: WH-001, change: -2, reason: test}}]
`

func TestTheCheckNamesTasksThatCannotScore(t *testing.T) {
	t.Parallel()
	table, err := checked(t, sound)
	require.NoError(t, err)
	assert.Contains(t, table, "another amount")
	tests := []struct{ name, before, after, want string }{
		{"an amount that is not pinned", ", quantity: -2}", "}", "mine/take with another amount"},
		{"an id that is not pinned", "warehouse_id: WH-001, item_id: A-100, quantity", "item_id: A-100, quantity", "mine/take with another id"},
		{"another state than gold leaves", "quantity: -2}", "quantity: -3}", "mine/take with gold"},
		{"a fact that no result holds", `["10"]`, `["47"]`, "do not hold these facts: mine/take: 47"},
		{"a person who does not agree", "  question: q\n", "  question: q\n  approve: none\n", "mine/take with gold"},
		{"a fact that another one holds", `[["10"]]`, `[["10"], ["10", "x"]]`, "mine/take with a fact left out"},
		{"no such table", "table: stock_movements", "table: stock", `the 1. change: table: there is no table "stock"`},
		{"no such column", "quantity: -2}", "amount: -2}", `has no column "amount"`},
		{"no such tool", "tool: adjust_stock", "tool: add_stock", `no agent has a tool "add_stock"`},
		{"arguments that the tool does not take", "reason: test", "why: test", "gold: the 1. call: adjust_stock"},
		{"no such employee", "  question: q\n", "  question: q\n  employee: EMP-999\n", `employee: "EMP-999"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, sound, test.before)
			_, err := checked(t, strings.Replace(sound, test.before, test.after, 1))
			require.ErrorContains(t, err, test.want)
			assert.ErrorContains(t, err, "take")
		})
	}
}

func TestARehearsalAsksThePolicyAsARunDoes(t *testing.T) {
	t.Parallel()
	db := recordstest.Own(t)
	registry, err := areas.Tools(db, config.Connections{}, knowledge.Options{})
	require.NoError(t, err)
	desk := agents.Agent{Tools: []string{"adjust_stock"}, Policy: agents.Policy{Writes: map[string]string{"adjust_stock": "warehouse_id == 'WH-001'"}}}
	said, err := (&suite{agents: []agents.Agent{desk}}).rehearse(t.Context(), &company{db: db, tools: registry}, &Task{Approve: Approval{none: true}},
		[]agents.Call{call("adjust_stock", `{"item_id":"A-100","warehouse_id":"wh-001","change":-2,"reason":"test"}`)})
	require.NoError(t, err)
	assert.Contains(t, strings.Join(said, "\n"), "did not agree")
}

func TestEveryArgumentIsSpoiledOnceByAnotherOfItsKind(t *testing.T) {
	t.Parallel()
	known := keys{"employees": {"EMP-001", "EMP-002"}, "products": {"SK-010"}}
	got := map[string]string{}
	for _, each := range known.variants(json.RawMessage(`{"to":["EMP-001","EMP-002"],"lines":[{"quantity":3}],"amount":1.5,"day":"2026-01-31","time":"14:00",
		"priority":"low","text":"some words","product":"SK-999"}`), map[string][]string{"priority": {"low", "high"}}) {
		got[string(each.arguments)] = each.name
	}
	rest := func(spoil ...string) string {
		whole := `{"amount":1.5,"day":"2026-01-31","lines":[{"quantity":3}],"priority":"low","product":"SK-999","text":"some words","time":"14:00","to":["EMP-001","EMP-002"]}`
		return strings.NewReplacer(spoil...).Replace(whole)
	}
	assert.Equal(t, map[string]string{
		rest(`["EMP-001"`, `["EMP-002"`):   "another id",
		rest(`,"EMP-002"]`, `,"EMP-001"]`): "another id",
		rest(`:3}`, `:4}`):                 "another amount",
		rest(`1.5`, `2.5`):                 "another amount",
		rest(`2026-01-31`, `2026-02-01`):   "another day",
		rest(`14:00`, `15:00`):             "another time",
		rest(`"low"`, `"high"`):            "another word of the list",
	}, got)
}
