package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"

	"bestbox/internal/config"
	"bestbox/llmctl/catalogue"
	"bestbox/llmctl/fetch"
	"bestbox/llmctl/machine"
	memory "bestbox/llmctl/plan"
	"bestbox/llmctl/supervisor"

	"github.com/fatih/color"
	"github.com/spf13/cobra"
)

func newPlan(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "plan [tier…]",
		Short: "Show whether the models fit the memory, before they are loaded",
		Long: "Compute what the tiers of the profile, or those named, need: weights, KV cache, compute buffers, prompt cache. Compare it with what is free,\n" +
			"where what runs now counts as free, since it would be started again. When it does not fit, show what to give up, in this order:\n" +
			"prompt cache, context, KV cache in q8_0, a smaller quantisation, and layers on the processor where the GPU has memory of its own.\n" +
			"The exit code is 0 when the tiers fit, else 3.",
		Example: "  llmctl plan\n  llmctl plan heavy\n  llmctl plan --profile strix-halo --json",
		RunE: func(cmd *cobra.Command, names []string) error {
			c, err := o.load()
			if err != nil {
				return err
			}
			if names, err = chosenTiers(c, names); err != nil {
				return err
			}
			in, err := planInput(cmd.Context(), c, names, runningServices(cmd.Context(), newClient(c)))
			if err != nil {
				return err
			}
			p, err := memory.Make(in)
			if err != nil {
				return err
			}
			if o.json {
				err = json.NewEncoder(cmd.OutOrStdout()).Encode(p)
			} else {
				err = p.Print(cmd.OutOrStdout())
			}
			if err == nil && !p.Fits {
				err = errSaid
			}
			return err
		},
		ValidArgsFunction: completeTiers(o),
	}
}

// runningServices lists what the supervisor runs; no supervisor runs nothing.
func runningServices(ctx context.Context, client *supervisor.Client) []supervisor.Snapshot {
	running, err := client.Services(ctx, false)
	if err != nil {
		return nil
	}
	return running
}

// fits is the question of up: it prints why the tiers among services do not fit, and what to write into bestbox.yaml. Where only the
// prompt caches could become too large, it warns and lets them start.
func fits(ctx context.Context, c *config.Config, client *supervisor.Client, services []string) error {
	names := slices.DeleteFunc(slices.Clone(services), func(name string) bool { _, ok := c.Tiers[name]; return !ok })
	if len(names) == 0 {
		return nil
	}
	in, err := planInput(ctx, c, names, runningServices(ctx, client))
	if err != nil {
		return err
	}
	p, err := memory.Check(in)
	switch {
	case err == nil:
		return nil
	case p.OnlyCaches():
		fmt.Fprintln(os.Stderr, color.YellowString("memory may become short: ")+err.Error())
		return nil
	}
	fmt.Fprintln(os.Stderr, color.RedString("llmctl: ")+err.Error())
	if p.Enough {
		fmt.Fprint(os.Stderr, p.YAML)
	}
	return errSaid
}

// planInput gathers what a plan is made from: the machine, the headers of the models that are here, and what runs. Tiers that run and are
// not among names stay as they are.
func planInput(ctx context.Context, c *config.Config, names []string, running []supervisor.Snapshot) (memory.Input, error) {
	root := os.DirFS("/")
	now, err := machine.ReadMemory(root)
	if err != nil {
		return memory.Input{}, err
	}
	shipped, err := catalogue.Shipped()
	if err != nil {
		return memory.Input{}, err
	}
	in := memory.Input{Profile: c.Profile, Memory: now}
	models := modelReader{shipped, fetch.New(c.Directories.Cache, nil)}
	asked := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(c.Tiers)) {
		tier := memory.Tier{Name: name, Config: c.Tiers[name], Stays: !slices.Contains(names, name)}
		i := slices.IndexFunc(running, func(s supervisor.Snapshot) bool { return s.Name == name && s.PID != 0 })
		if i >= 0 {
			tier.Running, _ = machine.UsageOf(root, running[i].PID) // ended meanwhile: it holds nothing
		} else if tier.Stays {
			continue
		}
		if tier.Model, tier.Size, err = models.read(tier.Config.Model); err != nil {
			return memory.Input{}, fmt.Errorf("%s: %w", name, err)
		}
		if tier.Smaller, err = models.smaller(tier.Config.Model); err != nil {
			return memory.Input{}, err
		}
		in.Tiers = append(in.Tiers, tier)
		if tier.Config.Backend == config.Native && tier.Config.Device != "" && !asked[tier.Config.Server] {
			asked[tier.Config.Server] = true
			in.Devices = append(in.Devices, models.devices(ctx, tier.Config)...)
		}
	}
	return in, nil
}

// modelReader finds models in the catalogue and the cache.
type modelReader struct {
	shipped *catalogue.Catalogue
	fetcher *fetch.Fetcher
}

// read returns a model's header where it is here, else its size, 0 where the catalogue has none.
func (m modelReader) read(name string) (*memory.Model, int64, error) {
	artefact, err := m.shipped.Get(name)
	if err != nil {
		return nil, 0, usageError{err}
	}
	if record, ok := m.fetcher.Loaded(artefact); ok {
		model, err := memory.ReadModel(record.Path())
		return model, 0, err
	}
	var size int64
	for _, file := range artefact.Files {
		if file.Size == 0 {
			return nil, 0, nil
		}
		size += file.Size
	}
	return nil, size, nil
}

// smaller lists the catalogue's smaller quantisations of a model, the largest first.
func (m modelReader) smaller(name string) ([]memory.Artefact, error) {
	_, own, err := m.sized(name)
	if err != nil {
		return nil, err
	}
	var all []memory.Artefact
	for _, other := range m.shipped.Names() {
		if other == name || memory.SameModel(other) != memory.SameModel(name) {
			continue
		}
		found, size, err := m.sized(other)
		if err != nil {
			return nil, err
		}
		if size > 0 && (own == 0 || size < own) {
			all = append(all, found)
		}
	}
	slices.SortFunc(all, func(a, b memory.Artefact) int { return int(b.Bytes() - a.Bytes()) })
	return all, nil
}

func (m modelReader) sized(name string) (memory.Artefact, int64, error) {
	model, size, err := m.read(name)
	found := memory.Artefact{Name: name, Model: model, Size: size}
	return found, found.Bytes(), err
}

// devices asks a server what it can compute on. None where it is not here or does not answer: sysfs has figures as well, and up will say
// why a device is missing.
func (m modelReader) devices(ctx context.Context, tier config.Tier) []memory.Device {
	artefact, err := m.shipped.Get(tier.Server)
	if err != nil {
		return nil
	}
	record, ok := m.fetcher.Loaded(artefact)
	if !ok {
		return nil
	}
	found, err := listDevices(ctx, record.Path(), tier.Variables())
	if err != nil {
		return nil
	}
	var all []memory.Device
	for _, device := range found {
		all = append(all, memory.Device{Name: device.String(), Total: device.Total, Free: device.Free, Shared: device.Software})
	}
	return all
}
