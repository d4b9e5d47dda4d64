package activities

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"bestbox/agents"
	"bestbox/internal/config"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
	"bestbox/internal/transcript"
	"bestbox/tools/areas"
	"bestbox/tools/knowledge"
	"bestbox/workflows/run"
)

const twoCompanies = `
roles:
  buyer: {agents: [erp, general], tools: ["get_*", adjust_stock], approve: []}
  reader: {agents: [erp, general], tools: ["get_*"], approve: []}
  chief: {agents: ["*"], tools: ["*"], approve: ["*"]}
users:
  chen: {roles: [buyer]}
  rita: {roles: [reader]}
  lin:  {roles: [chief]}
  ann:  {roles: [chief], tenant: acme}
four_eyes: [transfer_stock]
`

// twoTenants are activities over two companies, of which acme has an item that the other one has not.
func twoTenants(t *testing.T) *Activities {
	t.Helper()
	a, _ := twoTenantsAndRecords(t)
	return a
}

// twoTenantsAndRecords also returns the records by tenant.
func twoTenantsAndRecords(t *testing.T) (*Activities, map[string]*records.DB) {
	t.Helper()
	a, all := withTools(t), map[string]*records.DB{}
	a.Users = companyUsers(t, twoCompanies)
	for _, tenant := range []string{config.DefaultTenant, "acme"} {
		db := recordstest.Own(t)
		all[tenant] = db
		if tenant == "acme" {
			if _, err := db.SQL().Exec("INSERT INTO items VALUES ('Z-999', 'Acme secret', '', 'secret', 'pcs')"); err != nil {
				t.Fatal(err)
			}
		}
		registry, err := areas.Tools(db, config.Connections{}, knowledge.Options{})
		if err != nil {
			t.Fatal(err)
		}
		a.Companies[tenant] = Company{Tools: registry, Today: db.Today}
	}
	erp := agents.Agent{Name: "erp", Tools: []string{"get_inventory_levels", "adjust_stock", "transfer_stock"}, Policy: agents.Policy{Writes: map[string]string{"adjust_stock": "never"}}}
	defineAgents(t, a, agents.Agent{Name: agents.General}, agents.Agent{Name: "crm"}, erp)
	return a, all
}

// asks puts a question of a user and a decision with one call into the transcript.
func asks(t *testing.T, a *Activities, user, tool, arguments string) transcript.Head {
	t.Helper()
	question, err := transcript.NewMessage(messageQuestion, run.Input{Question: "How many?", User: user})
	if err != nil {
		t.Fatal(err)
	}
	decision, err := transcript.NewMessage(messageDecision, run.Step{Step: 1, Calls: []run.CallReport{{Call: "1.1", Tool: tool, Arguments: json.RawMessage(arguments)}}})
	if err != nil {
		t.Fatal(err)
	}
	var head transcript.Head
	_, err = a.Transcript.Apply(t.Context(), transcript.Change{Session: testWorkflow, Run: "begin", Key: user + tool + arguments,
		Messages: []transcript.Message{question, decision}, Outcome: func(head transcript.Head) any { return head }}, &head)
	if err != nil {
		t.Fatal(err)
	}
	return head
}

func notAllowed(err error) bool {
	refused, ok := errors.AsType[*temporal.ApplicationError](err)
	return ok && refused.Type() == ErrorNotAllowed && refused.NonRetryable()
}

func TestNobodyReadsTheRowsOfAnotherTenant(t *testing.T) {
	t.Parallel()
	for user, sees := range map[string]bool{"ann": true, "lin": false} {
		a := twoTenants(t)
		called, err := callOnce(t, a, CallInput{Head: asks(t, a, user, "get_inventory_levels", `{"item_id":"Z-999"}`), AgentRef: AgentRef{Domain: "erp"}, Call: "1.1"})
		if err != nil {
			t.Fatal(err)
		}
		if said := strings.Join(lastResult(t, a, called.Head).Sentences, " "); strings.Contains(said, "Acme secret") != sees {
			t.Errorf("%s is told %q", user, said)
		}
	}
}

func TestAToolThatTheUserMayNotUseIsNeitherOfferedNorCalled(t *testing.T) {
	t.Parallel()
	a := twoTenants(t)
	input := run.Input{User: "rita"}
	who, err := a.asker(input)
	if err != nil {
		t.Fatal(err)
	}
	if got := without(who, a.current("erp"), conversation{input: input}); !slices.Equal(got, []string{"adjust_stock", "transfer_stock"}) {
		t.Errorf("without %q", got)
	}
	head := asks(t, a, "rita", "adjust_stock", adjustment)
	proposed, err := attempt[Proposed](t, a, a.Propose, WriteCall{Head: head, AgentRef: AgentRef{Domain: "erp"}, Call: "1.1"})
	if err != nil || proposed.Head == "" {
		t.Fatalf("%+v, %v", proposed, err)
	}
	if got := lastResult(t, a, proposed.Head); !got.Report.Failed || !strings.Contains(got.Report.Result, "rita may not have the tool adjust_stock called") {
		t.Errorf("result %+v", got.Report)
	}
	// Somebody who can start activities, but not the user, has agreed to it.
	called, err := attempt[Called](t, a, a.Write, WriteInput{WriteCall: WriteCall{Head: head, AgentRef: AgentRef{Domain: "erp"}, Call: "1.1"}, Key: "k"})
	if err != nil || !lastResult(t, a, called.Head).Report.Failed {
		t.Errorf("it was written: %+v, %v", called, err)
	}
	// Nor is it shown with other arguments.
	_, err = attempt[struct{}](t, a, a.Revise, ReviseInput{WriteCall: WriteCall{Head: head, AgentRef: AgentRef{Domain: "erp"}, Call: "1.1"}, Revision: 1,
		Arguments: json.RawMessage(adjustment), By: "lin"})
	if refused, is := errors.AsType[*temporal.ApplicationError](err); !is || refused.Type() != ErrorBadRevision || !strings.Contains(err.Error(), "rita may not have the tool adjust_stock called") {
		t.Errorf("edited: %v", err)
	}
	if waiting, err := a.Transcript.Waiting(t.Context(), 10); err != nil || len(waiting) != 0 {
		t.Errorf("waiting %+v, %v", waiting, err)
	}
	_, err = callOnce(t, a, CallInput{Head: asks(t, a, "lin", "get_leads", `{}`), AgentRef: AgentRef{Domain: "erp"}, Call: "1.1"})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAToolThatTheAgentHasNotIsNotCalled(t *testing.T) {
	t.Parallel()
	a := twoTenants(t)
	called, err := callOnce(t, a, CallInput{Head: asks(t, a, "lin", "get_leads", `{}`), AgentRef: AgentRef{Domain: "erp"}, Call: "1.1"})
	if err != nil {
		t.Fatal(err)
	}
	if got := lastResult(t, a, called.Head); !strings.Contains(got.Report.Result, "none of the tools of the agent erp") {
		t.Errorf("result %+v", got.Report)
	}
}

func TestAnAgentThatTheUserMayNotUseAnswersNothing(t *testing.T) {
	t.Parallel()
	a := twoTenants(t)
	var suite testsuite.WorkflowTestSuite
	for domain, allowed := range map[string]bool{"erp": true, "crm": false} {
		_, err := suite.NewTestActivityEnvironment().ExecuteLocalActivity(a.Open, run.Input{Question: "q", Domain: domain, User: "chen"})
		if (err == nil) != allowed || (err != nil && !notAllowed(err)) {
			t.Errorf("%s: %v", domain, err)
		}
	}
	head := asks(t, a, "chen", "x", `{}`)
	_, err := attempt[Decided](t, a, a.Decide, DecideInput{Position: Position{Head: head}, AgentRef: AgentRef{Domain: "crm"}, Step: 1})
	if !notAllowed(err) {
		t.Errorf("decided: %v", err)
	}
	if _, err := attempt[run.Result](t, a, a.Answer, AnswerInput{Position: Position{Head: head}, AgentRef: AgentRef{Domain: "crm"}}); !notAllowed(err) {
		t.Errorf("answered: %v", err)
	}
}

func TestSomebodyWhoIsNoUserIsToldNothing(t *testing.T) {
	t.Parallel()
	a := twoTenants(t)
	var suite testsuite.WorkflowTestSuite
	for _, user := range []string{"", "mallory"} {
		if _, err := suite.NewTestActivityEnvironment().ExecuteLocalActivity(a.Open, run.Input{Question: "q", User: user}); !notAllowed(err) {
			t.Errorf("%q: %v", user, err)
		}
	}
}

func TestOnlyThoseWhoMayAgreeDecideOnAWrite(t *testing.T) {
	t.Parallel()
	a := twoTenants(t)
	const transfer = `{"item_id":"A-100","from_warehouse_id":"WH-001","to_warehouse_id":"WH-002","quantity":1}`
	tests := []struct {
		by, asker, tool, arguments string
		allowed                    bool
	}{
		{"lin", "chen", "adjust_stock", adjustment, true},
		{"lin", "lin", "adjust_stock", adjustment, true},
		{"chen", "chen", "adjust_stock", adjustment, false},
		{"ann", "chen", "adjust_stock", adjustment, false}, // of another tenant
		{"lin", "lin", "transfer_stock", transfer, false},  // it takes four eyes
		{"", "chen", "adjust_stock", adjustment, false},
		{"the time-out", "chen", "adjust_stock", adjustment, false},
	}
	for _, test := range tests {
		call := WriteCall{Head: asks(t, a, test.asker, test.tool, test.arguments), AgentRef: AgentRef{Domain: "erp"}, Call: "1.1"}
		_, err := attempt[struct{}](t, a, a.Authorize, AuthorizeInput{WriteCall: call, By: test.by})
		if refused := notAllowed(err); refused == test.allowed {
			t.Errorf("%q on %s of %s: %v", test.by, test.tool, test.asker, err)
		}
	}
}

func TestNobodyWritesToTheRowsOfAnotherTenant(t *testing.T) {
	t.Parallel()
	for user, may := range map[string]bool{"ann": true, "lin": false} {
		a, all := twoTenantsAndRecords(t)
		before := written(t, all)
		head := asks(t, a, user, "adjust_stock", `{"item_id":"Z-999","warehouse_id":"WH-001","change":5,"reason":"count"}`)
		call := WriteCall{Head: head, AgentRef: AgentRef{Domain: "erp"}, Call: "1.1"}
		proposed, err := attempt[Proposed](t, a, a.Propose, call)
		if err != nil || (proposed.Head == "") != may {
			t.Errorf("%s: proposed %+v, %v", user, proposed, err)
		}
		// Also where an approval was forged.
		called, err := attempt[Called](t, a, a.Write, WriteInput{WriteCall: call, Key: "k"})
		if err != nil || called.Failed == may {
			t.Errorf("%s: called %+v, %v", user, called, err)
		}
		for tenant, now := range written(t, all) {
			want := before[tenant]
			if may && tenant == "acme" {
				want.movements, want.effects = want.movements+1, want.effects+1
			}
			if now != want {
				t.Errorf("%s, records of %s: %+v, want %+v", user, tenant, now, want)
			}
		}
	}
}

// held is how many rows of a tenant's records a change of the stock adds to.
type held struct{ movements, effects int }

func written(t *testing.T, all map[string]*records.DB) map[string]held {
	t.Helper()
	counts := map[string]held{}
	for tenant, db := range all {
		var rows held
		if err := db.SQL().QueryRow("SELECT (SELECT count(*) FROM stock_movements), (SELECT count(*) FROM effects)").Scan(&rows.movements, &rows.effects); err != nil {
			t.Fatal(err)
		}
		counts[tenant] = rows
	}
	return counts
}
