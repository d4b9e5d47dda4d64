// Package plan computes, before anything is loaded, what all tiers of a profile will need against what the machine has free, and what they
// would have to give up to fit. It reads model files' headers and what package machine has read; it starts and changes nothing.
package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"bestbox/internal/config"
	"bestbox/llmctl/machine"
)

// Tier is one server to plan for.
type Tier struct {
	Name   string
	Config config.Tier
	// Model is the header of its model's file; nil where the model has not been pulled. Size is what the catalogue says then, 0 if nothing.
	Model *Model
	Size  int64
	// Smaller are smaller quantisations of the same model, the largest first.
	Smaller []Artefact
	// Running is what its server holds now. It counts as free, since the server will be started again.
	Running machine.Usage
	// Stays marks a server that runs and is not started again: it needs what it was started with, and gives up nothing.
	Stays bool
}

// Artefact is a model of the catalogue: its header where it has been pulled, else its size, 0 if unknown.
type Artefact struct {
	Name  string
	Model *Model
	Size  int64
}

// Bytes is the size of its weights, 0 if unknown.
func (a Artefact) Bytes() int64 {
	if a.Model != nil {
		return a.Model.Weights()
	}
	return a.Size
}

// Input is what a plan is made from.
type Input struct {
	Profile string
	Memory  machine.Memory
	// Devices are what the server's --list-devices says; none where nobody asked.
	Devices []Device
	Tiers   []Tier
	// MinContext bounds how far the context of a slot is cut, in tokens; 0: 2048.
	MinContext int
}

// TierPlan is a tier's part of a plan.
type TierPlan struct {
	Name  string `json:"name"`
	Model string `json:"model"`
	// Where is the processor, or the kind of device.
	Where string `json:"where"`
	// Context is tokens per slot.
	Context int  `json:"context"`
	Slots   int  `json:"slots"`
	Need    Need `json:"need"`
	// Unknown says what could not be told: empty, "kv" or "all".
	Unknown string `json:"unknown,omitempty"`
}

// Change is one thing to give up.
type Change struct {
	Tier string `json:"tier"`
	// Setting is the key of the tier in bestbox.yaml; Flag names the one of its flags that changes.
	Setting string `json:"setting"`
	Flag    string `json:"flag,omitempty"`
	From    string `json:"from"`
	To      string `json:"to"`
	Costs   string `json:"costs"`
}

func (c Change) String() string {
	what := c.Setting
	if c.Flag != "" {
		what = c.Flag
	}
	return fmt.Sprintf("%s: %s %s instead of %s (%s)", c.Tier, what, c.To, c.From, c.Costs)
}

// Plan is the result.
type Plan struct {
	Profile string     `json:"profile"`
	Fits    bool       `json:"fits"`
	Pools   []Pool     `json:"pools"`
	Tiers   []TierPlan `json:"tiers"`
	// Changes make it fit; when they do not, Enough is false and they are all there is to give up.
	Changes []Change `json:"changes,omitempty"`
	Enough  bool     `json:"enough"`
	// After are the tiers and the pools with the changes made.
	After      []TierPlan `json:"after,omitempty"`
	AfterPools []Pool     `json:"after_pools,omitempty"`
	// YAML are the changes as a part of bestbox.yaml.
	YAML  string   `json:"yaml,omitempty"`
	Notes []string `json:"notes,omitempty"`

	message string
}

// Make plans. An error is a flag that makes no sense; not to fit is a result.
func Make(in Input) (Plan, error) {
	s, err := newState(in)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Profile: in.Profile, Tiers: s.tierPlans(), Notes: s.notes()}
	pools := s.place()
	p.Pools = pools.pools()
	if p.unknown() {
		p.Notes = append(p.Notes, "what a model needs is known once it is here: llmctl pull")
		p.message = "what the models need is not known before they are loaded: llmctl pull"
		return p, nil
	}
	short, over := pools.shortest()
	if p.Fits = !over; p.Fits {
		return p, nil
	}
	after, enough := s.giveUp()
	p.Changes, p.Enough = after.changes(s), enough
	p.After, p.AfterPools = after.tierPlans(), after.place().pools()
	p.YAML = after.yaml(s)
	p.Notes = append(p.Notes, after.advice(s, enough)...)
	p.message = p.describe(short)
	return p, nil
}

// unknown reports whether the weights of a tier are not known: nothing can be said then.
func (p Plan) unknown() bool {
	return slices.ContainsFunc(p.Tiers, func(t TierPlan) bool { return t.Unknown == "all" })
}

// describe is the message of Err.
func (p Plan) describe(short Pool) string {
	var names []string
	for _, tier := range p.Tiers {
		names = append(names, tier.Name)
	}
	verb := "needs"
	if len(names) > 1 {
		verb = "need"
	}
	text := fmt.Sprintf("%s %s %s of %s, %s are free", and(names), verb, gigabytes(short.Planned), short.Name, gigabytes(short.Free))
	if short.Margin > 0 {
		text += fmt.Sprintf(", and %s must stay so", gigabytes(short.Margin))
	}
	var steps []string
	for _, change := range p.Changes {
		steps = append(steps, change.String())
	}
	switch {
	case p.Enough:
		text += "; they fit with " + strings.Join(steps, ", ") + "; llmctl plan shows what to write into bestbox.yaml"
	case len(steps) > 0:
		text += "; even giving up what can be given up is not enough (llmctl plan shows it): end other programs, or choose a smaller model"
	default:
		text += "; nothing can be given up: end other programs, or choose a smaller model"
	}
	return text
}

// ErrDoesNotFit is wrapped by the error of a plan that does not fit.
var ErrDoesNotFit = errors.New("not enough memory")

// Err returns nil when the tiers fit, or when it cannot be told; else what is missing, and what would help.
func (p Plan) Err() error {
	if p.Fits || p.unknown() {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrDoesNotFit, p.message)
}

// Check plans and returns the plan with its verdict: an error that wraps ErrDoesNotFit says what to give up.
func Check(in Input) (Plan, error) {
	p, err := Make(in)
	if err != nil {
		return p, err
	}
	return p, p.Err()
}

func and(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// OnlyCaches reports whether lower prompt caches are all that it takes. Such tiers may be started as they are: caches fill with time.
func (p Plan) OnlyCaches() bool {
	return p.Enough && !slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Flag != promptCacheFlags[0] })
}
