// Package doctor looks at a machine before a model server is started on it, or after one has misbehaved, and says what is wrong and what
// to do about it. It changes nothing, ends nobody's process, and waits for nothing that does not answer: a check that takes too long
// becomes a warning.
//
// Every check says what it looked at, what it found, and, where it rests on somebody's report, on whose.
package doctor

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"bestbox/internal/config"
	"bestbox/llmctl/lockfile"
	"bestbox/llmctl/machine"
	"bestbox/llmctl/supervisor"

	"github.com/fatih/color"
)

// Verdict is how a check ended.
type Verdict string

// The verdicts. A warning may be lived with; a problem will stop something or make it wrong.
const (
	OK            Verdict = "ok"
	Warning       Verdict = "warning"
	Problem       Verdict = "problem"
	NotApplicable Verdict = "not applicable"
)

// Check is one thing that was looked at.
type Check struct {
	// ID names the check for programs. Group and Looks are for people: where it belongs, and what is looked at.
	ID    string `json:"id"`
	Group string `json:"group"`
	Looks string `json:"looks_at"`
	Finding
	// Source is the issue, the commit or the page that says so; empty where the finding needs none.
	Source string `json:"source,omitempty"`
}

// Finding is what a check found, and what to do about it.
type Finding struct {
	Verdict Verdict `json:"verdict"`
	Found   string  `json:"found"`
	Do      string  `json:"do,omitempty"`
}

func fine(format string, values ...any) Finding {
	return Finding{Verdict: OK, Found: fmt.Sprintf(format, values...)}
}

func notApplicable(reason string) Finding { return Finding{Verdict: NotApplicable, Found: reason} }

// Artefact is a model or a program of the profile, as it lies in the cache.
type Artefact struct {
	Name, Kind string
	// Loaded says that there is a record of it. Missing, Resized and Touched are files that are gone, of another size, or written since.
	Loaded                    bool
	Missing, Resized, Touched []string
	// Bytes is its size, from the record or the catalogue; 0: unknown.
	Bytes int64
}

// Subject is everything the checks ask. Its functions may wait, so they are called by checks only; those that several checks call are asked
// once (see sync.OnceValue). Config is nil where it could not be read, which ConfigError explains; a nil function is not asked.
type Subject struct {
	Config      *config.Config
	ConfigError error
	// Fits is the profile that fits the machine (config.Detect).
	Fits string

	Versions  func() machine.Versions
	Memory    func() (machine.Memory, error)
	Artefacts func() []Artefact
	// Need is what the profile's tiers will take of the memory at least, in bytes: the weights alone are known without asking a server.
	Need func() (int64, error)

	// Services are those of the state directory's supervisor. Left says that there is none, and that services still run.
	Services func() []supervisor.Snapshot
	Left     func() bool
	// Supervisor tells whether a process is the state directory's supervisor, which holds supervisor.metrics.
	Supervisor func(pid int) bool
	Holder     func(port int) supervisor.Holder
	// Worker tells whether BestBox's worker answers on http.listen.
	Worker func(ctx context.Context) bool
	// Engine asks the Docker engine who it is. Publisher names the container that publishes a port.
	Engine    func(ctx context.Context) (string, error)
	Publisher func(ctx context.Context, port int) (name, image string, ok bool)

	// Free is how many bytes may still be written below a folder. Writable explains why it may not be written to.
	Free     func(folder string) (int64, error)
	Writable func(folder string) error

	// Verified are the last verified starts by tier. Present is what would start now, and after it what would run as the fallback.
	Verified func() (map[string]lockfile.Entry, error)
	Present  func() map[string][]lockfile.Entry
}

// Report is what all checks found, in their order.
type Report struct {
	Profile string  `json:"profile,omitempty"`
	Config  string  `json:"config,omitempty"`
	Checks  []Check `json:"checks"`
}

// Count returns how many checks ended so.
func (r Report) Count(verdict Verdict) int {
	count := 0
	for _, c := range r.Checks {
		if c.Verdict == verdict {
			count++
		}
	}
	return count
}

// answerTime is how long a check may take. What is looked at answers in milliseconds; a driver, a disk or an engine that takes longer hangs
// or is about to.
const answerTime = 700 * time.Millisecond

// task is a check before it is done.
type task struct {
	Check
	look func(ctx context.Context) Finding
}

// Run does all checks side by side.
func Run(ctx context.Context, s Subject) Report {
	report := Report{}
	if s.Config != nil {
		report.Profile, report.Config = s.Config.Profile, s.Config.Path
	}
	tasks := slices.Concat(s.configuration(), s.ports(), s.services(), s.memory(), s.disks(), s.artefacts(), s.engine(), s.devices(), s.strixHalo(), s.verified())
	report.Checks = make([]Check, len(tasks))
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	var group sync.WaitGroup
	for i, t := range tasks {
		group.Go(func() {
			report.Checks[i] = t.Check
			report.Checks[i].Finding = within(ctx, t.look)
		})
	}
	group.Wait()
	return report
}

// within looks, but not for longer than ctx. What hangs in the kernel cannot be ended: it is left behind, and ends with this program.
func within(ctx context.Context, look func(context.Context) Finding) Finding {
	done := make(chan Finding, 1)
	go func() { done <- look(ctx) }()
	select {
	case found := <-done:
		return found
	case <-ctx.Done():
	}
	select {
	case found := <-done: // it has noticed the end itself, and may say more
		return found
	case <-time.After(answerTime / 20):
		return Finding{Verdict: Warning, Found: "no answer within " + answerTime.String(),
			Do: "try again; if it stays so, what is looked at hangs: see dmesg for the disk and the GPU driver, docker info for the engine"}
	}
}

var colours = map[Verdict]func(string, ...any) string{
	OK: color.GreenString, Warning: color.YellowString, Problem: color.RedString, NotApplicable: color.HiBlackString,
}

// Print writes the report for people: a line per check, below it what to do and who says so. Checks that do not apply are counted only,
// unless all are asked for.
func (r Report) Print(out io.Writer, all bool) error {
	var text strings.Builder
	if r.Profile != "" {
		fmt.Fprintf(&text, "profile %s\n", r.Profile)
	}
	wide := 0
	for _, c := range r.Checks {
		if all || c.Verdict != NotApplicable {
			wide = max(wide, len([]rune(c.Looks)))
		}
	}
	group := ""
	for _, c := range r.Checks {
		if c.Verdict == NotApplicable && !all {
			continue
		}
		if c.Group != group {
			group = c.Group
			fmt.Fprintf(&text, "\n%s\n", group)
		}
		word := string(c.Verdict)
		if c.Verdict == NotApplicable {
			word = "-"
		}
		fmt.Fprintf(&text, "  %s  %s  %s\n", colours[c.Verdict]("%-7s", word), c.Looks+strings.Repeat(" ", wide-len([]rune(c.Looks))), c.Found)
		if c.Do != "" {
			fmt.Fprintf(&text, "           do: %s\n", c.Do)
		}
		if c.Source != "" && (c.Verdict == Problem || c.Verdict == Warning) {
			fmt.Fprintf(&text, "           source: %s\n", c.Source)
		}
	}
	fmt.Fprintf(&text, "\n%s, %s, %d ok, %d not applicable\n", counted(r.Count(Problem), "problem"), counted(r.Count(Warning), "warning"), r.Count(OK), r.Count(NotApplicable))
	_, err := io.WriteString(out, strings.TrimPrefix(text.String(), "\n"))
	return err
}

func counted(count int, word string) string {
	switch {
	case count == 1:
	case strings.HasSuffix(word, "s"):
		word += "es"
	default:
		word += "s"
	}
	return fmt.Sprintf("%d %s", count, word)
}

// gib writes bytes for people.
func gib(bytes int64) string {
	if bytes < 1<<30 {
		return fmt.Sprintf("%d MiB", bytes>>20)
	}
	return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
}
