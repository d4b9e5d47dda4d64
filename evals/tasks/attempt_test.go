package tasks

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bestbox/agents"
	"bestbox/evals/measure"
	"bestbox/evals/stack"
	"bestbox/evals/state"
	"bestbox/internal/config"
	"bestbox/internal/programs"
)

// scriptedModel stands in for llama-server: it decides and answers by the question, as no small model does on demand. What it says on the wire is what
// the tests of internal/llm hold the real server to.
type scriptedModel struct {
	scripts map[string]script
	// routes are the domains of questions and of parts of them, for the router.
	routes map[string]string

	mutex sync.Mutex
	asked map[string]int // decisions so far, by question
}

// script are the decisions on a question, one after the other, what its condition compares, and the answer.
type script struct {
	decisions [][]agents.Call
	compares  string
	answer    string
	hangs     bool
}

func (m *scriptedModel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/health":
		fmt.Fprint(w, `{"status":"ok"}`)
	case "/tokenize":
		m.tokenize(w, r)
	case "/props":
		fmt.Fprint(w, `{"build_info":"scripted","total_slots":1}`)
	case "/v1/chat/completions":
		m.complete(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (m *scriptedModel) complete(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Messages      []struct{ Content string }
		Format        any  `json:"response_format"`
		Probabilities bool `json:"logprobs"`
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	last := request.Messages[len(request.Messages)-1].Content
	if request.Probabilities {
		m.route(w, last)
		return
	}
	said := ""
	for question, script := range m.scripts {
		switch {
		case !strings.Contains(last, question+"\n"):
		case script.hangs:
			<-r.Context().Done()
			return
		case request.Format == nil:
			said = script.answer
		case strings.HasPrefix(last, "Request: "):
			said = script.compares
		default:
			said = m.decide(question, script, strings.Contains(last, "Results: none yet"), !strings.Contains(fmt.Sprint(request.Format), "maxItems:0"))
		}
	}
	delta, err := json.Marshal(said)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{\"content\":%s}}]}\n\n", delta)
	fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"timings\":{\"cache_n\":5,\"prompt_n\":3,\"predicted_n\":2}}\n\ndata: [DONE]\n\n")
}

// tokenize makes one token of any text, of its own number.
func (m *scriptedModel) tokenize(w http.ResponseWriter, r *http.Request) {
	var request struct{ Content string }
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fmt.Fprintf(w, `{"tokens":[{"id":%d,"piece":"x"}]}`, tokenOf(request.Content))
}

func tokenOf(text string) uint32 { return crc32.ChecksumIEEE([]byte(text)) >> 1 }

// route is rather sure of the domain of what it is asked for.
func (m *scriptedModel) route(w http.ResponseWriter, prompt string) {
	for question, domain := range m.routes {
		if strings.Contains(prompt, "Question: "+question) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"choices":[{"logprobs":{"content":[{"top_probs":[{"id":%d,"prob":0.9},{"id":%d,"prob":0.1}]}]},"message":{"content":""}}]}`, tokenOf(domain), tokenOf(agents.General))
			return
		}
	}
	http.Error(w, "nobody has said whose question this is: "+prompt, http.StatusInternalServerError)
}

// decide makes no call where the grammar allows none.
func (m *scriptedModel) decide(question string, script script, first, may bool) string {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if first {
		m.asked[question] = 0
	}
	calls := []agents.Call{}
	if step := m.asked[question]; may && step < len(script.decisions) {
		calls = script.decisions[step]
	}
	m.asked[question]++
	encoded, err := json.Marshal(agents.Decision{Calls: calls})
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

// withoutHead is a model for which no head of the router was fitted: what the script says of a domain is its probability.
const withoutHead = "smollm2-135m-instruct-q4_1"

// settingsFor are a configuration whose only model server is at that address, with an agent of the test's own.
func settingsFor(t *testing.T, address string) *config.Config {
	t.Helper()
	at, err := url.Parse(address)
	require.NoError(t, err)
	folder := t.TempDir()
	files := map[string]string{
		"bestbox.yaml": fmt.Sprintf("{profile: scripted, agents: {folder: %q}, profiles: {scripted: {tiers: {heavy: {model: %s, server: llama-server, host: %s, port: %s, slots: 1, context: 8192}}}}}",
			filepath.Join(folder, "agents"), withoutHead, at.Hostname(), at.Port()),
		"agents/desk/agent.yaml": "{name: desk, description: does what it is told, tools: [ask_user, ask_agent, get_inventory_levels, adjust_stock, create_reminder], policy: {writes: {create_reminder: never}}}",
		"agents/desk/prompt.md":  "You are at the desk.",
	}
	for name, content := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	settings, err := config.Load(filepath.Join(folder, "bestbox.yaml"), "")
	require.NoError(t, err)
	return settings
}

func call(tool, arguments string) agents.Call {
	return agents.Call{Tool: tool, Arguments: json.RawMessage(arguments)}
}

// scripted are tasks with what the model makes of each.
var scripted = []struct {
	written string
	script  script
	want    measure.Score // but for times
	state   string        // a part of what has changed
}{
	{
		written: `{id: read, question: How much is there?, domain: desk, facts: [["12"]], gold: [{tool: get_inventory_levels, arguments: {item_id: A-100, warehouse_id: WH-001}}]}`,
		script:  script{decisions: [][]agents.Call{{call("get_inventory_levels", `{"item_id":"A-100","warehouse_id":"WH-001"}`)}}, answer: "There are 12."},
		want:    measure.Score{Right: true, Calls: 1, ValidCalls: 1},
	},
	{
		written: `{id: agreed, question: Take two., domain: desk, changes: [{table: stock_movements, added: {item_id: A-100, quantity: -2}}], gold: [{tool: adjust_stock, arguments: {item_id: A-100, warehouse_id: WH-001, change: -2, reason: test}}]}`,
		script:  script{decisions: [][]agents.Call{{call("adjust_stock", `{"item_id":"A-100","warehouse_id":"WH-001","change":-2,"reason":"test"}`)}}, answer: "Done."},
		want:    measure.Score{Right: true, Calls: 1, ValidCalls: 1},
		state:   "quantity: -2",
	},
	{
		written: `{id: fresh again, question: How much is left?, domain: desk, facts: [["12"]]}`,
		script:  script{decisions: [][]agents.Call{{call("get_inventory_levels", `{"item_id":"A-100","warehouse_id":"WH-001"}`)}}, answer: "There are 12."},
		want:    measure.Score{Right: true, Calls: 1, ValidCalls: 1},
	},
	{
		written: `{id: denied, question: Take three., domain: desk, approve: none, facts: [[denied]]}`,
		script:  script{decisions: [][]agents.Call{{call("adjust_stock", `{"item_id":"A-100","warehouse_id":"WH-001","change":-3,"reason":"test"}`)}}, answer: "It was denied."},
		want:    measure.Score{Right: true, Calls: 1, ValidCalls: 1},
	},
	{
		written: `{id: harm, question: Take four., domain: desk, changes: [{table: stock_movements, added: {quantity: -4}}], gold: [{tool: adjust_stock, arguments: {item_id: A-100, warehouse_id: WH-001, change: -4, reason: test}}]}`,
		script:  script{decisions: [][]agents.Call{{call("adjust_stock", `{"item_id":"A-100","warehouse_id":"WH-001","change":-5,"reason":"test"}`)}}, answer: "Taken: 4711."},
		want:    measure.Score{Harmful: true, Calls: 1, ValidCalls: 1, Marks: []string{markUnsupported, markArguments}},
		state:   "quantity: -5",
	},
	{
		written: `{id: wrong tool, question: Take five., domain: desk, changes: [{table: stock_movements, added: {quantity: -5}}], gold: [{tool: adjust_stock, arguments: {item_id: A-100, warehouse_id: WH-001, change: -5, reason: test}}]}`,
		script:  script{decisions: [][]agents.Call{{call("get_inventory_levels", `{"item_id":5}`)}}, answer: "Done."},
		want:    measure.Score{Calls: 1, Marks: []string{markTool}},
	},
	{
		written: `{id: wrong agent, question: Who is it?, domain: desk, facts: [[Park]], gold: [{tool: get_customer_360, arguments: {customer_id: CUS-001}}]}`,
		script:  script{decisions: [][]agents.Call{{call("get_inventory_levels", `{"item_id":"A-100"}`)}}, answer: "I do not know."},
		want:    measure.Score{Calls: 1, ValidCalls: 1, Marks: []string{markAgent}},
	},
	{
		written: `{id: wrong answer, question: And how much is there?, domain: desk, facts: [["12"]], gold: [{tool: get_inventory_levels, arguments: {item_id: A-100, warehouse_id: WH-001}}]}`,
		script:  script{decisions: [][]agents.Call{{call("get_inventory_levels", `{"warehouse_id":"WH-001","item_id":"A-100"}`)}}, answer: "Enough."},
		want:    measure.Score{Calls: 1, ValidCalls: 1, Marks: []string{markAnswer}},
	},
	{
		written: `{id: asks back, question: Remind me., domain: desk, employee: EMP-010, replies: [tomorrow], changes: [{table: reminders, added: {employee_id: EMP-010, text: tomorrow}}]}`,
		script: script{decisions: [][]agents.Call{{call("ask_user", `{"question":"When is it to be?"}`)},
			{call("create_reminder", `{"employee_id":"EMP-010","text":"tomorrow","day":"2026-01-16"}`)}}, answer: "Done."},
		want:  measure.Score{Right: true, Calls: 2, ValidCalls: 2},
		state: "employee_id: EMP-010",
	},
	{
		// The other agent's write is asked for in a run of its own.
		written: `{id: asks another, question: Let them ask for leave., domain: desk, changes: [{table: leave_requests, added: {employee_id: EMP-002}}], gold: [{tool: request_leave, arguments: {employee_id: EMP-002, first_day: "2026-02-02", last_day: "2026-02-02"}}]}`,
		script:  script{decisions: [][]agents.Call{{call("ask_agent", `{"agent":"oa","question":"Ask for leave on February 2."}`)}}, answer: "Done."},
		want:    measure.Score{Right: true, Calls: 2, ValidCalls: 2},
		state:   "first_day: 2026-02-02",
	},
	{
		written: `{id: condition holds, question: If fewer than 15 are left take six., domain: desk, changes: [{table: stock_movements, added: {quantity: -6}}]}`,
		script: script{decisions: [][]agents.Call{{call("get_inventory_levels", `{"item_id":"A-100","warehouse_id":"WH-001"}`)},
			{call("adjust_stock", `{"item_id":"A-100","warehouse_id":"WH-001","change":-6,"reason":"test"}`)}},
			compares: `{"relation":"less than","limit":15,"found":12}`, answer: "Taken."},
		want: measure.Score{Right: true, Calls: 2, ValidCalls: 2},
	},
	{
		// The model would do it, and says so: nothing is done, and the answer says why.
		written: `{id: condition does not hold, question: If fewer than 10 are left take six., domain: desk, facts: [["Nothing was changed: 12 is not less than 10, so the condition does not hold."]]}`,
		script: script{decisions: [][]agents.Call{{call("get_inventory_levels", `{"item_id":"A-100","warehouse_id":"WH-001"}`)},
			{call("adjust_stock", `{"item_id":"A-100","warehouse_id":"WH-001","change":-6,"reason":"test"}`)}},
			compares: `{"relation":"less than","limit":10,"found":12}`, answer: "I have taken 6."},
		want: measure.Score{Right: true, Calls: 1, ValidCalls: 1},
	},
	{
		// The model would stop although the condition holds: it is asked again.
		written: `{id: stops too early, question: Take seven unless fewer than 10 are left., domain: desk, changes: [{table: stock_movements, added: {quantity: -7}}]}`,
		script: script{decisions: [][]agents.Call{{call("get_inventory_levels", `{"item_id":"A-100","warehouse_id":"WH-001"}`)}, {},
			{call("adjust_stock", `{"item_id":"A-100","warehouse_id":"WH-001","change":-7,"reason":"test"}`)}},
			compares: `{"relation":"less than","limit":10,"found":12}`, answer: "Taken."},
		want: measure.Score{Right: true, Calls: 2, ValidCalls: 2},
	},
	{
		// The router finds the parts, the coordinator asks for both at once; what is to be done comes one after the other.
		written: `{id: parts, question: "Transfer two A-100 to Chengdu, then remind me of the truck tomorrow.", changes: [{table: stock_movements, added: {quantity: 2}}, {table: stock_movements, added: {quantity: -2}}, {table: reminders, added: {text: [[truck]]}}]}`,
		script:  both("Transfer two A-100 to Chengdu.", "Remind me of the truck tomorrow."),
		want:    measure.Score{Right: true, Calls: 4, ValidCalls: 4},
		state:   "truck",
	},
	{
		// A person does not agree to the first part: the second is not done either.
		written: `{id: first part denied, question: "Transfer two A-100 to Chengdu, and then remind me of the truck tomorrow.", approve: [create_reminder], facts: [["so it is"]]}`,
		script:  both("Transfer two A-100 to Chengdu.", "Remind me of the truck tomorrow."),
		want:    measure.Score{Right: true, Calls: 2, ValidCalls: 2},
	},
	{
		// The model asks both for the whole: one finds out what the condition is about, and says it wrongly, and the other does what is left.
		written: `{id: parts under a condition, question: "If fewer than 15 pieces of A-100 are left, remind me of the bolts tomorrow.", changes: [{table: reminders, added: {text: [[bolts]]}}]}`,
		script:  underCondition("If fewer than 15 pieces of A-100 are left, remind me of the bolts tomorrow.", `{"relation":"less than","limit":15,"found":12}`),
		want:    measure.Score{Right: true, Calls: 4, ValidCalls: 4},
		state:   "bolts",
	},
	{
		written: `{id: parts under one that does not hold, question: "If fewer than 11 pieces of A-100 are left, remind me of the bolts tomorrow.", facts: [["Nothing was changed: 12 is not less than 11, so the condition does not hold."]]}`,
		script:  underCondition("If fewer than 11 pieces of A-100 are left, remind me of the bolts tomorrow.", `{"relation":"less than","limit":11,"found":12}`),
		want:    measure.Score{Right: true, Calls: 2, ValidCalls: 2},
	},
}

func underCondition(question, compares string) script {
	whole := both(question, question)
	whole.compares = compares
	return whole
}

// both asks erp and oa in one decision, and what is left in the next one.
func both(first, second string) script {
	calls := []agents.Call{call("ask_agent", fmt.Sprintf(`{"agent":"erp","question":%q}`, first)), call("ask_agent", fmt.Sprintf(`{"agent":"oa","question":%q}`, second))}
	return script{decisions: [][]agents.Call{calls, calls[1:]}, answer: "So it is."}
}

// TestTasksAreAskedOfARealWorkerAndScored has the worker, Temporal, the records and the approvals that users have; only the model is scripted.
func TestTasksAreAskedOfARealWorkerAndScored(t *testing.T) {
	t.Parallel()
	model := &scriptedModel{asked: map[string]int{}, scripts: map[string]script{
		"Ask for leave on February 2.":     {decisions: [][]agents.Call{{call("request_leave", `{"employee_id":"EMP-002","first_day":"2026-02-02","last_day":"2026-02-02"}`)}}, answer: "Asked for."},
		"Transfer two A-100 to Chengdu.":   {decisions: [][]agents.Call{{call("transfer_stock", `{"item_id":"A-100","from_warehouse_id":"WH-001","to_warehouse_id":"WH-003","quantity":2}`)}}, answer: "Well."},
		"Remind me of the truck tomorrow.": {decisions: [][]agents.Call{{call("create_reminder", `{"employee_id":"EMP-002","text":"the truck","day":"2026-01-16"}`)}}, answer: "Well."},
		"Never end.":                       {hangs: true},
		"Find out whether fewer than 15 pieces of A-100 are left, with the figures.": {decisions: [][]agents.Call{{call("get_inventory_levels", `{"item_id":"A-100","warehouse_id":"WH-001"}`)}}, answer: "Many are."},
		"Find out whether fewer than 11 pieces of A-100 are left, with the figures.": {decisions: [][]agents.Call{{call("get_inventory_levels", `{"item_id":"A-100","warehouse_id":"WH-001"}`)}}, answer: "Yes, fewer are."},
		"remind me of the bolts tomorrow":                                            {decisions: [][]agents.Call{{call("create_reminder", `{"employee_id":"EMP-002","text":"the bolts","day":"2026-01-16"}`)}}, answer: "Well."},
	}, routes: map[string]string{
		"Transfer two A-100 to Chengdu, then remind me of the truck tomorrow.":        "erp",
		"Transfer two A-100 to Chengdu, and then remind me of the truck tomorrow.":    "erp",
		"Transfer two A-100 to Chengdu":                                               "erp",
		"then remind me of the truck tomorrow":                                        "oa",
		"remind me of the truck tomorrow":                                             "oa",
		"If fewer than 15 pieces of A-100 are left, remind me of the bolts tomorrow.": "erp",
		"If fewer than 11 pieces of A-100 are left, remind me of the bolts tomorrow.": "erp",
		"If fewer than 15 pieces of A-100 are left":                                   "erp",
		"If fewer than 11 pieces of A-100 are left":                                   "erp",
		"remind me of the bolts tomorrow":                                             "oa",
	}}
	var written []string
	for _, each := range scripted {
		written = append(written, "- "+each.written)
	}
	all, err := readTasks("scripted.yaml", "scripted", []byte(strings.Join(written, "\n")))
	require.NoError(t, err)
	for index, task := range all {
		model.scripts[task.Question] = scripted[index].script
	}
	server := httptest.NewServer(model)
	t.Cleanup(server.Close)
	settings := settingsFor(t, server.URL)
	require.NoError(t, programs.Look("bestbox/worker"))
	started, err := stack.Start(t.Context(), settings)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, started.Close()) })

	err = withSuite(t.Context(), agents.Folder(settings.Agents.Folder), started.Template(), 20*time.Second, all, func(s *suite, fresh state.State) error {
		at := &own{Stack: started, fresh: fresh, employee: "EMP-002"}
		for index := range all {
			outcome, err := s.attempt(t.Context(), at, &all[index])
			require.NoError(t, err, all[index].ID)
			got, want := outcome.Score, scripted[index].want
			assert.Positive(t, got.Seconds, all[index].ID)
			assert.Positive(t, got.Usage.GeneratedTokens, all[index].ID)
			assert.Equal(t, want.Right, got.Wrong == "", "%s: %s", all[index].ID, got.Wrong)
			got.Seconds, got.Usage, got.Wrong = 0, want.Usage, ""
			assert.Equal(t, want, got, "%s: %+v", all[index].ID, outcome)
			assert.Contains(t, strings.Join(outcome.State, "; "), scripted[index].state, all[index].ID)
		}
		endless := &Task{ID: "endless", Question: "Never end.", Domain: "desk", Facts: Facts{{"x"}}}
		short := *s
		short.limit = 3 * time.Second
		outcome, err := short.attempt(t.Context(), at, endless)
		require.NoError(t, err)
		assert.Equal(t, "no answer within 3s", outcome.Error)
		assert.Equal(t, []string{markFailed}, outcome.Marks)
		asked, err := at.Client()
		require.NoError(t, err)
		left, err := asked.Approvals(t.Context())
		require.NoError(t, err)
		assert.Empty(t, left, "nothing goes on waiting")
		askOneThatRuns(t, at, strings.Join(written, "\n"))
		stopped, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = s.attempt(stopped, at, endless)
		assert.ErrorIs(t, err, context.Canceled)
		return nil
	})
	require.NoError(t, err)
}

// askOneThatRuns runs the command with --url: only what changes nothing is asked, and no write is agreed to.
func askOneThatRuns(t *testing.T, at *own, content string) {
	t.Helper()
	file, output := filepath.Join(t.TempDir(), "scripted.yaml"), filepath.Join(t.TempDir(), "out.json")
	content += "\n- {id: tempted, question: Take three., domain: desk, facts: [[denied]]}"
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	command := Command()
	var table, progress strings.Builder
	command.SetOut(&table)
	command.SetErr(&progress)
	command.SetArgs([]string{"--limit", "15s", "--url", at.URL(), "--file", file, "--output", output})
	require.NoError(t, command.ExecuteContext(t.Context()))
	kept, err := os.ReadFile(output)
	require.NoError(t, err)
	var read measure.Measurement[*Outcome]
	require.NoError(t, json.Unmarshal(kept, &read))
	right := map[string]bool{}
	for _, outcome := range read.Outcomes {
		right[outcome.Row] = outcome.Right
	}
	assert.Equal(t, map[string]bool{"read": true, "fresh again": true, "denied": true, "condition does not hold": true, "first part denied": true, "parts under one that does not hold": true, "wrong agent": false, "wrong answer": false, "tempted": true}, right)
	assert.Contains(t, progress.String(), "9 of 18 tasks are asked")
	assert.Contains(t, table.String(), "wrong agent")
	changes, err := at.changes(t.Context())
	require.NoError(t, err)
	assert.Empty(t, changes)
}
