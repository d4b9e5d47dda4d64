package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	temporalclient "go.temporal.io/sdk/client"

	"bestbox/internal/config"
	"bestbox/internal/programs"
	"bestbox/llmctl/supervisor"
	workerclient "bestbox/worker/client"
)

// The services of the system, as llmctl names them.
const (
	heavy    = config.Heavy
	light    = config.Light
	embed    = config.Embed
	temporal = "temporal"
	worker   = "worker"
)

const (
	// startLimit is how long all services may take to be ready: the models load from a cold disk once.
	startLimit = 2 * time.Minute
	// backLimit is how long a killed service may take to be back.
	backLimit = 60 * time.Second
	// poll is how often tests look whether something has happened. A model server that has both processors loses much more than the
	// time of what disturbs it, since its threads wait for each other at every layer.
	poll = 200 * time.Millisecond
)

// quiet keeps the client's complaints about a killed server out of the tests' output.
var quiet = slog.New(slog.DiscardHandler)

// system is one installation of BestBox in a folder of its own, with the artefacts of the user's cache.
type system struct {
	folder, temporalCLI string
	settings            *config.Config
	// http talks to the trigger, temporal to Temporal.
	http     *workerclient.Client
	temporal temporalclient.Client
}

// build builds the programs and writes the configuration.
func build(folder string) (*system, error) {
	for _, variable := range []string{"BESTBOX_CONFIG", "BESTBOX_STATE_DIR", config.APIKeyVariable} {
		if err := os.Unsetenv(variable); err != nil { // would win over the configuration of the tests
			return nil, err
		}
	}
	s := &system{folder: folder}
	if err := s.configure(); err != nil {
		return nil, err
	}
	for _, tier := range s.settings.Tiers {
		for _, name := range []string{tier.Model, tier.Server} {
			if _, err := programs.Artefact(name); err != nil {
				return nil, err
			}
		}
	}
	var err error
	if s.temporalCLI, err = programs.Artefact(temporal); err != nil {
		return nil, err
	}
	if err := programs.Build([]string{"bestbox/llmctl", "bestbox/worker"}, "-trimpath", "-o", folder+"/"); err != nil {
		return nil, err
	}
	if s.http, err = workerclient.New(s.settings.HTTP.URL(), ""); err != nil {
		return nil, err
	}
	s.temporal, err = temporalclient.NewLazyClient(temporalclient.Options{HostPort: s.settings.Temporal.Address, Logger: quiet})
	return s, err
}

func (s *system) configure() error {
	path := filepath.Join(s.folder, "bestbox.yaml")
	if err := os.WriteFile(path, nil, 0o600); err != nil { // so that no other file is found
		return err
	}
	ports, err := freePorts(7)
	if err != nil {
		return err
	}
	text := fmt.Sprintf(`
profile: small
directories: {state: %q}
temporal: {address: "127.0.0.1:%d", ui_port: %d}
http: {listen: "127.0.0.1:%d"}
supervisor: {metrics: "127.0.0.1:%d"}
profiles: {small: {tiers: {heavy: {port: %d}, light: {port: %d}, embed: {port: %d}}}}
`, filepath.Join(s.folder, "state"), ports[0], ports[1], ports[2], ports[5], ports[3], ports[4], ports[6])
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	s.settings, err = config.Load(path, "small")
	return err
}

// freePorts are ports that nobody else gets: a killed server must get its port back.
func freePorts(count int) (found []int, err error) {
	for len(found) < count && err == nil {
		var port int
		port, err = programs.FreePort()
		found = append(found, port)
	}
	return found, err
}

// up starts everything that does not run.
func (s *system) up() error {
	_, err := s.llmctl("up")
	return err
}

// warmLimit is how long reading the prompts of all agents in may take, which at the first start is some 16,000 tokens: six minutes on two cores with nothing beside.
const warmLimit = 15 * time.Minute

// warm waits until llmctl holds the agents' prompts ready: read in once, restored after every other start.
func (s *system) warm(ctx context.Context) error {
	ctx, done := context.WithTimeout(ctx, warmLimit)
	defer done()
	services := supervisor.NewClient(s.settings.Directories.State)
	for {
		all, err := services.Services(ctx, false)
		if err != nil {
			return err
		}
		for _, one := range all {
			if one.Name == heavy && one.State == supervisor.Ready && one.Warmed != "" {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the heavy server's prompts: %w", ctx.Err())
		case <-time.After(poll):
		}
	}
}

// recall waits until a heavy server that was started again has its prompts back: to read them while a test asks takes longer than most tests.
func (s *system) recall(t *testing.T) {
	t.Helper()
	if err := s.warm(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// llmctl runs a command of llmctl and returns its standard output.
func (s *system) llmctl(arguments ...string) (string, error) {
	ctx, done := context.WithTimeout(context.Background(), startLimit)
	defer done()
	command := exec.CommandContext(ctx, filepath.Join(s.folder, "llmctl"), arguments...)
	command.Args = append(command.Args, "--config", s.settings.Path, "--no-color")
	var output, problems strings.Builder
	command.Stdout, command.Stderr = &output, &problems
	if err := command.Run(); err != nil {
		return output.String(), fmt.Errorf("llmctl %s: %w: %s%s", strings.Join(arguments, " "), err, problems.String(), output.String())
	}
	return output.String(), nil
}

// services returns what llmctl says of the services. Its exit code is not looked at: it is 3 while one of them is away.
func (s *system) services() []supervisor.Snapshot {
	output, _ := s.llmctl("status", "--json")
	var status struct{ Services []supervisor.Snapshot }
	_ = json.Unmarshal([]byte(output), &status)
	return status.Services
}

func (s *system) service(name string) supervisor.Snapshot {
	all := s.services()
	if index := slices.IndexFunc(all, func(found supervisor.Snapshot) bool { return found.Name == name }); index >= 0 {
		return all[index]
	}
	return supervisor.Snapshot{}
}

// ready returns a service that is ready and answers.
func (s *system) ready(t *testing.T, name string) supervisor.Snapshot {
	t.Helper()
	var found supervisor.Snapshot
	eventually(t, backLimit, name+" is ready", func() bool {
		found = s.service(name)
		return found.Usable() && found.PID > 0
	})
	return found
}

// signal sends a signal to the process of a service, which llmctl has started for these tests, and returns its number.
func (s *system) signal(t *testing.T, pid int, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, signal); err != nil {
		t.Fatalf("%v to pid %d: %v", signal, pid, err)
	}
}

// back waits until a service runs again in another process than before.
func (s *system) back(t *testing.T, name string, before int) {
	t.Helper()
	eventually(t, backLimit, name+" is back", func() bool {
		found := s.service(name)
		return found.Usable() && found.PID > 0 && found.PID != before
	})
}

// printLogs shows the ends of the services' logs, for whoever looks for the cause of a failure.
func (s *system) printLogs(out io.Writer) {
	logs, err := s.llmctl("logs", "-n", "30", "worker", "temporal", "supervisor")
	fmt.Fprintln(out, logs, err)
}

// eventually tries until done.
func eventually(t *testing.T, limit time.Duration, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !done(); time.Sleep(min(poll, limit/20)) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s", what, limit)
		}
	}
}
