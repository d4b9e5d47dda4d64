package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"bestbox/llmctl/doctor"
)

// examined runs doctor as a user does and returns what it found, by the checks' ids.
func (b *box) examined() (map[string]doctor.Check, int) {
	b.t.Helper()
	out, stderr, code := b.llmctl("doctor", "--json")
	var report doctor.Report
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		b.t.Fatalf("exit code %d: %v in %s%s", code, err, out, stderr)
	}
	checks := map[string]doctor.Check{}
	for _, check := range report.Checks {
		checks[check.ID] = check
	}
	return checks, code
}

const (
	heavyPort = "port.profiles.small.tiers.heavy.port"
	lightPort = "port.profiles.small.tiers.light.port"
)

func TestDoctorTellsAStrangerFromOurs(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	stranger, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", b.light))
	must(t, err)
	defer stranger.Close()
	checks, code := b.examined()
	if got := checks[lightPort]; code != exitNotReady || got.Verdict != doctor.Problem || !strings.Contains(got.Found, fmt.Sprintf("pid %d", os.Getpid())) ||
		!strings.Contains(got.Do, fmt.Sprintf("kill %d", os.Getpid())) {
		t.Errorf("exit code %d: %+v", code, got)
	}
	if got := checks[heavyPort]; got.Verdict != doctor.OK || got.Found != "free" {
		t.Errorf("%+v", got)
	}
	must(t, stranger.Close())
	if _, stderr, code := b.llmctl("up", "heavy"); code != exitOK {
		t.Fatalf("up: exit code %d: %s", code, stderr)
	}
	checks, code = b.examined()
	if got := checks[heavyPort]; code != exitOK || got.Verdict != doctor.OK || !strings.HasPrefix(got.Found, "ours: heavy, pid ") {
		t.Errorf("exit code %d: %+v", code, got)
	}
	if got := checks["services.left"]; got.Found != "runs, with 1 service" {
		t.Errorf("%+v", got)
	}
}

func TestDoctorOfThisMachineIsQuickAndReadable(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	began := time.Now()
	out, stderr, code := b.llmctl("doctor", "--no-color", "--all")
	if took := time.Since(began); took > 10*time.Second { // the limit of its checks, and a busy machine
		t.Errorf("it took %s", took)
	}
	for _, want := range []string{"profile small", "ports\n", "memory\n", "disk\n", "models and programs\n", "known on Strix Halo\n", "0 problems, "} {
		if code != exitOK || !strings.Contains(out, want) {
			t.Fatalf("exit code %d, without %q: %s%s", code, want, out, stderr)
		}
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if i := slices.IndexFunc(lines, func(line string) bool { return len(line) > 400 }); i >= 0 {
		t.Errorf("a line is too long to read: %s", lines[i])
	}
}

func TestDoctorSaysWhatIsWrongWithTheConfigurationAndLooksOn(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	right, err := os.ReadFile(b.config)
	must(t, err)
	must(t, os.WriteFile(b.config, append(slices.Clone(right), "\nprofle: small\n"...), 0o600))
	checks, code := b.examined()
	must(t, os.WriteFile(b.config, right, 0o600)) // for the clean-up
	if got := checks["configuration.file"]; code != exitNotReady || got.Verdict != doctor.Problem || !strings.Contains(got.Found, `did you mean "profile"?`) {
		t.Errorf("exit code %d: %+v", code, got)
	}
	if got := checks["memory.available"]; got.Verdict != doctor.OK {
		t.Errorf("%+v", got)
	}
}
