package supervisor

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"
)

// backend is a way to run a service. The contract that both keep is in contract_test.go.
type backend interface {
	// start makes what spec describes. A container that an earlier start left running is taken over instead of a second one.
	start(ctx context.Context, spec Spec, log *os.File) (instance, error)
	// adopt takes over what the state file names; ok is false when it no longer runs. The error says that this cannot be told now.
	adopt(ctx context.Context, spec Spec, id identity) (running instance, ok bool, err error)
	// find looks for what a supervisor started and did not live to write down. The error says that this cannot be told now.
	find(ctx context.Context, spec Spec) (running instance, ok bool, err error)
}

// instance is what runs: a process of this machine or a container.
type instance interface {
	// identity is what the state file keeps; its PID is the process's number on this machine.
	identity() identity
	// serverPID is the process that computes.
	serverPID() int
	alive() bool
	// signal reaches the service and everything it started, and does nothing when it is gone.
	signal(syscall.Signal)
	// ended delivers how it ended, once.
	ended() <-chan exit
	// waitFor reports whether it ended within the limit; ended still delivers.
	waitFor(limit time.Duration) bool
	// remove leaves nothing behind of what has ended.
	remove() error
}

// identity tells what runs from whatever gets the same number later.
type identity struct {
	PID int `json:"pid"`
	// Start is the process's start in clock ticks after boot; Boot is the boot it belongs to.
	Start uint64 `json:"start,omitempty"`
	Boot  string `json:"boot,omitempty"`
	// Container is the id of a container; its name is the service's.
	Container string `json:"container,omitempty"`
}

func (i identity) none() bool { return i.PID == 0 && i.Container == "" }

// exit is how an instance ended.
type exit struct {
	// Known is false where nobody can tell: only a parent learns a process's code.
	Known  bool
	Code   int
	Signal syscall.Signal
	// OutOfMemory is the kernel's or the engine's word that a memory limit was hit. Engine is what the engine says went wrong.
	OutOfMemory bool
	Engine      string
}

func (e exit) String() string {
	switch {
	case e.Engine != "":
		return "was ended by the container engine: " + e.Engine
	case !e.Known:
		return "ended"
	case e.Signal != 0:
		return "was ended by signal " + signalName(e.Signal)
	default:
		return fmt.Sprintf("ended with exit code %d", e.Code)
	}
}

// ending is the part of an instance that waits for its end.
type ending chan exit

func newEnding() ending { return make(ending, 1) }

func (e ending) ended() <-chan exit { return e }

func (e ending) waitFor(limit time.Duration) bool {
	select {
	case result := <-e:
		e <- result // stays readable for whoever asks next
		return true
	case <-time.After(limit):
		return false
	}
}
