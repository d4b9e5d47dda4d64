package mcp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	// stopPatience is how long a program may take to end after its input was closed, and again after SIGTERM.
	stopPatience = 2 * time.Second
	// writeTimeout is how long a program may leave what is sent to it unread.
	writeTimeout = 5 * time.Second
)

// passedOn are the variables of the worker that a program gets: none of them holds a secret.
var passedOn = []string{"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"}

// process is the program of a server. It is the leader of a group of its own, so that what it starts ends with it.
type process struct {
	command *exec.Cmd
	input   *os.File
	output  *os.File
	over    context.Context // ends with the program
	ended   chan struct{}
}

// startProcess starts a program with these variables beside those that are passed on, and logs what it writes to standard error.
func startProcess(arguments []string, variables map[string]string, log *slog.Logger) (*process, error) {
	childInput, input, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer childInput.Close()
	output, childOutput, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, input.Close())
	}
	defer childOutput.Close()
	complaints, childComplaints, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, input.Close(), output.Close())
	}
	defer childComplaints.Close()
	over, end := context.WithCancel(context.Background())
	started := &process{command: exec.Command(arguments[0], arguments[1:]...), input: input, output: output, over: over, ended: make(chan struct{})}
	started.command.Env = environment(variables)
	started.command.Stdin, started.command.Stdout, started.command.Stderr = childInput, childOutput, childComplaints // files: nothing waits for who inherits them
	started.command.SysProcAttr = ownGroup()
	begun := make(chan error)
	go func() {
		// The kernel ends the program when the thread ends that has started it; so this one stays.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := started.command.Start()
		begun <- err
		if err == nil {
			_ = started.command.Wait() // how it has ended stands in its state
		}
		end()
		close(started.ended)
	}()
	if err := <-begun; err != nil {
		return nil, errors.Join(fmt.Errorf("start the program %s: %w", arguments[0], err), input.Close(), output.Close(), complaints.Close())
	}
	go logComplaints(complaints, hiding(variables), log)
	return started, nil
}

func environment(variables map[string]string) []string {
	var all []string
	for _, name := range passedOn {
		if value, set := os.LookupEnv(name); set {
			all = append(all, name+"="+value)
		}
	}
	for name, value := range variables {
		all = append(all, name+"="+value)
	}
	slices.Sort(all)
	return all
}

// shortestSecret is the length from which on a variable's value is taken for one: shorter ones would blot out words.
const shortestSecret = 8

// hiding replaces the values of variables.
func hiding(variables map[string]string) *strings.Replacer {
	var pairs []string
	for name, value := range variables {
		if len(value) >= shortestSecret {
			pairs = append(pairs, value, "<"+name+">")
		}
	}
	return strings.NewReplacer(pairs...)
}

func (p *process) transport() sdk.Transport {
	return &sdk.IOTransport{Reader: readCloser{newLineReader(p.over, p.output, plainLines), p.output}, Writer: patientWriter{p.input}, MaxLineLength: maxMessage + 1024}
}

type readCloser struct {
	io.Reader
	io.Closer
}

// patientWriter gives up on a program that does not read.
type patientWriter struct{ *os.File }

func (w patientWriter) Write(content []byte) (int, error) {
	if err := w.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	return w.File.Write(content)
}

// how says how the program has ended.
func (p *process) how() (text string, over bool) {
	select {
	case <-p.ended:
		return p.command.ProcessState.String(), true
	case <-time.After(50 * time.Millisecond): // its pipes close a moment before it is known to have ended
		return "", false
	}
}

// stop ends the program and all that it has started: it closes its input, and then asks and ends the whole group.
func (p *process) stop() error {
	_ = p.input.Close()
	group := -p.command.Process.Pid
	for _, signal := range []syscall.Signal{0, syscall.SIGTERM} {
		if signal != 0 {
			_ = syscall.Kill(group, signal)
		}
		select {
		case <-p.ended:
		case <-time.After(stopPatience):
			continue
		}
		break
	}
	_ = syscall.Kill(group, syscall.SIGKILL) // also what outlives its parent
	_ = p.output.Close()
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopPatience):
		return fmt.Errorf("the program %s does not end, not even by SIGKILL", p.command.Path)
	}
}
