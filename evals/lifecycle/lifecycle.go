// Package lifecycle measures what llmctl adds to the model servers it runs: time to ready against the bare server with the same flags, the
// cost of watching, and how soon a killed or a hung server is noticed. It runs the built llmctl with a state directory and ports of its own,
// next to whatever else runs.
package lifecycle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bestbox/evals/service"
	"bestbox/internal/config"
	"bestbox/internal/programs"
)

// Report is what is written. Times are in seconds.
type Report struct {
	Profile string  `json:"profile"`
	Backend string  `json:"backend"`
	Starts  []Start `json:"starts"`
	// Status is how long `llmctl status` takes as a process, of so many tries.
	Status Spread `json:"status"`
	Idle   Idle   `json:"idle"`
	Killed Spread `json:"killed_noticed"`
	Hung   Spread `json:"hung_noticed"`
	Load   *Load  `json:"load,omitempty"`
}

// Start is one tier started so many times, bare and by llmctl, alternately.
type Start struct {
	Tier  string `json:"tier"`
	Cache string `json:"cache"` // cold: the model file was dropped from the page cache
	// Bare is the server's own time to its first 200. Up is the whole command, with the supervisor's start and the checks.
	Bare     Spread `json:"bare"`
	Up       Spread `json:"up"`
	Checks   Spread `json:"checks"`
	Overhead Spread `json:"overhead"` // Up less Checks less Bare, pair by pair
}

// Spread is a measurement repeated.
type Spread struct {
	Tries  int     `json:"tries"`
	Median float64 `json:"median"`
	Least  float64 `json:"least"`
	Most   float64 `json:"most"`
}

func spreadOf(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(values))
	return Spread{len(sorted), sorted[len(sorted)/2], sorted[0], sorted[len(sorted)-1]}
}

// Idle is what the supervisor costs while both tiers are ready and nothing is asked.
type Idle struct {
	Seconds  float64 `json:"seconds"`
	CPUShare float64 `json:"cpu_share"`
	RSSBytes int64   `json:"rss_bytes"`
}

type options struct {
	profile, output, program string
	rounds                   int
	containers               bool
	idle, load               time.Duration
}

// Command is `evals lifecycle`.
func Command() *cobra.Command {
	o := options{}
	command := &cobra.Command{
		Use: "lifecycle", Short: "Measure what llmctl adds to the model servers, and what it notices", Args: cobra.NoArgs,
		Example: "  make build && go run ./evals lifecycle\n  go run ./evals lifecycle --load 10m\n" +
			"  go run ./evals lifecycle --containers --output docs/measurements/lifecycle-containers.json",
		RunE: func(command *cobra.Command, _ []string) error {
			report, err := measure(command.Context(), o, command.ErrOrStderr())
			if err != nil {
				return err
			}
			printReport(command.OutOrStdout(), report)
			return service.WriteJSON(o.output, report)
		},
	}
	command.Flags().StringVar(&o.profile, "profile", "small", "profile of the configuration")
	command.Flags().StringVar(&o.output, "output", "docs/measurements/lifecycle.json", "where the figures are written")
	command.Flags().StringVar(&o.program, "llmctl", "bin/llmctl", "the program that is measured")
	command.Flags().IntVar(&o.rounds, "rounds", 5, "how often each start and each fault is repeated")
	command.Flags().BoolVar(&o.containers, "containers", false, "run both tiers in containers, against bare ones by docker run")
	command.Flags().DurationVar(&o.idle, "idle", time.Minute, "how long the idle supervisor is watched")
	command.Flags().DurationVar(&o.load, "load", 0, "how long both tiers are kept busy to look for false alarms; 0: not")
	return command
}

func measure(ctx context.Context, o options, progress io.Writer) (report Report, err error) {
	s, err := newSystem(o)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	say := func(what string) { fmt.Fprintln(progress, what) }
	tiers := []string{config.Heavy, config.Light}
	for _, tier := range tiers {
		for _, cold := range []bool{true, false} {
			say(fmt.Sprintf("starting %s, cold: %t", tier, cold))
			start, err := s.starts(ctx, tier, cold, o.rounds)
			if err != nil {
				return report, err
			}
			report.Starts = append(report.Starts, start)
		}
	}
	if report.Profile, report.Backend = o.profile, config.Native; o.containers {
		report.Backend = config.Docker
	}
	if _, err := s.up(ctx, tiers...); err != nil {
		return report, err
	}
	say("asking for the status")
	if report.Status, err = s.status(ctx, 30); err != nil {
		return report, err
	}
	say("waiting for the fixed prompts to be read in")
	if err := s.settled(ctx); err != nil {
		return report, err
	}
	say(fmt.Sprintf("watching the idle supervisor for %s", o.idle))
	if report.Idle, err = s.idle(ctx, o.idle); err != nil {
		return report, err
	}
	for _, fault := range []struct {
		signal syscall.Signal
		into   *Spread
	}{{syscall.SIGKILL, &report.Killed}, {syscall.SIGSTOP, &report.Hung}} {
		say("sending " + fault.signal.String())
		if *fault.into, err = s.noticed(ctx, tiers, fault.signal, o.rounds); err != nil {
			return report, err
		}
	}
	if o.load > 0 {
		say(fmt.Sprintf("keeping both tiers busy for %s", o.load))
		load, err := s.load(ctx, tiers, o.load)
		if err != nil {
			return report, err
		}
		report.Load = &load
	}
	return report, nil
}

func printReport(out io.Writer, r Report) {
	seconds := func(s Spread) string { return fmt.Sprintf("%.3f (%.3f to %.3f)", s.Median, s.Least, s.Most) }
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TIER\tCACHE\tBARE SERVER (s)\tUP, WITHOUT CHECKS: MORE BY (s)\tCHECKS (s)\tUP (s)")
	for _, s := range r.Starts {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", s.Tier, s.Cache, seconds(s.Bare), seconds(s.Overhead), seconds(s.Checks), seconds(s.Up))
	}
	_ = table.Flush() // the terminal's errors show by themselves
	fmt.Fprintf(out, "llmctl status: %s s\n", seconds(r.Status))
	fmt.Fprintf(out, "idle supervisor: %.3f %% of a processor, %.1f MB, over %.0f s\n", 100*r.Idle.CPUShare, float64(r.Idle.RSSBytes)/1e6, r.Idle.Seconds)
	fmt.Fprintf(out, "killed server noticed after %s s, hung one after %s s\n", seconds(r.Killed), seconds(r.Hung))
	if l := r.Load; l != nil {
		fmt.Fprintf(out, "both tiers busy for %.0f s: %d requests, %d tokens written, %d failed, %d false alarms\n", l.Seconds, l.Requests, l.Tokens, l.Failed, l.Alarms)
	}
}

// system is an llmctl with a state directory and ports of its own. Models and programs are the user's.
type system struct {
	options
	folder, config string
	ports          map[string]int
}

func newSystem(o options) (*system, error) {
	if _, err := os.Stat(o.program); err != nil {
		return nil, fmt.Errorf("%w; build it: make build", err)
	}
	folder, err := os.MkdirTemp("", "bestbox-lifecycle-")
	if err != nil {
		return nil, err
	}
	s := &system{options: o, folder: folder, config: filepath.Join(folder, "bestbox.yaml"), ports: map[string]int{}}
	tiers := map[string]any{}
	for _, tier := range []string{config.Heavy, config.Light} {
		if s.ports[tier], err = programs.FreePort(); err != nil {
			return nil, err
		}
		tiers[tier] = map[string]any{"port": s.ports[tier]}
		if o.containers {
			tiers[tier] = map[string]any{"port": s.ports[tier], "backend": config.Docker, "server": "llama-server-image"}
		}
	}
	content, err := json.Marshal(map[string]any{"profiles": map[string]any{o.profile: map[string]any{"tiers": tiers}}, "supervisor": map[string]any{"metrics": config.MetricsOff}})
	if err != nil {
		return nil, err
	}
	return s, os.WriteFile(s.config, content, 0o600)
}

func (s *system) url(tier string) string {
	return "http://127.0.0.1:" + strconv.Itoa(s.ports[tier])
}
