package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	// firstRestart is short: a killed server should be back before its users give up. maxRestart bounds the wait of a crash loop.
	firstRestart = 100 * time.Millisecond
	maxRestart   = 30 * time.Second
	// maxCrashes in a row, with less than stableAfter of readiness in between, end the tries.
	maxCrashes  = 5
	stableAfter = time.Minute
	// secondTermTimeout is how long after the second SIGTERM, which llama-server obeys at once, the process is killed.
	secondTermTimeout = 2 * time.Second
	// killTimeout is how long the kernel may take to end a killed process that holds much memory.
	killTimeout = 10 * time.Second
	// portTimeout is how long a port may stay bound after its process is gone.
	portTimeout = 2 * time.Second
)

// command is what others ask of a service's owner.
type command struct {
	start *Spec         // start, or restart where the running one differs
	drain time.Duration // otherwise stop, waiting so long for running requests
	proof chan<- Proof
}

// service is one service and its owner: run is the only goroutine that changes anything; everybody else sends commands and reads
// snapshots.
//
//	start: stopped, failed, backoff -> starting; starting, loading, ready -> nothing, or stop and start if the spec differs
//	stop:  starting, loading, ready -> stopping -> stopped; backoff, failed -> stopped; stopped -> proof at once
//	end of the process: loading, ready -> backoff -> starting, or failed
type service struct {
	commands  chan command
	published atomic.Pointer[Snapshot]
	// changed is called after every change of the running process, so that it can be recorded.
	changed func(Spec, identity)
	logPath string

	spec     Spec
	now      Snapshot
	running  *process
	began    time.Time
	logStart int64
	crashes  int
	pause    *backoff.ExponentialBackOff
	// ready, overdue and retry are nil while there is nothing to wait for.
	ready     <-chan struct{}
	stopProbe context.CancelFunc
	overdue   <-chan time.Time
	retry     <-chan time.Time
}

func newService(spec Spec, state string, changed func(Spec, identity)) *service {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval, pause.Multiplier = firstRestart, maxRestart, 3
	s := &service{commands: make(chan command), changed: changed, logPath: LogPath(state, spec.Name), spec: spec, pause: pause, stopProbe: func() {}}
	s.now = Snapshot{Name: spec.Name, Log: s.logPath}
	s.enter(Stopped)
	return s
}

// snapshot returns what the owner published last, without waiting for it.
func (s *service) snapshot() Snapshot { return *s.published.Load() }

// enter publishes a new state.
func (s *service) enter(state State) {
	s.now.State, s.now.Since = state, time.Now()
	s.now.Address, s.now.About = s.spec.Address, s.spec.About
	s.now.PID = 0
	if s.running != nil {
		s.now.PID = s.running.PID
	}
	published := s.now
	s.published.Store(&published)
}

// run owns the service until ctx ends. The process itself is left running then, for the next supervisor.
func (s *service) run(ctx context.Context) {
	for {
		var ended <-chan exit
		if s.running != nil {
			ended = s.running.ended
		}
		select {
		case <-ctx.Done():
			s.stopProbe()
			return
		case asked := <-s.commands:
			s.obey(asked)
		case end := <-ended:
			s.lost(end)
		case <-s.ready:
			s.nowReady()
		case <-s.overdue:
			s.tooSlow()
		case <-s.retry:
			s.retry = nil
			s.now.Restarts++
			s.launch()
		}
	}
}

func (s *service) obey(asked command) {
	if asked.start == nil {
		asked.proof <- s.stop(asked.drain)
		return
	}
	if s.running != nil && s.spec.same(*asked.start) {
		return
	}
	if s.running != nil {
		s.stop(restartDrain)
	}
	s.spec, s.crashes = *asked.start, 0
	s.now = Snapshot{Name: s.spec.Name, Log: s.logPath}
	s.pause.Reset()
	s.retry = nil
	s.launch()
}

// restartDrain is how long requests may go on before a service whose settings have changed is restarted.
const restartDrain = 20 * time.Second

// launch checks what a start needs and starts the process.
func (s *service) launch() {
	s.enter(Starting)
	for _, port := range s.spec.Ports {
		if !portFree(s.spec.listenAddress(port)) {
			holder := HolderOf(port)
			s.now.Holder = &holder
			s.fail(PortTaken, (&PortError{Service: s.spec.Name, Holder: holder}).Error())
			return
		}
	}
	for _, file := range s.spec.Files {
		if _, err := os.Stat(file); err != nil {
			s.fail(MissingModel, fmt.Sprintf("the model is missing: %v; %s", err, MissingModel.advice()))
			return
		}
	}
	log, offset, err := openLog(s.logPath, s.spec)
	if err != nil {
		s.fail(Unknown, fmt.Sprintf("its log cannot be written: %v", err))
		return
	}
	defer log.Close()
	s.began, s.logStart = time.Now(), offset
	running, err := start(s.spec, log)
	if errors.Is(err, fs.ErrNotExist) {
		s.fail(MissingProgram, fmt.Sprintf("%s is missing; %s", s.spec.Argv[0], MissingProgram.advice()))
		return
	}
	if err != nil {
		s.fail(Unknown, fmt.Sprintf("%s cannot be started: %v", filepath.Base(s.spec.Argv[0]), err))
		return
	}
	s.attend(running, false)
}

// attend begins to watch a process, started now or adopted.
func (s *service) attend(running *process, adopted bool) {
	s.running = running
	s.now.Adopted = adopted
	s.changed(s.spec, running.identity)
	ctx, cancel := context.WithCancel(context.Background())
	s.stopProbe = cancel
	s.ready = waitReady(ctx, s.spec.Ready)
	s.overdue = time.After(s.spec.LoadTimeout)
	s.enter(Loading)
}

// unattend forgets a process that is gone.
func (s *service) unattend() {
	s.stopProbe()
	s.running, s.ready, s.overdue = nil, nil, nil
	s.changed(s.spec, identity{})
}

func (s *service) nowReady() {
	s.ready, s.overdue = nil, nil
	s.now.Cause, s.now.Message, s.now.Tail, s.now.Holder = "", "", nil, nil
	if !s.now.Adopted {
		s.now.Seconds = time.Since(s.began).Seconds()
	}
	s.enter(Ready)
}

// lost handles a process that ended without being asked to.
func (s *service) lost(end exit) {
	if s.now.State == Ready && time.Since(s.now.Since) > stableAfter {
		s.crashes = 0
		s.pause.Reset()
	}
	s.crashes++
	s.unattend()
	log := readTail(s.logPath, s.logStart)
	cause := classify(end, log)
	message := fmt.Sprintf("%s (%s); %s", end, cause, cause.advice())
	s.now.Tail = lastLines(log, tailLines)
	if cause == PortTaken {
		for _, port := range s.spec.Ports {
			if !portFree(s.spec.listenAddress(port)) {
				holder := HolderOf(port)
				s.now.Holder = &holder
			}
		}
	}
	switch {
	case cause.lasting():
		s.fail(cause, message)
	case s.crashes >= maxCrashes:
		s.fail(cause, fmt.Sprintf("%s; given up after %d crashes in a row", message, s.crashes))
	default:
		wait := s.pause.NextBackOff()
		s.now.Cause, s.now.Message = cause, message
		s.retry = time.After(wait)
		s.enter(Backoff)
	}
}

// tooSlow ends a process that runs and does not become ready.
func (s *service) tooSlow() {
	s.overdue = nil
	log := readTail(s.logPath, s.logStart)
	s.stop(0)
	s.now.Tail = lastLines(log, tailLines)
	s.fail(NotReady, fmt.Sprintf("not ready after %s; %s", s.spec.LoadTimeout, NotReady.advice()))
}

func (s *service) fail(cause Cause, message string) {
	s.now.Cause, s.now.Message = cause, message
	s.enter(Failed)
}

// stop drains, ends the process, and proves that nothing of it is left.
func (s *service) stop(drain time.Duration) Proof {
	began := time.Now()
	proof := Proof{Name: s.spec.Name, Drained: true, Gone: true}
	s.retry = nil
	if running := s.running; running != nil {
		wasReady := s.now.State == Ready
		proof.PID = running.PID
		s.enter(Stopping)
		if wasReady && s.spec.Metrics != "" {
			proof.Drained = drained(s.spec.Metrics, drain, running)
		}
		proof.Signals = end(running, s.spec.TermTimeout)
		proof.Gone = !running.alive()
		if proof.Gone {
			s.unattend()
		}
	}
	s.checkPorts(&proof)
	proof.Seconds = time.Since(began).Seconds()
	if !proof.Gone {
		s.fail(Unknown, fmt.Sprintf("pid %d does not end, not even killed; see dmesg", proof.PID))
		return proof
	}
	s.now = Snapshot{Name: s.spec.Name, Log: s.logPath}
	s.enter(Stopped)
	return proof
}

// end tells a process to end with growing insistence and returns the signals that were needed.
func end(running *process, patience time.Duration) (sent []string) {
	for _, step := range []struct {
		signal syscall.Signal
		name   string
		wait   time.Duration
	}{{syscall.SIGTERM, "TERM", patience}, {syscall.SIGTERM, "TERM", secondTermTimeout}, {syscall.SIGKILL, "KILL", killTimeout}} {
		if running.waitFor(0) {
			return sent
		}
		running.signal(step.signal)
		sent = append(sent, step.name)
		if running.waitFor(step.wait) {
			return sent
		}
	}
	return sent
}

// checkPorts binds each port once. A stranger that holds a port of a service that did not run is no fault of the stop.
func (s *service) checkPorts(proof *Proof) {
	for _, port := range s.spec.Ports {
		free := portFree(s.spec.listenAddress(port))
		for until := time.Now().Add(portTimeout); !free && proof.PID != 0 && time.Now().Before(until); {
			time.Sleep(readyPoll)
			free = portFree(s.spec.listenAddress(port))
		}
		if free {
			proof.FreePorts = append(proof.FreePorts, port)
		} else {
			proof.TakenPorts = append(proof.TakenPorts, port)
		}
	}
}
