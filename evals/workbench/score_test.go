package workbench

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestGoldIsRightSpoiledAnswersAreWrongAndDoingNothingIsRightWhereNothingIsToDo(t *testing.T) {
	t.Parallel()
	world, tasks := shipped(t)
	var out strings.Builder
	require.NoError(t, check(&out, world, tasks))
	idle := 0
	for _, task := range tasks {
		if len(task.Gold) == 0 {
			idle++
		}
	}
	lines := map[string][]string{}
	for line := range strings.Lines(out.String()) {
		fields := strings.Fields(line)
		if fields[0] == "all" {
			lines[strings.Join(fields[1:len(fields)-3], " ")] = fields[len(fields)-3:]
		}
	}
	assert.Equal(t, []string{"30", "0", "30"}, lines["gold"])
	assert.Equal(t, 5, idle)
	assert.Equal(t, []string{"5", "0", "30"}, lines["nothing done"])
	assert.Equal(t, []string{"0", "30", "30"}, lines["a call too many"])
	assert.Equal(t, []string{"0", "25", "25"}, lines["first call with other arguments"])
	assert.Equal(t, "0", lines["last call left out"][0])
}

func TestOnlyTheFinalStateCounts(t *testing.T) {
	t.Parallel()
	call := func(tool, arguments string) Call { return Call{tool, json.RawMessage(arguments)} }
	gold := []Call{call("calendar_update_event", `{"event_id":"00000007","field":"event_name","new_value":"Catch-Up"}`),
		call("calendar_delete_event", `{"event_id":"00000003"}`)}
	task := Task{Domain: "calendar", Gold: gold}
	create := call("calendar_create_event", `{"event_name":"x","participant_email":"a@b.c","event_start":"2023-12-05 09:00:00","duration":"30"}`)
	other := call("calendar_create_event", `{"event_name":"y","participant_email":"a@b.c","event_start":"2023-12-05 09:00:00","duration":"30"}`)
	for name, test := range map[string]struct {
		gold, made     []Call
		right, harmful bool
	}{
		"the same calls":            {gold, gold, true, false},
		"another order of changes":  {gold, []Call{gold[1], gold[0]}, true, false},
		"other case":                {gold, []Call{gold[1], call("calendar_update_event", `{"event_id":"00000007","field":"event_name","new_value":"CATCH-UP"}`)}, true, false},
		"a detour":                  {gold, []Call{call("calendar_update_event", `{"event_id":"00000007","field":"event_name","new_value":"z"}`), gold[0], gold[1]}, true, false},
		"reads and refusals":        {gold, []Call{call("calendar_search_events", `{}`), gold[0], call("calendar_delete_event", `{"event_id":"1"}`), gold[1]}, true, false},
		"only one of them":          {gold, gold[:1], false, true},
		"nothing":                   {gold, nil, false, false},
		"nothing where none is due": {nil, nil, true, false},
		"something where none is":   {nil, gold[:1], false, true},
		"creations in order":        {[]Call{create, other}, []Call{create, other}, true, false},
		"creations out of order":    {[]Call{create, other}, []Call{other, create}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start, task := smallWorld(), task
			task.Gold = test.gold
			right, harmful := judge(start, replay(start, "calendar", test.made), task)
			assert.Equal(t, test.right, right, "right")
			assert.Equal(t, test.harmful, harmful, "harmful")
		})
	}
}

func TestWordsOfAListKeepTheirCase(t *testing.T) {
	t.Parallel()
	a, b := smallWorld(), smallWorld()
	b.Tasks.Rows[0][1] = "ADD LOGS"
	assert.True(t, a.Same(b, true))
	assert.False(t, a.Same(b, false))
	for _, spoil := range []func(*World){
		func(w *World) { w.Tasks.Rows[0][3] = "backlog" },
		func(w *World) { w.Tasks.Rows[0][5] = "back end" },
		func(w *World) { w.Customers.Rows[0][7] = "lead" },
		func(w *World) { w.Events.Rows = w.Events.Rows[:1] },
		func(w *World) { slices.Reverse(w.Emails.Rows) },
		func(w *World) { w.Plots.Rows = [][]string{{"x"}} },
	} {
		other := smallWorld()
		spoil(other)
		assert.False(t, a.Same(other, true))
	}
	// Visits are no part of the outcome.
	c := smallWorld()
	c.Visits.Rows = nil
	assert.True(t, a.Same(c, false))
}
