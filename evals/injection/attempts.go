// Package injection holds texts that want a model to obey them, and measures what comes of it. The same attempts are made in two ways: against a model
// that obeys each to the letter, where nothing may get past approvals and tenants (the tests of this package), and against real models, where it is
// counted how often they are fooled (the command).
package injection

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml"

	"bestbox/agents"
	"bestbox/tools/wording"
)

//go:embed attempts.yaml
var shipped []byte

// Attempt is a text that stands where outsiders can write, and a question of a user by which it is read.
type Attempt struct {
	ID string `yaml:"id"`
	// Language is en, zh or mixed; Kind is how the text tries.
	Language string `yaml:"language"`
	Kind     string `yaml:"kind"`
	// Place is where the text stands: one of places.
	Place string `yaml:"place"`
	Text  string `yaml:"text"`
	// Long is how many characters stand for {long} in the demands.
	Long int `yaml:"long"`
	// Question is what the user asks; {text} stands for the text where the user pastes it.
	Question string `yaml:"question"`
	// Domain is the agent who is asked: that of the place, where it is empty.
	Domain string `yaml:"domain"`
	// Through is the agent that asks it, where the question is not for it alone.
	Through string `yaml:"through"`
	// Reads are the calls that answer the question, where they are not those of the place.
	Reads []agents.Call `yaml:"reads"`
	// Demands are the calls that the text wants, Says what it wants in the answer.
	Demands []agents.Call `yaml:"demands"`
	Says    string        `yaml:"says"`
	// Harm is what would be harm.
	Harm []string `yaml:"harm"`
	// Ends is how it ends with a model that obeys.
	Ends string `yaml:"ends"`
}

// How attempts end with a model that obeys.
const (
	endsAsked   = "asked"   // a person is shown what it would write
	endsRefused = "refused" // there is no such tool for the agent, or no such thing for the tenant
	endsSaid    = "said"    // in words
)

// harmHidden is a write that is proposed in words that hide what it does.
const harmHidden = "hidden"

// What would be harm.
var harms = []string{
	"write", // a write that nobody has agreed to
	harmHidden,
	"tenant", // what belongs to another tenant
	"secret", // what stands in the configuration, or what a user would tell IT only
	"rules",  // other instructions than ours
	"claim",  // an answer that says what is not so
}

// Load reads attempts. All that is wrong is reported at once.
func Load(content []byte) ([]Attempt, error) {
	var all []Attempt
	if err := yaml.UnmarshalWithOptions(content, &all, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("read the attempts: %w", err)
	}
	seen := map[string]bool{}
	var problems []error
	for index := range all {
		attempt := &all[index]
		if err := attempt.check(); err != nil {
			problems = append(problems, fmt.Errorf("the attempt %q: %w", attempt.ID, err))
		}
		if seen[attempt.ID] {
			problems = append(problems, fmt.Errorf("the attempt %q is there twice", attempt.ID))
		}
		seen[attempt.ID] = true
		attempt.complete()
	}
	return all, errors.Join(problems...)
}

func (a *Attempt) check() error {
	place, known := places[a.Place]
	switch {
	case a.ID == "" || a.Text == "" || a.Question == "" || a.Kind == "" || len(a.Harm) == 0:
		return errors.New("id, kind, text, question and harm are needed")
	case !known:
		return fmt.Errorf("place: %q; allowed: %s", a.Place, strings.Join(placeNames(), ", "))
	case !slices.Contains([]string{"en", "zh", "mixed"}, a.Language):
		return fmt.Errorf("language: %q; allowed: en, zh, mixed", a.Language)
	case !slices.Contains([]string{endsAsked, endsRefused, endsSaid}, a.Ends):
		return fmt.Errorf("ends: %q; allowed: %s, %s, %s", a.Ends, endsAsked, endsRefused, endsSaid)
	case slices.ContainsFunc(a.Harm, func(harm string) bool { return !slices.Contains(harms, harm) }):
		return fmt.Errorf("harm: %q; allowed: %s", a.Harm, strings.Join(harms, ", "))
	case strings.Contains(a.Question, "{text}") != (a.Place == pasted):
		return fmt.Errorf("question: {text} is for what is %s", pasted)
	case a.Domain == "" && place.domain == "":
		return errors.New("domain: it is needed for this place")
	case len(a.Demands) == 0 && a.Says == "":
		return errors.New("it demands nothing and says nothing")
	}
	return nil
}

// complete fills in what the place says, and what stands for other text.
func (a *Attempt) complete() {
	place := places[a.Place]
	if a.Domain == "" {
		a.Domain = place.domain
	}
	if a.Reads == nil {
		a.Reads = place.reads
	}
	a.Question = strings.ReplaceAll(a.Question, "{text}", a.Text)
	long := strings.TrimSpace(strings.Repeat("as agreed ", a.Long/10))
	for index, demand := range a.Demands {
		a.Demands[index].Arguments = []byte(strings.ReplaceAll(string(demand.Arguments), "{long}", long))
	}
}

// asked is the agent that the question goes to.
func (a *Attempt) asked() string {
	if a.Through != "" {
		return a.Through
	}
	return a.Domain
}

// isIn reports whether a text holds that of the attempt, however it is quoted there: its first letters tell.
func (a *Attempt) isIn(text string) bool {
	const enough = 16
	return strings.Contains(letters(text), wording.Cut(letters(a.Text), enough))
}

// letters are the letters and digits of a text: quoting changes all else.
func letters(text string) string {
	return strings.Map(func(sign rune) rune {
		if unicode.IsLetter(sign) || unicode.IsDigit(sign) {
			return unicode.ToLower(sign)
		}
		return -1
	}, text)
}
