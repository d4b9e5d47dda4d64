package toolstest

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/tools"
)

var update = flag.Bool("update", false, "write what is golden into testdata instead of comparing with it")

// Golden compares with a file of testdata, or writes it with -update; then the difference is to be read before it is committed.
func Golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil { //nolint:gosec // as every file of the repository
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run the test with -update once", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

// Sentences are calls with what they say: what people read and approved.
func (d Desk) Sentences(t testing.TB, questions []Question) string {
	t.Helper()
	var text strings.Builder
	for _, q := range questions {
		fmt.Fprintf(&text, "%s %s\n", q.Tool, q.Arguments)
		for _, sentence := range d.Call(t, q.Tool, q.Arguments, nil) {
			fmt.Fprintf(&text, "    %s\n", sentence)
		}
	}
	return text.String()
}

// Previews are writes with all that a person and a policy decide on.
func (d Desk) Previews(t testing.TB, writes []Question) string {
	t.Helper()
	var text strings.Builder
	for _, w := range writes {
		change := d.Preview(t, w.Tool, w.Arguments)
		facts, err := json.Marshal(change.Facts)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "%s %s\n    %s\n", w.Tool, w.Arguments, change.Summary)
		for _, line := range change.Lines {
			fmt.Fprintf(&text, "      %s: %q -> %q\n", line.What, line.Before, line.After)
		}
		for _, warning := range change.Warnings {
			fmt.Fprintf(&text, "      warning: %s\n", warning)
		}
		fmt.Fprintf(&text, "      facts: %s\n", facts)
	}
	return text.String()
}

// Schemas are the tools as models and agents see them: any byte of a description or a schema that changes empties the model servers' caches.
func Schemas(list []*tools.Tool) string {
	var text strings.Builder
	for _, tool := range list {
		fmt.Fprintf(&text, "%s (%s, outsiders %t, undo %t)\n    %s\n    %s\n", tool.Name(), tool.Effect(), tool.Outsiders(), tool.CanUndo(),
			tool.Description(), tool.Schema())
	}
	return text.String()
}
