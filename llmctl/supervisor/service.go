package supervisor

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"bestbox/llmctl/prefix"

	"github.com/cenkalti/backoff/v5"
)

const (
	// firstRestart is short: a killed server should be back before its users give up. maxRestart bounds the wait of a crash loop.
	firstRestart = 100 * time.Millisecond
	maxRestart   = 30 * time.Second
	// maxCrashes in a row, with less than stableAfter of readiness in between, end the tries.
	maxCrashes  = 5
	stableAfter = time.Minute
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
	loading  bool // it is counted as one that loads on the processor
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
	turns    *turns
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

// attend begins to watch an instance, started now or adopted.
func (s *service) attend(running instance, adopted bool) {
	s.running = running
	s.now.Adopted = adopted
	s.host.changed(recorded{Spec: s.spec, Process: running.identity(), Verified: s.verified})
	ctx, cancel := context.WithCancel(context.Background())
	s.watching = cancel
	s.ready = waitReady(ctx, s.spec.Ready)
	s.overdue = time.After(s.spec.LoadTimeout)
	s.loads(s.spec.Model != nil && !s.spec.Model.GPU && !adopted)
	s.enter(Loading)
}

// loads counts this service among those that load on the processor, or no longer.
func (s *service) loads(begun bool) {
	if begun && !s.loading {
		s.host.turns.loading.Add(1)
	} else if s.loading && !begun {
		s.host.turns.loading.Add(-1)
	}
	s.loading = begun
}

// unattend forgets an instance that is gone.
func (s *service) unattend() {
	s.watching()
	s.loads(false)
	s.running, s.verified = nil, false
	s.ready, s.checked, s.works, s.useless, s.warmed, s.overdue = nil, nil, nil, nil, nil, nil
	s.now.Work, s.now.Warmed = nil, ""
	s.host.changed(recorded{Spec: s.spec})
}

// answering goes on from loading: to the checks of a model server's answers, or to ready.
func (s *service) answering() {
	s.ready, s.overdue = nil, nil
	s.loads(false)
	if !s.now.Adopted {
		s.now.Seconds = time.Since(s.began).Seconds()
	}
	if s.spec.Model == nil || s.spec.Model.Unchecked || s.verified {
		s.nowReady(nil)
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
		s.nowReady(result.restored)
	}
}

// nowReady goes on to ready; restored are the saved prompts that are in the server already.
func (s *service) nowReady(restored []prefix.Report) {
	s.now.Cause, s.now.Message, s.now.Tail, s.now.Holder = "", "", nil, nil
	s.watchWork()
	s.enter(Ready)
	s.warm(restored)
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
