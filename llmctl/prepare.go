package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"bestbox/internal/config"
	"bestbox/llmctl/catalogue"
	"bestbox/llmctl/fetch"
	"bestbox/llmctl/supervisor"

	"github.com/fatih/color"
)

// planned is a service on its way to the supervisor, and what runs in its place when its answers are wrong.
type planned struct {
	spec     supervisor.Spec
	fallback *supervisor.Spec
}

// prepare loads what the services run on, looks whether it fits the memory, and describes them to the supervisor, which shows meanwhile
// what is being done.
func prepare(ctx context.Context, c *config.Config, client *supervisor.Client, services []string, unchecked bool) ([]planned, error) {
	records, err := pullFor(ctx, c, client, services)
	if err != nil {
		return nil, err
	}
	done, err := client.Prepare(ctx, supervisor.Planning, services)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := fits(ctx, c, client, services); err != nil {
		return nil, err
	}
	running, err := client.Services(ctx, false)
	if err != nil {
		return nil, err
	}
	prefixes := fixedPrompts(ctx, c)
	var all []planned
	for _, name := range services {
		p, err := plan(ctx, c, name, records)
		if err != nil {
			return nil, err
		}
		for _, spec := range []*supervisor.Spec{&p.spec, p.fallback} {
			if spec != nil && spec.Model != nil {
				spec.Model.Prefixes, spec.Model.Unchecked = prefixes[name], unchecked
			}
		}
		if i := slices.IndexFunc(running, func(s supervisor.Snapshot) bool { return s.Name == name }); i >= 0 && p.fallback != nil &&
			running[i].State == supervisor.Ready && running[i].Digest == p.fallback.Digest() {
			fmt.Fprintln(os.Stderr, color.YellowString("%s stays on its fallback (%s); llmctl restart %s tries its first choice again", name, p.fallback.About, name))
			p = planned{spec: *p.fallback}
		}
		all = append(all, p)
	}
	return all, nil
}

// pullFor loads what services need.
func pullFor(ctx context.Context, c *config.Config, client *supervisor.Client, services []string) (map[string]fetch.Record, error) {
	done, err := client.Prepare(ctx, supervisor.Pulling, services)
	if err != nil {
		return nil, err
	}
	defer done()
	shipped, err := catalogue.Shipped()
	if err != nil {
		return nil, err
	}
	records, err := pull(ctx, c, shipped, neededArtefacts(c, services))
	if err != nil {
		return nil, err
	}
	// A way back that cannot be had must not keep the first choice from starting.
	others, err := pull(ctx, c, shipped, fallbackServers(c, services, records))
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		fmt.Fprintln(os.Stderr, color.YellowString("a fallback cannot be used: ")+err.Error())
	}
	for name, record := range others {
		if len(record.Files) > 0 || record.Image != nil {
			records[name] = record
		}
	}
	return records, nil
}

// fallbackServers names the servers of fallbacks that are not among the records.
func fallbackServers(c *config.Config, services []string, records map[string]fetch.Record) (names []string) {
	for _, service := range services {
		other, ok := c.Tiers[service].OnFallback()
		if _, there := records[other.Server]; ok && !there && !slices.Contains(names, other.Server) {
			names = append(names, other.Server)
		}
	}
	return names
}

func plan(ctx context.Context, c *config.Config, name string, records map[string]fetch.Record) (planned, error) {
	switch name {
	case temporalService:
		return planned{spec: temporalSpec(c, records["temporal"])}, nil
	case workerService:
		path, err := workerPath()
		return planned{spec: workerSpec(c, path)}, err
	}
	tier := c.Tiers[name]
	spec, note, err := tierSpec(ctx, tierServer{name, tier, records[tier.Server], records[tier.Model], c.Directories.State, onProcessor(c)})
	if err != nil {
		return planned{}, err
	}
	if note != "" {
		fmt.Fprintln(os.Stderr, color.YellowString("%s: %s", name, note))
	}
	p := planned{spec: spec}
	if other, ok := tier.OnFallback(); ok {
		if _, there := records[other.Server]; !there {
			return p, nil // said when it could not be loaded
		}
		second, _, err := tierSpec(ctx, tierServer{name, other, records[other.Server], records[other.Model], c.Directories.State, onProcessor(c)})
		if err != nil {
			fmt.Fprintln(os.Stderr, color.YellowString("%s has no way back if its answers are wrong: %v", name, err))
			return p, nil
		}
		p.fallback = &second
		p.spec.Model.WayBack = "its fallback is " + second.About
	}
	return p, nil
}
