package embed_test

import (
	"fmt"
	"os"
	"testing"

	"bestbox/internal/knowledge/embed"
	"bestbox/internal/llm/llmtest"
)

// shared is the one embedding server of this binary, with the model of profile small.
var shared *llmtest.Server

func TestMain(m *testing.M) {
	server, err := llmtest.Launch(llmtest.Embedding())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	shared = server
	code := m.Run()
	server.Kill()
	os.Exit(code)
}

func open(t testing.TB, o embed.Options) *embed.Client {
	t.Helper()
	client, err := embed.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// real is a client of the shared server.
func real(t testing.TB) *embed.Client {
	t.Helper()
	return open(t, embed.Options{URL: shared.URL, Model: llmtest.EmbedModel})
}
