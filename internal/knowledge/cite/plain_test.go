package cite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"

	"bestbox/internal/knowledge/cite"
)

func TestPlainSentencesOfOfficesAreCitedWhereTheyAreRight(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join("testdata", "plain.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var documents []struct {
		Document                     string
		Right, Wrong, Marked, Passes []string
	}
	if err := yaml.UnmarshalWithOptions(content, &documents, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	for _, d := range documents {
		check := func(answers []string, want bool, advice string) {
			for _, answer := range answers {
				t.Run(answer, func(t *testing.T) {
					t.Parallel()
					got := cite.Check("", answer, []cite.Passage{{Number: 1, Document: "d", Text: d.Document}})
					if is := len(got.Citations) > 0 && len(got.Uncited) == 0; is != want {
						t.Errorf("of %q: cited %v, marked as uncited %q%s", d.Document, got.Citations, got.Uncited, advice)
					}
				})
			}
		}
		check(d.Right, true, "")
		check(d.Wrong, false, "")
		check(d.Marked, false, "; this was not seen before: move it to right")
		check(d.Passes, true, "; this was not seen before: move it to wrong")
	}
}
