package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"bestbox/internal/programtest"
)

func TestRouteRefusesWrongInputWithOneMessage(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, address(programtest.FreePort(t)), false)
	for _, test := range []struct {
		name      string
		input     string
		arguments []string
		says      []string
	}{
		{"empty", "", []string{""}, []string{"question: ", "empty"}},
		{"100 kB", "", []string{strings.Repeat("a", 100_000)}, []string{"question: ", "100000"}},
		{"100 kB of input", strings.Repeat("a", 100_000), nil, []string{"standard input", "64 kB"}},
		{"bytes as input", "a\x01b\n", nil, []string{"question: ", "text"}},
		{"unknown tier", "", []string{"--tier", "medium", "hello"}, []string{"--tier", `"medium"`, "light, heavy"}},
		{"a tier that the profile lacks", "", []string{"--profile", "heavy-only", "--tier", "light", "hello"}, []string{"--tier", "heavy"}},
		{"unknown flag", "", []string{"--fast", "hello"}, []string{"--fast"}},
		{"no configuration", "", []string{"--config", "/nowhere/bestbox.yaml", "hello"}, []string{"/nowhere/bestbox.yaml"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			i.workerReads(test.input, append([]string{"route"}, test.arguments...)...).wantMessage(t, exitBadInput, test.says...)
		})
	}
}

func TestRouteWithoutModelServersNamesTheOneThatIsMissing(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, address(programtest.FreePort(t)), false)
	i.worker("route", "hello").wantMessage(t, exitUnreachable, "heavy", "llmctl up") // light was asked before
	i.worker("route", "--tier", "light", "--json", "hello").wantMessage(t, exitUnreachable, "light", "llmctl up")
	i.workerReads("hello\n", "route", "--tier", "heavy").wantMessage(t, exitUnreachable, "heavy", "llmctl up")
}

func TestRouteOfNothingIsNothing(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, address(programtest.FreePort(t)), false)
	if got := i.workerReads("\n \n", "route"); got != (ended{}) {
		t.Errorf("got %+v", got)
	}
}

func TestInterruptedRouteSaysSo(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, address(programtest.FreePort(t)), true)
	process := i.start(i.command("route", "hello"))
	select {
	case <-i.modelAsked:
	case <-time.After(soon):
		t.Fatal("the light tier was not asked")
	}
	process.Signal(os.Interrupt)
	i.finish(process).wantMessage(t, exitCancelled, "cancelled")
}
