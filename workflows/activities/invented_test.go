package activities

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bestbox/agents"
	"bestbox/internal/transcript"
	"bestbox/tools"
	"bestbox/workflows/run"
)

func TestAWriteWhoseTextInventsAFigureIsSentBackOnceAndThenShownWithAWarning(t *testing.T) {
	t.Parallel()
	const invents = `{"item_id":"A-100","warehouse_id":"WH-001","change":-1,"reason":"77 pieces were counted"}`
	o := newOffice(t, map[string]string{"adjust_stock": "never"}, invents)
	proposed, err := do[Proposed](o, o.Propose, o.call())
	if err != nil || proposed.Head == "" || proposed.Ask {
		t.Fatalf("%+v, %v", proposed, err)
	}
	report := o.last(proposed.Head)
	if !report.Failed || !strings.Contains(report.Result, "77, which stands neither in the question nor in a result") || o.effects()+len(o.waiting()) != 0 {
		t.Fatalf("%+v, waiting %+v", report, o.waiting())
	}

	insists := run.CallReport{Call: "2.1", Tool: "adjust_stock", Arguments: json.RawMessage(invents)}
	decision, err := transcript.NewMessage(messageDecision, run.Step{Step: 2, Calls: []run.CallReport{insists}})
	if err != nil {
		t.Fatal(err)
	}
	call := o.call()
	call.Call = "2.1"
	if _, err := o.Transcript.Apply(t.Context(), transcript.Change{Session: testWorkflow, Run: "begin", Key: "insists", Parent: proposed.Head,
		Messages: []transcript.Message{decision}, Outcome: func(head transcript.Head) any { return head }}, &call.Head); err != nil {
		t.Fatal(err)
	}
	proposed, err = do[Proposed](o, o.Propose, call)
	if err != nil || !proposed.Ask || !proposed.Always {
		t.Fatalf("insisted on: %+v, %v", proposed, err)
	}
	waiting := o.waiting()
	if len(waiting) != 1 || waiting[0].Why != whyInvented || !slices.Contains(waiting[0].Change.Warnings, "its text holds 77, which stands neither in the question nor in a result") {
		t.Errorf("waiting %+v", waiting)
	}
}

func TestArgumentsOfAProgramMaySayAnything(t *testing.T) {
	t.Parallel()
	o := newOffice(t, map[string]string{"adjust_stock": "never"}, `{"item_id":"A-100","warehouse_id":"WH-001","change":-1,"reason":"77 pieces were counted"}`)
	call := o.call()
	call.Given = true
	if proposed, err := do[Proposed](o, o.Propose, call); err != nil || proposed.Head != "" || proposed.Ask {
		t.Errorf("%+v, %v", proposed, err)
	}
}

func TestWhatAWriteSaysIsSupportedByTheQuestionTheResultsAndItsOwnArguments(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		question, arguments string
		want                []string
	}{
		"the question's figure":     {"Remind me of the 3,000 dollars.", `{"text":"Pay the 3,000 dollars"}`, nil},
		"a result's":                {"Remind me to pay.", `{"text":"Pay $12,831.32 for INV-2025-0271"}`, nil},
		"a number in words":         {"Order five pieces.", `{"text":"We need 5 pieces"}`, nil},
		"a number in Chinese":       {"订购五件。", `{"text":"我们需要5件"}`, nil},
		"a day in words":            {"Write that it comes next Monday.", `{"body":"It comes on 2026-01-19."}`, nil},
		"another argument":          {"Answer the mail.", `{"in_reply_to":"MAIL-0142","body":"Thank you for MAIL-0142."}`, nil},
		"a name that is meant":      {"Write to Rheintal.", `{"body":"Dear VND-016, good day."}`, nil},
		"who asks":                  {"Write to Rheintal.", `{"body":"Yours, EMP-002"}`, nil},
		"an invented sum":           {"Remind me to pay.", `{"text":"Pay $13,000.00 for INV-2025-0271"}`, []string{"13,000.00"}},
		"an invented sum, Chinese":  {"提醒我付款。", `{"text":"支付13,000元"}`, []string{"13,000"}},
		"an invented identifier":    {"Remind me to pay.", `{"text":"Pay INV-2025-0272"}`, []string{"INV-2025-0272"}},
		"within a list":             {"Write a memo.", `{"points":["It costs 40 dollars."]}`, []string{"40"}},
		"what it has said before":   {"Remind me to pay.", `{"text":"Pay 999 dollars"}`, []string{"999"}},
		"a day that it has reached": {"Remind me to pay in good time.", `{"day":"2026-02-03","text":"Pay"}`, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			who := asker{Company: Company{Today: func() time.Time { return time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC) }, Names: func(_ context.Context, question string) ([]tools.Name, error) {
				if strings.Contains(question, "Rheintal") {
					return []tools.Name{{ID: "VND-016", Name: "Rheintal Metals"}}, nil
				}
				return nil, nil
			}}}
			who.Employee = "EMP-002"
			got, err := asked{who: who, agent: equipped{Definition: agents.Definition{}}, report: run.CallReport{Arguments: json.RawMessage(test.arguments)},
				known: conversation{input: run.Input{Question: test.question}, results: []callResult{
					{Report: run.CallReport{Tool: "get_supplier_invoices"}, Sentences: []string{"INV-2025-0271 of VND-016 over $12,831.32 is overdue."}},
					{Report: run.CallReport{Tool: "create_reminder", Arguments: json.RawMessage(`{"text":"Pay 999 dollars"}`)}, Sentences: []string{"Not done: its text holds 999."}, Doubted: true},
				}}}.invented(t.Context())
			if err != nil || cmp.Diff(test.want, got) != "" && len(test.want)+len(got) > 0 {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestAWriteThatWasSentBackMayBeInsistedOnOnce(t *testing.T) {
	t.Parallel()
	call := agents.Call{Tool: "draft_email", Arguments: json.RawMessage(`{"body":"77"}`)}
	sentBack := callResult{Report: run.CallReport{Tool: call.Tool, Arguments: call.Arguments}, Doubted: true}
	insisted := callResult{Report: sentBack.Report}
	for name, test := range map[string]struct {
		made []callResult
		want int
	}{
		"never made":                    {nil, 1},
		"made":                          {[]callResult{insisted}, 0},
		"sent back":                     {[]callResult{sentBack}, 1},
		"insisted on":                   {[]callResult{sentBack, insisted}, 0},
		"made, with an argument more":   {[]callResult{{Report: run.CallReport{Tool: call.Tool, Change: &tools.Change{}, Arguments: json.RawMessage(`{"body":"77","to":["EMP-001"]}`)}}}, 0},
		"made, with another argument":   {[]callResult{{Report: run.CallReport{Tool: call.Tool, Change: &tools.Change{}, Arguments: json.RawMessage(`{"body":"78","to":["EMP-001"]}`)}}}, 1},
		"failed, with an argument more": {[]callResult{{Report: run.CallReport{Tool: call.Tool, Change: &tools.Change{}, Failed: true, Arguments: json.RawMessage(`{"body":"77","to":["EMP-001"]}`)}}}, 1},
		"another tool":                  {[]callResult{sentBack, {Report: run.CallReport{Tool: "search_email"}}}, 1},
	} {
		if got := fresh([]agents.Call{call}, test.made); len(got) != test.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
