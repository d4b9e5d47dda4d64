package cite_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"bestbox/internal/knowledge/cite"
)

// labelled are the passages and sentences of testdata/supported.yaml.
type labelled struct {
	Passages  []cite.Passage
	Sentences []struct {
		Says, Quote string
		Nothing     bool // it claims nothing
	}
}

func readLabelled(t testing.TB, name string) (all labelled) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalWithOptions(content, &all, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestWhatSupportsASentence(t *testing.T) {
	t.Parallel()
	all := readLabelled(t, "supported.yaml")
	for _, test := range all.Sentences {
		t.Run(test.Says, func(t *testing.T) {
			t.Parallel()
			got := cite.Check(test.Says, all.Passages)
			quote := ""
			if len(got.Citations) > 0 {
				quote = got.Citations[0].Quote
			}
			if !strings.HasPrefix(quote, test.Quote) || (quote == "") != (test.Quote == "") {
				t.Errorf("quoted %q", quote)
			}
			if marked := len(got.Uncited) > 0; marked != (test.Quote == "" && !test.Nothing) {
				t.Errorf("marked as uncited: %t", marked)
			}
		})
	}
}

// The sentences of unseen.yaml say how often code is wrong: a mark on what is right costs a look, a citation of what is wrong costs trust.
func TestFewWrongSentencesAreCitedAndFewRightOnesAreMarked(t *testing.T) {
	t.Parallel()
	const mostWrong, mostMissed = 0, 3 // of 20 and of 26
	all := readLabelled(t, "unseen.yaml")
	wrong, missed := 0, 0
	for _, test := range all.Sentences {
		got := cite.Check(test.Says, all.Passages)
		switch {
		case test.Quote == "" && len(got.Citations) > 0:
			wrong++
			t.Logf("cited although it is wrong: %s by %q", test.Says, got.Citations[0].Quote)
		case test.Quote != "" && (len(got.Citations) == 0 || !strings.HasPrefix(got.Citations[0].Quote, test.Quote)):
			missed++
			t.Logf("not cited although it is right: %s, %v", test.Says, got.Citations)
		}
	}
	if wrong > mostWrong || missed > mostMissed {
		t.Errorf("%d wrong ones are cited, %d right ones are not", wrong, missed)
	}
}

func BenchmarkCheck(b *testing.B) {
	all := readLabelled(b, "unseen.yaml")
	var answer strings.Builder
	for _, sentence := range all.Sentences[:4] {
		answer.WriteString(sentence.Says + " ")
	}
	for b.Loop() {
		cite.Check(answer.String(), all.Passages)
	}
}
