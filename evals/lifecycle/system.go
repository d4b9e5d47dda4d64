package lifecycle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"bestbox/llmctl/engine"
	"bestbox/llmctl/supervisor"
)

// tick is how often a bare server is asked whether it is ready; it is short, so that the bare server is not made to look slow.
const tick = 5 * time.Millisecond

// llmctl runs a command of the program that is measured.
func (s *system) llmctl(ctx context.Context, arguments ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, s.program, append(arguments, "--config", s.config, "--profile", s.profile)...)
	command.Env = append(os.Environ(), "BESTBOX_STATE_DIR="+filepath.Join(s.folder, "state"))
	var errs bytes.Buffer
	command.Stderr = &errs
	output, err := command.Output()
	if err != nil {
		return output, fmt.Errorf("llmctl %s: %w: %s", strings.Join(arguments, " "), err, errs.String())
	}
	return output, nil
}

// up starts tiers and returns what llmctl says of them.
func (s *system) up(ctx context.Context, tiers ...string) (map[string]supervisor.Snapshot, error) {
	output, err := s.llmctl(ctx, append([]string{"up", "--json"}, tiers...)...)
	if err != nil {
		return nil, err
	}
	return decode(output)
}

func decode(output []byte) (map[string]supervisor.Snapshot, error) {
	var said struct{ Services []supervisor.Snapshot }
	if err := json.Unmarshal(output, &said); err != nil {
		return nil, err
	}
	byName := map[string]supervisor.Snapshot{}
	for _, one := range said.Services {
		byName[one.Name] = one
	}
	return byName, nil
}

// services asks without caring whether all are ready.
func (s *system) services(ctx context.Context) (map[string]supervisor.Snapshot, error) {
	output, err := s.llmctl(ctx, "status", "--json")
	if len(output) == 0 {
		return nil, err
	}
	return decode(output)
}

func (s *system) down(ctx context.Context) error {
	_, err := s.llmctl(ctx, "down", "--drain", "0s")
	return err
}

func (s *system) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return errors.Join(s.down(ctx), os.RemoveAll(s.folder))
}

// starts measures a tier's start, bare and by llmctl in turn, so that both meet the same machine.
func (s *system) starts(ctx context.Context, tier string, cold bool, rounds int) (Start, error) {
	if _, err := s.up(ctx, tier); err != nil {
		return Start{}, err
	}
	argv, files, err := s.commandLine(tier)
	if err = errors.Join(err, s.down(ctx)); err != nil {
		return Start{}, err
	}
	var bare, up, checks, overhead []float64
	for range rounds {
		if err := drop(files, cold); err != nil {
			return Start{}, err
		}
		alone, err := s.bareStart(ctx, tier, argv)
		if err != nil {
			return Start{}, err
		}
		if err := drop(files, cold); err != nil {
			return Start{}, err
		}
		began := time.Now()
		said, err := s.up(ctx, tier)
		if err != nil {
			return Start{}, err
		}
		whole, checked := time.Since(began).Seconds(), 0.0
		if said[tier].Checks != nil {
			checked = said[tier].Checks.Seconds
		}
		if err := s.down(ctx); err != nil {
			return Start{}, err
		}
		bare, up, checks, overhead = append(bare, alone), append(up, whole), append(checks, checked), append(overhead, whole-checked-alone)
	}
	start := Start{Tier: tier, Cache: "warm", Bare: spreadOf(bare), Up: spreadOf(up), Checks: spreadOf(checks), Overhead: spreadOf(overhead)}
	if cold {
		start.Cache = "cold"
	}
	return start, nil
}

// settled returns when the fixed prompts are in the servers: until then somebody works.
func (s *system) settled(ctx context.Context) error {
	running, err := s.running()
	if err != nil {
		return err
	}
	for end := time.Now().Add(noticeLimit); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(time.Second) {
		now, err := s.services(ctx)
		if err != nil {
			return err
		}
		waiting := 0
		for tier, one := range running {
			if one.Spec.Model != nil && len(one.Spec.Model.Prefixes) > 0 && now[tier].Warmed == "" {
				waiting++
			}
		}
		if waiting == 0 {
			return nil
		}
	}
	return errors.Join(ctx.Err(), fmt.Errorf("the fixed prompts were not read in within %s", noticeLimit))
}

// recorded is what the supervisor notes of a service.
type recorded struct{ Spec supervisor.Spec }

func (s *system) running() (services map[string]recorded, err error) {
	content, err := os.ReadFile(filepath.Join(s.folder, "state", "services.json"))
	if err == nil {
		err = json.Unmarshal(content, &services)
	}
	return services, err
}

// commandLine is what the supervisor runs for a tier, and the files it reads.
func (s *system) commandLine(tier string) (argv, files []string, err error) {
	running, err := s.running()
	if err != nil {
		return nil, nil, err
	}
	spec := running[tier].Spec
	if spec.Container != nil {
		return dockerRun(*spec.Container), spec.Files, nil
	}
	return spec.Argv, spec.Files, nil
}

// dockerRun is how one would start a service's container by hand.
func dockerRun(c engine.Container) []string {
	argv := []string{"docker", "run", "--rm", "--init"}
	for _, m := range c.Mounts {
		argv = append(argv, "--volume", m.Host+":"+m.Inside+":ro")
	}
	for _, m := range c.Writable {
		argv = append(argv, "--volume", m.Host+":"+m.Inside)
	}
	for _, p := range c.Publish {
		argv = append(argv, "--publish", fmt.Sprintf("%s:%d:%d", p.HostIP, p.Host, p.Inside))
	}
	for _, path := range c.Devices {
		argv = append(argv, "--device", path)
	}
	for _, group := range c.Groups {
		argv = append(argv, "--group-add", group)
	}
	for _, variable := range c.Environment {
		argv = append(argv, "--env", variable)
	}
	return append(append(argv, c.Image), c.Args...)
}

// drop takes files out of the page cache, or brings them in.
func drop(files []string, cold bool) error {
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		if cold {
			err = unix.Fadvise(int(file.Fd()), 0, 0, unix.FADV_DONTNEED)
		} else {
			_, err = io.Copy(io.Discard, file)
		}
		if err = errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
	return nil
}

// bareStart runs the server without llmctl until its first 200, and ends it.
func (s *system) bareStart(ctx context.Context, tier string, argv []string) (float64, error) {
	command := exec.CommandContext(ctx, argv[0], argv[1:]...)
	began := time.Now()
	if err := command.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
	}()
	for {
		if response, err := http.Get(s.url(tier) + "/health"); err == nil { //nolint:noctx // a loopback server of this program
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return time.Since(began).Seconds(), nil
			}
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(tick):
		}
	}
}

// status times the command as a user sees it.
func (s *system) status(ctx context.Context, tries int) (Spread, error) {
	var all []float64
	for range tries {
		began := time.Now()
		if _, err := s.services(ctx); err != nil {
			return Spread{}, err
		}
		all = append(all, time.Since(began).Seconds())
	}
	return spreadOf(all), nil
}

// idle reads the supervisor's processor time at the beginning and the end of a quiet time.
func (s *system) idle(ctx context.Context, length time.Duration) (Idle, error) {
	supervising, err := s.supervisorProcess()
	if err != nil {
		return Idle{}, err
	}
	before, err := supervising.Stat()
	if err != nil {
		return Idle{}, err
	}
	began := time.Now()
	select {
	case <-ctx.Done():
		return Idle{}, ctx.Err()
	case <-time.After(length):
	}
	after, err := supervising.Stat()
	if err != nil {
		return Idle{}, err
	}
	passed := time.Since(began).Seconds()
	return Idle{passed, (after.CPUTime() - before.CPUTime()) / passed, int64(after.ResidentMemory())}, nil
}

func (s *system) supervisorProcess() (procfs.Proc, error) {
	all, err := procfs.AllProcs()
	if err != nil {
		return procfs.Proc{}, err
	}
	for _, one := range all {
		words, err := one.CmdLine()
		if err == nil && len(words) > 2 && words[1] == "supervise" && words[len(words)-1] == filepath.Join(s.folder, "state") {
			return one, nil
		}
	}
	return procfs.Proc{}, errors.New("the supervisor is not running")
}

// noticed sends a signal to tiers in turn and takes from the events when each was noticed.
func (s *system) noticed(ctx context.Context, tiers []string, signal syscall.Signal, rounds int) (Spread, error) {
	var all []float64
	for i := range rounds {
		tier := tiers[i%len(tiers)]
		now, err := s.up(ctx, tiers...)
		if err != nil {
			return Spread{}, err
		}
		sent := time.Now()
		if err := syscall.Kill(now[tier].PID, signal); err != nil {
			return Spread{}, fmt.Errorf("pid %d of %s: %w", now[tier].PID, tier, err)
		}
		at, err := s.event(ctx, tier, sent)
		if err != nil {
			return Spread{}, err
		}
		all = append(all, at.Sub(sent).Seconds())
	}
	_, err := s.up(ctx, tiers...)
	return spreadOf(all), err
}

// noticeLimit ends the wait for a verdict that does not come.
const noticeLimit = 2 * time.Minute

// event waits for a tier's first event after a time.
func (s *system) event(ctx context.Context, tier string, after time.Time) (time.Time, error) {
	for time.Since(after) < noticeLimit && ctx.Err() == nil {
		content, err := os.ReadFile(supervisor.EventsPath(filepath.Join(s.folder, "state")))
		if err != nil {
			return time.Time{}, err
		}
		for line := range bytes.Lines(content) {
			var event supervisor.Event
			if json.Unmarshal(line, &event) == nil && event.Service == tier && event.At.After(after) {
				return event.At, nil
			}
		}
		time.Sleep(tick)
	}
	return time.Time{}, errors.Join(ctx.Err(), fmt.Errorf("nothing was noticed of %s within %s", tier, noticeLimit))
}

// Load is a time in which both tiers had more requests than slots.
type Load struct {
	Seconds  float64 `json:"seconds"`
	Requests int64   `json:"requests"`
	Tokens   int64   `json:"generated_tokens"`
	Failed   int64   `json:"failed"`
	// Alarms counts servers called hung, or restarted for any reason. Every one is false here.
	Alarms int `json:"false_alarms"`
}

// clientsPerTier is more than the slots of the profiles, so that requests also wait.
const clientsPerTier = 3

// load keeps tiers busy with long prompts that no cache can shorten, and answers of different lengths.
func (s *system) load(ctx context.Context, tiers []string, length time.Duration) (Load, error) {
	before, err := s.services(ctx)
	if err != nil {
		return Load{}, err
	}
	busy, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	began := time.Now()
	var result Load
	var group sync.WaitGroup
	for _, tier := range tiers {
		for client := range clientsPerTier {
			group.Go(func() {
				for i := 0; busy.Err() == nil; i++ {
					tokens, err := complete(busy, s.url(tier), fmt.Sprintf("%d %d ", client, i)+strings.Repeat("The pump in hall three needs a new seal. ", 40), 20+40*(i%3))
					if busy.Err() != nil {
						return
					}
					atomic.AddInt64(&result.Requests, 1)
					atomic.AddInt64(&result.Tokens, tokens)
					if err != nil {
						atomic.AddInt64(&result.Failed, 1)
					}
				}
			})
		}
	}
	group.Wait()
	result.Seconds = time.Since(began).Seconds()
	after, err := s.services(ctx)
	if err != nil {
		return Load{}, err
	}
	for _, tier := range tiers {
		result.Alarms += after[tier].Hung - before[tier].Hung + after[tier].Restarts - before[tier].Restarts
	}
	return result, nil
}

// complete asks for an answer of so many tokens.
func complete(ctx context.Context, url, prompt string, tokens int) (int64, error) {
	body, err := json.Marshal(map[string]any{"prompt": prompt, "n_predict": tokens, "ignore_eos": true, "temperature": 0, "cache_prompt": false})
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/completion", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	var said struct {
		Predicted int64 `json:"tokens_predicted"`
	}
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s answered %s", url, response.Status)
	}
	err = json.NewDecoder(response.Body).Decode(&said)
	return said.Predicted, err
}
