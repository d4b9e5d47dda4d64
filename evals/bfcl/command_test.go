package bfcl

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFlagsThatMeasureNothingAreRefused(t *testing.T) {
	t.Parallel()
	for flags, want := range map[[2]string]string{
		{"--ways", ""}:            "--ways is empty",
		{"--ways", "guess"}:       `--ways must be of decision, fit, tools; got "guess"`,
		{"--tool-choice", "none"}: "--tool-choice must be",
		{"--max-tokens", "0"}:     "--max-tokens must be at least 1",
		{"--rows", "-1"}:          "--rows must be at least 0",
		{"--repeats", "0"}:        "--repeats must be at least 1",
	} {
		command := Command()
		command.SetArgs([]string{"--dir", t.TempDir(), flags[0], flags[1]})
		assert.ErrorContains(t, command.ExecuteContext(t.Context()), want)
	}
}
