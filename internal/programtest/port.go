package programtest

import (
	"testing"

	"bestbox/internal/programs"
)

// FreePort returns a port as programs.FreePort does; that there is none fails the test.
func FreePort(t testing.TB) int {
	t.Helper()
	port, err := programs.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}
