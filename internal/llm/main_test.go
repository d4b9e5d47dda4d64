package llm_test

import (
	"fmt"
	"os"
	"testing"

	"bestbox/internal/llm"
	"bestbox/internal/llm/llmtest"
)

// shared is the one model server of this binary; tests that break a server start their own.
var shared *llmtest.Server

func TestMain(m *testing.M) {
	server, err := llmtest.Launch(llmtest.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	shared = server
	code := m.Run()
	server.Kill()
	os.Exit(code)
}

// fakeTier is a client of an address that a test serves itself, for replies a real server cannot be made to give.
func fakeTier(t *testing.T, url string) *llm.Tier {
	t.Helper()
	tier, err := llm.New(llm.Options{Name: "heavy", BaseURL: url, Model: "fake", APIKey: "sk-secret"})
	if err != nil {
		t.Fatal(err)
	}
	return tier
}
