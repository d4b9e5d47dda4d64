// Package programtest sets up what a test needs and not every machine has: a Docker engine, a Vulkan device, packages of registries. It skips the test where
// that cannot be, and is imported by tests only.
package programtest

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/moby/moby/client"
)

// requireDocker is the variable that CI sets to "required": a test that is skipped there would look like one that passed.
const requireDocker = "BESTBOX_TEST_DOCKER"

// Docker skips the test where no Docker engine answers, at DOCKER_HOST or at the default socket. scripts/test-engine starts one.
func Docker(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	api, err := client.New(client.FromEnv)
	if err == nil {
		defer api.Close()
		_, err = api.Ping(ctx, client.PingOptions{})
	}
	switch {
	case err == nil:
	case os.Getenv(requireDocker) == "required":
		t.Fatalf("%s=required and no Docker engine answers: %v; start one with scripts/test-engine", requireDocker, err)
	default:
		t.Skipf("no Docker engine answers: %v; start one with scripts/test-engine", err)
	}
}
