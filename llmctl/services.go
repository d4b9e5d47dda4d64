package main

import (
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"bestbox/internal/config"
	"bestbox/llmctl/fetch"
	"bestbox/llmctl/supervisor"
)

// Names of the services beside the tiers.
const (
	temporalService = "temporal"
	workerService   = "worker"
)

const (
	// modelLoadTimeout covers 9 GB from a disk of 40 MB/s.
	modelLoadTimeout = 5 * time.Minute
	// modelTermTimeout: with --sse-ping-interval 1 an idle or a streaming llama-server ends within about a second.
	modelTermTimeout    = 3 * time.Second
	temporalLoadTimeout = time.Minute
	temporalTermTimeout = 10 * time.Second
	workerLoadTimeout   = time.Minute
	// workerTermTimeout lets running activities finish or be handed over.
	workerTermTimeout = 30 * time.Second
)

// serviceNames lists what the profile runs, in the order of starting.
func serviceNames(c *config.Config) []string {
	names := slices.Sorted(maps.Keys(c.Tiers)) // embed, heavy, light
	if c.Temporal.Managed {
		names = append(names, temporalService)
	}
	return append(names, workerService)
}

// chosenServices checks names given on the command line; none means all.
func chosenServices(c *config.Config, names []string) ([]string, error) {
	known := serviceNames(c)
	if len(names) == 0 {
		return known, nil
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, usageError{fmt.Errorf("no service %q in profile %s; there are: %s", name, c.Profile, strings.Join(known, ", "))}
		}
	}
	return slices.DeleteFunc(known, func(name string) bool { return !slices.Contains(names, name) }), nil
}

// stamp changes when a file does.
func stamp(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return "missing;"
	}
	return fmt.Sprintf("%d@%d;", info.Size(), info.ModTime().UnixNano())
}

// temporalSpec makes the command line of the development server, tuned for short steps: without the dynamic value and the pragmas each
// activity waits about 50 ms more (measured).
func temporalSpec(c *config.Config, program fetch.Record) supervisor.Spec {
	t := c.Temporal
	port := strconv.Itoa(t.Port())
	return supervisor.Spec{
		Name: temporalService,
		Argv: []string{program.Path(), "server", "start-dev", "--ip", t.Host(), "--port", port, "--ui-port", strconv.Itoa(t.UIPort),
			"--db-filename", filepath.Join(c.Directories.State, "temporal.db"), "--namespace", t.Namespace, "--log-level", "warn",
			"--dynamic-config-value", "history.transferProcessorMaxPollRPS=2000",
			"--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=1",
			"--search-attribute", "BestBoxDomain=Keyword", "--search-attribute", "BestBoxStatus=Keyword"},
		Stamp: stamp(program.Path()), Host: t.Host(), Ports: []int{t.Port(), t.UIPort},
		// The UI's server answers for the namespace only once the frontend does.
		Ready:   t.UIURL() + "/api/v1/namespaces/" + t.Namespace,
		Address: net.JoinHostPort(t.Host(), port), About: "UI " + t.UIURL(),
		LoadTimeout: temporalLoadTimeout, TermTimeout: temporalTermTimeout,
	}
}

// workerPath is where the worker program should be: beside this one.
func workerPath() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	path := filepath.Join(filepath.Dir(self), "worker")
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("the worker program is not at %s; build it with: make build", path)
	}
	return path, nil
}

func workerSpec(c *config.Config, path string) supervisor.Spec {
	argv := []string{path, "run", "--profile", c.Profile}
	if c.Path != "" {
		argv = append(argv, "--config", c.Path)
	}
	host, port, _ := net.SplitHostPort(c.HTTP.Listen) // checked by config.Load
	number, _ := strconv.Atoi(port)
	return supervisor.Spec{
		Name: workerService, Argv: argv, Stamp: stamp(path) + stamp(c.Path), Host: host, Ports: []int{number},
		Environment: []string{"BESTBOX_CACHE_DIR=" + c.Directories.Cache, "BESTBOX_STATE_DIR=" + c.Directories.State},
		Ready:       c.HTTP.URL() + "/readyz", Address: c.HTTP.URL(), About: "API docs " + c.HTTP.URL() + "/docs",
		LoadTimeout: workerLoadTimeout, TermTimeout: workerTermTimeout,
	}
}
