package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"bestbox/internal/config"

	"golang.org/x/sys/unix"
)

const (
	// lockWait is how long a new supervisor waits for one that is just ending.
	lockWait = 5 * time.Second
	// idleExit is how long a supervisor without any service waits for a first command.
	idleExit = 5 * time.Second
	// lingering is how long a supervisor stays after its last service has stopped, so that answers under way arrive.
	lingering = 200 * time.Millisecond
)

// Supervisor owns the services of one state directory.
type Supervisor struct {
	ctx    context.Context
	host   *host
	events *eventLog

	mutex    sync.Mutex
	services map[string]*service
	order    []string
	// running is what the state file says: the spec and the identity of every service that runs.
	running map[string]recorded
	// preparing is what commands are doing for services that do not run yet.
	preparing map[string]map[*preparation]bool
	asked     time.Time
	// stirred has a value when something has happened since the last look.
	stirred chan struct{}
}

// preparation is a command's word that it loads or plans for a service; it lasts as long as the command's connection.
type preparation struct {
	state State
	since time.Time
}

// recorded is an entry of the state file.
type recorded struct {
	Spec    Spec     `json:"spec"`
	Process identity `json:"process"`
	// Verified says that this very instance has answered rightly.
	Verified bool `json:"verified,omitempty"`
}

func recordPath(state string) string { return filepath.Join(state, "services.json") }

// ErrRunning says that another supervisor owns the state directory.
var ErrRunning = errors.New("a supervisor is running already")

// Options are what a supervisor is started with.
type Options struct {
	// State is the directory of its files.
	State string
	// Metrics is the address of its page /metrics; empty: none.
	Metrics string
}

// Run owns the services of a state directory until none is left or ctx ends. It adopts what an earlier supervisor left running.
func Run(ctx context.Context, options Options) error {
	state := options.State
	if err := os.MkdirAll(state, 0o700); err != nil {
		return err
	}
	lock, err := lockState(ctx, state)
	if err != nil {
		return err
	}
	defer lock.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &Supervisor{ctx: ctx, services: map[string]*service{}, running: map[string]recorded{}, asked: time.Now(),
		preparing: map[string]map[*preparation]bool{}, stirred: make(chan struct{}, 1), events: &eventLog{path: EventsPath(state)}}
	s.host = &host{state: state, backends: map[string]backend{"": native{state}, config.Native: native{state}, config.Docker: docker{state}},
		changed: s.record, happened: s.note, turns: newTurns()}
	s.adoptAll()
	listener, folder, err := listen(state)
	if err != nil {
		return err
	}
	defer folder.Close()
	s.serveMetrics(options.Metrics)
	server := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 5 * time.Second}
	finished := make(chan error, 1)
	go func() { //nolint:gosec // ctx has ended by the time of the shutdown, which needs a context of its own
		s.untilIdle(ctx)
		limit, done := context.WithTimeout(context.Background(), lockWait)
		defer done()
		finished <- server.Shutdown(limit)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-finished // Serve returns when the shutdown begins; answers under way end with it
}

// say writes a line into the supervisor's log.
func say(format string, values ...any) {
	fmt.Printf(time.Now().Format(time.RFC3339)+" "+format+"\n", values...)
}

// note writes an event; a full disk must not stop a service.
func (s *Supervisor) note(event Event) {
	if err := s.events.add(event); err != nil {
		say("events: %v", err)
	}
	s.stir()
}

// lockState makes this process the only supervisor of the state directory.
func lockState(ctx context.Context, state string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(state, "supervisor.flock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for until := time.Now().Add(lockWait); ; {
		if err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err == nil {
			return file, nil
		}
		// One that answers is at work; one that does not is just beginning or just ending.
		if NewClient(state).Running(ctx) || time.Now().After(until) || ctx.Err() != nil {
			return nil, errors.Join(ErrRunning, file.Close())
		}
		time.Sleep(readyPoll)
	}
}

// listen opens the control socket. It goes through the folder's descriptor because a socket's path may have 107 bytes at most, and a
// state directory's may be longer. The folder must stay open as long as the listener.
func listen(state string) (net.Listener, *os.File, error) {
	if err := os.Remove(socketPath(state)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, nil, err
	}
	folder, err := os.Open(state)
	if err != nil {
		return nil, nil, err
	}
	listener, err := net.Listen("unix", throughDescriptor(folder))
	if err == nil {
		err = os.Chmod(socketPath(state), 0o600)
	}
	if err != nil {
		return nil, nil, errors.Join(err, folder.Close())
	}
	return listener, folder, nil
}

func socketPath(state string) string { return filepath.Join(state, "supervisor.sock") }

func throughDescriptor(folder *os.File) string {
	return fmt.Sprintf("/proc/self/fd/%d/supervisor.sock", folder.Fd())
}

// LeftRunning tells whether services of an ended supervisor still run.
func LeftRunning(state string) bool {
	for _, entry := range readRecorded(state) {
		if entry.Process.Container != "" || entry.Process.aliveProcess() {
			return true // whether a container runs, the engine is asked by the next supervisor
		}
	}
	return false
}

func readRecorded(state string) map[string]recorded {
	entries := map[string]recorded{}
	content, err := os.ReadFile(recordPath(state))
	if err != nil || json.Unmarshal(content, &entries) != nil {
		return map[string]recorded{}
	}
	return entries
}

// adoptAll takes over what still runs. What has ended meanwhile is forgotten: whoever wants it says up.
func (s *Supervisor) adoptAll() {
	for name, entry := range readRecorded(s.host.state) {
		how, known := s.host.backends[entry.Spec.Backend]
		if !known {
			continue
		}
		running, ok, err := how.adopt(s.ctx, entry.Spec, entry.Process)
		if err == nil && !ok {
			continue
		}
		service := newService(entry.Spec, s.host)
		if info, err := os.Stat(service.logPath); err == nil {
			service.logStart = info.Size()
		}
		if err != nil { // it stays in the state file, so that it is neither forgotten nor doubled
			s.running[name], service.unknown = entry, true
			service.fail(NoEngine, fmt.Sprintf("whether it still runs is not known: %v; %s", err, NoEngine.advice()))
		} else {
			say("%s adopted, pid %d, container %q", name, entry.Process.PID, entry.Spec.containerName())
			service.verified = entry.Verified
			service.attend(running, true)
		}
		s.services[name] = service
		s.order = append(s.order, name)
		go service.run(s.ctx)
	}
	slices.Sort(s.order)
}

// record keeps the state file true. It is called by the services' owners.
func (s *Supervisor) record(entry recorded) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if entry.Process.none() {
		delete(s.running, entry.Spec.Name)
	} else {
		s.running[entry.Spec.Name] = entry
	}
	content, err := json.MarshalIndent(s.running, "", "  ")
	if err == nil {
		path := recordPath(s.host.state)
		err = errors.Join(os.WriteFile(path+".new", content, 0o600), os.Rename(path+".new", path))
	}
	if err != nil {
		say("state file: %v", err)
	}
}

// prepare notes what a command does for services until the function it returns is called.
func (s *Supervisor) prepare(names []string, state State) (done func()) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	p := &preparation{state, time.Now()}
	for _, name := range names {
		if s.preparing[name] == nil {
			s.preparing[name] = map[*preparation]bool{}
		}
		s.preparing[name][p] = true
	}
	return func() {
		defer s.stir()
		s.mutex.Lock()
		defer s.mutex.Unlock()
		s.asked = time.Now()
		for _, name := range names {
			if delete(s.preparing[name], p); len(s.preparing[name]) == 0 {
				delete(s.preparing, name)
			}
		}
	}
}

// untilIdle returns when every service has been stopped, or ctx ends. It looks when something has happened, and after the time that
// makes the difference.
func (s *Supervisor) untilIdle(ctx context.Context) {
	for ctx.Err() == nil {
		var later <-chan time.Time
		if s.quiet() {
			later = time.After(lingering)
		}
		select {
		case <-ctx.Done():
		case <-s.stirred:
		case <-later:
		}
		if s.idle() {
			return
		}
	}
}

// stir lets untilIdle look again.
func (s *Supervisor) stir() {
	select {
	case s.stirred <- struct{}{}:
	default: // it will look anyway
	}
}

// quiet tells that no service runs or is being prepared.
func (s *Supervisor) quiet() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, service := range s.services {
		if service.snapshot().State != Stopped {
			return false
		}
	}
	return len(s.preparing) == 0
}

func (s *Supervisor) idle() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.preparing) > 0 {
		return false
	}
	if len(s.services) == 0 {
		return time.Since(s.asked) > idleExit
	}
	for _, service := range s.services {
		if service.snapshot().State != Stopped {
			return false
		}
	}
	return time.Since(s.asked) > lingering
}

// touch notes that somebody asked for something, which keeps an idle supervisor a moment longer.
func (s *Supervisor) touch() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.asked = time.Now()
}

// get returns a service, made from spec when it is new and spec is given.
func (s *Supervisor) get(name string, spec *Spec) (*service, bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	found, ok := s.services[name]
	if !ok && spec != nil {
		found, ok = newService(*spec, s.host), true
		s.services[name] = found
		s.order = append(s.order, name)
		go found.run(s.ctx)
	}
	return found, ok
}

// snapshots returns all services in the order they were asked for, asking each ready one whether it answers if probe is set.
func (s *Supervisor) snapshots(ctx context.Context, probe bool) []Snapshot {
	s.mutex.Lock()
	all := make([]Snapshot, len(s.order))
	ready := make([]string, len(s.order))
	for i, name := range s.order {
		all[i] = s.services[name].snapshot()
		ready[i] = s.running[name].Spec.Ready
	}
	for name, preparations := range s.preparing {
		i := slices.Index(s.order, name)
		if i < 0 {
			all, ready = append(all, Snapshot{Name: name, State: Stopped, Log: LogPath(s.host.state, name)}), append(ready, "")
			i = len(all) - 1
		}
		if all[i].State == Stopped || all[i].State == Failed {
			for p := range preparations {
				all[i].State, all[i].Since = p.state, p.since
			}
		}
	}
	s.mutex.Unlock()
	if !probe {
		return all
	}
	var group sync.WaitGroup
	for i := range all {
		if all[i].State == Ready && strings.HasPrefix(ready[i], "http://") {
			group.Go(func() {
				answering := answers200(ctx, ready[i], statusTimeout)
				all[i].Answering = &answering
			})
		}
	}
	group.Wait()
	return all
}

// statusTimeout is how long a ready service may take to answer status.
const statusTimeout = time.Second
