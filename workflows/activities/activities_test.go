package activities

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/testsuite"

	"bestbox/agents"
	"bestbox/internal/access"
	"bestbox/internal/config"
	"bestbox/internal/transcript"
	"bestbox/tools"
	"bestbox/tools/knowledge"
	"bestbox/workflows/run"
)

func TestThoseWhoFollowARunAreToldOnceThatItEnded(t *testing.T) {
	t.Parallel()
	a := withTools(t)
	failure := run.Failure{Status: "cancelled", Message: "The run was cancelled."}
	var suite testsuite.WorkflowTestSuite
	for range 2 { // the second time as after a crash
		if _, err := suite.NewTestActivityEnvironment().ExecuteLocalActivity(a.Close, failure); err != nil {
			t.Fatal(err)
		}
	}
	told, err := a.Transcript.Events(t.Context(), testWorkflow, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(failure)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]transcript.Event{{Sequence: 1, Type: run.EventFailed, Body: body}}, told); diff != "" {
		t.Error(diff)
	}
}

func TestADomainWithoutAnAgentGoesToTheGeneralOneWhichIsToldSo(t *testing.T) {
	t.Parallel()
	a := withTools(t)
	defineAgents(t, a, agents.Agent{Name: "general"}, agents.Agent{Name: "erp"}, agents.Agent{Name: "oa"})
	clerk := asker{User: companyUser(t, "roles: {clerk: {agents: [erp, general]}}\nusers: {clerk: {roles: [clerk]}}", "clerk")}
	for domain, want := range map[string]string{"erp": "erp", "general": "general", "crm": "general", "oa": "general"} {
		agent := a.agentFor(clerk, domain)
		note := a.missingAgent(agent, domain)
		if agent.Name != want || strings.Contains(note, domain) != (want != domain) || strings.Contains(note, "may not use") != (domain == "oa") {
			t.Errorf("%s: the agent %s is told %q", domain, agent.Name, note)
		}
	}
}

// companyUser returns one of the users of a file.
func companyUser(t *testing.T, file, id string) access.User {
	t.Helper()
	found, err := companyUsers(t, file).Find(id)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func companyUsers(t *testing.T, file string) *access.Users {
	t.Helper()
	path := filepath.Join(t.TempDir(), "users.yaml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	users, err := access.Read(path, []string{config.DefaultTenant, "acme"})
	if err != nil {
		t.Fatal(err)
	}
	return users
}

// The summary stands in the history of every call, and arguments are a model's.
func TestTheSummaryOfACallIsShort(t *testing.T) {
	t.Parallel()
	for arguments, want := range map[string]string{
		`{"from":1}`: `count {"from":1}`,
		`{"from":"` + strings.Repeat("库", 5000) + `"}`: `count {"from":"` + strings.Repeat("库", 64) + "…",
	} {
		got := summary(run.CallReport{Tool: "count", Arguments: json.RawMessage(arguments)})
		if got != want || utf8.RuneCountInString(got) > maxSummary {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAnAnswerWithoutWhatItRestsOnIsEvasive(t *testing.T) {
	t.Parallel()
	facts := []agents.Fact{{Sentences: []string{"There are 2 drafts.", "Newest first: PO-2026-0021, PO-2026-0016."}}}
	why := []agents.Fact{{Sentences: []string{"It rose 30%.", "Mostly by VND-001, whose prices rose 25%."}}}
	tests := []struct {
		question, answer string
		facts            []agents.Fact
		want             bool
	}{
		{"Which orders are drafts?", "There are 2 drafts.", facts, true},
		{"草稿状态的采购订单有哪几张？", "有2张草稿订单。", facts, true},
		{"Which orders are drafts?", "PO-2026-0021 and PO-2026-0016.", facts, false},
		{"哪几张？", "PO-2026-0021和PO-2026-0016。", facts, false},
		{"How many drafts are there?", "There are 2 drafts.", facts, false},
		{"Which departments are over budget?", "Production is.", []agents.Fact{{Sentences: []string{"Production is $5 over."}}}, false},
		{"Which?", "None.", nil, false},
		{"Did it cost more?", "Yes, it cost more in 2025-Q2 than in Q1.", []agents.Fact{{Sentences: []string{"It rose 4.9%."}}}, true},
		{"Did it cost more?", "Yes, 4.9% more.", []agents.Fact{{Sentences: []string{"It rose 4.9%."}}}, false},
		{"How many?", `{"calls":[]}`, nil, true},
		{"Why did cost rise 30%?", "It rose 30% since VND-001 became more expensive.", why, true},
		{"Why did cost rise 30%?", "It rose 30% since prices rose 25%.", why, true},
		{"为什么涨了30%？", "涨了30%。", why, true},
		{"为什么涨了30%？", "涨了30%，因为VND-001涨价25%。", why, false},
		{"What is the reason?", "VND-001 rose 25%.", why, false},
		{"Why did VND-001 rise 25%?", "Nothing says so.", []agents.Fact{{Sentences: []string{"VND-001 rose 25%."}}}, false},
		{"May leave be carried over?", "Yes, into the next year.", []agents.Fact{{Tool: knowledge.Search, Sentences: []string{"[1] “Leave policy”: “Up to 5 days may be.”"}}}, false},
		{"Is the agent there?", "Yes.", []agents.Fact{{Sentences: []string{"It is."}}}, false},
	}
	for _, test := range tests {
		t.Run(test.question, func(t *testing.T) {
			t.Parallel()
			if got := evasive(agents.Turn{Question: test.question, Facts: test.facts}, test.answer); got != test.want {
				t.Errorf("got %v for %q", got, test.answer)
			}
		})
	}
}

func TestWhatWasWrongWithAnAnswerIsSaidInTheLanguageOfTheQuestion(t *testing.T) {
	t.Parallel()
	for question, want := range map[string]string{
		"Why did it rise?": "main cause", "为什么上涨？": "主要原因", "Which orders are late?": "as the results write them", "哪些订单晚了？": "照抄",
	} {
		if got := (text{evasive: true}).correction(question); !strings.Contains(got, want) || strings.ContainsFunc(got, isHan) != strings.ContainsFunc(question, isHan) {
			t.Errorf("%s: %s", question, got)
		}
	}
}

func isHan(sign rune) bool { return unicode.Is(unicode.Han, sign) }

func TestResultsSpeakForThemselvesWhereTheModelDoesNot(t *testing.T) {
	t.Parallel()
	turn := agents.Turn{Facts: []agents.Fact{{Sentences: []string{"It rose 30%.", "Mostly prices."}}, {}, {Sentences: []string{"VND-001 rose 25%."}}}}
	if got := conclusions(turn); got != "It rose 30%. VND-001 rose 25%." {
		t.Errorf("got %q", got)
	}
	if conclusions(agents.Turn{}) == "" {
		t.Error("an answer is empty")
	}
}

func TestAnAnswerMayNotHideThatAWriteWasNotMade(t *testing.T) {
	t.Parallel()
	agent := equipped{Definition: agents.Definition{Specs: []tools.Spec{{Name: "silence_alert", Effect: tools.Write}, {Name: "get_active_alerts", Effect: tools.Read}}}}
	const refusal = "Not done: Anna did not agree: not now."
	failed := callResult{Report: run.CallReport{Tool: "silence_alert", Failed: true, Result: refusal}}
	made := callResult{Report: run.CallReport{Tool: "silence_alert", Change: &tools.Change{}}}
	for name, test := range map[string]struct {
		results []callResult
		content string
		want    string
	}{
		"it claims the opposite":            {[]callResult{failed}, "ALR-2026-0012 is silenced until 17 January.", refusal},
		"in Chinese":                        {[]callResult{failed}, "已将ALR-2026-0012静默。", refusal},
		"it says so":                        {[]callResult{failed}, "The alert was not silenced: Anna did not agree.", ""},
		"it says so in Chinese":             {[]callResult{failed}, "告警没有静默：Anna不同意。", ""},
		"it says so in one word":            {[]callResult{failed}, "It couldn’t be silenced.", ""},
		"made after all":                    {[]callResult{failed, made}, "The alert is silenced.", ""},
		"failed after another was made":     {[]callResult{made, failed}, "The alerts are silenced.", refusal},
		"only a read failed":                {[]callResult{{Report: run.CallReport{Tool: "get_active_alerts", Failed: true, Result: "Not done."}}}, "There are 3 alerts.", ""},
		"a tool that the agent has no more": {[]callResult{{Report: run.CallReport{Tool: "gone", Failed: true, Result: "Not done."}}}, "There are 3 alerts.", ""},
	} {
		if got := hides(agent, conversation{results: test.results}, test.content); got != test.want {
			t.Errorf("%s: %q", name, got)
		}
	}
	for question, want := range map[string]string{"Silence it": "did not say that this has failed: " + refusal, "静默它": refusal} {
		if got := (text{hides: refusal}).correction(question); !strings.Contains(got, want) {
			t.Errorf("%q", got)
		}
	}
	if (text{hides: refusal}).faults() <= (text{evasive: true}).faults() {
		t.Error("to hide a failure is no worse than to name no figure")
	}
}
