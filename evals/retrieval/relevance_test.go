package retrieval

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bestbox/internal/config"
	rules "bestbox/tools/knowledge"
)

// numbered writes a corpus in which each of so many questions has a document of its own, and every fifth a copy of it.
func numbered(t *testing.T, questions int, withAlso bool) options {
	t.Helper()
	root := t.TempDir()
	write := func(name, content string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(content), 0o644))
	}
	var lines bytes.Buffer
	for number := range questions {
		text := fmt.Sprintf("# Machine zeta%dq\n\nThe machine zeta%dq is oiled in week omega%dq of every year.", number, number, number)
		write(fmt.Sprintf("docs/%d.md", number), text)
		also := []string{}
		if number%5 == 0 {
			write(fmt.Sprintf("docs/copy-%d.md", number), text+" This is a copy.")
			also = append(also, fmt.Sprintf("copy-%d.md", number))
		}
		question := map[string]any{"id": fmt.Sprint(number), "query": fmt.Sprintf("When is zeta%dq oiled, in omega%dq?", number, number), "relevant": []string{fmt.Sprintf("%d.md", number)}}
		if withAlso {
			question["also"] = also
		}
		require.NoError(t, json.NewEncoder(&lines).Encode(question))
	}
	write("queries.jsonl", lines.String())
	return options{corpus: filepath.Join(root, "docs"), queries: filepath.Join(root, "queries.jsonl"), output: filepath.Join(root, "out.json"), url: embeddingServer(t)}
}

func TestQuestionsAreSearchedForWithAndWithoutTheirDocuments(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		looked               bool
		answered, unanswered int
	}{
		"the copies are named":     {true, 72, 48},
		"the copies are not named": {false, 60, 60},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := numbered(t, 60, test.looked)
			var out, progress bytes.Buffer
			require.NoError(t, measure(t.Context(), &out, &progress, o))
			r := written(t, o.output).Relevance
			require.NotNil(t, r)
			assert.Equal(t, []any{test.looked, test.answered, test.unanswered}, []any{r.Looked, r.Answered, r.Unanswered})
			fitted := r.Decisions[2]
			assert.Equal(t, "all three, fitted to the other questions", fitted.Way)
			assert.Greater(t, fitted.Kept+fitted.Told, 1.6)
			assert.Equal(t, !test.looked, bytes.Contains(out.Bytes(), []byte("some of the others may be answered, too")))
		})
	}
}

func TestOfFewQuestionsNoWeightsAreMade(t *testing.T) {
	t.Parallel()
	o := numbered(t, fewest-1, true)
	var out, progress bytes.Buffer
	require.NoError(t, measure(t.Context(), &out, &progress, o))
	assert.Nil(t, written(t, o.output).Relevance)
	assert.NotContains(t, out.String(), "relevance")
}

// scattered are pairs of searches whose words say nothing, and whose meaning tells them apart but for one in ten.
func scattered() (searches []searched) {
	for at := range 200 {
		words, noise := float64(at*7%11)/20, float64(at*13%17)/170
		far := 0.3
		if at%10 == 0 {
			far = 0.6
		}
		searches = append(searches, searched{rules.Evidence{Words: words, Meaning: 0.7 + noise}, true}, searched{rules.Evidence{Words: words, Meaning: far + noise}, false})
	}
	return searches
}

func TestWeightsFollowWhatTellsTheSearchesApart(t *testing.T) {
	t.Parallel()
	r := decide(scattered())
	f := r.Fitted
	assert.Greater(t, f.Meaning, 20*f.Words)
	assert.Zero(t, f.Agree)
	at := func(meaning float64) bool { return f.Sum(rules.Evidence{Words: .3, Meaning: meaning}) >= f.Least }
	assert.True(t, at(.75))
	assert.False(t, at(.5))
	assert.Equal(t, Decision{Way: "words", AUC: .5, Kept: 1, Told: 0}, r.Decisions[1])
	assert.InDelta(t, 1, r.Decisions[0].AUC, .001)
	assert.InDelta(t, 1, r.Decisions[0].Told, .001)
	assert.InDelta(t, .6, f.MeaningAlone, .01)
}

func TestThePrintedWeightsAreUnderstoodByTheConfiguration(t *testing.T) {
	t.Parallel()
	r := decide(scattered())
	var out bytes.Buffer
	require.NoError(t, r.show(&out))
	path := filepath.Join(t.TempDir(), "bestbox.yaml")
	require.NoError(t, os.WriteFile(path, []byte(regexp.MustCompile(`(?s)knowledge:.*`).FindString(out.String())), 0o600))
	loaded, err := config.Load(path, "small")
	require.NoError(t, err)
	assert.Equal(t, r.Fitted, rules.Relevance(loaded.Knowledge.Relevance))
}
