// Package temporaltest starts a real Temporal development server that ends with a test. It is imported by tests only.
package temporaltest

import (
	"testing"

	"bestbox/internal/temporaldev"
)

// New starts a server that is stopped when the test ends.
func New(t testing.TB, attributes ...string) *temporaldev.Server {
	t.Helper()
	server, err := temporaldev.Start(t.TempDir(), attributes...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Kill)
	return server
}
