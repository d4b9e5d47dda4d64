package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"go.temporal.io/sdk/temporal"

	"bestbox/agents"
	"bestbox/internal/config"
	"bestbox/internal/transcript"
	"bestbox/tools"
)

// messageDefinition is the kind of message that an agent's definition is kept as; it is part of no transcript.
const messageDefinition = "definition" // agents.Definition

// ErrorDefinitionLost is the Temporal error type of a run whose agent's definition is not kept any more.
const ErrorDefinitionLost = "DefinitionLost"

// equipped is a definition with the hash that names it.
type equipped struct {
	agents.Definition
	hash string
}

// describedByOutsiders reports whether the prompt holds words of outsiders, in the description of a tool.
func (e equipped) describedByOutsiders() bool {
	return slices.ContainsFunc(e.Specs, func(spec tools.Spec) bool { return spec.OutsideDescription })
}

// asksOthers reports whether the agent may have other agents answer.
func (e equipped) asksOthers() bool {
	_, listed := e.Spec(agents.ToolAskAgent)
	return listed
}

// Redefine takes the tools that there are now for the runs that begin from now on, such as when a server that offers tools has come or gone.
func Redefine(ctx context.Context, a *Activities) error {
	var others []*tools.Registry
	for _, tenant := range slices.Sorted(maps.Keys(a.Companies)) {
		others = append(others, a.Companies[tenant].Tools)
	}
	defined, err := agents.Define(a.Agents, a.Companies[config.DefaultTenant].Tools.WithGroups(others...), a.WithoutTools...) // some tenants may have less: see without
	if err != nil {
		return err
	}
	return a.define(ctx, defined)
}

// definitions are those of new runs, by name. They are replaced as a whole, such as when a server that offers tools comes or goes.
type definitions struct {
	current atomic.Pointer[map[string]equipped]
}

// define keeps the definitions, and takes them for new runs from now on.
func (a *Activities) define(ctx context.Context, defined []agents.Definition) error {
	byName := make(map[string]equipped, len(defined))
	for _, definition := range defined {
		message, err := transcript.NewMessage(messageDefinition, definition)
		if err != nil {
			return err
		}
		hash, err := a.Transcript.Keep(ctx, message)
		if err != nil {
			return fmt.Errorf("keep the definition of the agent %s: %w", definition.Name, err)
		}
		byName[definition.Name] = equipped{definition, hash}
	}
	a.definitions.current.Store(&byName)
	return nil
}

// Definitions are those of new runs, by name. It is no method, since every exported one is an activity.
func Definitions(a *Activities) []agents.Definition {
	byName := *a.definitions.current.Load()
	all := make([]agents.Definition, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		all = append(all, byName[name].Definition)
	}
	return all
}

// current returns the agent of a domain for a new run, or the general agent where the domain has none.
func (a *Activities) current(domain string) equipped {
	byName := *a.definitions.current.Load()
	if agent, found := byName[domain]; found {
		return agent
	}
	return byName[agents.General]
}

// agent returns the definition that a run began with. An empty hash is of a run that began before definitions were kept.
func (a *Activities) agent(ctx context.Context, ref AgentRef) (equipped, error) {
	hash := ref.Definition
	if now := a.current(ref.Domain); hash == "" || now.hash == hash {
		return now, nil
	}
	if general := a.current(agents.General); general.hash == hash { // the user may not use the domain's own
		return general, nil
	}
	message, found, err := a.Transcript.Kept(ctx, hash)
	if err != nil {
		return equipped{}, err
	}
	if !found || message.Kind != messageDefinition {
		return equipped{}, temporal.NewNonRetryableApplicationError(fmt.Sprintf("the definition %s of the agent for %s is not kept any more: ask again", hash, ref.Domain),
			ErrorDefinitionLost, nil)
	}
	kept := equipped{hash: hash}
	if err := json.Unmarshal(message.Body, &kept.Definition); err != nil {
		return equipped{}, fmt.Errorf("decode the definition %s: %w", hash, err)
	}
	return kept, nil
}
