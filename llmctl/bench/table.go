package bench

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/fatih/color"
)

// Print writes the report for people: a line per tier alone, one per tier with all busy, then the roof and what has changed.
func (r *Report) Print(out io.Writer) error {
	fmt.Fprintln(out, "tokens per second, median (lowest to highest); reads: the model's weights, once per generated token")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TIER\tBUSY\tPROMPT\tSPEED\tANSWER\tSPEED\tCEILING\tREADS\tOF ROOF")
	for _, one := range r.Tiers {
		one.print(table, "alone", one.Alone)
	}
	for _, one := range r.Tiers {
		if one.Busy != nil {
			one.print(table, "all", *one.Busy)
		}
	}
	if t := r.Together; t != nil {
		fmt.Fprintf(table, "together\tall\t\t\t\t\t\t%s\t%s\n", traffic(t.Reads), part(t.OfRoof))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	r.printRoof(out)
	r.printChanges(out)
	return nil
}

func (r Record) print(table io.Writer, busy string, f Figures) {
	reads, ofRoof := 0.0, 0.0
	if f.Generation != nil {
		reads = gigabytes(r.BytesPerToken, f.Generation)
	}
	if r.Bandwidth.GBps > 0 {
		ofRoof = reads / r.Bandwidth.GBps
	}
	fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Tier, busy, r.PromptTokens, f.Prompt, count(r.AnswerTokens), f.Generation,
		figure(r.Ceiling()), traffic(reads), part(ofRoof))
}

// String shows a speed with its spread; nil, which was not measured, as a dash.
func (s *Speed) String() string {
	if s == nil {
		return "-"
	}
	return fmt.Sprintf("%s (%s to %s)", figure(s.Median), figure(s.Lowest), figure(s.Highest))
}

// figure keeps three digits that mean something.
func figure(value float64) string {
	switch {
	case value == 0:
		return "-"
	case value < 10:
		return fmt.Sprintf("%.2f", value)
	case value < 100:
		return fmt.Sprintf("%.1f", value)
	default:
		return fmt.Sprintf("%.0f", value)
	}
}

func count(tokens int) string {
	if tokens == 0 {
		return "-"
	}
	return strconv.Itoa(tokens)
}

func traffic(gbps float64) string {
	if gbps == 0 {
		return "-"
	}
	return figure(gbps) + " GB/s"
}

func part(share float64) string {
	if share == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f %%", share*100)
}

// printRoof says where the roof comes from, each source once.
func (r *Report) printRoof(out io.Writer) {
	said := map[string]bool{}
	for _, one := range r.Tiers {
		if text := one.Bandwidth.String(); !said[text] {
			said[text] = true
			fmt.Fprintf(out, "roof: %s\n", text)
		}
	}
}

// String tells a bandwidth and where it comes from.
func (b Bandwidth) String() string {
	switch b.Source {
	case Measured:
		return fmt.Sprintf("%s GB/s, measured on the processor (%d %s reading)", figure(b.GBps), b.Threads, plural(b.Threads, "thread"))
	case FromProfile:
		return figure(b.GBps) + " GB/s, from the profile"
	default:
		return "not known for this device; write bandwidth: (GB/s) into the profile"
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

func (r *Report) printChanges(out io.Writer) {
	for _, one := range r.Tiers {
		switch {
		case one.Disturbed:
			fmt.Fprintf(out, "%s\n", color.YellowString("%s: had other requests when the measurement began; this run is compared with nothing", one.Tier))
		case one.Compared == 0:
			fmt.Fprintf(out, "%s: the first run under these conditions\n", one.Tier)
		case !one.Dropped:
			fmt.Fprintf(out, "%s: as fast as before (%d %s under these conditions)\n", one.Tier, one.Compared, plural(one.Compared, "run"))
		}
		for _, d := range one.Drops {
			fmt.Fprintln(out, color.YellowString("warning: %s, %s: %s", one.Tier, d, "llmctl bench --history shows the runs"))
		}
	}
}

// String tells a drop in a sentence.
func (d Drop) String() string {
	return fmt.Sprintf("%s: %s tokens per second, %.0f %% below the %s of before", d.What, figure(d.Now), d.Share*100, figure(d.Before))
}

// PrintHistory writes a line per tier and run, oldest first.
func PrintHistory(out io.Writer, records []Record, damaged int) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "WHEN\tTIER\tMODEL\tBUILD\tON\tSIZES\tPROMPT\tANSWER\tALL BUSY: PROMPT\tANSWER\tNOTE")
	for _, r := range records {
		busy := Figures{}
		if r.Busy != nil {
			busy = *r.Busy
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s %s\t%d, %d\t%s\t%s\t%s\t%s\t%s\n", r.At.Local().Format("2006-01-02 15:04"), r.Tier, r.Model, r.Build,
			r.Backend, r.Device, r.PromptTokens, r.AnswerTokens, middle(r.Alone.Prompt), middle(r.Alone.Generation), middle(busy.Prompt),
			middle(busy.Generation), r.note())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if damaged > 0 {
		fmt.Fprintf(out, "%d damaged %s skipped\n", damaged, plural(damaged, "line"))
	}
	return nil
}

func middle(s *Speed) string {
	if s == nil {
		return "-"
	}
	return figure(s.Median)
}

func (r Record) note() string {
	var notes []string
	if r.Disturbed {
		notes = append(notes, "disturbed")
	}
	for _, d := range r.Drops {
		notes = append(notes, color.YellowString("%s -%.0f %%", d.What, d.Share*100))
	}
	return strings.Join(notes, "; ")
}
