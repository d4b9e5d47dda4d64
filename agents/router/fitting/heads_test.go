package fitting_test

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"bestbox/agents/router"
	"bestbox/agents/router/fitting"
)

const folder = ".."

// fittedModels are those with a committed head.
func fittedModels(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "heads", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no heads: %v", err)
	}
	var models []string
	for _, file := range files {
		models = append(models, strings.TrimSuffix(filepath.Base(file), ".json"))
	}
	return models
}

func loadAll(t *testing.T, model string) (*router.Head, *fitting.Store) {
	t.Helper()
	head, err := router.LoadHead(model)
	if err != nil || head == nil {
		t.Fatalf("loading the head of %s: %v", model, err)
	}
	store, err := fitting.OpenStore(filepath.Join(folder, "logprobs", model+".csv"), model)
	if err != nil {
		t.Fatal(err)
	}
	return head, store
}

func TestHeadsAreWhatTheExamplesGive(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("refitting takes a quarter of a minute")
	}
	examples, err := fitting.ReadTraining(filepath.Join(folder, ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, model := range fittedModels(t) {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			committed, store := loadAll(t, model)
			examples := fitting.Sample(examples, committed.PerLabel)
			again, _, err := fitting.Fit(model, examples, store)
			if err != nil {
				t.Fatal(err)
			}
			if again.EscalateBelow != committed.EscalateBelow || again.UnsureBelow != committed.UnsureBelow {
				t.Errorf("thresholds are now %.2f and %.2f, committed %.2f and %.2f: run `go run ./agents/router/fit`",
					again.EscalateBelow, again.UnsureBelow, committed.EscalateBelow, committed.UnsureBelow)
			}
			for _, example := range examples {
				logProbabilities, _ := store.Get(example.Text)
				was := committed.Probabilities(example.Text, logProbabilities)
				is := again.Probabilities(example.Text, logProbabilities)
				for i := range was {
					if math.Abs(was[i]-is[i]) > 0.005 { // rounding of the weights on another processor
						t.Fatalf("%q: %s was %.4f, is %.4f: run `go run ./agents/router/fit`",
							example.Text, router.Labels[i], was[i], is[i])
					}
				}
			}
		})
	}
}

// The questions of test.csv were written by somebody who had not seen the training examples, and are used nowhere else.
func TestMacroRecallOnUnseenQuestions(t *testing.T) {
	t.Parallel()
	held, err := fitting.ReadFile(filepath.Join(folder, "examples", fitting.TestFile))
	if err != nil {
		t.Fatal(err)
	}
	for model, want := range map[string]float64{
		"qwen2.5-coder-0.5b-instruct-q4_k_m": 0.90,
		"qwen2.5-coder-1.5b-instruct-q4_k_m": 0.90,
	} {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			head, store := loadAll(t, model)
			var outcomes []fitting.Outcome
			for _, example := range held {
				logProbabilities, ok := store.Get(example.Text)
				if !ok {
					t.Fatalf("no stored log-probabilities for a test question: run `go run ./agents/router/fit`")
				}
				outcomes = append(outcomes, fitting.NewOutcome(example.Label, head.Probabilities(example.Text, logProbabilities)))
			}
			score := fitting.NewScore(outcomes)
			t.Logf("%d questions: macro-recall %.3f, accuracy %.3f, calibration error %.3f, %v",
				score.Questions, score.MacroRecall, score.Accuracy, score.CalibrationError, score.Recall)
			if score.MacroRecall < want {
				t.Errorf("macro-recall %.3f, want at least %.2f", score.MacroRecall, want)
			}
			if score.CalibrationError > 0.06 {
				t.Errorf("calibration error %.3f, want at most 0.06", score.CalibrationError)
			}
		})
	}
}

func TestTrainingExamplesAreEnoughAndNotInTheTest(t *testing.T) {
	t.Parallel()
	examples, err := fitting.ReadTraining(filepath.Join(folder, ".."))
	if err != nil {
		t.Fatal(err)
	}
	held, err := fitting.ReadFile(filepath.Join(folder, "examples", fitting.TestFile))
	if err != nil {
		t.Fatal(err)
	}
	unseen := map[string]bool{}
	for _, example := range held {
		unseen[strings.ToLower(example.Text)] = true
	}
	count, chinese := map[string]int{}, map[string]int{}
	for _, example := range examples {
		if unseen[strings.ToLower(example.Text)] {
			t.Errorf("%q is in the test as well", example.Text)
		}
		count[example.Label]++
		if example.Language == "zh" {
			chinese[example.Label]++
		}
	}
	for _, label := range router.Labels {
		if count[label] < 200 || float64(chinese[label]) < 0.35*float64(count[label]) {
			t.Errorf("%s has %d examples, %d of them Chinese", label, count[label], chinese[label])
		}
	}
}
