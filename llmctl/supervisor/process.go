package supervisor

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// native runs services as processes of this machine.
type native struct{ state string }

// tagVariable marks a service's process in its environment, so that one whose supervisor died before writing it down is found again.
const tagVariable = "BESTBOX_SERVICE"

// tag is the state directory, the service's name and what it runs.
func (n native) tag(spec Spec) string {
	return n.tagOf(spec.Name) + spec.Digest()
}

func (n native) tagOf(name string) string {
	return tagVariable + "=" + n.state + "#" + name + "#"
}

// Digest changes with what makes a restart necessary: everything but addresses, time-outs and checks.
func (s Spec) Digest() string {
	sum := sha256.New()
	for _, part := range [][]string{s.Argv, s.Environment, {s.Stamp, strconv.FormatInt(s.MemoryLimit, 10)}} {
		fmt.Fprintf(sum, "%q\n", part)
	}
	if s.Container != nil {
		fmt.Fprintf(sum, "%+v\n", *s.Container)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// start runs a service in a session of its own, so that neither a terminal's Ctrl-C nor the supervisor's end reaches it. It writes
// straight into its log file: a pipe would break with the supervisor.
func (n native) start(_ context.Context, spec Spec, log *os.File) (instance, error) {
	command := exec.Command(spec.Argv[0], spec.Argv[1:]...)
	// An abort of llama-server would first start a debugger, which takes seconds and can lose the last line of the log.
	command.Env = append(append(os.Environ(), "GGML_NO_BACKTRACE=1"), append(slices.Clone(spec.Environment), n.tag(spec))...)
	command.Stdout, command.Stderr = log, log
	command.Dir = "/"
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	kills := oomKills()
	if err := command.Start(); err != nil {
		return nil, err
	}
	// A process that has ended already is still there to be identified: only Wait below lets it go.
	id, err := identify(command.Process.Pid)
	if err != nil {
		id = identity{PID: command.Process.Pid}
	}
	if err := limitMemory(id.PID, spec.MemoryLimit); err != nil {
		_ = errors.Join(command.Process.Kill(), command.Wait())
		return nil, err
	}
	p := &process{id: id, ending: newEnding()}
	go func() {
		_ = command.Wait() // how it ended is in its state
		result := exit{Known: true}
		if status, ok := command.ProcessState.Sys().(syscall.WaitStatus); ok {
			if status.Signaled() {
				result.Signal = status.Signal()
				result.OutOfMemory = result.Signal == syscall.SIGKILL && oomKills() > kills
			} else {
				result.Code = status.ExitStatus()
			}
		}
		p.ending <- result
	}()
	return p, nil
}

// limitMemory bounds a process's data: private writable memory, which a mapped model file is not (setrlimit(2), RLIMIT_DATA).
func limitMemory(pid int, bytes int64) error {
	if bytes <= 0 {
		return nil
	}
	limit := unix.Rlimit{Cur: uint64(bytes), Max: uint64(bytes)}
	if err := unix.Prlimit(pid, unix.RLIMIT_DATA, &limit, nil); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("limit its memory to %d bytes: %w", bytes, err)
	}
	return nil
}

// oomKills counts the processes that the kernel has killed for memory since boot (proc(5), /proc/vmstat).
func oomKills() int64 {
	content, _ := os.ReadFile("/proc/vmstat")
	for line := range strings.Lines(string(content)) {
		if value, ok := strings.CutPrefix(line, "oom_kill "); ok {
			count, _ := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
			return count
		}
	}
	return 0
}

// adopt takes over a process that an earlier supervisor started.
func (native) adopt(_ context.Context, _ Spec, id identity) (instance, bool, error) {
	descriptor, err := unix.PidfdOpen(id.PID, 0)
	if err != nil {
		return nil, false, nil //nolint:nilerr // there is no such process
	}
	p := &process{id: id, ending: newEnding()}
	if !p.alive() {
		unix.Close(descriptor)
		return nil, false, nil
	}
	go func() {
		defer unix.Close(descriptor)
		for {
			polled := []unix.PollFd{{Fd: int32(descriptor), Events: unix.POLLIN}} //nolint:gosec // a descriptor fits
			n, err := unix.Poll(polled, -1)
			if n > 0 || (err != nil && !errors.Is(err, unix.EINTR)) {
				p.ending <- exit{}
				return
			}
		}
	}()
	return p, true, nil
}

// find looks through the environments of this user's session leaders for the service's tag. One that runs something else than spec says
// is ended: its settings are not known, so it cannot be kept.
func (n native) find(ctx context.Context, spec Spec) (instance, bool, error) {
	for _, id := range n.tagged(spec.Name) {
		running, ok, _ := n.adopt(ctx, spec, id)
		if !ok {
			continue
		}
		if environ, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(id.PID), "environ")); err == nil && hasEntry(environ, n.tag(spec)) {
			return running, true, nil
		}
		insist(running, spec.TermTimeout)
	}
	return nil, false, nil
}

// tagged lists the service's processes, whatever their settings.
func (n native) tagged(name string) (found []identity) {
	folders, _ := filepath.Glob("/proc/[0-9]*")
	prefix := n.tagOf(name)
	for _, folder := range folders {
		environ, err := os.ReadFile(filepath.Join(folder, "environ"))
		if err != nil || !bytes.Contains(environ, []byte(prefix)) {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(folder))
		// What a service starts inherits its environment, but not its place as the leader of a session.
		if session, err := unix.Getsid(pid); err != nil || session != pid {
			continue
		}
		if id, err := identify(pid); err == nil {
			found = append(found, id)
		}
	}
	return found
}

// hasEntry looks for a whole entry of an environment as /proc shows it.
func hasEntry(environ []byte, entry string) bool {
	for part := range bytes.SplitSeq(environ, []byte{0}) {
		if string(part) == entry {
			return true
		}
	}
	return false
}

// process is a running service, started by this supervisor or by one before it.
type process struct {
	id identity
	ending
}

func (p *process) identity() identity { return p.id }

func (p *process) serverPID() int { return p.id.PID }

func (p *process) alive() bool { return p.id.aliveProcess() }

func (p *process) remove() error { return nil }

// signal reaches the process and everything it started. It does nothing when the process is gone, whoever has its number now.
func (p *process) signal(signal syscall.Signal) {
	if p.alive() {
		_ = syscall.Kill(-p.id.PID, signal) // gone meanwhile is as good
	}
}

// identify reads the identity of a running process.
func identify(pid int) (identity, error) {
	process, err := procfs.NewProc(pid)
	if err != nil {
		return identity{}, err
	}
	stat, err := process.Stat()
	if err != nil {
		return identity{}, err
	}
	if stat.State == "Z" || stat.State == "X" {
		return identity{}, fmt.Errorf("process %d has ended", pid)
	}
	return identity{PID: pid, Start: stat.Starttime, Boot: bootID()}, nil
}

func bootID() string {
	id, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(id))
}

// aliveProcess tells whether this very process still runs.
func (i identity) aliveProcess() bool {
	now, err := identify(i.PID)
	return err == nil && i.PID != 0 && now.PID == i.PID && now.Start == i.Start && now.Boot == i.Boot
}

func signalName(signal syscall.Signal) string { return unix.SignalName(signal) }
