package doctor

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"bestbox/internal/config"
	"bestbox/llmctl/lockfile"
	"bestbox/llmctl/supervisor"
)

func (s Subject) tiers() []string {
	if s.Config == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(s.Config.Tiers)) // embed, heavy, light
}

func (s Subject) configuration() []task {
	read := task{Check{ID: "configuration.file", Group: "configuration", Looks: "bestbox.yaml"}, func(context.Context) Finding {
		switch {
		case s.ConfigError != nil:
			return Finding{Problem, s.ConfigError.Error(), "correct it; docs/configuration.md lists the keys. What needs a profile is not looked at below"}
		case s.Config.Path == "":
			return fine("none, the built-in values apply")
		default:
			return fine("%s", s.Config.Path)
		}
	}}
	fits := task{Check{ID: "configuration.profile", Group: "configuration", Looks: "profile"}, func(context.Context) Finding {
		switch {
		case s.Config == nil:
			return notApplicable("there is no configuration")
		case s.Config.Profile == "strix-halo" && s.Fits != "strix-halo":
			return Finding{Warning, "strix-halo is chosen, and no AMD GPU with 64 GiB in one pool is here",
				"take --profile " + s.Fits + ", or see below what is missing: driver, memory limit, BIOS"}
		case s.Config.Profile == "small" && s.Fits == "strix-halo":
			return fine("small, by choice; this machine could run strix-halo")
		default:
			return fine("%s", s.Config.Profile)
		}
	}}
	return []task{read, fits}
}

// listener is a port of the profile.
type listener struct {
	name, setting string
	port          int
	// passing says that its owner works without it too. worker: a service manager, a container or a terminal may run it instead of llmctl.
	passing, worker bool
}

func (s Subject) listeners() []listener {
	if s.Config == nil {
		return nil
	}
	var all []listener
	for _, name := range s.tiers() {
		all = append(all, listener{name, "profiles." + s.Config.Profile + ".tiers." + name + ".port", s.Config.Tiers[name].Port, false, false})
	}
	if s.Config.Temporal.Managed {
		all = append(all, listener{"temporal", "temporal.address", s.Config.Temporal.Port(), false, false}, listener{"Temporal's UI", "temporal.ui_port", s.Config.Temporal.UIPort, false, false})
	}
	for _, other := range []struct {
		name, setting, address string
		passing, worker        bool
	}{
		{"worker", "http.listen", s.Config.HTTP.Listen, false, true}, {"llmctl's metrics", "supervisor.metrics", s.Config.Supervisor.Metrics, true, false},
	} {
		if _, port, err := net.SplitHostPort(other.address); err == nil { // supervisor.metrics may be off
			number, _ := strconv.Atoi(port)
			all = append(all, listener{other.name, other.setting, number, other.passing, other.worker})
		}
	}
	return all
}

func (s Subject) ports() []task {
	var all []task
	for _, l := range s.listeners() {
		all = append(all, task{Check{ID: "port." + l.setting, Group: "ports", Looks: fmt.Sprintf("port %d (%s)", l.port, l.name)}, func(ctx context.Context) Finding {
			return s.port(ctx, l)
		}})
	}
	return all
}

// port tells ours from a stranger's. A container's port may have no process on this side, so the engine is asked as well.
func (s Subject) port(ctx context.Context, l listener) Finding {
	holder, running := s.Holder(l.port), s.Services()
	container, image := "", ""
	dockerHere, _ := s.onDocker()
	if taken := holder.PID != 0 || holder.User != ""; s.Publisher != nil && (taken || len(dockerHere) > 0) {
		if name, of, ok := s.Publisher(ctx, l.port); ok {
			container, image = name, of
		}
	}
	ours := func(service supervisor.Snapshot) bool {
		return (holder.PID != 0 && service.PID == holder.PID) || (container != "" && service.Container == container)
	}
	if i := slices.IndexFunc(running, ours); i >= 0 {
		return fine("ours: %s, %s", running[i].Name, orElse(running[i].Container, "pid "+strconv.Itoa(holder.PID)))
	}
	severity := Problem
	if l.passing {
		severity = Warning
	}
	another := fmt.Sprintf("or give it another port (%s)", l.setting)
	switch {
	case container != "":
		return Finding{severity, fmt.Sprintf("held by the container %s (image %s), which llmctl did not start", container, image),
			fmt.Sprintf("stop it yourself (docker stop %s), %s", container, another)}
	case holder.PID == 0 && holder.User == "":
		return fine("free")
	case l.worker && s.Worker != nil && s.Worker(ctx):
		return fine("a worker answers there, which llmctl did not start (user %s)", holder.User)
	case holder.PID == 0:
		return Finding{severity, fmt.Sprintf("held by a process of user %s that this user may not look into", holder.User),
			fmt.Sprintf("see who it is: sudo ss -ltnp 'sport = :%d'; %s", l.port, another)}
	case s.Supervisor != nil && s.Supervisor(holder.PID):
		return fine("ours: the supervisor, pid %d", holder.PID)
	default:
		return Finding{severity, fmt.Sprintf("held by pid %d of user %s: %s", holder.PID, orElse(holder.User, "unknown"), holder.Command),
			fmt.Sprintf("stop it yourself (kill %d), %s", holder.PID, another)}
	}
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

func (s Subject) services() []task {
	return []task{
		{Check{ID: "services.left", Group: "services", Looks: "background process"}, func(context.Context) Finding {
			if s.Config == nil {
				return notApplicable("there is no configuration")
			}
			if s.Left() {
				return Finding{Warning, "it has ended, and services that it started still run", "llmctl status takes them over; llmctl down ends them"}
			}
			if running := s.Services(); len(running) > 0 {
				return fine("runs, with %s", counted(len(running), "service"))
			}
			return fine("nothing runs")
		}},
		{Check{ID: "services.state", Group: "services", Looks: "services"}, func(context.Context) Finding {
			var bad []string
			all := s.Services()
			for _, service := range all {
				if service.State == supervisor.Failed || service.State == supervisor.Degraded || service.State == supervisor.Backoff {
					bad = append(bad, fmt.Sprintf("%s is %s: %s", service.Name, service.State, service.Message))
				}
			}
			switch {
			case len(all) == 0:
				return notApplicable("nothing runs")
			case len(bad) > 0:
				return Finding{Problem, strings.Join(bad, "; "), "llmctl logs says more; after mending it: llmctl up"}
			default:
				return fine("none has failed")
			}
		}},
	}
}

// freeOnState and freeOnCache are what is left when the disk is called full: databases and logs grow slowly; a cache that has all it
// needs does not grow.
const (
	freeOnState = 1 << 30
	leastOnDisk = 100 << 20
)

func (s Subject) disks() []task {
	if s.Config == nil {
		return nil
	}
	folder := func(id, looks, path string, needed func() int64) task {
		return task{Check{ID: "disk." + id, Group: "disk", Looks: looks}, func(context.Context) Finding {
			if err := s.Writable(path); err != nil {
				return Finding{Problem, err.Error(), "give it to this user, or name another folder (directories." + id + ")"}
			}
			free, err := s.Free(path)
			need := needed()
			switch {
			case err != nil:
				return Finding{Warning, err.Error(), ""}
			case free < leastOnDisk, free < need && id == "cache":
				return Finding{Problem, fmt.Sprintf("%s free in %s, %s needed", gib(free), path, gib(max(need, leastOnDisk))), "make room, or name another folder (directories." + id + ")"}
			case free < need:
				return Finding{Warning, fmt.Sprintf("%s free in %s", gib(free), path), "make room before the databases stop growing"}
			default:
				return fine("%s free in %s", gib(free), path)
			}
		}}
	}
	return []task{
		folder("cache", "cache", s.Config.Directories.Cache, func() int64 {
			var toLoad int64
			for _, a := range s.Artefacts() {
				if !a.Loaded {
					toLoad += a.Bytes
				}
			}
			return toLoad
		}),
		folder("state", "state", s.Config.Directories.State, func() int64 { return freeOnState }),
	}
}

func (s Subject) artefacts() []task {
	if s.Config == nil {
		return nil
	}
	return []task{{Check{ID: "artefacts", Group: "models and programs", Looks: "models and programs"}, func(context.Context) Finding {
		var absent, wrong, touched, there []string
		for _, a := range s.Artefacts() {
			switch {
			case !a.Loaded:
				absent = append(absent, a.Name)
			case len(a.Missing)+len(a.Resized) > 0:
				wrong = append(wrong, fmt.Sprintf("%s (%s)", a.Name, strings.Join(slices.Concat(a.Missing, a.Resized), ", ")))
			case len(a.Touched) > 0:
				touched = append(touched, a.Name)
			default:
				there = append(there, a.Name)
			}
		}
		switch {
		case len(wrong) > 0:
			return Finding{Problem, "missing files or files of another size: " + strings.Join(wrong, "; "), "llmctl pull loads them again"}
		case len(absent) > 0:
			return Finding{Warning, "not loaded yet: " + strings.Join(absent, ", "), "llmctl pull, or llmctl up, which loads them first"}
		case len(touched) > 0:
			return Finding{Warning, "written to since they were checked: " + strings.Join(touched, ", "), "llmctl pull hashes them, and loads them again if they have changed"}
		default:
			return fine("%s as recorded", strings.Join(there, ", "))
		}
	}}}
}

// onDocker names the tiers that run in containers, and those that would as a fallback.
func (s Subject) onDocker() (tiers, fallbacks []string) {
	for _, name := range s.tiers() {
		tier := s.Config.Tiers[name]
		if tier.Backend == config.Docker {
			tiers = append(tiers, name)
		}
		if other, ok := tier.OnFallback(); ok && other.Backend == config.Docker {
			fallbacks = append(fallbacks, name)
		}
	}
	return tiers, fallbacks
}

func (s Subject) engine() []task {
	return []task{{Check{ID: "docker", Group: "containers", Looks: "Docker engine"}, func(ctx context.Context) Finding {
		tiers, fallbacks := s.onDocker()
		if len(tiers)+len(fallbacks) == 0 {
			return notApplicable("no tier runs in a container")
		}
		version, err := s.Engine(ctx)
		switch {
		case err == nil:
			return fine("%s", version)
		case ctx.Err() != nil:
			return Finding{Problem, "it does not answer", "see systemctl status docker and docker info"}
		case len(tiers) > 0:
			return Finding{Problem, err.Error(), "without it " + strings.Join(tiers, ", ") + " cannot run; the profile can name backend: native instead"}
		default:
			return Finding{Warning, err.Error(), "without it " + strings.Join(fallbacks, ", ") + " has no fallback"}
		}
	}}}
}

func (s Subject) verified() []task {
	var all []task
	for _, name := range s.tiers() {
		all = append(all, task{Check{ID: "verified." + name, Group: "last verified start", Looks: name}, func(context.Context) Finding {
			entries, err := s.Verified()
			if err != nil {
				return Finding{Warning, err.Error(), ""}
			}
			last, ok := entries[name]
			if !ok {
				return notApplicable("none yet")
			}
			when := last.At.Format("2 January 2006 15:04 MST")
			now, fallback := likest(s.Present()[name], last)
			changes := lockfile.Diff(last, now)
			if fallback {
				changes = append([]lockfile.Change{{Text: fmt.Sprintf("it runs on its fallback (%s, %s)", last.Backend, last.Server.Name)}}, changes...)
			}
			if len(changes) == 0 {
				return fine("%s, and nothing has changed", when)
			}
			texts := make([]string, len(changes))
			for i, change := range changes {
				texts[i] = change.Text
			}
			return Finding{Warning, fmt.Sprintf("%s; since then: %s", when, strings.Join(texts, "; ")), "llmctl restart " + name + " verifies it anew; if it goes wrong, these are the suspects"}
		}})
	}
	return all
}

// likest returns what would start now of what a verified start was of: the tier's first choice, or its fallback.
func likest(present []lockfile.Entry, last lockfile.Entry) (now lockfile.Entry, fallback bool) {
	for i, entry := range present {
		if entry.Backend == last.Backend && entry.Server.Name == last.Server.Name {
			return entry, i > 0
		}
	}
	if len(present) == 0 {
		return lockfile.Entry{}, false
	}
	return present[0], false
}
