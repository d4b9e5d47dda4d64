package main

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
	names := slices.Sorted(maps.Keys(c.Tiers)) // heavy, light
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

// checkBackends refuses what this version cannot run, before anything is loaded.
func checkBackends(c *config.Config, services []string) error {
	for _, name := range services {
		if tier, ok := c.Tiers[name]; ok && tier.Backend != config.Native {
			return &config.FieldError{Field: "profiles." + c.Profile + ".tiers." + name + ".backend", Value: tier.Backend,
				Allowed: "native (docker is not built in yet: set backend: native and server: llama-server-vulkan)"}
		}
	}
	return nil
}

// tierSpec makes the command line of a model server.
func tierSpec(ctx context.Context, name string, tier config.Tier, server, model fetch.Record) (supervisor.Spec, error) {
	flags, err := knownFlags(ctx, server.Path())
	if err != nil {
		return supervisor.Spec{}, err
	}
	threads := tier.Threads
	if threads == 0 {
		threads = physicalCores(os.DirFS("/"))
	}
	argv := []string{server.Path(), "-m", model.Path(), "--host", tier.Host, "--port", strconv.Itoa(tier.Port),
		"-c", strconv.Itoa(tier.Context * tier.Slots), "-np", strconv.Itoa(tier.Slots), "-t", strconv.Itoa(threads)}
	// Builds differ in their flags; these are wanted where they exist.
	for _, wanted := range [][]string{
		{"--alias", tier.Model},      // what clients see as the model's name
		{"--offline"},                // never the network
		{"--jinja"},                  // the model's own chat template
		{"--metrics"},                // running requests, for the drain
		{"--slots"},                  // how far each slot is
		{"--no-kv-unified"},          // -c divides evenly over the slots
		{"--sse-ping-interval", "1"}, // a stop or a lost client is noticed in a second
		{"--no-webui"},               // not used; one thing less that listens to browsers
	} {
		if flags[wanted[0]] {
			argv = append(argv, wanted...)
		}
	}
	return supervisor.Spec{
		Name: name, Argv: append(argv, tier.Flags...), Files: []string{model.Path()}, Stamp: stamp(server.Path()) + stamp(model.Path()),
		Host: tier.Host, Ports: []int{tier.Port}, Ready: tier.URL() + "/health", Metrics: tier.URL() + "/metrics",
		Address: tier.URL(), About: fmt.Sprintf("%s, %d x %d tokens", tier.Model, tier.Slots, tier.Context),
		LoadTimeout: modelLoadTimeout, TermTimeout: modelTermTimeout,
	}, nil
}

var flagName = regexp.MustCompile(`(?m)(?:^|[ ,])(--?[a-z][a-z0-9-]*)`)

// knownFlags reads which flags a server has from its --help.
func knownFlags(ctx context.Context, program string) (map[string]bool, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	output, err := exec.CommandContext(ctx, program, "--help").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s --help: %w", program, err)
	}
	return parseFlags(string(output)), nil
}

func parseFlags(help string) map[string]bool {
	flags := map[string]bool{}
	for _, match := range flagName.FindAllStringSubmatch(help, -1) {
		flags[match[1]] = true
	}
	return flags
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
