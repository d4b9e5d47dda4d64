package activities

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"

	"bestbox/agents"
	"bestbox/internal/config"
	"bestbox/internal/llm"
	"bestbox/internal/llm/llmtest"
	"bestbox/internal/telemetry"
	"bestbox/internal/transcript"
	"bestbox/tools"
	"bestbox/workflows/run"
)

const modelContext = 4096

// priceInput asks for a vendor by a number that no model can know.
type priceInput struct {
	Vendor string `json:"vendor" jsonschema:"pattern=^VND-[0-9]{3}$"`
}

// withModel are activities whose heavy tier is the server; nothing listens at the light one.
func withModel(t *testing.T, server *llmtest.Server, metrics *telemetry.Metrics) *Activities {
	t.Helper()
	price, err := tools.New(tools.Definition{Name: "get_price", Description: "Tells the price a vendor asks.", Effect: tools.Read},
		func(context.Context, priceInput) (countOutcome, error) { return countOutcome{}, nil })
	if err != nil {
		t.Fatal(err)
	}
	options := withTools(t, (&counter{}).tool(t), price).Options
	policy := agents.Policy{MaxSteps: 2, MaxCallsPerStep: 1, DecisionTokens: 60, AnswerTokens: 20}
	short := policy
	short.DecisionTokens = 1
	options.Agents = []agents.Agent{
		{Name: "general", Prompt: "You talk.", Policy: policy},
		{Name: "erp", Prompt: "You count.", Policy: policy, Tools: []string{"count"}},
		{Name: "crm", Prompt: "You know prices.", Policy: policy, Tools: []string{"get_price"}},
		{Name: "oa", Prompt: "You may say too little.", Policy: short, Tools: []string{"count"}},
	}
	options.Heavy, options.Light = tier(t, config.Heavy, server.URL), tier(t, config.Light, "http://127.0.0.1:1")
	options.HeavyContext, options.LightContext = modelContext, modelContext
	options.Meter = metrics.Meter("bestbox")
	company := options.Companies[config.DefaultTenant]
	company.Names = func(_ context.Context, text string) ([]tools.Name, error) {
		if strings.Contains(text, "Boltline") {
			return []tools.Name{{ID: "VND-010", Name: "Boltline Supply"}}, nil
		}
		return nil, nil
	}
	options.Companies[config.DefaultTenant] = company
	a, err := New(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func tier(t *testing.T, name, address string) *llm.Tier {
	t.Helper()
	made, err := llm.New(llm.Options{Name: name, BaseURL: address, Model: llmtest.LightModel})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// attempt runs an activity once.
func attempt[T any](t *testing.T, a *Activities, activity, input any) (outcome T, err error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.SetTestTimeout(5 * time.Minute) // a model on busy processors
	env.RegisterActivity(a)
	value, err := env.ExecuteActivity(activity, input)
	if err != nil {
		return outcome, err
	}
	return outcome, value.Get(&outcome)
}

// twice runs an activity as after a crash that came before Temporal heard of its end.
func twice[T any](t *testing.T, a *Activities, activity, input any) T {
	t.Helper()
	if _, err := attempt[T](t, a, activity, input); err != nil {
		t.Fatal(err)
	}
	outcome, err := attempt[T](t, a, activity, input)
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

func TestWithAModel(t *testing.T) {
	t.Parallel()
	server := llmtest.Start(t, llmtest.Options{Context: modelContext})
	t.Run("a run is counted once, tokens as the server counted them", func(t *testing.T) { countsARun(t, server) })
	t.Run("a call holds only identifiers that were named", func(t *testing.T) { inventsNothing(t, server) })
	t.Run("what cannot succeed is not tried again", func(t *testing.T) { endsForGood(t, server) })
	t.Run("long results are shortened to what fits", func(t *testing.T) { shortensResults(t, server) })
}

func countsARun(t *testing.T, server *llmtest.Server) {
	metrics := newMetrics(t)
	a := withModel(t, server, metrics)
	opened := twice[Opened](t, a, a.Open, run.Input{Question: "Count the screws in the warehouse."})
	wantFailure(t, attemptRoute(t, a, opened.Head), "Model.gone", true)
	routed := twice[Routed](t, a, a.Route, RouteInput{Head: opened.Head, Tier: config.Heavy, Reason: "light is away"})
	decided := twice[Decided](t, a, a.Decide, DecideInput{Position: Position{Head: routed.Head}, AgentRef: AgentRef{Domain: "erp"}, Step: 1})
	result := twice[Called](t, a, a.CallTool, CallInput{Head: decided.Head, AgentRef: AgentRef{Domain: "erp"}, Call: "1.1"})
	at := Position{Head: decided.Head, Results: []transcript.Head{result.Head}}
	beyond := DecideInput{Position: at, AgentRef: AgentRef{Domain: "erp"}, Step: 3} // the policy allows 2 steps: no model is asked
	enough := twice[Decided](t, a, a.Decide, beyond)
	answer := twice[run.Result](t, a, a.Answer, AnswerInput{Position: Position{Head: enough.Head}, AgentRef: AgentRef{Domain: "erp"}})

	if answer.Definition != a.current("erp").hash || answer.Definition == "" {
		t.Errorf("the result names the definition %q", answer.Definition)
	}
	figures := figuresUnsupported
	if len(answer.Unsupported) == 0 {
		figures = figuresSupported
		if _, corrected := scraped(t, metrics)[`bestbox_answer_duration_seconds_count{domain="erp",figures="corrected"}`]; corrected {
			figures = figuresCorrected
		}
	}
	wantSeries(t, metrics, map[string]string{
		`bestbox_routes_total{domain="` + routed.Domain + `",tier="heavy"}`:             "1",
		`bestbox_route_duration_seconds_count{tier="heavy"}`:                            "1",
		`bestbox_decision_duration_seconds_count{domain="erp"}`:                         "1",
		`bestbox_tool_call_duration_seconds_count{outcome="ok",tool="count"}`:           "1",
		`bestbox_answer_duration_seconds_count{domain="erp",figures="` + figures + `"}`: "1",
		`bestbox_model_request_errors_total{kind="gone",tier="light"}`:                  "1",
		`bestbox_model_tokens_total{kind="evaluated",tier="heavy"}`:                     fmt.Sprint(answer.Usage.PromptTokens),
		`bestbox_model_tokens_total{kind="reused",tier="heavy"}`:                        fmt.Sprint(answer.Usage.CachedTokens),
		`bestbox_model_tokens_total{kind="generated",tier="heavy"}`:                     fmt.Sprint(answer.Usage.GeneratedTokens),
	})
	if answer.Usage.PromptTokens == 0 || answer.Usage.GeneratedTokens == 0 {
		t.Errorf("usage %+v: nothing was counted", answer.Usage)
	}
}

func attemptRoute(t *testing.T, a *Activities, head transcript.Head) error {
	t.Helper()
	_, err := attempt[Routed](t, a, a.Route, RouteInput{Head: head, Tier: config.Light})
	return err
}

func inventsNothing(t *testing.T, server *llmtest.Server) {
	for question, vendor := range map[string]string{
		"What does our vendor ask for screws?": "", // nobody named one, so that no call is possible
		"What does vnd-042 ask for screws?":    "VND-042",
		"What does Boltline ask for screws?":   "VND-010",
	} {
		a := withModel(t, server, newMetrics(t)) // with its own transcript: all have one run id
		opened := twice[Opened](t, a, a.Open, run.Input{Question: question})
		decided := twice[Decided](t, a, a.Decide, DecideInput{Position: Position{Head: opened.Head}, AgentRef: AgentRef{Domain: "crm"}, Step: 1})
		if vendor == "" && len(decided.Calls) == 0 {
			continue
		}
		if len(decided.Calls) != 1 || vendor == "" || !strings.Contains(decided.Calls[0].Summary, vendor) {
			t.Errorf("%s: calls %v; want one with %q", question, decided.Calls, vendor)
		}
	}
}

func endsForGood(t *testing.T, server *llmtest.Server) {
	metrics := newMetrics(t)
	a := withModel(t, server, metrics)
	opened := twice[Opened](t, a, a.Open, run.Input{Question: strings.Repeat("How many screws are there? ", 1000)})
	at := Position{Head: opened.Head}
	_, err := attempt[Decided](t, a, a.Decide, DecideInput{Position: at, AgentRef: AgentRef{Domain: "erp"}, Step: 1})
	wantFailure(t, err, "Model.too_long", false)
	_, err = attempt[run.Result](t, a, a.Answer, AnswerInput{Position: at, AgentRef: AgentRef{Domain: "erp"}})
	wantFailure(t, err, "Model.too_long", false)
	short := begin(t, a)
	_, err = attempt[Decided](t, a, a.Decide, DecideInput{Position: Position{Head: short}, AgentRef: AgentRef{Domain: "oa"}, Step: 2})
	wantFailure(t, err, "Model.cut", false)
	got := scraped(t, metrics)
	for series, want := range map[string]string{
		`bestbox_model_request_errors_total{kind="too_long",tier="heavy"}`: "2",
		`bestbox_model_request_errors_total{kind="cut",tier="heavy"}`:      "1",
		`bestbox_model_tokens_total{kind="generated",tier="heavy"}`:        "1", // of the decision that was cut
		`bestbox_decision_duration_seconds_count{domain="erp"}`:            "",
	} {
		if got[series] != want {
			t.Errorf("%s is %q, want %q", series, got[series], want)
		}
	}
}

func shortensResults(t *testing.T, server *llmtest.Server) {
	a := withModel(t, server, newMetrics(t))
	long := strings.Repeat("Vendor VND-001 (宝钢) asked $1,604,937.10 for A-100. ", 200)
	known := conversation{input: run.Input{Question: "How much?"}, results: []callResult{
		{Sentences: []string{"Short."}}, {Sentences: strings.SplitAfter(long, "A-100. ")}, {Sentences: []string{long}},
	}}
	who, err := a.asker(known.input)
	if err != nil {
		t.Fatal(err)
	}
	turn, err := a.turn(t.Context(), who, a.current("erp"), known, 200)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, fact := range turn.Facts {
		text.WriteString(strings.Join(fact.Sentences, " "))
	}
	tokens, err := a.Heavy.CountTokens(t.Context(), text.String())
	if err != nil {
		t.Fatal(err)
	}
	fixed, err := a.fixedTokens(t.Context(), a.current("erp"))
	if err != nil || fixed < 100 {
		t.Fatalf("the fixed prompt has %d tokens, %v", fixed, err)
	}
	if budget := modelContext - fixed - 200; tokens > budget || tokens < budget/4 {
		t.Errorf("%d tokens of results; want at most %d, and not much less", tokens, budget)
	}
	if turn.Facts[0].Sentences[0] != "Short." || len(turn.Facts[0].Sentences) != 1 {
		t.Errorf("the short result became %q", turn.Facts[0].Sentences)
	}
	for _, fact := range turn.Facts[1:] {
		if last := fact.Sentences[len(fact.Sentences)-1]; !strings.HasPrefix(last, "[shortened:") {
			t.Errorf("a result was shortened and ends %q, which does not say so", last)
		}
	}
}
