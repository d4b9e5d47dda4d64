package measure

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/spf13/pflag"

	"bestbox/internal/config"
	"bestbox/internal/llm"
)

// Options are the flags of every measurement.
type Options struct {
	Config, Profile, Output string
	Repeats                 int
	Check, Resume           bool
}

// Flags declares them; output is where the figures go by default.
func (o *Options) Flags(flags *pflag.FlagSet, output string) {
	flags.StringVar(&o.Config, "config", "", "configuration file (default: as llmctl)")
	flags.StringVar(&o.Profile, "profile", "", "profile of the configuration")
	flags.StringVar(&o.Output, "output", output, "where the figures are written")
	flags.IntVar(&o.Repeats, "repeats", 1, "how often every row is asked")
	flags.BoolVar(&o.Check, "check", false, "ask no model: score gold answers, which must be right, and spoiled ones, which must be wrong")
	flags.BoolVar(&o.Resume, "resume", false, "go on with the measurement that --output holds: ask only what it has not")
}

// Validate reports a flag that cannot be.
func (o *Options) Validate() error {
	if o.Repeats < 1 {
		return fmt.Errorf("--repeats must be at least 1; got %d", o.Repeats)
	}
	return nil
}

// FolderOptions are the flags of measurements that ask one model server the rows of a folder.
type FolderOptions struct {
	Options
	Dir, Tier, URL string
	Rows           int
	Seed           uint64
}

// Flags declares them.
func (o *FolderOptions) Flags(flags *pflag.FlagSet, output string) {
	o.Options.Flags(flags, output)
	flags.StringVar(&o.Dir, "dir", "", "the folder with the rows (needed)")
	flags.StringVar(&o.Tier, "tier", config.Heavy, "the tier that is asked")
	flags.StringVar(&o.URL, "url", "", "address of the model server, instead of the configured one")
	flags.IntVar(&o.Rows, "rows", 0, "take only so many rows of each group, chosen by --seed (0: all)")
	flags.Uint64Var(&o.Seed, "seed", 1, "which rows --rows takes")
}

// Validate reports a flag that cannot be.
func (o *FolderOptions) Validate() error {
	switch {
	case o.Dir == "":
		return errors.New("--dir is needed: the folder with the rows")
	case o.Rows < 0:
		return fmt.Errorf("--rows must be at least 0; got %d", o.Rows)
	}
	return o.Options.Validate()
}

// Connect returns the model server, and what is measured there.
func (o *FolderOptions) Connect(ctx context.Context) (*llm.Tier, About, error) {
	loaded, err := config.Load(o.Config, o.Profile)
	if err != nil {
		return nil, About{}, err
	}
	configured, ok := loaded.Tiers[o.Tier]
	if !ok {
		return nil, About{}, fmt.Errorf("--tier: profile %s has no tier %q", loaded.Profile, o.Tier)
	}
	if o.URL == "" {
		o.URL = configured.URL()
	}
	tier, err := llm.New(llm.Options{Name: o.Tier, BaseURL: o.URL, Model: configured.Model})
	if err != nil {
		return nil, About{}, err
	}
	about, err := aboutServer(ctx, tier, fmt.Sprintf("seed %d", o.Seed))
	if err != nil {
		return nil, About{}, fmt.Errorf("%w (start it with `llmctl up %s`)", err, o.Tier)
	}
	return tier, about, nil
}

// Sample takes so many rows (0: all) by chance, the same ones for the same seed: more rows begin with those that fewer would be.
func Sample[Row any](rows []Row, take int, seed uint64) []Row {
	if take == 0 {
		return rows
	}
	source := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a choice that anybody can repeat
	taken := make([]Row, 0, take)
	for _, index := range source.Perm(len(rows))[:min(take, len(rows))] {
		taken = append(taken, rows[index])
	}
	return taken
}

// TakeTurns puts a job of each group in turn: a measurement that is stopped has as many of all.
func TakeTurns[O Scored](groups [][]Job[O]) (jobs []Job[O]) {
	for number, more := 0, true; more; number++ {
		more = false
		for _, group := range groups {
			if number < len(group) {
				jobs, more = append(jobs, group[number]), true
			}
		}
	}
	return jobs
}
