package activities

import (
	"context"
	"fmt"
	"strings"
	"time"

	"bestbox/agents"
	"bestbox/internal/config"
	"bestbox/internal/transcript"
	"bestbox/workflows/run"
)

// RouteInput asks one tier for the domain of the question at Head.
type RouteInput struct {
	Head transcript.Head `json:"head"`
	Tier string          `json:"tier"`
	// Reason says why this tier is asked and not the light one; empty for the light tier.
	Reason string `json:"reason,omitempty"`
}

// Routed is the outcome of Route: the domain, or the reason to ask the heavy tier.
type Routed struct {
	Head   transcript.Head `json:"head"`
	Domain string          `json:"domain,omitempty"`
	// Definition is that of the agent who answers.
	Definition string `json:"definition,omitempty"`
	// Escalate says why heavy must decide; Domain is empty then.
	Escalate string `json:"escalate,omitempty"`
}

// reasonSingle is told when the profile has one model.
const reasonSingle = "the profile has no light tier"

// Route asks a tier which domain the question belongs to. The light tier may pass the question on; the heavy one decides, and where
// it is unsure too, the general agent takes the question and may ask back.
func (a *Activities) Route(ctx context.Context, input RouteInput) (Routed, error) {
	return once[Routed](ctx, a, "route/"+input.Tier, func(ctx context.Context) (stored, error) {
		tierRouter, found := a.routers[input.Tier]
		if !found {
			return stored{Change: escalation(input.Head, reasonSingle)}, nil
		}
		asked, _, err := a.read(ctx, Position{Head: input.Head})
		if err != nil {
			return stored{}, err
		}
		who, err := a.asker(asked.input)
		if err != nil {
			return stored{}, err
		}
		names, err := who.named(ctx, asked.input.Question)
		if err != nil {
			return stored{}, err
		}
		started := time.Now()
		decision, err := tierRouter.Route(ctx, a.forRouter(asked.input.Question, input.Tier), names)
		if err != nil {
			return stored{}, err
		}
		a.measures.asked(ctx, input.Tier, started)
		a.measures.used(ctx, input.Tier, decision.Usage)
		if input.Tier == config.Light && decision.Escalate {
			return stored{Change: escalation(input.Head,
				fmt.Sprintf("the light tier was unsure: %s at %.2f", decision.Domain, decision.Confidence))}, nil
		}
		route := run.Route{Domain: decision.Domain, Confidence: decision.Confidence, Tier: input.Tier, Reason: input.Reason,
			Parts: decision.Parts, Usage: decision.Usage, Milliseconds: milliseconds(started)}
		if decision.Unsure {
			route.Domain = agents.General
			route.Reason = strings.TrimPrefix(fmt.Sprintf("%s; no domain is likely enough, the best was %s", input.Reason,
				decision.Domain), "; ")
		}
		change, err := routed(input.Head, route, a.agentFor(who, route.Domain))
		return stored{change, func(ctx context.Context) { a.measures.route(ctx, route.Domain, route.Tier) }}, err
	})
}

func escalation(head transcript.Head, reason string) transcript.Change {
	return transcript.Change{Outcome: func(transcript.Head) any { return Routed{Head: head, Escalate: reason} }}
}

func routed(head transcript.Head, route run.Route, agent equipped) (transcript.Change, error) {
	change, err := recorded(head, nil, messageRoute, route, run.EventRoute, route)
	change.Outcome = func(head transcript.Head) any {
		return Routed{Head: head, Domain: route.Domain, Definition: agent.hash}
	}
	return change, err
}

// routerPromptTokens is what the router's own prompt may take of a tier's context.
const routerPromptTokens = 1000

// forRouter shortens a long question to what fits the tier's context; its beginning and end say what it is about.
func (a *Activities) forRouter(question, tier string) string {
	context := a.HeavyContext
	if tier == config.Light {
		context = a.LightContext
	}
	// One token per character at worst: Chinese is about that, English a quarter of it.
	limit := max(200, context-routerPromptTokens)
	symbols := []rune(question)
	if len(symbols) <= limit {
		return question
	}
	half := limit/2 - 20
	return string(symbols[:half]) + "\n[… shortened …]\n" + string(symbols[len(symbols)-half:])
}
