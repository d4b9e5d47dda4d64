package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"bestbox/internal/postgrestest"
	"bestbox/internal/programs"
	"bestbox/internal/programtest"
	"bestbox/internal/temporaldev"
)

// These tests run the worker's commands as processes, with a real Temporal and without models: the model servers of these installations take
// requests and never answer, or are not there. What needs an answer is in internal/e2e.

// commandVariable tells the test program that it is the worker; so the race detector looks at the worker's processes too.
const commandVariable = "BESTBOX_TEST_WORKER"

// sharedRecords are the records of all installations: to make the demo company takes the race detector seconds.
var sharedRecords string

// soon is how long a process may take for what it does at once, on a machine that other tests keep busy.
const soon = 2 * time.Minute

func TestMain(m *testing.M) {
	if os.Getenv(commandVariable) != "" {
		main()
	}
	folder, err := os.MkdirTemp("", "worker-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	sharedRecords = filepath.Join(folder, "records.db")
	code := m.Run()
	_ = os.RemoveAll(folder)
	postgrestest.CleanUp()
	os.Exit(code)
}

// installation is a configuration and a state folder of its own.
type installation struct {
	t                     *testing.T
	config, state, listen string
	// modelAsked tells that a hanging model server was connected to.
	modelAsked chan struct{}
}

// newInstallation writes a configuration; its model servers hang, or nothing listens on their ports.
func newInstallation(t *testing.T, temporal string, hanging bool) *installation {
	t.Helper()
	folder := t.TempDir()
	i := &installation{t: t, config: filepath.Join(folder, "bestbox.yaml"), state: filepath.Join(folder, "state"),
		listen: address(programtest.FreePort(t)), modelAsked: make(chan struct{}, 1)}
	heavy, light := programtest.FreePort(t), programtest.FreePort(t)
	if hanging {
		heavy, light = hang(t, i.modelAsked), hang(t, i.modelAsked)
	}
	key := filepath.Join(folder, "key")
	i.write(key, strings.Repeat("k", 40))
	i.write(i.config, fmt.Sprintf(`
profile: small
directories: {state: %q}
temporal: {address: %q, ui_port: 1}
http: {listen: %q, api_key_file: %q}
records: {path: %q}
profiles: {small: {tiers: {heavy: {port: %d}, light: {port: %d}, embed: {port: %d}}}}
`, i.state, temporal, i.listen, key, sharedRecords, heavy, light, programtest.FreePort(t)))
	return i
}

// useServer puts the installation's data into a database of a PostgreSQL server.
func (i *installation) useServer(server *postgrestest.Server, name string) {
	i.t.Helper()
	i.change(fmt.Sprintf("records: {path: %q}", sharedRecords), fmt.Sprintf("records: {database: %q, password_file: %q}",
		server.URL(postgrestest.Admin, name), server.PasswordFile()))
}

// change replaces a part of the configuration.
func (i *installation) change(before, after string) {
	i.t.Helper()
	content, err := os.ReadFile(i.config)
	if err != nil || !strings.Contains(string(content), before) {
		i.t.Fatalf("the configuration lacks %q: %v", before, err)
	}
	i.write(i.config, strings.Replace(string(content), before, after, 1))
}

func (i *installation) write(path, content string) {
	i.t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		i.t.Fatal(err)
	}
}

// hang returns a port on which requests are taken and never answered, and tells of each.
func hang(t *testing.T, asked chan<- struct{}) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			defer connection.Close() // at the end: until then it hangs
			select {
			case asked <- struct{}{}:
			default: // nobody waits for it
			}
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// ended is what a process has left.
type ended struct {
	stdout, stderr string
	code           int // -1 when a signal ended it
}

// ownRecords takes the installation from the records that it shares, and returns its own file.
func (i *installation) ownRecords() (path string) {
	i.t.Helper()
	path = filepath.Join(i.state, "records.db")
	i.change(sharedRecords, path)
	return path
}

// wantMessage checks an exit code, that nothing stands on standard output, and that one line on standard error says these words.
func (e ended) wantMessage(t *testing.T, code int, words ...string) {
	t.Helper()
	if e.code != code || e.stdout != "" {
		t.Errorf("exit code %d, standard output %q; want %d and none", e.code, e.stdout, code)
	}
	if !strings.HasPrefix(e.stderr, "worker: ") || strings.Count(e.stderr, "\n") != 1 || len(e.stderr) > 500 {
		t.Errorf("want one short line, got %q", e.stderr)
	}
	for _, word := range words {
		if !strings.Contains(e.stderr, word) {
			t.Errorf("the message lacks %q: %s", word, e.stderr)
		}
	}
}

func (i *installation) command(arguments ...string) *exec.Cmd {
	command := exec.Command(os.Args[0], arguments...)
	command.Env = append(os.Environ(), commandVariable+"=1", "BESTBOX_CONFIG="+i.config, "BESTBOX_STATE_DIR=", "BESTBOX_API_KEY=")
	return command
}

// worker runs a command to its end.
func (i *installation) worker(arguments ...string) ended {
	i.t.Helper()
	return i.finish(i.start(i.command(arguments...)))
}

// workerReads is worker with a standard input.
func (i *installation) workerReads(input string, arguments ...string) ended {
	i.t.Helper()
	command := i.command(arguments...)
	command.Stdin = strings.NewReader(input)
	return i.finish(i.start(command))
}

// started is a process that runs.
type started struct {
	*programs.Process
	stdout *bytes.Buffer // to be read when the process has ended
}

func (i *installation) start(command *exec.Cmd) started {
	i.t.Helper()
	stdout := &bytes.Buffer{}
	command.Stdout = stdout
	process, err := programs.Start(command)
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(process.Kill)
	return started{process, stdout}
}

// finish waits for the end of a process.
func (i *installation) finish(process started) ended {
	i.t.Helper()
	state, over := process.Wait(soon)
	if !over {
		i.t.Fatalf("not over after %s: %s", soon, process.Log())
	}
	return ended{stdout: process.stdout.String(), stderr: process.Log(), code: state.ExitCode()}
}

// says waits until a process has written these words to its log.
func (i *installation) says(process started, words string) {
	i.t.Helper()
	if err := process.Ready(soon, func(context.Context) error {
		if !strings.Contains(process.Log(), words) {
			return fmt.Errorf("its log does not say %s", words)
		}
		return nil
	}); err != nil {
		i.t.Fatal(err)
	}
}

// run starts `worker run` and waits until it polls.
func (i *installation) run(flags ...string) started {
	i.t.Helper()
	process := i.start(i.command(append([]string{"run"}, flags...)...))
	i.says(process, `"msg":"ready"`)
	return process
}

// dial returns a client of a server that ends with the test.
func dial(t *testing.T, server *temporaldev.Server) client.Client {
	t.Helper()
	connected, err := client.Dial(client.Options{HostPort: server.Address, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(connected.Close)
	return connected
}

// eventually tries until done.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(soon); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s", what, soon)
		}
	}
}

// files lists what lies in a folder.
func files(t *testing.T, folder string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(found, "\n")
}
