package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"bestbox/internal/config"
	"bestbox/llmctl/catalogue"
	"bestbox/llmctl/doctor"
	"bestbox/llmctl/engine"
	"bestbox/llmctl/fetch"
	"bestbox/llmctl/lockfile"
	"bestbox/llmctl/machine"
	"bestbox/llmctl/supervisor"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

// Time limits of what doctor asks others; package doctor has its own for each check as a whole.
const (
	engineTimeout = 500 * time.Millisecond
	rpmTimeout    = 400 * time.Millisecond
	workerTimeout = 300 * time.Millisecond
)

func newDoctor(o *options) *cobra.Command {
	all := false
	command := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what is wrong with this machine, and say what to do",
		Long: "Look at the configuration, the ports, memory, disks, models, devices and drivers, at combinations of versions that are known to go\n" +
			"wrong on AMD Strix Halo, and at what has changed since each tier's last verified start. Nothing is started, changed or ended.\n" +
			"The exit code is 0 when there is no problem (warnings are allowed), else 3.",
		Example: "  llmctl doctor\n  llmctl doctor --all\n  llmctl doctor --profile strix-halo\n  llmctl doctor --json | jq '.checks[] | select(.verdict == \"problem\")'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := o.load()
			report := doctor.Run(cmd.Context(), subject(cmd.Context(), c, err))
			if cmd.Context().Err() != nil {
				return cmd.Context().Err()
			}
			if o.json {
				err = json.NewEncoder(cmd.OutOrStdout()).Encode(report)
			} else {
				err = report.Print(cmd.OutOrStdout(), all)
			}
			if err != nil {
				return err
			}
			if report.Count(doctor.Problem) > 0 {
				return errSaid
			}
			return nil
		},
	}
	command.Flags().BoolVar(&all, "all", false, "also show the checks that do not apply here")
	return command
}

// subject is this machine. What several checks ask is asked once.
func subject(ctx context.Context, c *config.Config, problem error) doctor.Subject {
	root := os.DirFS("/")
	s := doctor.Subject{
		ConfigError: problem, Fits: config.Detect(root), Holder: supervisor.HolderOf, Free: freeBytes, Writable: writable,
		Versions: sync.OnceValue(func() machine.Versions {
			v := machine.ReadVersions(root, machine.Self())
			limited, cancel := context.WithTimeout(ctx, rpmTimeout)
			defer cancel()
			v.AskRPM(limited)
			return v
		}),
		Memory:     sync.OnceValues(func() (machine.Memory, error) { return machine.ReadMemory(root) }),
		Services:   func() []supervisor.Snapshot { return nil },
		Left:       func() bool { return false },
		Supervisor: func(int) bool { return false },
	}
	docker := sync.OnceValues(func() (*engine.Engine, error) {
		limited, cancel := context.WithTimeout(ctx, engineTimeout)
		defer cancel()
		return engine.Connect(limited)
	})
	s.Engine = func(context.Context) (string, error) {
		found, err := docker()
		if err != nil {
			return "", err
		}
		return "answers at " + found.Host(), nil
	}
	s.Publisher = func(ctx context.Context, port int) (name, image string, ok bool) {
		found, err := docker()
		if err != nil {
			return "", "", false
		}
		return found.PublisherOf(ctx, port)
	}
	if problem != nil {
		return s
	}
	s.Config = c
	client := newClient(c)
	s.Services = sync.OnceValue(func() []supervisor.Snapshot {
		all, _ := client.Services(ctx, false) // without a supervisor nothing runs, or is left
		return slices.DeleteFunc(all, func(one supervisor.Snapshot) bool { return one.State == supervisor.Stopped })
	})
	s.Left = func() bool { return supervisor.LeftRunning(c.Directories.State) && !client.Running(ctx) }
	s.Worker = func(ctx context.Context) bool { return answersAsWorker(ctx, c.HTTP.URL()) }
	s.Supervisor = func(pid int) bool { return supervises(pid, c.Directories.State) }
	type cached struct {
		artefacts []doctor.Artefact
		records   map[string]fetch.Record
	}
	cache := sync.OnceValue(func() (all cached) {
		all.artefacts, all.records = doctor.ReadArtefacts(c.Directories.Cache, artefactsOf(c))
		return all
	})
	s.Artefacts = func() []doctor.Artefact { return cache().artefacts }
	s.Need = func() (int64, error) { return weights(c, cache().records) }
	s.Verified = func() (map[string]lockfile.Entry, error) { return lockfile.Read(c.Directories.State) }
	s.Present = func() map[string][]lockfile.Entry { return presentEntries(c, cache().records, s.Versions()) }
	return s
}

// artefactsOf returns the profile's entries of the catalogue. What the catalogue does not know is left to llmctl pull, which says so.
func artefactsOf(c *config.Config) []catalogue.Artefact {
	shipped, err := catalogue.Shipped()
	if err != nil {
		return nil
	}
	var all []catalogue.Artefact
	for _, name := range neededArtefacts(c, serviceNames(c)) {
		if artefact, err := shipped.Get(name); err == nil {
			all = append(all, artefact)
		}
	}
	return all
}

// weights is what the tiers' models alone take: less than the servers will, but known without reading them.
func weights(c *config.Config, records map[string]fetch.Record) (int64, error) {
	var total int64
	for name, tier := range c.Tiers {
		record, ok := records[tier.Model]
		if !ok {
			return 0, fmt.Errorf("the model of %s is not loaded", name)
		}
		total += record.Size()
	}
	return total, nil
}

// presentEntries is what would start now, as far as the cache and the machine tell without starting it.
func presentEntries(c *config.Config, records map[string]fetch.Record, v machine.Versions) map[string][]lockfile.Entry {
	all := map[string][]lockfile.Entry{}
	for name, tier := range c.Tiers {
		all[name] = append(all[name], presentEntry(tier, records, v))
		if other, ok := tier.OnFallback(); ok {
			all[name] = append(all[name], presentEntry(other, records, v))
		}
	}
	return all
}

func presentEntry(tier config.Tier, records map[string]fetch.Record, v machine.Versions) lockfile.Entry {
	entry := lockfile.Entry{Backend: tier.Backend, Model: tier.Model, Settings: lockfile.Settings(tier), Host: lockfile.HostOf(v),
		Server: lockfile.Server{Name: tier.Server}}
	if server, ok := records[tier.Server]; ok {
		entry.Server.Build = server.Version
		switch {
		case server.Image != nil:
			entry.Server.Image = server.Image.Reference()
		case len(server.Files) > 0:
			entry.Server.SHA256 = server.Files[0].SHA256
		}
	}
	if model, ok := records[tier.Model]; ok {
		entry.Files = map[string]string{}
		for _, file := range model.Files {
			entry.Files[file.Name] = file.SHA256
		}
	}
	return entry
}

// answersAsWorker asks a worker's page /healthz, which needs no key.
func answersAsWorker(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, workerTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/healthz", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	var body struct{ Status string }
	return response.StatusCode == http.StatusOK && json.NewDecoder(io.LimitReader(response.Body, 1<<10)).Decode(&body) == nil && body.Status == "ok"
}

// supervises tells whether a process is the supervisor of a state directory: in the background, or as a service manager runs it.
func supervises(pid int, state string) bool {
	words, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	if err != nil {
		return false
	}
	argv := strings.Split(string(words), "\x00")
	return slices.Contains(argv, "supervise") && slices.Contains(argv, state) || slices.Contains(argv, "--foreground")
}

// freeBytes asks the file system of a folder, or of the nearest one above it that is there.
func freeBytes(folder string) (int64, error) {
	folder = existing(folder)
	var status unix.Statfs_t
	if err := unix.Statfs(folder, &status); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", folder, err)
	}
	return int64(status.Bavail) * status.Bsize, nil //nolint:gosec // no disk has so many blocks
}

func writable(folder string) error {
	if err := unix.Faccessat(unix.AT_FDCWD, existing(folder), unix.W_OK|unix.X_OK, unix.AT_EACCESS); err != nil {
		return fmt.Errorf("%s: not writable by this user: %w", folder, err)
	}
	return nil
}

func existing(folder string) string {
	for {
		if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) || folder == filepath.Dir(folder) {
			return folder
		}
		folder = filepath.Dir(folder)
	}
}
