package index_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bestbox/evals/index"
)

func TestASmallIndexIsMeasured(t *testing.T) {
	t.Parallel()
	output := filepath.Join(t.TempDir(), "index.json")
	command, out := index.Command(), &bytes.Buffer{}
	command.SetOut(out)
	command.SetArgs([]string{"--chunks", "300", "--dimension", "8", "--batch", "50", "--searches", "10", "--output", output})
	if err := command.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if printed := out.String(); !strings.HasPrefix(printed, "300 chunks of 8 numbers") || strings.Count(printed, "\n") != 6 {
		t.Errorf("printed %s", printed)
	}
	content, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	var result index.Result
	if err := json.Unmarshal(content, &result); err != nil {
		t.Fatal(err)
	}
	if result.Chunks != 300 || result.PerSecond <= 0 || result.FileMiB <= 0 || result.MemoryMiB <= 0 || result.AfterAdd.P50 <= 0 {
		t.Errorf("measured %+v", result)
	}
	for _, arm := range []string{"words", "meaning", "both"} {
		if times := result.Arms[arm]; times.P50 <= 0 || times.P95 < times.P50 {
			t.Errorf("%s: %+v", arm, times)
		}
	}
}

func TestNumbersThatCannotBeMeasuredAreRefused(t *testing.T) {
	t.Parallel()
	for _, arguments := range [][]string{{"--chunks", "5"}, {"--dimension", "0"}, {"--searches", "0"}, {"--batch", "0"}} {
		command := index.Command()
		command.SilenceErrors, command.SilenceUsage = true, true
		command.SetArgs(arguments)
		if err := command.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "at least") {
			t.Errorf("%v: %v", arguments, err)
		}
	}
}
