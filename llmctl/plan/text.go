package plan

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Print writes a plan for people.
func (p Plan) Print(out io.Writer) error {
	fmt.Fprintf(out, "profile %s\n\n", p.Profile)
	if err := printTiers(out, p.Tiers); err != nil {
		return err
	}
	if err := printPools(out, p.Pools); err != nil {
		return err
	}
	switch {
	case p.unknown():
		fmt.Fprintln(out, "it cannot be told whether this fits")
	case p.Fits:
		fmt.Fprintln(out, "fits")
	default:
		if err := p.printChanges(out); err != nil {
			return err
		}
	}
	if len(p.Notes) > 0 && (p.Fits || p.Enough || p.unknown()) {
		fmt.Fprintln(out)
	}
	for _, note := range p.Notes {
		fmt.Fprintln(out, "note:", note)
	}
	return nil
}

func (p Plan) printChanges(out io.Writer) error {
	fmt.Fprintln(out, "does not fit:", p.missing())
	if len(p.Changes) == 0 {
		fmt.Fprintln(out, "nothing can be given up: end other programs, or choose a smaller model")
		return nil
	}
	if p.Enough {
		fmt.Fprintln(out, "\nit fits with")
	} else {
		fmt.Fprintln(out, "\neven all that can be given up is not enough; end other programs, or choose a smaller model. What can be given up:")
	}
	for _, change := range p.Changes {
		fmt.Fprintln(out, "  -", change)
	}
	fmt.Fprintln(out)
	if err := printTiers(out, p.After); err != nil {
		return err
	}
	if err := printPools(out, p.AfterPools); err != nil {
		return err
	}
	if p.Enough {
		fmt.Fprintln(out, "in bestbox.yaml:")
		for line := range strings.Lines(p.YAML) {
			fmt.Fprint(out, "  ", line)
		}
	}
	return nil
}

// missing says what is short.
func (p Plan) missing() string {
	var short []string
	for _, pool := range p.Pools {
		if pool.short() > 0 {
			short = append(short, fmt.Sprintf("%s more %s", gigabytes(pool.short()), pool.Name))
		}
	}
	return and(short) + " needed"
}

func printTiers(out io.Writer, tiers []TierPlan) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TIER\tMODEL\tON\tCONTEXT\tWEIGHTS\tKV\tCOMPUTE\tPROMPT CACHE\tPROCESS\tTOTAL")
	var sum Need
	for _, t := range tiers {
		n := t.Need
		kv, compute := gigabytes(n.KV), gigabytes(n.Compute)
		if t.Unknown == "kv" {
			kv, compute = "?", "?"
		}
		if t.Unknown == "all" {
			fmt.Fprintf(table, "%s\t%s\t%s\t%d x %d\t?\t?\t?\t?\t?\t?\n", t.Name, t.Model, t.Where, t.Slots, t.Context)
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d x %d\t%s\t%s\t%s\t%s\t%s\t%s\n", t.Name, t.Model, t.Where, t.Slots, t.Context, gigabytes(n.Weights), kv, compute,
			gigabytes(n.PromptCache), gigabytes(n.Process), gigabytes(n.Total()))
		sum = Need{Weights: sum.Weights + n.Weights, KV: sum.KV + n.KV, Compute: sum.Compute + n.Compute, PromptCache: sum.PromptCache + n.PromptCache,
			Process: sum.Process + n.Process}
	}
	if len(tiers) > 1 && sum.Weights > 0 {
		fmt.Fprintf(table, "all\t\t\t\t%s\t%s\t%s\t%s\t%s\t%s\n", gigabytes(sum.Weights), gigabytes(sum.KV), gigabytes(sum.Compute),
			gigabytes(sum.PromptCache), gigabytes(sum.Process), gigabytes(sum.Total()))
	}
	fmt.Fprintln(table)
	return table.Flush()
}

func printPools(out io.Writer, pools []Pool) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "MEMORY\tTOTAL\tUSED\tFREE\tPLANNED\tKEPT FREE\tLEFT")
	for _, p := range pools {
		left := gigabytes(p.Free - p.Planned - p.Margin)
		if p.short() > 0 {
			left = gigabytes(p.short()) + " missing"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", p.Name, gigabytes(p.Total), gigabytes(p.Total-p.Free), gigabytes(p.Free), gigabytes(p.Planned),
			gigabytes(p.Margin), left)
	}
	fmt.Fprintln(table)
	return table.Flush()
}
