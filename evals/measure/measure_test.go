package measure_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bestbox/evals/measure"
	"bestbox/internal/llm"
)

// outcome is one of a set with a field of its own.
type outcome struct {
	measure.Score
	Text string `json:"text"`
}

type job = measure.Job[*outcome]

var about = measure.About{Model: "m", Build: "b", Set: "seed 1"}

// jobsOf are rows of the groups a and b; answer gives their outcomes.
func jobsOf(answer func(row string) (*outcome, error)) []job {
	var jobs []job
	for _, row := range []string{"a/1", "a/2", "b/1"} {
		group, name, _ := strings.Cut(row, "/")
		jobs = append(jobs, job{Group: group, Row: name, Ask: func(context.Context) ([]*outcome, error) {
			given, err := answer(row)
			return []*outcome{given}, err
		}})
	}
	return jobs
}

func kept(t *testing.T, path string) measure.Measurement[*outcome] {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	var read measure.Measurement[*outcome]
	require.NoError(t, json.Unmarshal(content, &read))
	return read
}

func TestOutcomesAreSummedUpByGroupAndRowsThatAreAlwaysRightAreCounted(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "out.json")
	asked := map[string]int{}
	var out, progress strings.Builder
	err := measure.Run(t.Context(), &out, &progress, measure.Options{Output: path, Repeats: 2}, about, jobsOf(func(row string) (*outcome, error) {
		asked[row]++
		o := &outcome{Text: row, Score: measure.Score{Right: row == "a/1" || row == "b/1" && asked[row] == 1, Harmful: row == "a/2", Calls: 2, ValidCalls: 1,
			Usage: llm.Usage{GeneratedTokens: 3}, Seconds: 1.5}}
		o.Mark("odd", row == "b/1")
		if !o.Right {
			o.Wrong = "it is " + row
		}
		return o, nil
	}), measure.Harmful, "odd")
	require.NoError(t, err)
	read := kept(t, path)
	want := []measure.Summary{
		{Group: "a", Asked: 4, Right: 2, Percent: 50, Always: 1, Rows: 2, AlwaysPercent: 50, Harmful: 2, HarmfulPercent: 50, Marks: map[string]int{},
			Calls: 8, ValidCalls: 4, Usage: llm.Usage{GeneratedTokens: 12}, Seconds: 6},
		{Group: "b", Asked: 2, Right: 1, Percent: 50, Rows: 1, Marks: map[string]int{"odd": 2}, Calls: 4, ValidCalls: 2, Usage: llm.Usage{GeneratedTokens: 6}, Seconds: 3},
		{Group: "all", Asked: 6, Right: 3, Percent: 50, Always: 1, Rows: 3, AlwaysPercent: 100. / 3, Harmful: 2, HarmfulPercent: 100. / 3,
			Marks: map[string]int{"odd": 2}, Calls: 12, ValidCalls: 6, Usage: llm.Usage{GeneratedTokens: 18}, Seconds: 9},
	}
	if diff := cmp.Diff(want, read.Groups); diff != "" {
		t.Error(diff)
	}
	assert.Len(t, read.Outcomes, 6)
	assert.Equal(t, "a/2", read.Outcomes[1].Text)
	table := strings.Fields(strings.Join(strings.Split(strings.TrimSpace(out.String()), "\n")[1:], " "))
	assert.Equal(t, strings.Fields(`group right of % pass^2 harmful % odd calls valid % evaluated reused generated seconds
		a 2 4 50.0 50.0 2 50.0 0 8 50.0 0 0 12 6
		b 1 2 50.0 0.0 0 0.0 2 4 50.0 0 0 6 3
		all 3 6 50.0 33.3 2 33.3 2 12 50.0 0 0 18 9
		not right, harmful: a/2 not right, odd: b/1`), table)
	assert.Contains(t, progress.String(), "HARM   a/2 (1.5 s): it is a/2\n")
	assert.Contains(t, progress.String(), "5 of 6, about ")
}

func TestAMeasurementThatWasStoppedGoesOn(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out.json")
	options := measure.Options{Output: path, Repeats: 2, Resume: true}
	var asked []string
	answer := func(row string) (*outcome, error) {
		if asked = append(asked, row); len(asked) == 5 {
			return nil, errors.New("the server is gone")
		}
		return &outcome{Score: measure.Score{Right: true}}, nil
	}
	var out strings.Builder
	err := measure.Run(t.Context(), &out, &out, options, about, jobsOf(answer))
	require.ErrorContains(t, err, "2: the server is gone (what was measured is kept in "+path+": go on with --resume)")
	read := kept(t, path)
	require.Len(t, read.Outcomes, 4)
	assert.Equal(t, 1, read.Groups[0].Rows, "a row that was not asked so often is not always right")

	require.NoError(t, measure.Run(t.Context(), &out, &out, options, about, jobsOf(answer)))
	assert.Equal(t, []string{"a/1", "a/2", "b/1", "a/1", "a/2", "a/2", "b/1"}, asked, "only what has no outcome")
	read = kept(t, path)
	assert.Len(t, read.Outcomes, 6)
	assert.Equal(t, 3, read.Groups[2].Always)
	require.NoError(t, measure.Run(t.Context(), &out, &out, options, about, jobsOf(answer)), "nothing is left")
	assert.Len(t, asked, 7)
}

func TestOutcomesOfAnotherModelAreNotAddedTo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out.json")
	options := measure.Options{Output: path, Repeats: 1, Resume: true}
	var out strings.Builder
	answer := func(string) (*outcome, error) { return &outcome{}, nil }
	require.NoError(t, measure.Run(t.Context(), &out, &out, options, about, jobsOf(answer)))
	for _, other := range []measure.About{{Model: "other", Build: "b", Set: "seed 1"}, {Model: "m", Build: "c", Set: "seed 1"}, {Model: "m", Build: "b", Set: "seed 2"}} {
		require.ErrorContains(t, measure.Run(t.Context(), &out, &out, options, other, jobsOf(answer)), "choose another --output")
	}
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	require.ErrorContains(t, measure.Run(t.Context(), &out, &out, options, about, jobsOf(answer)), path)
}

func TestMoreRowsBeginWithTheSameOnesAndGroupsTakeTurns(t *testing.T) {
	t.Parallel()
	var rows []string
	for number := range 40 {
		rows = append(rows, fmt.Sprint(number))
	}
	few, more := measure.Sample(rows, 5, 3), measure.Sample(rows, 20, 3)
	assert.Equal(t, few, more[:5])
	assert.NotEqual(t, few, measure.Sample(rows, 5, 4))
	assert.Equal(t, rows, measure.Sample(rows, 0, 3))
	assert.Len(t, measure.Sample(rows, 99, 3), 40)

	jobs := jobsOf(nil)
	turns := measure.TakeTurns([][]job{jobs[:2], jobs[2:]})
	assert.Equal(t, []string{"a1", "b1", "a2"}, []string{turns[0].Group + turns[0].Row, turns[1].Group + turns[1].Row, turns[2].Group + turns[2].Row})
}

func TestChecksNameWhatAScorerTakesForSomethingElse(t *testing.T) {
	t.Parallel()
	var checks measure.Checks
	checks.Add("a", "1", "gold", measure.Right, true, false)
	checks.Add("b", "2", "gold", measure.Right, true, false)
	checks.Add("a", "1", "nothing done", measure.Either, true, false)
	checks.Add("a", "1", "a call too many", measure.Wrong, false, true)
	var out strings.Builder
	require.NoError(t, checks.Report(&out))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 8)
	assert.Equal(t, []string{"all", "gold", "2", "0", "2"}, strings.Fields(lines[5]))
	assert.Equal(t, strings.Fields("a a call too many 0 1 1"), strings.Fields(lines[4]))
	checks.Add("a", "3", "gold", measure.Right, false, false)
	checks.Add("a", "4", "nothing done", measure.Wrong, true, false)
	require.ErrorContains(t, checks.Report(&out), "a/3 with gold; a/4 with nothing done")
}

func TestFlagsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	for want, options := range map[string]measure.FolderOptions{
		"--repeats": {Dir: "x"},
		"--rows":    {Dir: "x", Rows: -1, Options: measure.Options{Repeats: 1}},
		"--dir":     {Options: measure.Options{Repeats: 1}},
	} {
		assert.ErrorContains(t, options.Validate(), want)
	}
}
