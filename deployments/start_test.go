package deployments_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"bestbox/internal/programs"
	"bestbox/internal/programtest"
)

// binaries builds llmctl and the worker into a folder, as the units and the image expect them.
func binaries(t *testing.T) string {
	t.Helper()
	folder, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

var built = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "deployments-test-")
	if err != nil {
		return "", err
	}
	from := []string{"bestbox/llmctl", "bestbox/worker"}
	return folder, errors.Join(programs.Look(from...), programs.Build(from, "-trimpath", "-o", folder+"/"))
})

func TestMain(m *testing.M) {
	code := m.Run()
	if folder, _ := built(); folder != "" {
		_ = os.RemoveAll(folder)
	}
	os.Exit(code)
}

// command is the unit's ExecStart in the unit's working directory and environment, in a home of its own.
func (u unitFile) command(ctx context.Context, t *testing.T, config string) *exec.Cmd {
	t.Helper()
	home := t.TempDir()
	specifiers := strings.NewReplacer("/opt/bestbox/bin", binaries(t), "%h/.local/share/bestbox/bin", binaries(t),
		"%h", home, "%E", filepath.Join(home, "etc"), "%S", filepath.Join(home, "state"), "%C", filepath.Join(home, "cache"))
	configFolder := filepath.Join(home, ".config", "bestbox")
	directory := specifiers.Replace(u.value("Service.WorkingDirectory"))
	if directory != "" {
		configFolder = directory
	}
	if err := os.MkdirAll(configFolder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(configFolder, "bestbox.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	argv := strings.Fields(specifiers.Replace(u.value("Service.ExecStart"))) // no unit quotes an argument
	command := exec.CommandContext(ctx, argv[0], argv[1:]...)
	command.Dir = directory
	if directory == "" {
		command.Dir = home // where a user's manager starts
	}
	command.Env = append(strings.Fields(specifiers.Replace(u.value("Service.Environment"))), "HOME="+home, "PATH="+os.Getenv("PATH"))
	return command
}

func TestWorkerUnitsStartWithoutDependenciesSayWhatIsMissingAndStopInOrder(t *testing.T) {
	t.Parallel()
	for _, u := range units(t) {
		if u.program() != "worker" {
			continue
		}
		t.Run(u.manager, func(t *testing.T) {
			t.Parallel()
			listen, nobody := programtest.FreePort(t), programtest.FreePort(t)
			command := u.command(t.Context(), t, fmt.Sprintf(`
profile: small
temporal: {address: "127.0.0.1:%d", managed: false}
http: {listen: "127.0.0.1:%d"}
profiles: {small: {tiers: {heavy: {port: %d}, light: {port: %d}, embed: {port: %d}}}}
`, nobody, listen, programtest.FreePort(t), programtest.FreePort(t), programtest.FreePort(t)))
			var log strings.Builder
			command.Stderr = &log
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- command.Wait() }()
			missing := missingDependencies(t, fmt.Sprintf("http://127.0.0.1:%d/readyz", listen), ended)
			if got := strings.Join(missing, " "); got != "temporal heavy" {
				t.Errorf("missing: %q", got)
			}
			if err := command.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := <-ended; err != nil {
				t.Errorf("after SIGTERM: %v\n%s", err, log.String())
			}
		})
	}
}

// missingDependencies waits for the worker's answer and reads what it lacks.
func missingDependencies(t *testing.T, url string, ended <-chan error) []string {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		response, err := http.Get(url)
		if err == nil {
			defer func() { _ = response.Body.Close() }()
			var problem struct{ Errors []struct{ Location string } }
			if err := json.NewDecoder(response.Body).Decode(&problem); err != nil || response.StatusCode != http.StatusServiceUnavailable {
				t.Fatalf("%s: %s, %v", url, response.Status, err)
			}
			var missing []string
			for _, e := range problem.Errors {
				missing = append(missing, e.Location)
			}
			return missing
		}
		select {
		case err := <-ended:
			t.Fatalf("the worker has ended: %v", err)
		case <-limit:
			t.Fatalf("no answer: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// The model servers themselves are started in llmctl's own tests. Here the unit's command line is, up to the first thing that
// the configuration in the unit's place can forbid.
func TestLlmctlUnitsReadTheirConfigurationAndFailWithTheUsageCode(t *testing.T) {
	t.Parallel()
	for _, u := range units(t) {
		if u.program() != "llmctl" {
			continue
		}
		output, err := u.command(t.Context(), t, "profile: small\nprofiles: {small: {tiers: {light: {backend: podman}}}}").CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(string(output), "profiles.small.tiers.light.backend") {
			t.Errorf("%s: %v: %s", u.path, err, output)
		}
	}
}
