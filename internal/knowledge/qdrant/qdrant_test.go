package qdrant_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/indextest"
	"bestbox/internal/knowledge/qdrant"
	"bestbox/internal/knowledge/qdrant/qdranttest"
)

// The variables say where a real Qdrant server is, for the tests that can run against one: its gRPC address, a file with its key and one with the certificates that are
// trusted. The key goes over TLS, and to this machine also without; the file of certificates turns TLS on, and so does "system" in its place for those of the system.
const (
	serverVariable       = "BESTBOX_TEST_QDRANT"
	keyVariable          = "BESTBOX_TEST_QDRANT_KEY_FILE"
	certificatesVariable = "BESTBOX_TEST_QDRANT_CA_FILE"
)

// optionsOfServer are those that the variables tell.
func optionsOfServer(t *testing.T) qdrant.Options {
	t.Helper()
	options := qdrant.Options{Address: os.Getenv(serverVariable), Prefix: "bestbox-test"}
	if file := os.Getenv(keyVariable); file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		options.APIKey = strings.TrimSpace(string(content))
	}
	if options.CAFile = os.Getenv(certificatesVariable); options.CAFile != "" {
		options.TLS = true
	}
	if options.CAFile == "system" {
		options.CAFile = ""
	}
	return options
}

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
	options := optionsOfServer(t)
	if options.Address == "" {
		t.Skip(serverVariable + " does not name a Qdrant server")
	}
	server, err := qdrant.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	run(t, func(_ *testing.T, tenant string) knowledge.Store { return server.Tenant(tenant) })
}

// TestTheServerOfTheVariablesMayHaveAKeyAndTLS gives a fake what a real server asks for.
func TestTheServerOfTheVariablesMayHaveAKeyAndTLS(t *testing.T) {
	certificate, file := authority(t)
	fake := &qdranttest.Fake{APIKey: key, Certificate: certificate}
	fake.Start(t)
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(serverVariable, fake.Address())
	t.Setenv(keyVariable, keyFile)
	t.Setenv(certificatesVariable, file)
	server, err := qdrant.Open(t.Context(), optionsOfServer(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(server.Tenant("company").Ping(t.Context()), server.Close()); err != nil {
		t.Error(err)
	}
	t.Setenv(certificatesVariable, "system")
	if options := optionsOfServer(t); !options.TLS || options.CAFile != "" {
		t.Errorf("%+v", options)
	}
}
