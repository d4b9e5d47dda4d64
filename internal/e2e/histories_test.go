package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// machine is where the name of this machine stands: who polled, and the queue of a worker of its own. It is nobody's business.
var machine = regexp.MustCompile(`"(identity|name)": "[^"]*[@:][^"]*"`)

// saveHistory writes the history of a run to the folder of -record, as Temporal's command line prints it.
func saveHistory(t *testing.T, id, name string) {
	t.Helper()
	if *record == "" {
		return
	}
	history, err := exec.CommandContext(t.Context(), box.temporalCLI, "workflow", "show", "--address", box.settings.Temporal.Address,
		"--workflow-id", id, "--output", "json").Output()
	if err == nil {
		history = machine.ReplaceAll(history, []byte(`"$1": "worker"`))
		err = os.WriteFile(filepath.Join(*record, name+".json"), history, 0o644)
	}
	if err != nil {
		t.Errorf("save the history of %s: %v", id, err)
	}
}
