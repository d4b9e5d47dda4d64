package activities

import (
	"context"
	"fmt"
	"time"

	"bestbox/agents"
	"bestbox/internal/access"
	"bestbox/tools"
	"bestbox/workflows/run"
)

// Company is one tenant's: tools over records of its own.
type Company struct {
	Tools *tools.Registry
	// Today is the date that the records speak from.
	Today func() time.Time
	// Names finds the things of the company that a text calls by their names; nil finds none.
	Names func(ctx context.Context, text string) ([]tools.Name, error)
}

// named are the things of the company that a text calls by their names.
func (c Company) named(ctx context.Context, text string) ([]tools.Name, error) {
	if c.Names == nil {
		return nil, nil
	}
	return c.Names(ctx, text)
}

// asker is who a run is for, with the company whose records it works with.
type asker struct {
	access.User
	Company
}

// asker returns who has begun a run. A user who is gone, or has moved to a tenant that is none, may do nothing.
func (a *Activities) asker(input run.Input) (asker, error) {
	user, err := a.Users.Find(input.User)
	if err != nil {
		return asker{}, err
	}
	company, found := a.Companies[user.Tenant]
	if !found {
		return asker{}, &access.DeniedError{Who: user.ID, What: fmt.Sprintf("use BestBox: there is no tenant %q", user.Tenant)}
	}
	return asker{user, company}, nil
}

// agentFor returns the agent of a domain for a new run of the user: the general one where the domain has none, or where the user may not use it.
func (a *Activities) agentFor(who asker, domain string) equipped {
	agent := a.current(domain)
	if who.MayAsk(agent.Name) != nil {
		return a.current(agents.General)
	}
	return agent
}

// usable returns a tool that an agent has asked for, or why it is not called: models and transcripts are not trusted to keep to the rules.
func usable(who asker, agent equipped, name string) (tool *tools.Tool, refused string) {
	spec, listed := agent.Spec(name)
	tool, found := who.Tools.Get(name)
	switch {
	case agents.IsControl(name):
		return nil, "this run may not turn to others or to the user now"
	case !found:
		return nil, "there is no such tool any more"
	case !listed:
		return nil, "it is none of the tools of the agent " + agent.Name
	case tool.Effect() != spec.Effect || tool.Version() != spec.Version:
		return nil, "the tool has changed since this run began"
	}
	if err := who.MayCall(name); err != nil {
		return nil, err.Error()
	}
	return tool, ""
}
