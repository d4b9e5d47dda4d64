package bfcl

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestGoldIsRightAndSpoiledAnswersAreWrong(t *testing.T) {
	t.Parallel()
	categories, err := ReadFolder(os.DirFS("testdata"), nil)
	require.NoError(t, err)
	tried := map[string]int{}
	for _, category := range categories {
		for _, row := range category.Rows {
			problem := Score(row, goldCalls(row))
			if row.ID == "live_simple_106-63-0" {
				assert.Equal(t, "auto_loan_payment_start is missing", problem, "its gold accepts nothing for a parameter; upstream's checker says the same")
				continue
			}
			assert.Empty(t, problem, row.ID)
			for _, corruption := range corruptions {
				if calls, some := corruption.spoil(row); some {
					tried[corruption.name]++
					assert.NotEmpty(t, Score(row, calls), "%s with %s", row.ID, corruption.name)
				}
			}
		}
	}
	for _, corruption := range corruptions {
		assert.Positive(t, tried[corruption.name], corruption.name)
	}
}

func TestTheCheckNamesWhatAScorerTakesWrongly(t *testing.T) {
	t.Parallel()
	categories, err := ReadFolder(os.DirFS("testdata"), []string{"live_simple", "irrelevance"})
	require.NoError(t, err)
	var out strings.Builder
	require.NoError(t, check(&out, categories))
	assert.Contains(t, out.String(), "live_simple_106-63-0: auto_loan_payment_start is missing")
	lines := strings.Split(out.String(), "\n")
	at := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, "live_simple") && strings.Contains(line, "gold") })
	require.Positive(t, at)
	assert.Equal(t, []string{"live_simple", "gold", "4", "0", "5"}, strings.Fields(lines[at]))

	// Gold that accepts anything in the place of the name of another function is a folder to be wary of.
	row := &categories[1].Rows[0]
	row.Gold = []GoldCall{{Name: row.Functions[0].Name, Accepted: map[string][]any{"parameter_that_nobody_declared": {"x", ""}}}}
	row.Functions[0].required = nil
	row.Functions[0].declared["parameter_that_nobody_declared"] = declaration{kind: kindString}
	assert.ErrorContains(t, check(&out, categories), row.ID+" with an extra parameter")
}
