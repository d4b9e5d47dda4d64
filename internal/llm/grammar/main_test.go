package grammar_test

import (
	"fmt"
	"os"
	"testing"

	"bestbox/internal/llm/llmtest"
)

// shared is the one model server of this binary. What it writes does not matter, only what its grammar lets it write: the smallest model does.
var shared *llmtest.Server

func TestMain(m *testing.M) {
	server, err := llmtest.Launch(llmtest.Options{Model: "smollm2-135m-instruct-q4_1", Context: 1024})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	shared = server
	code := m.Run()
	server.Kill()
	os.Exit(code)
}
