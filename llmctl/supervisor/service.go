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

	"bestbox/llmctl/machine"

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
	start *Spec // start, or restart where the running one differs
	// taken is closed once nobody can read a state from before the command any more.
	taken chan<- struct{}
	drain time.Duration // otherwise stop, waiting so long for running requests
	proof chan<- Proof
}

// service is one service and its owner: run is the only goroutine that changes anything; everybody else sends commands and reads
// snapshots.
//
//	start:    stopped, failed, backoff -> starting; otherwise nothing, or stop and start if the spec differs or the answers are wrong
//	answers:  loading -> verifying -> ready or degraded; services that are no model servers: loading -> ready
//	stop:     ready, degraded -> draining -> stopping -> stopped; before that at once; backoff, failed, stopped: proof at once
//	end:      starting to degraded -> backoff -> starting, or failed
//	hung:     ready, degraded -> stopping -> backoff, as after a crash
type service struct {
	commands  chan command
	published atomic.Pointer[Snapshot]
	host      *host
	logPath   string

	spec     Spec
	now      Snapshot
	running  instance
	verified bool // the running instance has answered rightly before
	unknown  bool // whether an instance runs could not be told
	began    time.Time
	logStart int64
	crashes  int
	pause    *backoff.ExponentialBackOff
	// What the owner waits for; nil while there is nothing of the kind. watching ends what asks the running instance.
	ready    <-chan struct{}
	checked  <-chan check
	works    <-chan Work
	useless  <-chan useless
	warmed   <-chan string
	overdue  <-chan time.Time
	retry    <-chan time.Time
	watching context.CancelFunc
}

// host is what a service needs of its supervisor.
type host struct {
	state string
	// backends by the name that a spec gives.
	backends map[string]backend
	// changed notes what runs, so that the next supervisor finds it.
	changed func(recorded)
	// happened notes a change of state for people.
	happened func(Event)
	// checking lets one server at a time be checked: two that compute at once slow each other down many times (measured on two cores).
	checking chan struct{}
}

func newService(spec Spec, h *host) *service {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval, pause.Multiplier = firstRestart, maxRestart, 3
	s := &service{commands: make(chan command), host: h, logPath: LogPath(h.state, spec.Name), spec: spec, pause: pause, watching: func() {}}
	s.now = s.blank()
	s.publish(Stopped)
	return s
}

func (s *service) blank() Snapshot {
	return Snapshot{Name: s.spec.Name, State: s.now.State, Since: s.now.Since, Log: s.logPath, Model: s.spec.Model != nil, Container: s.spec.containerName(), Hung: s.now.Hung, Digest: s.spec.Digest()}
}

// snapshot returns what the owner published last, without waiting for it.
func (s *service) snapshot() Snapshot { return *s.published.Load() }

// enter publishes a new state and notes it as an event.
func (s *service) enter(state State) {
	again := s.now.State == state
	s.publish(state)
	if again {
		return
	}
	event := Event{At: s.now.Since, Service: s.spec.Name, State: state, PID: s.now.PID}
	if state == Backoff || state == Failed || state == Degraded { // the others have no reason of their own
		event.Cause, event.Message = s.now.Cause, s.now.Message
	}
	s.host.happened(event)
}

func (s *service) publish(state State) {
	if s.now.State != state {
		s.now.State, s.now.Since = state, time.Now()
	}
	s.now.Address, s.now.About = s.spec.Address, s.spec.About
	s.now.PID = 0
	if s.running != nil {
		s.now.PID = s.running.serverPID()
	}
	published := s.now
	s.published.Store(&published)
}

// run owns the service until ctx ends. What runs is left running then, for the next supervisor.
func (s *service) run(ctx context.Context) {
	for {
		var ended <-chan exit
		if s.running != nil {
			ended = s.running.ended()
		}
		select {
		case <-ctx.Done():
			s.watching()
			return
		case asked := <-s.commands:
			s.obey(ctx, asked)
		case end := <-ended:
			s.lost(end)
		case <-s.ready:
			s.answering()
		case result := <-s.checked:
			s.judged(result)
		case work := <-s.works:
			s.now.Work = &work
			s.publish(s.now.State)
		case verdict := <-s.useless:
			s.discard(verdict)
		case note := <-s.warmed:
			s.now.Warmed = note
			s.publish(s.now.State)
		case <-s.overdue:
			s.tooSlow()
		case <-s.retry:
			s.retry = nil
			s.now.Restarts++
			s.launch(ctx)
		}
	}
}

func (s *service) obey(ctx context.Context, asked command) {
	if asked.start == nil {
		asked.proof <- s.stop(asked.drain)
		return
	}
	if s.running != nil && s.spec.same(*asked.start) && s.now.State != Degraded {
		close(asked.taken)
		return
	}
	if s.running != nil {
		s.enter(Draining)
		close(asked.taken)
		if !s.end(restartDrain).Gone {
			return
		}
	} else {
		s.enter(Starting)
		close(asked.taken)
	}
	s.spec, s.crashes = *asked.start, 0
	s.now = s.blank()
	s.pause.Reset()
	s.retry = nil
	s.launch(ctx)
}

// restartDrain is how long requests may go on before a service whose settings have changed is restarted.
const restartDrain = 20 * time.Second

// launch checks what a start needs and starts the service, or takes over what a supervisor started and did not live to write down.
func (s *service) launch(ctx context.Context) {
	s.enter(Starting)
	how, known := s.host.backends[s.spec.Backend]
	if !known {
		s.fail(Unknown, fmt.Sprintf("backend %q is not known", s.spec.Backend))
		return
	}
	running, ok, err := how.find(ctx, s.spec)
	if err != nil {
		s.fail(NoEngine, fmt.Sprintf("%v; %s", err, NoEngine.advice()))
		return
	}
	if s.unknown = false; ok {
		s.attend(running, true)
		return
	}
	if port, taken := s.takenPort(); taken {
		s.portTaken(port)
		return
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
	if running, err = how.start(ctx, s.spec, log); err != nil {
		s.notStarted(err)
		return
	}
	s.attend(running, false)
}

// notStarted says why there is nothing to watch.
func (s *service) notStarted(err error) {
	var cause *startError
	switch {
	case errors.As(err, &cause) && cause.cause == PortTaken:
		s.portTaken(cause.port)
	case errors.As(err, &cause):
		s.fail(cause.cause, fmt.Sprintf("%v; %s", cause.err, cause.cause.advice()))
	case errors.Is(err, fs.ErrNotExist):
		s.fail(MissingProgram, fmt.Sprintf("%s is missing; %s", s.spec.Argv[0], MissingProgram.advice()))
	default:
		s.fail(Unknown, fmt.Sprintf("%s cannot be started: %v", filepath.Base(s.spec.Argv[0]), err))
	}
}

// startError is an error of a backend that knows its cause.
type startError struct {
	cause Cause
	err   error
	port  int // of PortTaken
}

func (e *startError) Error() string { return e.err.Error() }

func (e *startError) Unwrap() error { return e.err }

// takenPort finds a port of the service that somebody else holds.
func (s *service) takenPort() (int, bool) {
	for _, port := range s.spec.Ports {
		if !portFree(s.spec.listenAddress(port)) {
			return port, true
		}
	}
	return 0, false
}

// portTaken fails with the name of who holds the port.
func (s *service) portTaken(port int) {
	holder := HolderOf(port)
	s.now.Holder = &holder
	s.fail(PortTaken, (&PortError{Service: s.spec.Name, Holder: holder}).Error())
}

// attend begins to watch an instance, started now or adopted.
func (s *service) attend(running instance, adopted bool) {
	s.running = running
	s.now.Adopted = adopted
	s.host.changed(recorded{Spec: s.spec, Process: running.identity(), Verified: s.verified})
	ctx, cancel := context.WithCancel(context.Background())
	s.watching = cancel
	s.ready = waitReady(ctx, s.spec.Ready)
	s.overdue = time.After(s.spec.LoadTimeout)
	s.enter(Loading)
}

// unattend forgets an instance that is gone.
func (s *service) unattend() {
	s.watching()
	s.running, s.verified = nil, false
	s.ready, s.checked, s.works, s.useless, s.warmed, s.overdue = nil, nil, nil, nil, nil, nil
	s.now.Work, s.now.Warmed = nil, ""
	s.host.changed(recorded{Spec: s.spec})
}

// answering goes on from loading: to the checks of a model server's answers, or to ready.
func (s *service) answering() {
	s.ready, s.overdue = nil, nil
	if !s.now.Adopted {
		s.now.Seconds = time.Since(s.began).Seconds()
	}
	if s.spec.Model == nil || s.spec.Model.Unchecked || s.verified {
		s.nowReady()
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.alsoEnd(cancel)
	s.checked = checkModel(ctx, s.spec, s.host)
	s.watchWork() // it can hang now, too
	s.enter(Verifying)
}

// alsoEnd adds to what ends with the running instance.
func (s *service) alsoEnd(cancel context.CancelFunc) {
	before := s.watching
	s.watching = func() { cancel(); before() }
}

// judged takes the outcome of the checks.
func (s *service) judged(result check) {
	s.checked = nil
	s.now.Checks = &result.Checks
	switch {
	case result.err != nil:
		// A server that cannot be asked is no better than one that crashed.
		s.giveUp(Hung, fmt.Sprintf("its answers could not be checked: %v", result.err))
	case result.Wrong:
		s.now.Cause, s.now.Message = WrongAnswers, result.Verdict+"; "+s.spec.wayBack()
		s.enter(Degraded)
	default:
		s.verified = true
		s.host.changed(recorded{Spec: s.spec, Process: s.running.identity(), Verified: true})
		s.remember(result.Checks)
		s.nowReady()
	}
}

func (s *service) nowReady() {
	s.now.Cause, s.now.Message, s.now.Tail, s.now.Holder = "", "", nil, nil
	s.watchWork()
	s.enter(Ready)
	s.warm()
}

// lost handles an instance that ended without being asked to.
func (s *service) lost(end exit) {
	if s.now.State == Ready && time.Since(s.now.Since) > stableAfter {
		s.crashes = 0
		s.pause.Reset()
	}
	running := s.running
	s.unattend()
	_ = running.remove() // what is left of a container is found again by its name
	log := readTail(s.logPath, s.logStart)
	cause := classify(end, log)
	s.now.Tail = lastLines(log, tailLines)
	if cause == PortTaken {
		if port, taken := s.takenPort(); taken {
			holder := HolderOf(port)
			s.now.Holder = &holder
		}
	}
	s.again(cause, fmt.Sprintf("%s (%s); %s", end, cause, cause.advice()))
}

// again plans the next start after a crash, or gives up where that cannot help.
func (s *service) again(cause Cause, message string) {
	s.crashes++
	switch {
	case cause.lasting():
		s.fail(cause, message)
	case s.crashes >= maxCrashes:
		s.fail(cause, fmt.Sprintf("%s; given up after %d crashes in a row", message, s.crashes))
	default:
		s.now.Cause, s.now.Message = cause, message
		s.retry = time.After(s.pause.NextBackOff())
		s.enter(Backoff)
	}
}

// discard ends a server that is of no use although it runs.
func (s *service) discard(verdict useless) {
	if verdict.cause == Hung {
		s.now.Hung++
	}
	if s.now.State == Ready && time.Since(s.now.Since) > stableAfter {
		s.crashes = 0
		s.pause.Reset()
	}
	s.giveUp(verdict.cause, verdict.why)
}

// giveUp ends what runs and treats it as a crash.
func (s *service) giveUp(cause Cause, why string) {
	log := readTail(s.logPath, s.logStart)
	if proof := s.end(atOnce); !proof.Gone {
		return // stop has said so
	}
	s.now.Tail = lastLines(log, tailLines)
	s.again(cause, fmt.Sprintf("%s (%s); %s", why, cause, cause.advice()))
}

// tooSlow ends a service that runs and does not become ready.
func (s *service) tooSlow() {
	s.overdue = nil
	log := readTail(s.logPath, s.logStart)
	if proof := s.end(atOnce); !proof.Gone {
		return
	}
	s.now.Tail = lastLines(log, tailLines)
	s.fail(NotReady, fmt.Sprintf("not ready after %s; %s", s.spec.LoadTimeout, NotReady.advice()))
}

func (s *service) fail(cause Cause, message string) {
	s.now.Cause, s.now.Message = cause, message
	s.enter(Failed)
}

// atOnce is the drain of a server that nobody can wait for; hungTermTimeout is how long it may take to obey a signal.
const (
	atOnce          = -1
	hungTermTimeout = time.Second
)

// memoryOf is what a process holds of the machine's and the GPU's memory, in bytes, without mapped files; 0 where it cannot be read.
func memoryOf(pid int) int64 {
	usage, err := machine.UsageOf(os.DirFS("/"), pid)
	if err != nil {
		return 0
	}
	return usage.Anonymous + usage.VRAM + usage.GTT
}

// stop ends the service because somebody asked for it.
func (s *service) stop(drain time.Duration) Proof {
	proof := s.end(drain)
	if proof.Gone {
		restarts := s.now.Restarts
		s.now = s.blank()
		s.now.Restarts = restarts
		s.enter(Stopped)
	}
	return proof
}

// end drains, ends what runs, and proves that nothing of it is left. The state is stopping then, or failed where something is: a supervisor
// whose services are all stopped goes home, so what is to be started again must never look so.
func (s *service) end(drain time.Duration) Proof {
	began := time.Now()
	proof := Proof{Name: s.spec.Name, Drained: true, Gone: true}
	s.retry = nil
	if s.running == nil { // what a supervisor started and did not live to write down
		if how, known := s.host.backends[s.spec.Backend]; known {
			found, _, err := how.find(context.Background(), s.spec)
			if s.running = found; err != nil && s.unknown {
				proof.Gone, proof.Container = false, s.spec.containerName()
				s.fail(NoEngine, fmt.Sprintf("whether it still runs is not known: %v; %s", err, NoEngine.advice()))
				return proof
			}
		}
	}
	if running := s.running; running != nil {
		proof.PID, proof.Container = running.serverPID(), s.spec.containerName()
		usesMemory := memoryOf(proof.PID)
		usable := s.now.State == Ready || s.now.State == Degraded || s.now.State == Draining
		if usable && s.spec.Model != nil && drain != atOnce {
			s.enter(Draining)
			proof.Drained = drained(s.spec.Metrics, drain, running)
		}
		s.enter(Stopping)
		patience := s.spec.TermTimeout
		if drain == atOnce {
			patience = min(patience, hungTermTimeout)
		}
		proof.Signals = insist(running, patience)
		removed := running.remove()
		proof.Gone = removed == nil && !running.alive()
		if proof.Gone {
			s.unattend()
			proof.FreedBytes = usesMemory
		}
	}
	s.checkPorts(&proof)
	proof.Seconds = time.Since(began).Seconds()
	if !proof.Gone {
		s.fail(Unknown, fmt.Sprintf("pid %d does not end, not even killed; see dmesg", proof.PID))
	}
	return proof
}

// insist tells what runs to end with growing insistence and returns the signals that were needed.
func insist(running instance, patience time.Duration) (sent []string) {
	for _, step := range []struct {
		signal syscall.Signal
		name   string
		wait   time.Duration
	}{{syscall.SIGTERM, "TERM", patience}, {syscall.SIGTERM, "TERM", min(patience, secondTermTimeout)}, {syscall.SIGKILL, "KILL", killTimeout}} {
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
		for until := time.Now().Add(portTimeout); !free && proof.Ran() && time.Now().Before(until); {
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
