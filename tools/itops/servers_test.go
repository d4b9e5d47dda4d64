package itops

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"bestbox/internal/programs"
	"bestbox/internal/programtest"
)

// startServer starts a program that answers at an address of its own, and ends it with the test.
func startServer(t testing.TB, command func(address string) *exec.Cmd, ready string) (url string) {
	t.Helper()
	port, err := programs.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprint("127.0.0.1:", port)
	process, err := programs.Start(command(address))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(process.Kill)
	err = process.Ready(30*time.Second, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+ready, http.NoBody)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		if response.Body.Close(); response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answered %d", ready, response.StatusCode)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + address
}

// startAlertmanager starts a real one that tells nobody.
func startAlertmanager(t testing.TB) (url string) {
	t.Helper()
	program := programtest.Server(t, "alertmanager")
	folder := t.TempDir()
	settings := filepath.Join(folder, "alertmanager.yml")
	if err := os.WriteFile(settings, []byte("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return startServer(t, func(address string) *exec.Cmd {
		return exec.Command(program, "--config.file="+settings, "--storage.path="+folder, "--web.listen-address="+address, "--cluster.listen-address=")
	}, "/-/ready")
}

// startPrometheus starts a real one over samples in the OpenMetrics form, however old they are.
func startPrometheus(t testing.TB, samples []byte) (url string) {
	t.Helper()
	program, tool := programtest.Server(t, "prometheus"), programtest.Server(t, "promtool")
	folder := t.TempDir()
	data, settings, input := filepath.Join(folder, "data"), filepath.Join(folder, "prometheus.yml"), filepath.Join(folder, "samples")
	for path, content := range map[string][]byte{settings: []byte("global: {}\n"), input: samples} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if output, err := exec.Command(tool, "tsdb", "create-blocks-from", "--max-block-duration=1000h", "openmetrics", input, data).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return startServer(t, func(address string) *exec.Cmd {
		return exec.Command(program, "--config.file="+settings, "--storage.tsdb.path="+data, "--storage.tsdb.retention.time=50y", "--web.listen-address="+address)
	}, "/-/ready")
}

// post gives Alertmanager something.
func post(t testing.TB, url string, body any) (answer []byte) {
	t.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(url, "application/json", bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(response.Body); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v, %s", url, response.StatusCode, err, text.String())
	}
	return text.Bytes()
}

// fire makes Alertmanager hold an alert, until long after the test.
func fire(t testing.TB, alertmanager string, labels, annotations map[string]string, since time.Time) {
	t.Helper()
	post(t, alertmanager+"/api/v2/alerts", []any{map[string]any{"labels": labels, "annotations": annotations, "startsAt": since, "endsAt": time.Now().Add(24 * time.Hour)}})
}
