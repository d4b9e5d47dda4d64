package agents

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"
)

// known is what a decision may put into arguments that name something: what the question or a result names. Small models take
// identifiers and periods from a worked example, or out of thin air, when they may write any.
type known struct {
	identifiers []string
	time        timing
	// asked are the identifiers of the question itself while there is no result: the first calls must be about them.
	asked []string
}

// hyphenated is a run of letters and digits with hyphens between: an identifier of which nothing is cut off. A-10 is not named by
// A-100, nor by A-10-B. Chinese is written beside identifiers without a blank, so that letters of other scripts end one.
var hyphenated = regexp.MustCompile(`[A-Z0-9]+(?:-[A-Z0-9]+)+`)

// known reads the turn: the question, the names in it, and the results as the model sees them.
func (t Turn) known() known {
	texts := []string{t.Question}
	for _, name := range t.Names {
		texts = append(texts, name.ID)
	}
	for _, fact := range t.Facts {
		texts = append(append(texts, fact.Arguments), fact.Sentences...)
	}
	found := known{time: timingOf(t.Question, t.Today)}
	for _, identifier := range hyphenated.FindAllString(strings.ToUpper(strings.Join(texts, "\n")), -1) {
		if !slices.Contains(found.identifiers, identifier) {
			found.identifiers = append(found.identifiers, identifier)
		}
	}
	if len(t.Facts) == 0 {
		found.asked = found.identifiers
	}
	return found
}

// One value of each kind of argument about time tells what its pattern is for.
const (
	somePeriod = "2025-Q4"
	someDay    = "2025-10-31"
)

// narrow puts the values that are known in the place of the patterns of a tool's arguments, and leaves out arguments for which there is
// none. Where one of them is required the tool cannot be called: possible is false. An argument that can hold what the question names becomes
// required: who names an item wants no list of all. The order of the arguments stays.
func (k known) narrow(schema json.RawMessage) (narrowed json.RawMessage, possible bool, err error) {
	var arguments jsonschema.Schema
	if err := json.Unmarshal(schema, &arguments); err != nil {
		return nil, false, fmt.Errorf("read the schema: %w", err)
	}
	periods := 0
	var absent []string
	for pair := arguments.Properties.Oldest(); pair != nil; pair = pair.Next() {
		if pair.Value.Pattern == "" {
			continue
		}
		allowed, err := regexp.Compile(pair.Value.Pattern)
		if err != nil {
			return nil, false, fmt.Errorf("the pattern of %s: %w", pair.Key, err)
		}
		isPeriod := allowed.MatchString(somePeriod)
		values := k.values(allowed, isPeriod || allowed.MatchString(someDay))
		if isPeriod {
			periods++
		}
		switch {
		case len(values) > 0 && (!isPeriod || periods <= len(values)):
			pair.Value.Enum, pair.Value.Pattern = values, ""
			if slices.ContainsFunc(k.asked, allowed.MatchString) && !slices.Contains(arguments.Required, pair.Key) {
				arguments.Required = append(arguments.Required, pair.Key)
			}
		case k.free(isPeriod, allowed.MatchString(someDay)):
		case slices.Contains(arguments.Required, pair.Key):
			return nil, false, nil
		default:
			absent = append(absent, pair.Key)
		}
	}
	for _, name := range absent {
		arguments.Properties.Delete(name)
	}
	narrowed, err = json.Marshal(&arguments)
	return narrowed, true, err
}

// values are the known ones that the pattern of an argument allows.
func (k known) values(allowed *regexp.Regexp, aboutTime bool) []any {
	candidates := k.identifiers
	if aboutTime {
		candidates = k.time.known()
	}
	var values []any
	for _, candidate := range candidates {
		if allowed.MatchString(candidate) && !slices.Contains(values, any(candidate)) {
			values = append(values, candidate)
		}
	}
	return values
}

// free reports whether the model may write any value: where the question speaks of time in words that are not understood here. A
// question for one period leaves a second one out: tools compare with the period before.
func (k known) free(isPeriod, isDay bool) bool {
	if isPeriod {
		return k.time.vague
	}
	return isDay && !k.time.none()
}
