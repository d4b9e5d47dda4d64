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

// open connects to a fake.
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

// run runs what every kind of index must do, and what this one must beside that.
func run(t *testing.T, open indextest.Open) {
	t.Helper()
	indextest.Run(t, open)
	for name, test := range map[string]func(t *testing.T, store knowledge.Store){
		"the first rank counts as 1 in a fusion":         firstRank,
		"words that share a place count as one":          sharedPlace,
		"a point may have no words":                      noWords,
		"equal scores have one order":                    equalScores,
		"an embedding of another length counts the same": lengths,
		"replies may be long":                            longTexts,
		"chunks that look alike are several":             distinctIDs,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t, tenant()))
		})
	}
}

func TestStoreOnTheFake(t *testing.T) {
	fake := started(t)
	run(t, func(t *testing.T, tenant string) knowledge.Store {
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
	run(t, func(_ *testing.T, tenant string) knowledge.Store { return server.Tenant(tenant) })
}
