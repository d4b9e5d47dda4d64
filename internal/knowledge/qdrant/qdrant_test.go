package qdrant_test

import (
	"os"
	"testing"
	"time"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/indextest"
	"bestbox/internal/knowledge/qdrant"
	"bestbox/internal/knowledge/qdrant/qdranttest"
)

// serverVariable names the gRPC address of a real Qdrant server, for the tests that can run against one.
const serverVariable = "BESTBOX_TEST_QDRANT"

// started is a fake that runs.
func started(t *testing.T) *qdranttest.Fake {
	t.Helper()
	fake := &qdranttest.Fake{}
	fake.Start(t)
	return fake
}

// open connects to a fake. Times are short, so that what goes on too long fails soon.
func open(t *testing.T, fake *qdranttest.Fake, options qdrant.Options) *qdrant.Server {
	t.Helper()
	options.Address = fake.Address()
	server, err := qdrant.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

func TestStoreOnTheFake(t *testing.T) {
	fake := started(t)
	indextest.Run(t, func(t *testing.T, tenant string) knowledge.Store {
		return open(t, fake, qdrant.Options{Timeout: time.Minute}).Tenant(tenant)
	})
}

func TestStoreOnAServer(t *testing.T) {
	address := os.Getenv(serverVariable)
	if address == "" {
		t.Skip(serverVariable + " does not name a Qdrant server")
	}
	server, err := qdrant.Open(t.Context(), qdrant.Options{Address: address, Prefix: "bestbox-test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	indextest.Run(t, func(_ *testing.T, tenant string) knowledge.Store { return server.Tenant(tenant) })
}
