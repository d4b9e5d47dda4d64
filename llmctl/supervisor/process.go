package supervisor

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// identity tells a process from a later one with the same number.
type identity struct {
	PID int `json:"pid"`
	// Start is the process's start in clock ticks after boot; Boot is the boot it belongs to.
	Start uint64 `json:"start"`
	Boot  string `json:"boot"`
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
	return string(id)
}

// alive tells whether this very process still runs.
func (i identity) alive() bool {
	now, err := identify(i.PID)
	return err == nil && i.PID != 0 && now == i
}

// exit is how a process ended. Known is false for an adopted one: only a parent learns the code.
type exit struct {
	Known  bool
	Code   int
	Signal syscall.Signal
}

func (e exit) String() string {
	switch {
	case !e.Known:
		return "ended"
	case e.Signal != 0:
		return "was ended by signal " + unix.SignalName(e.Signal)
	default:
		return fmt.Sprintf("ended with exit code %d", e.Code)
	}
}

// process is a running service, started by this supervisor or by one before it.
type process struct {
	identity
	ended chan exit // one value, once
}

// start runs a service in a session of its own, so that neither a terminal's Ctrl-C nor the supervisor's end reaches it. It writes
// straight into its log file: a pipe would break with the supervisor.
func start(spec Spec, log *os.File) (*process, error) {
	command := exec.Command(spec.Argv[0], spec.Argv[1:]...)
	command.Env = append(os.Environ(), spec.Environment...)
	command.Stdout, command.Stderr = log, log
	command.Dir = "/"
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		return nil, err
	}
	// A process that has ended already is still there to be identified: only Wait below lets it go.
	id, err := identify(command.Process.Pid)
	if err != nil {
		id = identity{PID: command.Process.Pid}
	}
	p := &process{identity: id, ended: make(chan exit, 1)}
	go func() {
		_ = command.Wait() // how it ended is in its state
		result := exit{Known: true}
		if status, ok := command.ProcessState.Sys().(syscall.WaitStatus); ok {
			if status.Signaled() {
				result.Signal = status.Signal()
			} else {
				result.Code = status.ExitStatus()
			}
		}
		p.ended <- result
	}()
	return p, nil
}

// adopt takes over a process that an earlier supervisor started. ok is false when it no longer runs.
func adopt(id identity) (p *process, ok bool) {
	descriptor, err := unix.PidfdOpen(id.PID, 0)
	if err != nil || !id.alive() {
		return nil, false
	}
	p = &process{identity: id, ended: make(chan exit, 1)}
	go func() {
		defer unix.Close(descriptor)
		for {
			polled := []unix.PollFd{{Fd: int32(descriptor), Events: unix.POLLIN}} //nolint:gosec // a descriptor fits
			n, err := unix.Poll(polled, -1)
			if n > 0 || (err != nil && !errors.Is(err, unix.EINTR)) {
				p.ended <- exit{}
				return
			}
		}
	}()
	return p, true
}

// signal reaches the process and everything it started. It does nothing when the process is gone, whoever has its number now.
func (p *process) signal(signal syscall.Signal) {
	if p.alive() {
		_ = syscall.Kill(-p.PID, signal) // gone meanwhile is as good
	}
}

// waitFor reports whether the process ended within the limit.
func (p *process) waitFor(limit time.Duration) bool {
	select {
	case result := <-p.ended:
		p.ended <- result // stays readable for whoever asks next
		return true
	case <-time.After(limit):
		return false
	}
}
