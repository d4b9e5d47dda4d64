package answers

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"bestbox/agents"
	"bestbox/evals/retrieval"
	"bestbox/internal/knowledge"
)

var question = retrieval.Question{ID: "q", Query: "How long is the warranty?", Relevant: []string{"corpus/a/warranty.md"}, Also: []string{"corpus/a/terms.md"}}

func TestAnAnswerIsJudgedByWhatItCites(t *testing.T) {
	t.Parallel()
	of := func(document string, stands bool) []Citation {
		return []Citation{{Document: document, Quote: "24 months", Stands: stands}}
	}
	for name, test := range map[string]struct {
		answer    string
		citations []Citation
		uncited   []string
		nearest   string
		gone      bool
		right     bool
		marks     []string
	}{
		"the right document":                        {"24 months [1].", of("corpus/a/warranty.md", true), nil, "", false, true, nil},
		"a quote that is not there":                 {"24 months [1].", of("corpus/a/warranty.md", false), nil, "", false, true, []string{markQuote}},
		"another document":                          {"12 months [1].", of("corpus/a/other.md", true), nil, "", false, false, []string{markOther}},
		"a document that the questions do not name": {"24 months [1].", of("corpus/a/terms.md", true), nil, "", false, false, []string{markAlso}},
		"gone, but another one says it":             {"24 months [1].", of("corpus/a/terms.md", true), nil, "", true, false, []string{markAlso}},
		"the nearest is right":                      {"12 months.", nil, []string{"12 months."}, "corpus/a/warranty.md", false, false, []string{markNone, markNearest, markUncited}},
		"the nearest is another one":                {"12 months.", nil, []string{"12 months."}, "corpus/a/other.md", false, false, []string{markNone, markUncited}},
		"no document":                               {"24 months.", nil, []string{"24 months."}, "", false, false, []string{markNone, markUncited}},
		"said not to be there, but is":              {"It is not in the documents.", nil, nil, "", false, false, []string{markDenied}},
		"gone, and said so":                         {"It is not in the documents.", nil, nil, "", true, true, []string{markDenied}},
		"gone, and said in its own words":           {"The warranty is not mentioned in the passages.", nil, nil, "", true, true, []string{markDenied}},
		"gone, and said in Chinese":                 {"文件中没有相关内容。", nil, nil, "", true, true, []string{markDenied}},
		"gone, but made up":                         {"24 months.", nil, []string{"24 months."}, "", true, false, []string{markNone, markUncited}},
		"gone, and another one cited":               {"It is not stated, but 12 months [1].", of("corpus/a/other.md", true), nil, "", true, false, []string{markOther}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outcome := &Outcome{Answer: test.answer, Citations: test.citations, Uncited: test.uncited}
			if test.nearest != "" {
				outcome.Nearest = &Citation{Document: test.nearest}
			}
			outcome.judge(question, test.gone)
			slices.Sort(outcome.Marks)
			slices.Sort(test.marks)
			if outcome.Right != test.right || !slices.Equal(outcome.Marks, test.marks) || (outcome.Wrong == "") != test.right {
				t.Errorf("right %t, marks %q, wrong %q; want %t, %q", outcome.Right, outcome.Marks, outcome.Wrong, test.right, test.marks)
			}
		})
	}
}

func TestAQuoteMustStandInOnePieceOfTheDocument(t *testing.T) {
	t.Parallel()
	chunks := []knowledge.Chunk{{Text: "Axes have 24 months."}, {Text: "Belts have none."}}
	for quote, want := range map[string]bool{"24 months": true, "24  months": false, "months. Belts": false, "": false} {
		if got := stands(quote, chunks); got != want {
			t.Errorf("%q: %t", quote, got)
		}
	}
}

func TestTheDocumentsOfRemovedQuestionsAreGoneForOneAgentOnly(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	set := &retrieval.Set{Files: []retrieval.File{{Path: "corpus/a/warranty.md", Bytes: []byte("24 months")}, {Path: "corpus/a/other.md", Bytes: []byte("12 months")}}}
	if err := writeAll(folder, set, []retrieval.Question{question}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"reader/corpus/a/warranty.md": true, "reader/corpus/a/other.md": true, "partial_reader/corpus/a/warranty.md": false, "partial_reader/corpus/a/other.md": true} {
		if _, err := os.Stat(filepath.Join(folder, name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	loaded, err := agents.Load(agents.Shipped(), agents.Folder(filepath.Join(folder, "agents")))
	if err != nil || !slices.ContainsFunc(loaded, func(a agents.Agent) bool { return a.Name == whole }) || !slices.ContainsFunc(loaded, func(a agents.Agent) bool { return a.Name == without }) {
		t.Errorf("the agents: %+v, %v", loaded, err)
	}
}
