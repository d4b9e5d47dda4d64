package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bestbox/internal/connections"
	"bestbox/internal/records/recordstest"
)

func TestConnectionsAreLookedAtAndProblemsEndWithAnExitCode(t *testing.T) {
	t.Parallel()
	path := recordstest.Own(t).Location().Path
	for name, test := range map[string]struct {
		connections string
		code        int
		says        string
	}{
		"none":                 {"", 0, "No system is connected"},
		"one that is away":     {"connections: {alertmanager: {url: 'http://127.0.0.1:1'}}", exitFailed, "connections.alertmanager"},
		"an unknown machine":   {"connections: {components: {MCH-777: {journal: {}}}}", exitBadInput, "machines are MCH-001 to MCH-012"},
		"a secret that is not": {"connections: {alertmanager: {url: 'http://127.0.0.1:1', token_file: /nowhere}}", exitBadInput, "connections.alertmanager.token_file"},
	} {
		for _, flags := range [][]string{nil, {"--json"}} {
			file := filepath.Join(t.TempDir(), "bestbox.yaml")
			if err := os.WriteFile(file, []byte("profile: small\nrecords: {path: "+path+"}\n"+test.connections+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			root := newRoot()
			root.SetArgs(append([]string{"connections", "--config", file}, flags...))
			root.SetOut(&out)
			err := root.ExecuteContext(t.Context())
			code := 0
			if coded, is := errors.AsType[*exitError](err); is {
				code = coded.code
			}
			if code != test.code {
				t.Errorf("%s: exit code %d, %v", name, code, err)
			}
			text := out.String()
			if err != nil {
				text += err.Error()
			}
			var found []connections.Finding
			if flags != nil && test.code != exitBadInput && json.Unmarshal(out.Bytes(), &found) != nil {
				t.Errorf("%s: no JSON: %s", name, out.String())
			}
			if (flags == nil || test.code != 0) && !strings.Contains(text, test.says) {
				t.Errorf("%s: %q is not in %q", name, test.says, text)
			}
		}
	}
}
