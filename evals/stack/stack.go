// Package stack runs a BestBox of its own beside the model servers that run: a Temporal development server and a worker, with ports, a state
// folder and records of their own. The records can be put back to the fresh demo company, which those of a running BestBox cannot.
package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/goccy/go-yaml"

	"bestbox/internal/config"
	"bestbox/internal/database"
	"bestbox/internal/llm"
	"bestbox/internal/programs"
	"bestbox/internal/records"
	"bestbox/internal/temporaldev"
	"bestbox/worker/api"
	"bestbox/worker/client"
)

const (
	// startLimit is far above the second that a worker takes to start: models may keep both processors busy.
	startLimit = 2 * time.Minute
	// stopLimit is how long a worker that has nothing to do may take to end.
	stopLimit = 15 * time.Second
	// profile is the name that the profile which is measured has in the worker's configuration.
	profile = "measured"
)

// Stack is a running Temporal with a worker. It is used by one goroutine.
type Stack struct {
	// Configure adds to the worker's configuration what a measurement needs, such as an MCP server; it may be nil.
	Configure func(*config.File)

	settings *config.Config
	folder   string
	program  string
	temporal *temporaldev.Server
	worker   *programs.Process
	company  int // how many companies there were
	address  string
}

// Start builds the worker, starts Temporal and makes the demo company. Fresh starts the worker.
func Start(ctx context.Context, settings *config.Config) (*Stack, error) {
	folder, err := os.MkdirTemp("", "bestbox-stack-")
	if err != nil {
		return nil, err
	}
	s := &Stack{settings: settings, folder: folder, program: filepath.Join(folder, "worker")}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Stack) start(ctx context.Context) (err error) {
	for name, tier := range s.settings.Tiers {
		if !config.Writes(name) {
			continue // not all measurements need it
		}
		made, err := llm.New(llm.Options{Name: name, BaseURL: tier.URL(), Model: tier.Model})
		if err != nil {
			return err
		}
		if err := made.Health(ctx); err != nil {
			return fmt.Errorf("the model servers must run: %w (start them with `llmctl up`)", err)
		}
	}
	if err := programs.Build([]string{"bestbox/worker"}, "-trimpath", "-o", s.program); err != nil {
		return err
	}
	if s.temporal, err = temporaldev.Start(s.folder); err != nil {
		return err
	}
	return withoutDocuments(ctx, s.Template())
}

// documentsLimit is how long the demo company's documents may take to be embedded: some seconds, where nothing else computes.
const documentsLimit = 3 * time.Minute

// GiveDocuments puts the demo company's documents into the company that each Fresh begins with.
func (s *Stack) GiveDocuments(ctx context.Context, employee string) error {
	if err := os.Remove(s.Template()); err != nil {
		return err
	}
	if err := MakeCompany(ctx, s.Template()); err != nil {
		return err
	}
	if err := s.Fresh(ctx, employee); err != nil {
		return err
	}
	if err := opened(ctx, s.Records(), s.inside); err != nil {
		return fmt.Errorf("the demo company's documents (llmctl up embed): %w", err)
	}
	s.end()
	return copyFile(s.Records(), s.Template())
}

// inside waits until the worker has put the demo company's documents in.
func (s *Stack) inside(db *records.DB) error {
	return s.worker.Ready(documentsLimit, func(ctx context.Context) error {
		lacks, err := db.LacksPart(ctx, records.DemoDocuments)
		if err == nil && lacks {
			err = errors.New("they are not in yet")
		}
		return err
	})
}

// MakeCompany makes a fresh demo company, all of it in the file at path. A worker would put its documents in.
func MakeCompany(ctx context.Context, path string) error {
	return opened(ctx, path, func(*records.DB) error { return nil })
}

// withoutDocuments makes one whose documents count as given: no worker puts them in while a measurement runs.
func withoutDocuments(ctx context.Context, path string) error {
	return opened(ctx, path, func(db *records.DB) error { return db.GivePart(ctx, records.DemoDocuments) })
}

func opened(ctx context.Context, path string, then func(*records.DB) error) error {
	db, err := records.Open(ctx, database.Location{Path: path})
	if err != nil {
		return err
	}
	return errors.Join(then(db), db.Close()) // closing also empties the log beside it
}

// Template is the path of a fresh demo company, which is only read.
func (s *Stack) Template() string { return filepath.Join(s.folder, "template.db") }

// Records is the path of the records that the worker has now.
func (s *Stack) Records() string {
	return filepath.Join(s.folder, "company-"+strconv.Itoa(s.company), "records.db")
}

// Fresh starts the worker with a fresh demo company, in which that employee asks; an earlier one is stopped and its company forgotten.
func (s *Stack) Fresh(ctx context.Context, employee string) error {
	if err := s.stop(); err != nil {
		return err
	}
	s.company++
	if err := os.MkdirAll(filepath.Dir(s.Records()), 0o700); err != nil {
		return err
	}
	if err := copyFile(s.Template(), s.Records()); err != nil {
		return fmt.Errorf("copy the demo company: %w", err)
	}
	path := filepath.Join(s.folder, "bestbox.yaml")
	if err := s.configure(path, employee); err != nil {
		return fmt.Errorf("write the worker's configuration: %w", err)
	}
	command := exec.Command(s.program, "run", "--config", path, "--log-level", "warn")
	command.Dir, command.Env = s.folder, environment()
	var err error
	if s.worker, err = programs.Start(command); err != nil {
		return err
	}
	err = s.worker.Ready(startLimit, func(probe context.Context) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return ready(probe, s.URL())
	})
	if ended := s.temporal.Ended(); err != nil && ended != "" {
		err = errors.Join(err, errors.New(ended))
	}
	return err
}

// environment is this process's, without what would win over the worker's configuration.
func environment() []string {
	own := []string{"BESTBOX_CONFIG=", "BESTBOX_STATE_DIR=", config.APIKeyVariable + "="}
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return slices.ContainsFunc(own, func(name string) bool { return strings.HasPrefix(variable, name) })
	})
}

// configure writes a configuration with the measured profile's model servers, as they run.
func (s *Stack) configure(path, employee string) error {
	port, err := programs.FreePort()
	if err != nil {
		return err
	}
	s.address = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	file := config.File{
		Profile: profile, Profiles: map[string]config.Profile{profile: {Tiers: s.settings.Tiers, WithoutTools: s.settings.WithoutTools}},
		Directories: config.Directories{Cache: s.settings.Directories.Cache, State: filepath.Join(s.folder, "state")},
		Temporal:    config.Temporal{Address: s.temporal.Address, Namespace: "default", UIPort: s.settings.Temporal.UIPort},
		HTTP:        config.HTTP{Listen: s.address},
		Records:     config.Records{Path: s.Records()},
		Agents:      s.settings.Agents,
		Knowledge:   config.Knowledge{MaximumBytes: s.settings.Knowledge.MaximumBytes},
		Access:      config.Access{Employee: employee},
		Supervisor:  config.Supervisor{Metrics: config.MetricsOff},
	}
	if s.Configure != nil {
		s.Configure(&file)
	}
	content, err := yaml.Marshal(file)
	if err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}

// ready fails until the worker has all that it needs.
func ready(ctx context.Context, base string) error {
	ctx, done := context.WithTimeout(ctx, 5*time.Second)
	defer done()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
	if err != nil {
		return err
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err == nil && reply.StatusCode != http.StatusOK {
		err = fmt.Errorf("the worker is not ready: %s", body)
	}
	return err
}

// URL is where the worker's HTTP trigger listens.
func (s *Stack) URL() string { return "http://" + s.address }

// Client returns a client of the worker as it runs now.
func (s *Stack) Client() (*client.Client, error) { return client.New(s.URL(), "") }

// Ingested waits for the end of an ingest that a worker has begun, which must have put all of its files in.
func Ingested(ctx context.Context, worker *client.Client, begun api.Ingest) (err error) {
	for err == nil && begun.Status == api.Running {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
		begun, err = worker.Ingest(ctx, begun.ID)
	}
	if err == nil && (begun.Status != api.Completed || begun.Counts.Added != begun.Files) {
		err = fmt.Errorf("the ingest %s has %s: %s %+v", begun.ID, begun.Status, begun.Error, begun.Counts)
	}
	return err
}

// stop ends the worker, and forgets its company.
func (s *Stack) stop() error {
	if s.worker == nil {
		return nil
	}
	s.end()
	return os.RemoveAll(filepath.Dir(s.Records()))
}

// end ends the worker.
func (s *Stack) end() {
	s.worker.Signal(syscall.SIGTERM)
	if _, over := s.worker.Wait(stopLimit); !over {
		s.worker.Kill()
	}
	s.worker = nil
}

// Close ends everything and removes its files.
func (s *Stack) Close() error {
	err := s.stop()
	if s.temporal != nil {
		s.temporal.Kill()
	}
	return errors.Join(err, os.RemoveAll(s.folder))
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o600)
}
