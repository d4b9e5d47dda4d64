package mcp_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"bestbox/internal/config"
	"bestbox/internal/database"
	"bestbox/internal/records"
	"bestbox/tools"
	"bestbox/tools/mcp"
)

// noteServer is the rogue server with its tool that writes, allowed in one of the ways that there are to find out whether a write has happened.
func noteServer(t *testing.T, way string) (settings config.MCPServer, file string) {
	t.Helper()
	settings = rogueServer(t, "plain")
	file = settings.Environment[fileVariable]
	return noteSettings(settings.Command[0], file, way), file
}

func noteSettings(program, file, way string) config.MCPServer {
	write := config.MCPTool{Tool: "make-note", Effect: config.MCPWrite}
	switch way {
	case "key":
		write.IdempotencyArgument = "key"
	case "check":
		write.Check = &config.MCPCheck{Tool: "read-notes", Contains: "{arguments.text}"}
	}
	return config.MCPServer{
		Command: []string{program}, Environment: map[string]string{modeVariable: "plain", fileVariable: file}, Timeout: "5s", StartTimeout: "30s",
		Tools: []config.MCPTool{{Tool: "echo", Effect: config.MCPRead}, {Tool: "misbehave", Effect: config.MCPRead}, write, {Tool: "read-notes", Effect: config.MCPRead}},
	}
}

const (
	killedKey   = "run/1.1/aa"
	killedWrite = `{"text":"buy milk","then":"hang once"}`
)

func TestAWriteOfAWorkerThatWasKilledIsMadeOnceOrAPersonIsTold(t *testing.T) {
	t.Parallel()
	for way, says := range map[string]string{"key": "rogue answers: “noted”", "check": "rogue answers: “it was done in an earlier attempt”", "neither": ""} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			settings, file := noteServer(t, way)
			path := t.TempDir() + "/records.db"
			db, err := records.Open(t.Context(), database.Location{Path: path})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			worker := exec.Command(settings.Command[0])
			worker.Env = append(os.Environ(), modeVariable+"=writer", dbVariable+"="+path, fileVariable+"="+file, wayVariable+"="+way)
			if err := worker.Start(); err != nil {
				t.Fatal(err)
			}
			for begun := time.Now(); len(notes(t, file)) == 0 && time.Since(begun) < 30*time.Second; time.Sleep(20 * time.Millisecond) {
			}
			_ = worker.Process.Kill()
			_ = worker.Wait()
			if row, begun, err := db.FindEffect(t.Context(), killedKey); err != nil || !begun || row.State != records.EffectPending {
				t.Errorf("the ledger has %+v %v", row, err)
			}
			servers := start(t, map[string]config.MCPServer{"rogue": settings})
			result, err := apply(t, servers, tool(t, servers.Tools("rogue", "default", db), "rogue_make_note"), killedKey, killedWrite)
			if unknown := errors.As(err, new(*records.UnknownEffectError)); unknown != (says == "") || !unknown && result.Sentences[0] != says {
				t.Errorf("got %v %v", result.Sentences, err)
			}
			if got := notes(t, file); len(got) != 1 {
				t.Errorf("the server has %q", got)
			}
		})
	}
}

func openRecords(t *testing.T) *records.DB {
	t.Helper()
	db, err := records.Open(t.Context(), database.Location{Path: t.TempDir() + "/records.db"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func notes(t *testing.T, file string) []string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.FieldsFunc(string(content), func(sign rune) bool { return sign == '\n' })
}

// apply makes a write until it ends, as the attempts of an activity do.
func apply(t *testing.T, servers *mcp.Servers, write *tools.Tool, key, arguments string) (tools.Result, error) {
	t.Helper()
	for range 5 {
		result, err := write.Apply(t.Context(), key, json.RawMessage(arguments))
		var unknown *records.UnknownEffectError
		if err == nil || errors.As(err, &unknown) {
			return result, err
		}
		t.Log(err)
		answers(t, servers)
	}
	t.Fatal("it does not end")
	return tools.Result{}, nil
}

func TestAWriteThatWasCutOffIsMadeOnceOrAPersonIsTold(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		way, then, says string
		made            int
	}{
		{"key", "die once", "rogue answers: “noted”", 1},
		{"check", "die once", "rogue answers: “it was done in an earlier attempt”", 1},
		{"check", "hang", "rogue answers: “it was done in an earlier attempt”", 1},
		{"neither", "die once", "", 1},
		{"neither", "die before", "", 0}, // nobody can tell
		{"neither", "hang", "", 1},
		{"key", "", "rogue answers: “noted”", 1},
	} {
		t.Run(one.way+" "+one.then, func(t *testing.T) {
			t.Parallel()
			settings, file := noteServer(t, one.way)
			servers := start(t, map[string]config.MCPServer{"rogue": settings})
			write := tool(t, servers.Tools("rogue", "default", openRecords(t)), "rogue_make_note")
			arguments := `{"text":"buy milk","then":"` + one.then + `"}`
			for range 2 { // a later attempt finds what the earlier ones have left
				result, err := apply(t, servers, write, "run/1.1/aa", arguments)
				if one.says == "" {
					var unknown *records.UnknownEffectError
					if !errors.As(err, &unknown) || !strings.Contains(err.Error(), "rogue_make_note") {
						t.Errorf("got %v %v", result.Sentences, err)
					}
				} else if err != nil || result.Sentences[0] != one.says {
					t.Errorf("got %v %v", result.Sentences, err)
				}
			}
			if got := notes(t, file); len(got) != one.made {
				t.Errorf("the server has %q", got)
			}
		})
	}
}

func TestAnotherCallIsAnotherWrite(t *testing.T) {
	t.Parallel()
	settings, file := noteServer(t, "key")
	servers := start(t, map[string]config.MCPServer{"rogue": settings})
	write := tool(t, servers.Tools("rogue", "default", openRecords(t)), "rogue_make_note")
	for _, key := range []string{"run/1.1", "run/1.2", "run/1.1"} {
		if _, err := write.Apply(t.Context(), key, json.RawMessage(`{"text":"buy milk"}`)); err != nil {
			t.Fatal(err)
		}
	}
	if got := notes(t, file); len(got) != 2 || got[0] == got[1] {
		t.Errorf("the server has %q", got)
	}
}

func TestAWriteIsShownInWordsAndItsKeyIsNoArgumentOfTheModel(t *testing.T) {
	t.Parallel()
	settings, file := noteServer(t, "key")
	servers := start(t, map[string]config.MCPServer{"rogue": settings})
	write := tool(t, servers.Tools("rogue", "default", openRecords(t)), "rogue_make_note")
	if strings.Contains(string(write.Schema()), `"key"`) {
		t.Errorf("the model is shown the key: %s", write.Schema())
	}
	change, err := write.Preview(t.Context(), json.RawMessage(`{"text":"`+strings.Repeat("a", 300)+`\n“b”"}`))
	if err != nil || change.Summary != "Has the MCP server rogue carry out make-note." || len(change.Lines) != 1 || change.Lines[0].What != "text" ||
		change.Lines[0].After != strings.Repeat("a", 300)+"\n“b”" || len(change.Warnings) != 0 {
		t.Errorf("%+v %v", change, err)
	}
	for _, wrong := range []string{`{}`, `{"text":5}`, `{"text":"a","key":"mine"}`} {
		if _, err := write.Preview(t.Context(), json.RawMessage(wrong)); !errors.As(err, new(*tools.ArgumentError)) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	if got := notes(t, file); len(got) != 0 {
		t.Errorf("a preview has written %q", got)
	}
}

func TestNothingIsWrittenWithAToolThatHasChanged(t *testing.T) {
	t.Parallel()
	settings, _ := noteServer(t, "key")
	settings.Tools[0], settings.Tools[2] = config.MCPTool{Tool: "echo", Effect: config.MCPWrite, Name: "write"}, config.MCPTool{Tool: "make-note", Effect: config.MCPRead}
	servers := start(t, map[string]config.MCPServer{"rogue": settings})
	db := openRecords(t)
	old := tool(t, servers.Tools("rogue", "default", db), "rogue_write")
	changes := watched(servers)
	call(t, servers, "rogue_misbehave", `{"how":"change"}`)
	await(t, changes)
	if _, err := old.Apply(t.Context(), "k", json.RawMessage(`{"text":"a"}`)); err == nil || !strings.Contains(err.Error(), "has changed its tool echo") {
		t.Errorf("got %v", err)
	}
	if _, begun, err := db.FindEffect(t.Context(), "k"); begun || err != nil {
		t.Errorf("the ledger has a row: %v", err)
	}
}

func TestAServerThatIsAwayIsSentNoWrite(t *testing.T) {
	t.Parallel()
	settings, _ := noteServer(t, "neither")
	servers := start(t, map[string]config.MCPServer{"rogue": settings})
	db := openRecords(t)
	write := tool(t, servers.Tools("rogue", "default", db), "rogue_make_note")
	servers.Close()
	if _, err := write.Apply(t.Context(), "k", json.RawMessage(`{"text":"a"}`)); err == nil || !strings.Contains(err.Error(), "the MCP server rogue is away") {
		t.Errorf("got %v", err)
	}
	if _, begun, _ := db.FindEffect(t.Context(), "k"); begun {
		t.Error("the ledger has a row of a call that was not sent")
	}
}
