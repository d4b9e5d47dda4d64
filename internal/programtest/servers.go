package programtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"bestbox/internal/config"
)

// requireServers is the variable that CI sets to "required", as for Docker.
const requireServers = "BESTBOX_TEST_SERVERS"

// Server returns the path of a server that scripts/test-servers has set up, or that is installed. Where it is missing the test is skipped, or fails
// where BESTBOX_TEST_SERVERS is "required".
func Server(t testing.TB, name string) string {
	t.Helper()
	for _, folder := range []string{"bin", "usr/bin", "lib/systemd"} {
		if path := filepath.Join(serverFolder(t), folder, name); isProgram(path) {
			return path
		}
	}
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	if path := filepath.Join("/lib/systemd", name); isProgram(path) {
		return path
	}
	missingServer(t, name)
	return ""
}

// ServerLibraries is the variable with which a program that was unpacked finds its libraries.
func ServerLibraries(t testing.TB) string {
	t.Helper()
	folders, err := filepath.Glob(filepath.Join(serverFolder(t), "usr/lib/*-linux-gnu*"))
	if err != nil {
		t.Fatal(err)
	}
	return "LD_LIBRARY_PATH=" + strings.Join(folders, ":")
}

func serverFolder(t testing.TB) string {
	t.Helper()
	loaded, err := config.Load("", "small")
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(loaded.Directories.Cache, "test-servers")
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

func missingServer(t testing.TB, name string) {
	t.Helper()
	why := name + " is not on this machine; scripts/test-servers sets it up"
	if os.Getenv(requireServers) == "required" {
		t.Fatal(why)
	}
	t.Skip(why)
}
