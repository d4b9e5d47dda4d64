// Package router chooses the domain of a question.
//
// The model of a tier begins its reply to a fixed prompt; the probabilities of the labels, and of some words of each domain, as that
// beginning are read from one generated token. A small linear head fitted for the model adds the text's own n-grams and gives a
// calibrated confidence. docs/router.md says how it is fitted and measured.
//
// It does not escalate by itself: a [Decision] says that another tier should be asked, and the workflow asks it.
package router

import (
	"context"
	"errors"
	"math"
	"strings"

	"bestbox/agents/router/linear"
	"bestbox/internal/llm"
	"bestbox/tools"
)

// General is the domain of everything that belongs to no department, and of what the router is unsure about.
const General = "general"

// Thresholds for a model without a head. Its plain probabilities are not calibrated, so it is asked to escalate more often.
const (
	plainEscalateBelow = 0.80
	plainUnsureBelow   = 0.35
)

// ErrEmptyQuestion is returned for a question without any text.
var ErrEmptyQuestion = errors.New("router: the question is empty; ask something")

// Decision is where a question should go and how sure that is.
type Decision struct {
	// Domain is the most likely label, or General when Unsure.
	Domain string `json:"domain"`
	// Confidence is the probability of the most likely label, 0 to 1.
	Confidence    float64            `json:"confidence"`
	Probabilities map[string]float64 `json:"probabilities"`
	// Calibrated is false when no head was fitted for the model: Confidence is then the model's own, usually too high.
	Calibrated bool `json:"calibrated"`
	// Escalate asks for the heavy tier's opinion: below this confidence the light one is wrong too often.
	Escalate bool `json:"escalate"`
	// Unsure is set below a second threshold, where the most likely label is wrong about as often as right.
	Unsure bool `json:"unsure"`
	// Parts are what each agent is to do, for a question that is for several.
	Parts []Part    `json:"parts,omitempty"`
	Usage llm.Usage `json:"usage"`
}

// Router routes with the model of one tier. It is safe for concurrent use.
type Router struct {
	tier *llm.Tier
	head *Head // nil: plain probabilities
	Others
}

// Others are the agents that the prompt does not name.
type Others struct {
	// Learned knows their questions by the text; nil: there are none.
	Learned *Learned
	// Several is the agent for questions that need several others; empty: there is none.
	Several string
}

// New returns a router on tier, with the head fitted for the tier's model if there is one.
func New(tier *llm.Tier, others Others) (*Router, error) {
	head, err := LoadHead(tier.Model())
	if err != nil {
		return nil, err
	}
	return &Router{tier, head, others}, nil
}

// Route chooses the domain of a question, in which names are things of the company. Errors are those of [llm.Tier.Labels], and [ErrEmptyQuestion].
func (r *Router) Route(ctx context.Context, question string, names []tools.Name) (Decision, error) {
	if strings.TrimSpace(question) == "" {
		return Decision{}, ErrEmptyQuestion
	}
	if decision, found := r.learned(question); found {
		return decision, nil
	}
	decision, err := r.decide(ctx, describe(question, names))
	if err != nil || r.Several == "" {
		return decision, err
	}
	return r.several(ctx, question, decision)
}

// learned tells the question of an agent that was learned, without the model.
func (r *Router) learned(question string) (Decision, bool) {
	if r.Learned == nil {
		return Decision{}, false
	}
	name, probability := r.Learned.likeliest(question)
	return Decision{Domain: name, Confidence: probability, Probabilities: map[string]float64{name: probability}, Calibrated: true}, probability > learnedAbove
}

// decide asks the model once.
func (r *Router) decide(ctx context.Context, question string) (Decision, error) {
	if r.head == nil {
		logProbabilities, usage, err := r.tier.Labels(ctx, Prompt(question), Labels)
		if err != nil {
			return Decision{}, err
		}
		decision := decide(linear.Softmax(logProbabilities), plainEscalateBelow, plainUnsureBelow)
		decision.Usage = usage
		return decision, nil
	}
	logProbabilities, usage, err := r.tier.Labels(ctx, Prompt(question), Words())
	if err != nil {
		return Decision{}, err
	}
	decision := r.head.Decide(question, logProbabilities)
	decision.Usage = usage
	return decision, nil
}

// Decide applies the head to log-probabilities that were read before.
func (h *Head) Decide(question string, logProbabilities []float64) Decision {
	decision := decide(h.Probabilities(question, logProbabilities), h.EscalateBelow, h.UnsureBelow)
	decision.Calibrated = true
	return decision
}

func decide(probabilities []float64, escalateBelow, unsureBelow float64) Decision {
	best := 0
	byLabel := make(map[string]float64, len(Labels))
	for i, label := range Labels {
		byLabel[label] = math.Round(probabilities[i]*1e4) / 1e4
		if probabilities[i] > probabilities[best] {
			best = i
		}
	}
	decision := Decision{
		Domain:        Labels[best],
		Confidence:    probabilities[best],
		Probabilities: byLabel,
		Escalate:      probabilities[best] < escalateBelow,
		Unsure:        probabilities[best] < unsureBelow,
	}
	if decision.Unsure {
		decision.Domain = General
	}
	return decision
}
