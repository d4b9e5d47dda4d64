package index_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bestbox/evals/index"
	"bestbox/internal/knowledge/qdrant/qdranttest"
)

// measured runs the command, and returns what it has printed.
func measured(t *testing.T, figures any, arguments ...string) string {
	t.Helper()
	output := filepath.Join(t.TempDir(), "index.json")
	command, out := index.Command(), &bytes.Buffer{}
	command.SetOut(out)
	command.SetArgs(append(arguments, "--output", output))
	if err := command.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, figures); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestASmallIndexIsMeasured(t *testing.T) {
	t.Parallel()
	var result index.Result
	printed := measured(t, &result, "--chunks", "300", "--dimension", "8", "--batch", "50", "--searches", "10")
	if !strings.HasPrefix(printed, "300 chunks of 8 numbers") || strings.Count(printed, "\n") != 6 {
		t.Errorf("printed %s", printed)
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

// TestAnIndexOnAServerIsMeasured has the double of a Qdrant server.
func TestAnIndexOnAServerIsMeasured(t *testing.T) {
	t.Parallel()
	server := &qdranttest.Fake{}
	server.Start(t)
	var result index.Result
	printed := measured(t, &result, "--qdrant", server.Address(), "--chunks", "300", "--dimension", "8", "--batch", "50", "--searches", "10")
	if !strings.HasPrefix(printed, "300 chunks of 8 numbers") || strings.Contains(printed, "MiB") || strings.Count(printed, "\n") != 6 {
		t.Errorf("printed %s", printed)
	}
	if result.PerSecond <= 0 || result.ReadMs <= 0 || result.Arms["both"].P50 <= 0 || result.AfterAdd.P50 <= 0 {
		t.Errorf("measured %+v", result)
	}
	if left := server.Collections(); len(left) != 1 || !strings.HasPrefix(left[0], "bestbox-evals.index.") {
		t.Errorf("it has left %q", left)
	}
}

func TestSendingIsMeasuredWithoutAServer(t *testing.T) {
	t.Parallel()
	var sent index.Sent
	printed := measured(t, &sent, "--client", "--chunks", "2000", "--dimension", "8", "--batch", "100")
	if !strings.HasPrefix(printed, "2000 chunks of 8 numbers") || strings.Count(printed, "\n") != 12 {
		t.Errorf("printed %s", printed)
	}
	if sent.PerSecond <= 0 || sent.Requests != 20 || sent.MiB <= 1 || sent.Largest*20 < sent.MiB || len(sent.Tenths) != 10 || sent.Tenths[0].MiB <= 0 || sent.Tenths[9].Chunks != 2000 {
		t.Errorf("measured %+v", sent)
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
