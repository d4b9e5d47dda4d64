package retrieval

import (
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func shipped(t *testing.T) *Set {
	t.Helper()
	set, err := Load(t.Context(), "data/corpus", "data/queries.jsonl")
	require.NoError(t, err)
	return set
}

// measured are the reference's figures for a set: over whole files, with what stands before each.
func measured(set *Set, before func(File) string, k1, b float64) Figures {
	var paths, texts []string
	for _, file := range set.Files {
		paths, texts = append(paths, file.Path), append(texts, before(file)+string(file.Bytes))
	}
	reference := newReference(paths, texts, k1, b)
	scores := make([]Figures, len(set.Questions))
	for index, question := range set.Questions {
		scores[index] = score(reference.rank(question.Query), question.Relevant)
	}
	return mean(scores)
}

func nothing(File) string { return "" }

func TestTheScorerComesToTheFiguresThatAnotherProgramHasMeasured(t *testing.T) {
	t.Parallel()
	set := shipped(t)
	require.Len(t, set.Files, 148)
	require.Len(t, set.Questions, 668)
	for _, test := range []struct {
		name  string
		k1, b float64
		want  Figures
	}{
		{"1.2, 0.75", 1.2, 0.75, Figures{NDCG: .8603, Recall: .9636, MRR: .8270, Hit: .7425}},
		{"0.9, 0.4", 0.9, 0.4, Figures{NDCG: .8528, Recall: .9626, MRR: .8176, Hit: .7305}},
	} {
		got := measured(set, nothing, test.k1, test.b)
		t.Logf("%s: %+v", test.name, got)
		assert.InDelta(t, test.want.NDCG, got.NDCG, .0005, test.name)
		assert.InDelta(t, test.want.Recall, got.Recall, .0005, test.name)
		assert.InDelta(t, test.want.MRR, got.MRR, .0005, test.name)
		assert.InDelta(t, test.want.Hit, got.Hit, .0005, test.name)
	}
	named := measured(set, func(file File) string { return strings.TrimSuffix(path.Base(file.Path), ".md") + "\n" }, 1.2, 0.75)
	assert.InDelta(t, .8680, named.NDCG, .0005)
}

func TestTheScorerComesToTheFiguresOfEachCorpusAlone(t *testing.T) {
	t.Parallel()
	set := shipped(t)
	for name, want := range map[string]float64{"CloudWay-24": .8718, "ZX Bank": .8236, "Cendara University": .8464} {
		part := &Set{}
		for _, file := range set.Files {
			if strings.HasPrefix(file.Path, "corpus/"+name+"/") {
				part.Files = append(part.Files, file)
			}
		}
		for _, question := range set.Questions {
			if question.Corpus == name {
				part.Questions = append(part.Questions, question)
			}
		}
		got := measured(part, nothing, 1.2, 0.75)
		assert.InDelta(t, want, got.NDCG, .0005, name)
	}
}

func TestTheReferencesTermsAreThoseOfItsDefinition(t *testing.T) {
	t.Parallel()
	assert.Equal(t, strings.Fields("policy fee clos dat were 24 7"), plainTerms("Policies, FEES; closing dates were (the) 24/7"))
	assert.Equal(t, strings.Fields("die does need us is2 bus"), plainTerms("dies doess need us is2 buss is"))
	set := shipped(t)
	var paths, texts []string
	for _, file := range set.Files {
		paths, texts = append(paths, file.Path), append(texts, string(file.Bytes))
	}
	assert.InDelta(t, 488.09, newReference(paths, texts, 1.2, 0.75).length, .005)
}
