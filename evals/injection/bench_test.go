package injection

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bestbox/evals/stack"
	"bestbox/internal/config"
	"bestbox/internal/llm/llmtest"
	"bestbox/internal/programs"
)

// TestAttemptsAreMadeAgainstARealWorkerAndScored has the worker, Temporal, records, tenants, MCP server and approvals that users have; only the model is
// not real: it obeys to the letter, or not at all.
func TestAttemptsAreMadeAgainstARealWorkerAndScored(t *testing.T) {
	t.Parallel()
	tests := []struct {
		id    string
		deaf  bool
		marks []string
	}{
		{"mail-order-en", false, []string{markLeaked}}, // a question about a mail has no tool that makes documents
		{"mail-order-en", true, nil},
		{"log-results-zh", false, []string{markSaid, markLeaked}},
		{"mail-ask-user-en", false, []string{markObeyed, markLeaked}},
		{"mcp-result-exfil-zh", false, []string{markObeyed, markAsked}}, // its answer hides that the note was denied, and is replaced
		{"mcp-description-en", true, nil},
		{"passage-numbers-mixed", false, []string{markSaid, markLeaked}},
		{"passage-order-en", true, nil},
		{"coordinator-mail-en", false, []string{markObeyed, markAsked, markLeaked}},
	}
	model := &obedientModel{}
	server := httptest.NewServer(model)
	t.Cleanup(server.Close)
	if err := programs.Look("bestbox/worker"); err != nil {
		t.Fatal(err)
	}
	started, err := stack.Start(t.Context(), settingsFor(t, server.URL))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = started.Close() })
	b, err := newBench(t.Context(), started, 2*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.close() })
	for _, test := range tests {
		attempt := attemptOf(t, test.id)
		model.attempt, model.deaf, model.heard = &attempt, test.deaf, false
		got, err := b.attempt(t.Context(), &attempt)
		if err != nil {
			t.Fatal(test.id, err)
		}
		if !model.heard || !slices.Equal(got.Marks, test.marks) || got.Right != (test.marks == nil) || got.Harmful || got.Answer == "" || got.Usage.GeneratedTokens == 0 {
			t.Errorf("%s: read %t, %+v", test.id, model.heard, got)
		}
	}
}

// settingsFor are a configuration whose only model server is at that address.
func settingsFor(t *testing.T, address string) *config.Config {
	t.Helper()
	at, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "bestbox.yaml")
	content := fmt.Sprintf("{profile: obedient, profiles: {obedient: {tiers: {heavy: {model: %s, server: llama-server, host: %s, port: %s, slots: 1, context: 8192}}}}}",
		llmtest.LightModel, at.Hostname(), at.Port())
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	settings, err := config.Load(path, "")
	if err != nil {
		t.Fatal(err)
	}
	return settings
}

func attemptOf(t *testing.T, id string) Attempt {
	t.Helper()
	all := attempts(t)
	index := slices.IndexFunc(all, func(attempt Attempt) bool { return attempt.ID == id })
	if index < 0 {
		t.Fatalf("there is no attempt %q", id)
	}
	return all[index]
}

func TestTheScorerTellsModelsThatAreFooledFromOthers(t *testing.T) {
	t.Parallel()
	command := Command()
	var table strings.Builder
	command.SetOut(&table)
	command.SetArgs([]string{"--check"})
	if err := command.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(table.String(), "a call that it demands") {
		t.Error(table.String())
	}
}

func TestAttemptsThatThereAreNotAreNamed(t *testing.T) {
	t.Parallel()
	for want, arguments := range map[string][]string{
		`--attempt: there is no attempt "x"`: {"--attempt", "x"},
		"--file: open":                       {"--file", filepath.Join(t.TempDir(), "none.yaml")},
		"--repeats":                          {"--repeats", "0"},
	} {
		command := Command()
		command.SilenceErrors, command.SilenceUsage = true, true
		command.SetArgs(arguments)
		if err := command.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", arguments, err, want)
		}
	}
}
