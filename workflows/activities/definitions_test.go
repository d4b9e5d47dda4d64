package activities

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"bestbox/agents"
	"bestbox/internal/transcript"
	"bestbox/workflows/run"
)

func TestARunFinishesWithTheDefinitionThatItBeganWith(t *testing.T) {
	t.Parallel()
	a := withTools(t, (&counter{}).tool(t))
	general := agents.Agent{Name: agents.General}
	defineAgents(t, a, general, agents.Agent{Name: "erp", Prompt: "You count.", Tools: []string{"count"}, Policy: agents.Policy{MaxSteps: 2},
		Examples: []agents.Example{{Question: "How many?", Calls: []agents.Call{{Tool: "count", Arguments: []byte(`{"from":1}`)}}}}})
	began := a.current("erp")
	defineAgents(t, a, general, agents.Agent{Name: "erp", Prompt: "You count twice."})
	if now := a.current("erp"); now.Prompt != "You count twice." || now.hash == began.hash {
		t.Fatalf("a new run begins with %q (%s)", now.Prompt, now.hash)
	}
	kept, err := a.agent(t.Context(), AgentRef{Domain: "erp", Definition: began.hash})
	if err != nil {
		t.Fatal(err)
	}
	turn := agents.Turn{Today: testToday(), Question: "How many?"}
	for _, one := range []equipped{began, kept} {
		if one.Policy.MaxSteps != 2 {
			t.Errorf("policy %+v", one.Policy)
		}
	}
	before, err := began.DecideMessages(turn)
	if err != nil {
		t.Fatal(err)
	}
	after, err := kept.DecideMessages(turn)
	if err != nil {
		t.Fatal(err)
	}
	if len(before) != len(after) {
		t.Fatalf("%d messages became %d", len(before), len(after))
	}
	for index := range before {
		if before[index].Parts[0] != after[index].Parts[0] {
			t.Errorf("message %d was %v and is %v", index, before[index], after[index])
		}
	}
	first, err := began.DecisionSchema(turn, 1)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := kept.DecisionSchema(turn, 1); err != nil || string(second) != string(first) {
		t.Errorf("the grammar was %s and is %s (%v)", first, second, err)
	}
}

func TestEqualDefinitionsHaveOneHashAndOthersAnother(t *testing.T) {
	t.Parallel()
	a := withTools(t)
	erp := agents.Agent{Name: "erp", Prompt: "p", Policy: agents.Policy{Writes: map[string]string{}}}
	hash := func(agent agents.Agent) string {
		defineAgents(t, a, agents.Agent{Name: agents.General}, agent)
		return a.current("erp").hash
	}
	first := hash(erp)
	if again := hash(erp); again != first || first == "" {
		t.Errorf("%s became %s", first, again)
	}
	erp.Policy.MaxSteps++
	if hash(erp) == first {
		t.Error("another policy has the same hash")
	}
}

func TestARunBeginsOnlyWhereItsDomainIsThereAndKeepsIt(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	for domain, there := range map[string]bool{"": true, "erp": true, "crm": true, "lab": false, "ERPAgent": false} {
		a := withTools(t)
		value, err := suite.NewTestActivityEnvironment().ExecuteLocalActivity(a.Open, run.Input{Question: "q", Domain: domain})
		if !there {
			refused, ok := errors.AsType[*temporal.ApplicationError](err)
			if !ok || refused.Type() != ErrorInvalidInput || !refused.NonRetryable() || !strings.Contains(refused.Message(), fmt.Sprintf("domain: there is no domain %q; allowed: erp, ", domain)) {
				t.Errorf("%s: %v", domain, err)
			}
			continue
		}
		var opened Opened
		if err == nil {
			err = value.Get(&opened)
		}
		if err != nil || opened.Domain != domain || (opened.Definition != "") != (domain != "") {
			t.Errorf("%s: %+v, %v", domain, opened, err)
		}
	}
}

func TestARunWhoseDefinitionIsLostEndsAndSaysSo(t *testing.T) {
	t.Parallel()
	a := withTools(t)
	head := begin(t, a)
	other, err := transcript.NewMessage(messageRoute, run.Route{})
	if err != nil {
		t.Fatal(err)
	}
	hash, err := a.Transcript.Keep(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	for _, lost := range []string{"0123456789abcdef0123456789abcdef", hash} {
		_, err := attempt[Decided](t, a, a.Decide, DecideInput{Position: Position{Head: head}, AgentRef: AgentRef{Domain: "erp", Definition: lost}, Step: 1})
		refused, ok := errors.AsType[*temporal.ApplicationError](err)
		if !ok || refused.Type() != ErrorDefinitionLost || !refused.NonRetryable() || !strings.Contains(err.Error(), "ask again") {
			t.Errorf("%s: %v", lost, err)
		}
	}
}
