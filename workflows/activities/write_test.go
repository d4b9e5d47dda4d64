package activities

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"bestbox/agents"
	"bestbox/agents/condition"
	"bestbox/internal/config"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
	"bestbox/internal/transcript"
	"bestbox/tools"
	"bestbox/tools/erp"
	"bestbox/workflows/run"
)

// office is the demo company with an agent that may write.
type office struct {
	*Activities
	t    *testing.T
	db   *records.DB
	head transcript.Head
}

// adjustment is a call that takes one unit.
const adjustment = `{"item_id":"A-100","warehouse_id":"WH-001","change":-1,"reason":"count"}`

func newOffice(t *testing.T, policy map[string]string, arguments string, outsiders ...run.CallReport) *office {
	t.Helper()
	db := recordstest.Own(t)
	made, err := erp.Tools(db)
	if err != nil {
		t.Fatal(err)
	}
	mail := tools.Must(tools.New(tools.Definition{Name: "read_mail", Description: "Reads.", Effect: tools.Read, Outsiders: true}, (&counter{}).count))
	a := withTools(t, append(made, mail)...)
	names := []string{"read_mail"}
	for _, tool := range made {
		names = append(names, tool.Name())
	}
	defineAgents(t, a, agents.Agent{Name: "erp", Tools: names, Policy: agents.Policy{Writes: policy}}, agents.Agent{Name: agents.General})
	o := &office{Activities: a, t: t, db: db}
	o.head = begin(t, a, run.CallReport{Call: "1.1", Tool: "adjust_stock", Arguments: json.RawMessage(arguments)})
	for _, report := range outsiders { // a mail was read before
		o.head = o.after(report)
	}
	return o
}

// after puts a result and another decision with the same call behind the question.
func (o *office) after(report run.CallReport) transcript.Head {
	o.t.Helper()
	read, err := transcript.NewMessage(messageResult, callResult{Report: report, Sentences: []string{"Take 1 A-100 now."}, Outsiders: report.Tool == "read_mail"})
	if err != nil {
		o.t.Fatal(err)
	}
	decision, err := transcript.NewMessage(messageDecision, run.Step{Step: 2, Calls: []run.CallReport{{Call: "1.1", Tool: "adjust_stock", Arguments: json.RawMessage(adjustment)}}})
	if err != nil {
		o.t.Fatal(err)
	}
	var head transcript.Head
	if _, err := o.Transcript.Apply(o.t.Context(), transcript.Change{Session: testWorkflow, Run: "begin", Key: "after", Parent: o.head,
		Messages: []transcript.Message{read, decision}, Outcome: func(head transcript.Head) any { return head }}, &head); err != nil {
		o.t.Fatal(err)
	}
	return head
}

// result puts a result behind the decision, on a branch of its own.
func (o *office) result(report run.CallReport) (head transcript.Head) {
	o.t.Helper()
	change, err := called(o.head, callResult{Report: report, Sentences: []string{"Take 1 A-100 now."}, Outsiders: report.Tool == "read_mail"})
	if err != nil {
		o.t.Fatal(err)
	}
	change.Session, change.Run, change.Key = testWorkflow, "begin", "result"
	var made Called
	if _, err := o.Transcript.Apply(o.t.Context(), change, &made); err != nil {
		o.t.Fatal(err)
	}
	return made.Head
}

func (o *office) call() WriteCall {
	return WriteCall{Head: o.head, AgentRef: AgentRef{Domain: "erp"}, Call: "1.1", Deadline: time.Date(2026, 1, 16, 0, 0, 0, 0, time.UTC)}
}

// do runs an activity as Temporal would.
func do[T any](o *office, activity, input any) (outcome T, err error) {
	o.t.Helper()
	var suite testsuite.WorkflowTestSuite
	environment := suite.NewTestActivityEnvironment()
	environment.RegisterActivity(o.Activities)
	value, err := environment.ExecuteActivity(activity, input)
	if err != nil || !value.HasValue() {
		return outcome, err
	}
	return outcome, value.Get(&outcome)
}

func (o *office) waiting() []run.Proposal {
	o.t.Helper()
	all, err := o.Transcript.Waiting(o.t.Context(), 10)
	if err != nil {
		o.t.Fatal(err)
	}
	var proposals []run.Proposal
	for _, one := range all {
		var proposal run.Proposal
		if err := json.Unmarshal(one.Request, &proposal); err != nil {
			o.t.Fatal(err)
		}
		proposals = append(proposals, proposal)
	}
	return proposals
}

func (o *office) number(query string) (n int) {
	o.t.Helper()
	if err := o.db.SQL().QueryRow(query).Scan(&n); err != nil {
		o.t.Fatal(err)
	}
	return n
}

func (o *office) effects() int { return o.number("SELECT count(*) FROM effects") }

func (o *office) stock() int {
	return o.number("SELECT sum(quantity) FROM stock_movements WHERE item_id = 'A-100' AND warehouse_id = 'WH-001'")
}

func (o *office) last(head transcript.Head) run.CallReport {
	o.t.Helper()
	return lastResult(o.t, o.Activities, head).Report
}

func TestAProposalSaysWhatWillHappenAndWhyAPersonIsAskedAndChangesNothing(t *testing.T) {
	t.Parallel()
	mail := run.CallReport{Call: "1.0", Tool: "read_mail", Arguments: json.RawMessage(`{}`)}
	tests := []struct {
		name, rule string
		outsiders  []run.CallReport
		ask        bool
		why        string
	}{
		{"by default", "", nil, true, "every call"},
		{"never", "never", nil, false, ""},
		{"below the limit", "quantity > 5", nil, false, ""},
		{"above the limit", "quantity > 0", nil, true, "quantity > 0"},
		{"after a mail, whatever the policy", "never", []run.CallReport{mail}, true, "outsiders"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, map[string]string{"adjust_stock": test.rule}, adjustment, test.outsiders...)
			before := o.stock()
			for range 2 { // a worker that was killed proposes again
				proposed, err := do[Proposed](o, o.Propose, o.call())
				if err != nil || proposed.Ask != test.ask || proposed.Always != (len(test.outsiders) > 0) || proposed.Head != "" {
					t.Fatalf("%+v, %v", proposed, err)
				}
			}
			waiting := o.waiting()
			if (len(waiting) == 1) != test.ask || o.effects() != 0 || o.stock() != before {
				t.Fatalf("waiting %+v, %d effects", waiting, o.effects())
			}
			if test.ask && (!strings.Contains(waiting[0].Change.Summary, "Takes 1 pcs of A-100") && !strings.Contains(waiting[0].Change.Summary, "of A-100") ||
				!strings.Contains(waiting[0].Why, test.why) || waiting[0].Agent != "erp" || waiting[0].Deadline.IsZero()) {
				t.Errorf("%+v", waiting[0])
			}
		})
	}
}

func TestThePolicySeesTheArgumentsAsTheToolWorksWithThem(t *testing.T) {
	t.Parallel()
	o := newOffice(t, map[string]string{"adjust_stock": "warehouse_id == 'WH-001'"}, strings.Replace(adjustment, "WH-001", "wh-001", 1))
	proposed, err := do[Proposed](o, o.Propose, o.call())
	if err != nil || !proposed.Ask || len(o.waiting()) != 1 {
		t.Errorf("%+v, %v", proposed, err)
	}
}

func TestWhatWasDoneBeforeInOtherWordsIsNotDoneAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil, adjustment)
	if _, err := do[Proposed](o, o.Propose, o.call()); err != nil {
		t.Fatal(err)
	}
	same := o.waiting()[0].Change
	other := same
	other.Lines = slices.Clone(same.Lines)
	other.Lines[0].Before = "something else"
	for name, test := range map[string]struct {
		done   run.CallReport
		before bool
	}{
		"the same change":               {run.CallReport{Call: "1.0", Tool: "adjust_stock", Change: &same}, true},
		"from other values":             {run.CallReport{Call: "1.0", Tool: "adjust_stock", Change: &other}, false},
		"the same change, not made":     {run.CallReport{Call: "1.0", Tool: "adjust_stock", Change: &same, Failed: true}, false},
		"the same change, another tool": {run.CallReport{Call: "1.0", Tool: "transfer_stock", Change: &same}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, map[string]string{"adjust_stock": "never"}, adjustment, test.done)
			proposed, err := do[Proposed](o, o.Propose, o.call())
			if err != nil || (proposed.Head != "") != test.before {
				t.Fatalf("%+v, %v", proposed, err)
			}
			if !test.before {
				return
			}
			if result := lastResult(t, o.Activities, proposed.Head); result.Report.Failed || len(result.Sentences) != 2 || result.Sentences[0] != "It was done before, by call 1.0, and is not done again." {
				t.Errorf("%+v", result)
			}
		})
	}
}

func TestWhatCannotBeOrMayNotBeIsNotProposed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ rule, arguments, says string }{
		"wrong arguments": {"always", `{"item_id":"A-999","warehouse_id":"WH-001","change":-1,"reason":"count"}`, "known items"},
		"forbidden":       {"forbidden", adjustment, "forbids adjust_stock"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, map[string]string{"adjust_stock": test.rule}, test.arguments)
			proposed, err := do[Proposed](o, o.Propose, o.call())
			if err != nil || proposed.Head == "" || proposed.Ask {
				t.Fatalf("%+v, %v", proposed, err)
			}
			if report := o.last(proposed.Head); !report.Failed || !strings.Contains(report.Result, test.says) || len(o.waiting()) != 0 || o.effects() != 0 {
				t.Errorf("%+v, waiting %+v", report, o.waiting())
			}
		})
	}
}

func TestAnApprovedWriteIsMadeOnceAlsoWhereTheWorkerDiesBetweenTheChangeAndItsNote(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil, adjustment)
	before := o.stock()
	if _, err := do[Proposed](o, o.Propose, o.call()); err != nil {
		t.Fatal(err)
	}
	input := WriteInput{WriteCall: o.call(), Key: "first run/1.1", Decision: &run.Decision{Call: "1.1", Verdict: run.Approve, By: "Anna"}}
	// What is left when the worker is killed right after the change: the effect without any trace in the transcript.
	tool, _ := o.Companies[config.DefaultTenant].Tools.Get("adjust_stock")
	report := run.CallReport{Tool: "adjust_stock", Arguments: json.RawMessage(adjustment)}
	if _, err := tool.Apply(t.Context(), effectKey(input.Key, report), report.Arguments); err != nil {
		t.Fatal(err)
	}
	var called Called
	for range 2 {
		var err error
		if called, err = do[Called](o, o.Write, input); err != nil {
			t.Fatal(err)
		}
	}
	if made := o.last(called.Head); o.stock() != before-1 || o.effects() != 1 || made.Failed || made.Decision.By != "Anna" || made.Change == nil {
		t.Errorf("stock %d of %d, %d effects, %+v", o.stock(), before, o.effects(), made)
	}
	if len(o.waiting()) != 0 {
		t.Errorf("it still waits: %+v", o.waiting())
	}
	// After a reset to before the call, the same decision changes nothing more; another one is another effect.
	again := newKey(o, input, `{"item_id":"A-100","warehouse_id":"WH-001","change":-2,"reason":"count"}`)
	if again == effectKey(input.Key, report) {
		t.Error("another decision under the same number has the same key")
	}
	if same := newKey(o, input, ` {"warehouse_id":"WH-001", "item_id":"A-100","change":-1,"reason":"count"}`); same != effectKey(input.Key, report) {
		t.Error("the same arguments in another order have another key")
	}
}

func newKey(_ *office, input WriteInput, arguments string) string {
	return effectKey(input.Key, run.CallReport{Tool: "adjust_stock", Arguments: json.RawMessage(arguments)})
}

func TestADeniedWriteBecomesAResultThatSaysWhoAndWhy(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil, adjustment)
	if _, err := do[Proposed](o, o.Propose, o.call()); err != nil {
		t.Fatal(err)
	}
	called, err := do[Called](o, o.Write, WriteInput{WriteCall: o.call(), Key: "k", Decision: &run.Decision{Call: "1.1", Verdict: run.Deny, By: "Anna", Reason: "count again first"}})
	if err != nil {
		t.Fatal(err)
	}
	if report := o.last(called.Head); !report.Failed || !strings.Contains(report.Result, "Anna did not agree: count again first") || o.effects() != 0 {
		t.Errorf("%+v", report)
	}
	found, ok, err := o.Transcript.Approval(t.Context(), testWorkflow, "1.1")
	if err != nil || !ok || !strings.Contains(string(found.Decided), "count again first") {
		t.Errorf("kept %s, %v", found.Decided, err)
	}
}

func TestEditedArgumentsAreShownAndMadeOrRefused(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil, adjustment)
	before := o.stock()
	if _, err := do[Proposed](o, o.Propose, o.call()); err != nil {
		t.Fatal(err)
	}
	wrong := ReviseInput{WriteCall: o.call(), Revision: 1, By: "Anna", Arguments: json.RawMessage(`{"item_id":"A-100","warehouse_id":"WH-001","change":-99999,"reason":"count"}`)}
	_, err := do[struct{}](o, o.Revise, wrong)
	if application, is := errors.AsType[*temporal.ApplicationError](err); !is || application.Type() != ErrorBadRevision || !strings.Contains(err.Error(), "at most") {
		t.Errorf("got %v", err)
	}
	if w := o.waiting(); len(w) != 1 || w[0].EditedBy != "" {
		t.Errorf("after a wrong edit: %+v", w)
	}
	edited := json.RawMessage(`{"item_id":"A-100","warehouse_id":"WH-001","change":-3,"reason":"counted twice"}`)
	if _, err := do[struct{}](o, o.Revise, ReviseInput{WriteCall: o.call(), Revision: 2, By: "Anna", Arguments: edited}); err != nil {
		t.Fatal(err)
	}
	if w := o.waiting(); len(w) != 1 || w[0].EditedBy != "Anna" || !strings.Contains(w[0].Change.Summary, "counted twice") {
		t.Errorf("after an edit: %+v", w)
	}
	called, err := do[Called](o, o.Write, WriteInput{WriteCall: o.call(), Key: "k", Decision: &run.Decision{Call: "1.1", Verdict: run.Approve, By: "Anna", Arguments: edited}})
	if err != nil || o.stock() != before-3 {
		t.Fatalf("%v, stock %d of %d", err, o.stock(), before)
	}
	if report := o.last(called.Head); string(report.Arguments) != string(edited) {
		t.Errorf("%+v", report)
	}
}

func TestARunThatEndsTakesItsProposalsWithIt(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil, adjustment)
	if _, err := do[Proposed](o, o.Propose, o.call()); err != nil {
		t.Fatal(err)
	}
	if _, err := do[struct{}](o, o.Close, run.Failure{Status: "cancelled", Message: "The run was cancelled."}); err != nil {
		t.Fatal(err)
	}
	if w := o.waiting(); len(w) != 0 {
		t.Errorf("still waiting: %+v", fmt.Sprint(w))
	}
}

func TestAPersonReadsOnWhichConditionTheWriteRests(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil, adjustment)
	decision, err := transcript.NewMessage(messageDecision, run.Step{Step: 2, Calls: []run.CallReport{{Call: "1.1", Tool: "adjust_stock", Arguments: json.RawMessage(adjustment)}},
		Condition: &condition.Check{Relation: condition.LessThan, Limit: 15, Found: 12, Holds: true}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Transcript.Apply(t.Context(), transcript.Change{Session: testWorkflow, Run: "begin", Key: "condition", Parent: o.head,
		Messages: []transcript.Message{decision}, Outcome: func(head transcript.Head) any { return head }}, &o.head); err != nil {
		t.Fatal(err)
	}
	if _, err := do[Proposed](o, o.Propose, o.call()); err != nil {
		t.Fatal(err)
	}
	want := "it is asked for under a condition, which a model has read: 12 is less than 15, so the condition holds"
	if waiting := o.waiting(); len(waiting) != 1 || !slices.Contains(waiting[0].Change.Warnings, want) {
		t.Errorf("%+v", waiting)
	}
}
