package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bestbox/internal/programs"
	"bestbox/internal/programtest"
	"bestbox/internal/temporaltest"
)

// The packages of the tests, pinned: the official client of another language, and a server.
const (
	pythonClient = "mcp==2.3.0"
	pythonServer = "mcp-server-time==2026.10.19"
)

// spoken is a conversation of an MCP client, which is not the SDK that the worker uses, with `worker mcp`.
type spoken struct {
	t       *testing.T
	calls   io.WriteCloser
	replies *bufio.Scanner
}

func (i *installation) speak() *spoken {
	i.t.Helper()
	binaries := programtest.PythonPackage(i.t, pythonClient)
	command := i.command() // its environment
	command.Path = filepath.Join(binaries, "python")
	command.Args = []string{command.Path, "testdata/mcp_client.py", os.Args[0], "mcp"}
	calls, err := command.StdinPipe()
	if err != nil {
		i.t.Fatal(err)
	}
	replies, out, err := os.Pipe()
	if err != nil {
		i.t.Fatal(err)
	}
	command.Stdout = out
	process, err := programs.Start(command)
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() {
		_ = calls.Close()
		if i.t.Failed() {
			i.t.Log(process.Log())
		}
		process.Kill()
		_ = replies.Close()
	})
	_ = out.Close()
	lines := bufio.NewScanner(replies)
	lines.Buffer(nil, 1<<20)
	return &spoken{t: i.t, calls: calls, replies: lines}
}

// line is what the client prints.
type line struct {
	Server, Progress, Text string
	Tools                  []string
	Failed                 bool
	Data                   json.RawMessage
}

func (s *spoken) next() line {
	s.t.Helper()
	var read line
	if !s.replies.Scan() {
		s.t.Fatalf("the client has ended: %v", s.replies.Err())
	}
	if err := json.Unmarshal(s.replies.Bytes(), &read); err != nil {
		s.t.Fatalf("%v in %s", err, s.replies.Text())
	}
	return read
}

func (s *spoken) call(tool, arguments string) {
	s.t.Helper()
	if _, err := fmt.Fprintf(s.calls, `{"tool":%q,"arguments":%s}`+"\n", tool, arguments); err != nil {
		s.t.Fatal(err)
	}
}

// result is the next line that is no progress, and the progress before it.
func (s *spoken) result() (found line, told string) {
	s.t.Helper()
	for found = s.next(); found.Progress != ""; found = s.next() {
		told += found.Progress + "\n"
	}
	return found, told
}

func TestAnotherMCPClientLooksThingsUpAndChangesThemWhenAPersonAgrees(t *testing.T) {
	t.Parallel()
	server := temporaltest.New(t, "BestBoxDomain", "BestBoxStatus")
	i := newInstallation(t, server.Address, true)
	i.ownRecords() // this test writes
	i.run()
	client := i.speak()
	if got := client.next(); got.Server != "bestbox" {
		t.Errorf("got %+v", got)
	}
	if got := client.next(); !slices.Contains(got.Tools, "ask") || !slices.Contains(got.Tools, "get_inventory_levels") || !slices.Contains(got.Tools, "adjust_stock") {
		t.Errorf("got %v", got.Tools)
	}
	client.call("get_inventory_levels", `{"warehouse_id":"WH-001","item_id":"A-100"}`)
	if got, _ := client.result(); got.Failed || !strings.HasPrefix(got.Text, "12 pcs on hand, not enough") || !strings.Contains(string(got.Data), `"A-100"`) {
		t.Errorf("got %+v", got)
	}
	client.call("get_inventory_levels", `{"item_id":"; drop table items"}`)
	if got, _ := client.result(); !got.Failed || !strings.Contains(got.Text, `argument "item_id"`) {
		t.Errorf("got %+v", got)
	}
	client.call("ask", `{"question":""}`)
	if got, _ := client.result(); !got.Failed {
		t.Errorf("got %+v", got)
	}

	adjust := `{"warehouse_id":"WH-001","item_id":"A-100","change":-2,"reason":"count","idempotency_key":"count-1"}`
	client.call("adjust_stock", adjust)
	waits := client.next()
	id, found := strings.CutPrefix(waits.Progress, "waits for approval: run ")
	id, _, _ = strings.Cut(id, ",")
	if !found {
		t.Fatalf("got %+v", waits)
	}
	if got := i.get("/v1/approvals"); !strings.Contains(got, id) || !strings.Contains(got, "outsiders") {
		t.Errorf("waiting: %s", got)
	}
	if left := i.worker("approvals", "approve", id, "1.1", "--by", "Anna"); left.code != 0 {
		t.Fatal(left.stderr)
	}
	if got, _ := client.result(); got.Failed || !strings.Contains(got.Text, "A-100") || !strings.Contains(string(got.Data), `"Anna"`) {
		t.Errorf("got %+v", got)
	}
	client.call("adjust_stock", adjust) // the same key finds the same run: nothing is changed again
	if got, _ := client.result(); got.Failed || !strings.Contains(string(got.Data), id) {
		t.Errorf("got %+v", got)
	}
	client.call("adjust_stock", strings.Replace(adjust, "-2", "-3", 1))
	if got, _ := client.result(); !got.Failed || !strings.Contains(got.Text, "was used for another call") {
		t.Errorf("got %+v", got)
	}
	client.call("get_inventory_levels", `{"warehouse_id":"WH-001","item_id":"A-100"}`)
	if got, _ := client.result(); !strings.HasPrefix(got.Text, "10 pcs on hand") {
		t.Errorf("got %+v", got)
	}

	client.call("adjust_stock", `{"warehouse_id":"WH-001","item_id":"A-100","change":-5,"reason":"count"}`)
	denied := strings.TrimPrefix(client.next().Progress, "waits for approval: run ")
	denied, _, _ = strings.Cut(denied, ",")
	if left := i.worker("approvals", "deny", denied, "1.1", "--by", "Anna", "--reason", "counted twice"); left.code != 0 {
		t.Fatal(left.stderr)
	}
	if got, _ := client.result(); !got.Failed || !strings.HasPrefix(got.Text, "Not done: Anna did not agree: counted twice.") {
		t.Errorf("got %+v", got)
	}

	client.call("adjust_stock", `{"warehouse_id":"WH-001","item_id":"A-100","change":-5,"reason":"recount"}`)
	edited := strings.TrimPrefix(client.next().Progress, "waits for approval: run ")
	edited, _, _ = strings.Cut(edited, ",")
	if listed := i.worker("approvals"); listed.code != 0 || !strings.Contains(listed.stdout, edited) || !strings.Contains(listed.stdout, "Takes 5 pcs of A-100") {
		t.Errorf("list: %+v", listed)
	}
	if shown := i.worker("approvals", "show", edited, "1.1"); shown.code != 0 || !strings.Contains(shown.stdout, "Takes 5 pcs of A-100") || strings.Contains(shown.stdout, "approve") {
		t.Errorf("show: %+v", shown)
	}
	i.worker("approvals", "show", edited, "9.9").wantMessage(t, exitBadInput, "no such call")
	i.worker("approvals", "edit", edited, "1.1", "--arguments", "-1").wantMessage(t, exitBadInput, "allowed: one JSON object")
	i.worker("approvals", "edit", edited, "1.1", "--arguments", "[").wantMessage(t, exitBadInput, "allowed: one JSON object")
	i.worker("approvals", "edit", edited, "1.1", "--arguments", `{"warehouse_id":"WH-001","item_id":"A-100","change":-999,"reason":"recount"}`).wantMessage(t, exitBadInput, "change")
	left := i.worker("approvals", "edit", edited, "1.1", "--arguments", `{"warehouse_id":"WH-001","item_id":"A-100","change":-1,"reason":"recount"}`)
	if left.code != 0 || !strings.Contains(left.stdout, ": approve") {
		t.Errorf("edit: %+v", left)
	}
	if got, _ := client.result(); got.Failed || !strings.Contains(got.Text, "9") {
		t.Errorf("got %+v", got)
	}
	i.worker("approvals", "deny", edited, "1.1").wantMessage(t, exitBadInput) // decided on, or ended by now
	if listed := i.worker("approvals"); listed.code != 0 || !strings.Contains(listed.stdout, "nothing waits") {
		t.Errorf("list: %+v", listed)
	}
}

// get reads a path of the worker's HTTP interface.
func (i *installation) get(path string) string {
	i.t.Helper()
	request, err := http.NewRequestWithContext(i.t.Context(), http.MethodGet, "http://"+i.listen+path, nil)
	if err != nil {
		i.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+strings.Repeat("k", 40))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		i.t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		i.t.Fatal(err)
	}
	return string(content)
}

func TestMCPNamesAWorkerThatIsNotThereAndAWrongKey(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, address(programtest.FreePort(t)), false)
	i.worker("mcp").wantMessage(t, exitUnreachable, i.listen, "worker run")
	process := i.start(i.command("run"))
	i.says(process, `"msg":"listening"`)
	command := i.command("mcp", "--url", "http://"+i.listen)
	command.Env = append(command.Env, "BESTBOX_API_KEY="+strings.Repeat("w", 40))
	i.finish(i.start(command)).wantMessage(t, exitBadInput, "does not take the key", "BESTBOX_API_KEY")
	i.worker("mcp", "--url", "nowhere").wantMessage(t, exitBadInput, "--url")
}

func TestTheToolsOfAnMCPServerComeAndGoWithIt(t *testing.T) {
	t.Parallel()
	binaries := programtest.PythonPackage(t, pythonServer)
	i := newInstallation(t, address(programtest.FreePort(t)), false)
	folder := t.TempDir()
	program := filepath.Join(folder, "time-server")
	agent := filepath.Join(folder, "agents", "clock")
	if err := os.MkdirAll(agent, 0o700); err != nil {
		t.Fatal(err)
	}
	i.write(filepath.Join(agent, "agent.yaml"), "name: clock\ndescription: what time it is elsewhere\ntools: ['mcp:time']\npolicy: {writes: {}}\n")
	i.write(filepath.Join(agent, "prompt.md"), "You know what time it is.\n")
	i.change("profile: small", fmt.Sprintf(`
agents: {folder: %q}
mcp:
  time:
    command: [%q]
    start_timeout: 20s
    tools:
      - {tool: convert_time, effect: read}
profile: small`, filepath.Join(folder, "agents"), program))

	process := i.start(i.command("run")) // the program is not there yet: the worker starts without it
	i.says(process, `"msg":"listening"`)
	if got := i.get("/readyz"); !strings.Contains(got, "mcp time") && !strings.Contains(got, "not ready") {
		t.Errorf("got %s", got)
	}
	if left := i.worker("mcp", "tools"); left.code != exitFailed || !strings.Contains(left.stderr, "the MCP server time: start the program") {
		t.Errorf("got %+v", left)
	}
	i.write(program, "#!/bin/sh\nexec "+filepath.Join(binaries, "mcp-server-time")+" --local-timezone UTC\n")
	if err := os.Chmod(program, 0o700); err != nil {
		t.Fatal(err)
	}
	i.says(process, `"msg":"new runs have the tools of an MCP server as they are now","mcp":"time"`)
	left := i.worker("mcp", "tools")
	if left.code != 0 || !strings.Contains(left.stdout, "time_convert_time") || !strings.Contains(left.stdout, "not allowed") {
		t.Errorf("got %+v", left)
	}
	i.change("tool: convert_time", "tool: invent_time")
	left = i.worker("run", "--no-http")
	if want := "\nworker: mcp.time.tools: invent_time: the server has no such tool; it has get_current_time, convert_time\n"; left.code != exitBadInput || !strings.HasSuffix(left.stderr, want) {
		t.Errorf("got %+v", left)
	}
}
