package fitting_test

import (
	"path/filepath"
	"testing"

	"bestbox/agents/router"
	"bestbox/agents/router/fitting"
)

// The questions of the coordinator are for several agents, those of test.csv for one each. Nothing was fitted to either: the parts of a question are
// routed one by one.
func TestQuestionsForSeveralAgentsAreToldFromOthersByTheirParts(t *testing.T) {
	t.Parallel()
	head, store := loadAll(t, "qwen2.5-coder-0.5b-instruct-q4_k_m")
	forSeveral := func(question string) bool {
		var clauses []map[string]float64
		for _, clause := range router.Clauses(question) {
			logProbabilities, ok := store.Get(clause)
			if !ok {
				t.Fatalf("no stored log-probabilities for %q: run `go run ./agents/router/fit --clauses agents/coordinator/routing.csv`", clause)
			}
			clauses = append(clauses, head.Decide(clause, logProbabilities).Probabilities)
		}
		logProbabilities, ok := store.Get(question)
		if !ok {
			t.Fatalf("no stored log-probabilities for %q: run `go run ./agents/router/fit --clauses agents/coordinator/routing.csv`", question)
		}
		_, several := router.Several(head.Decide(question, logProbabilities).Probabilities, clauses)
		return several
	}
	share := func(examples []fitting.Example) float64 {
		found := 0
		for _, example := range examples {
			if forSeveral(example.Text) {
				found++
			}
		}
		return float64(found) / float64(len(examples))
	}
	several, err := fitting.ReadAgent(filepath.Join(folder, "..", "coordinator", "routing.csv"), "coordinator")
	if err != nil {
		t.Fatal(err)
	}
	single, err := fitting.ReadFile(filepath.Join(folder, "examples", fitting.TestFile))
	if err != nil {
		t.Fatal(err)
	}
	found, wrong := share(several), share(single)
	t.Logf("found %.3f, wrong %.3f", found, wrong)
	if found < 0.4 || wrong > 0.01 {
		t.Errorf("found %.3f of %d questions for several agents, took %.3f of %d for such", found, len(several), wrong, len(single))
	}
}

func TestAnAgentThatThePromptDoesNotNameIsLearnedFromItsQuestions(t *testing.T) {
	t.Parallel()
	training, err := fitting.ReadTraining(filepath.Join(folder, ".."))
	if err != nil {
		t.Fatal(err)
	}
	lab := []string{"Did batch 7 pass the tensile test?", "Which test reports are missing?", "Show the hardness test of lot 12", "When is the next calibration of the gauges?",
		"Who signed the test report of sample 4?", "Was the sample hard enough?", "批次7通过拉伸试验了吗？", "哪些检测报告还没有？", "样品4的硬度合格吗？", "量具什么时候校准？"}
	learned := router.Learn(map[string][]string{"quality_lab": lab}, fitting.Texts(training))
	for question, want := range map[string]bool{
		"Did lot 9 pass the hardness test?":       true,
		"Which samples failed the tensile test?":  true,
		"批次9的硬度检测报告在哪里？":                          true,
		"How much stock of A-100 is left?":        false,
		"Which customers may leave?":              false,
		"Book a room for the test of the printer": false,
		"上个季度的采购成本是多少？":                           false,
	} {
		byName, others := learned.Probabilities(question)
		if got := byName["quality_lab"] > others; got != want {
			t.Errorf("%s: %.2f against %.2f", question, byName["quality_lab"], others)
		}
	}
	if router.Learn(map[string][]string{"quality_lab": nil}, lab) != nil {
		t.Error("something was learned from nothing")
	}
}
