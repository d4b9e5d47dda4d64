package routers

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/agents/router"
	"bestbox/agents/router/fitting"
	"bestbox/internal/llm"
)

func TestPercentileIsAValueThatWasMeasured(t *testing.T) {
	t.Parallel()
	values := []float64{40, 10, 30, 20}
	for percent, want := range map[int]float64{50: 20, 95: 40, 100: 40, 1: 10} {
		if got := percentile(values, percent); got != want {
			t.Errorf("percentile %d: got %v, want %v", percent, got, want)
		}
	}
}

func TestSampleIsEvenOverTheLabels(t *testing.T) {
	t.Parallel()
	var examples []fitting.Example
	for _, label := range router.Labels {
		for range 20 {
			examples = append(examples, fitting.Example{Text: label, Label: label})
		}
	}
	count := map[string]int{}
	for _, example := range sample(examples, 25) {
		count[example.Label]++
	}
	if difference := cmp.Diff(map[string]int{"erp": 5, "crm": 5, "itops": 5, "oa": 5, "general": 5}, count); difference != "" {
		t.Error(difference)
	}
	if all := sample(examples, 0); len(all) != len(examples) {
		t.Errorf("0 takes %d of %d", len(all), len(examples))
	}
}

func TestReplyWithoutALabelIsAlwaysWrong(t *testing.T) {
	t.Parallel()
	for _, label := range router.Labels {
		if got := outcome(label, make([]float64, len(router.Labels))); got.Predicted == label {
			t.Errorf("no label counted as %s", label)
		}
	}
}

// fakeShapes answer without a model, so that counting can be checked exactly.
func fakeShapes(failing error) []shape {
	certain := []float64{1, 0, 0, 0, 0}
	return []shape{{"S0", "fake", func(context.Context, string) ([]float64, llm.Usage, error) {
		return certain, llm.Usage{PromptTokens: 3, CachedTokens: 7, GeneratedTokens: 2}, failing
	}}}
}

func TestCompareCountsEveryRepeat(t *testing.T) {
	t.Parallel()
	examples := []fitting.Example{{Text: "stock?", Label: "erp"}, {Text: "hi", Label: "general"}}
	rows, err := compare(context.Background(), fakeShapes(nil), examples, 3)
	if err != nil {
		t.Fatal(err)
	}
	row := rows[0]
	if row.Score.Questions != 6 || row.Score.Accuracy != 0.5 || row.Evaluated != 3 || row.Reused != 7 || row.Generated != 2 {
		t.Errorf("got %+v", row)
	}
}

func TestCompareStopsAtAFaultAndNamesTheShape(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	if _, err := compare(context.Background(), fakeShapes(gone), []fitting.Example{{Text: "x", Label: "erp"}}, 1); !errors.Is(err, gone) {
		t.Errorf("got %v, want the fault", err)
	}
}
