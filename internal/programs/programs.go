// Package programs runs real programs for tests and measurements: it finds what `llmctl pull` has put into the cache, starts it, waits until it answers
// and ends it with the program that asked for it, however that ends. It stands in for nothing that is missing.
package programs

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"bestbox/internal/config"
)

// poll is how often Ready tries again.
const poll = 50 * time.Millisecond

// Artefact returns the file of a model or a program in the cache, by the record that `llmctl pull` keeps of each.
func Artefact(name string) (string, error) {
	loaded, err := config.Load("", "small")
	if err != nil {
		return "", err
	}
	path := filepath.Join(loaded.Directories.Cache, "lock", name+".json")
	var record struct {
		Folder string
		Files  []struct{ Name string }
	}
	content, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(content, &record)
	}
	if err != nil || len(record.Files) == 0 {
		return "", fmt.Errorf("%s is not on this machine (no record at %s): run `make pull` first", name, path)
	}
	if !filepath.IsAbs(record.Folder) {
		record.Folder = filepath.Join(loaded.Directories.Cache, record.Folder)
	}
	file := filepath.Join(record.Folder, record.Files[0].Name)
	if _, err := os.Stat(file); err != nil {
		return "", fmt.Errorf("%s is recorded but missing: run `make pull` again: %w", name, err)
	}
	return file, nil
}

// Ports are taken from below those that Linux gives to outgoing connections (32768 and up), and to programs that ask for any: a server that starts a moment
// later would find its port taken by a connection.
const lowestPort, highestPort = 15000, 32767

// reserved hold the ports that FreePort has returned, for as long as this program runs.
var reserved sync.Map

// FreePort returns a port of the loopback address on which nothing listens, and which no other caller got: neither in this program nor, on Linux, in another
// one that asks here.
func FreePort() (int, error) {
	for range 1000 {
		port := lowestPort + rand.IntN(highestPort-lowestPort+1) //nolint:gosec // a port is no secret
		if _, taken := reserved.LoadOrStore(port, true); taken {
			continue
		}
		// A name in Linux's abstract namespace belongs to one process and ends with it; elsewhere it is a file, and there is none.
		if runtime.GOOS == "linux" {
			name, err := net.Listen("unix", "@bestbox-port-"+strconv.Itoa(port))
			if err != nil {
				continue
			}
			reserved.Store(port, name) // which keeps it open
		}
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		return port, listener.Close()
	}
	return 0, fmt.Errorf("no free port from %d to %d was found", lowestPort, highestPort)
}

// Process is a program that was started.
type Process struct {
	command *exec.Cmd
	log     *os.File
	exited  chan struct{}
}

// Start starts a program. Its standard error is kept for Log, and so is its standard output unless the command sends it elsewhere.
func Start(command *exec.Cmd) (*Process, error) {
	log, err := os.CreateTemp("", "programs-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(log.Name()); err != nil { // an open file needs no name, and so nobody needs to clean up
		return nil, err
	}
	command.Stderr = log
	if command.Stdout == nil {
		command.Stdout = log
	}
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Pdeathsig = syscall.SIGKILL // who is killed leaves nothing behind
	started := &Process{command: command, log: log, exited: make(chan struct{})}
	begun := make(chan error)
	go func() {
		// The kernel kills the program when the thread ends that has started it; so this one stays.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		begun <- err
		if err != nil {
			return
		}
		_ = command.Wait()
		close(started.exited)
	}()
	if err := <-begun; err != nil {
		return nil, fmt.Errorf("starting %s: %w", command.Path, err)
	}
	return started, nil
}

// Ready tries until there is no error. When the process ends before, or limit is over, it kills the process and says why, with its log.
func (p *Process) Ready(limit time.Duration, try func(context.Context) error) error {
	ctx, done := context.WithTimeout(context.Background(), limit)
	defer done()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.exited:
			return fmt.Errorf("%s ended before it was ready: %s\n%s", p.command.Path, p.command.ProcessState, p.Log())
		case <-ctx.Done():
			p.Kill()
			return fmt.Errorf("%s was not ready after %s: %w\n%s", p.command.Path, limit, err, p.Log())
		case <-time.After(poll):
		}
	}
}

// Log returns what the process has written so far.
func (p *Process) Log() string {
	content, err := io.ReadAll(io.NewSectionReader(p.log, 0, 1<<62))
	if err != nil {
		return err.Error()
	}
	return string(content)
}

// Signal sends a signal; a process that has ended gets none.
func (p *Process) Signal(signal os.Signal) { _ = p.command.Process.Signal(signal) }

// Kill ends the process at once, as a crash would, and waits for its end.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	<-p.exited
}

// Wait returns how the process ended, or false when it goes on after limit.
func (p *Process) Wait(limit time.Duration) (ended *os.ProcessState, over bool) {
	select {
	case <-p.exited:
	case <-time.After(limit):
	}
	select { // also when both have come
	case <-p.exited:
		return p.command.ProcessState, true
	default:
		return nil, false
	}
}
