package programtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bestbox/internal/config"
)

// requirePackages is the variable that CI sets to "required", as for Docker.
const requirePackages = "BESTBOX_TEST_PACKAGES"

// installTimeout is how long an installation may take on a slow line.
const installTimeout = 5 * time.Minute

// PythonPackage installs a package of a pinned version, such as mcp-server-time==2026.10.19, into an environment of its own in the cache, and returns its
// folder of programs. The test is skipped where that cannot be done.
func PythonPackage(t testing.TB, pinned string) string {
	t.Helper()
	folder := installed(t, "python-"+pinned, func(ctx context.Context, into string) error {
		if err := quietly(exec.CommandContext(ctx, "python3", "-m", "venv", into)); err != nil {
			return err
		}
		return quietly(exec.CommandContext(ctx, filepath.Join(into, "bin", "python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "install", pinned))
	})
	return filepath.Join(folder, "bin")
}

// NodePackage installs a package of a pinned version, such as @modelcontextprotocol/server-memory@2026.8.31, into a folder of the cache, and returns the
// folder that holds node_modules. The test is skipped where that cannot be done.
func NodePackage(t testing.TB, pinned string) string {
	t.Helper()
	return installed(t, "node-"+strings.ReplaceAll(pinned, "/", "-"), func(ctx context.Context, into string) error {
		return quietly(exec.CommandContext(ctx, "npm", "install", "--silent", "--no-fund", "--no-audit", "--ignore-scripts", "--prefix", into, pinned))
	})
}

// installed returns the folder of an installation, making it where it is not there yet. Test programs that run side by side wait for each other.
func installed(t testing.TB, name string, install func(ctx context.Context, into string) error) string {
	t.Helper()
	folder, err := ensureInstalled(name, install)
	switch {
	case err == nil:
	case os.Getenv(requirePackages) == "required":
		t.Fatalf("%s=required and %s cannot be installed: %v", requirePackages, name, err)
	default:
		t.Skipf("%s cannot be installed: %v; it needs python3 with venv, or npm, and their registry", name, err)
	}
	return folder
}

func ensureInstalled(name string, install func(ctx context.Context, into string) error) (string, error) {
	loaded, err := config.Load("", "small")
	if err != nil {
		return "", err
	}
	folder := filepath.Join(loaded.Directories.Cache, "test-packages", name)
	if err := os.MkdirAll(filepath.Dir(folder), 0o700); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(folder+".flock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return "", err
	}
	whole := filepath.Join(folder, ".whole") // made last: an installation that was cut off is made anew
	if _, err := os.Stat(whole); err == nil {
		return folder, nil
	}
	if err := os.RemoveAll(folder); err != nil {
		return "", err
	}
	ctx, done := context.WithTimeout(context.Background(), installTimeout)
	defer done()
	if err := install(ctx, folder); err != nil {
		return "", err
	}
	return folder, os.WriteFile(whole, nil, 0o600)
}

func quietly(command *exec.Cmd) error {
	output, err := command.CombinedOutput()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(output)), "\n")
		return fmt.Errorf("%s: %w: %s", filepath.Base(command.Path), err, lines[len(lines)-1])
	}
	return nil
}
