package agents

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"
)

// known is what a decision may put into arguments that name something: what the question or a result names. Small models take
// identifiers and periods from a worked example, or out of thin air, when they may write any.
type known struct {
	question    string // in lower case
	identifiers []string
	addresses   []string // of mail
	time        timing
	// asked are the identifiers of the question itself while there is no result: the first calls must be about them.
	asked []string
	// begins says that there is no result.
	begins bool
	// named are the identifiers of the question and of the names in it, and names these.
	named, names []string
	// asker is who asks: for what must be given and nobody else is named for, and for all where the question says "my".
	asker    string
	speaksOf bool
}

// mine finds questions about what belongs to who asks.
var mine = regexp.MustCompile(`(?i)\b(?:my|mine|me)\b|我的|我还|我有|给我|我要|我想|提醒我`)

// hyphenated is a run of letters and digits with hyphens between: an identifier of which nothing is cut off. A-10 is not named by
// A-100, nor by A-10-B. Chinese is written beside identifiers without a blank, so that letters of other scripts end one.
var hyphenated = regexp.MustCompile(`[A-Z0-9]+(?:-[A-Z0-9]+)+`)

// mailAddress finds addresses of mail.
var mailAddress = regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+`)

// known reads the turn: the question, the names in it, and the results as the model sees them.
func (t Turn) known() known {
	texts := []string{t.Question}
	for _, name := range t.Names {
		texts = append(texts, name.ID)
	}
	texts = append(texts, t.Known...)
	for _, fact := range t.Facts {
		texts = append(append(texts, fact.Arguments), fact.Sentences...)
	}
	found := known{question: strings.ToLower(t.Question), time: timingOf(t.Question, t.Today), asker: t.Asker.ID, begins: len(t.Facts) == 0, speaksOf: mine.MatchString(t.Question)}
	for _, identifier := range hyphenated.FindAllString(strings.ToUpper(strings.Join(texts, "\n")), -1) {
		if !slices.Contains(found.identifiers, identifier) {
			found.identifiers = append(found.identifiers, identifier)
		}
	}
	for _, address := range mailAddress.FindAllString(strings.Join(texts, "\n"), -1) {
		if !slices.Contains(found.addresses, address) {
			found.addresses = append(found.addresses, address)
		}
	}
	found.named = hyphenated.FindAllString(strings.ToUpper(strings.Join(texts[:1+len(t.Names)], "\n")), -1)
	for _, name := range t.Names {
		called, _, _ := strings.Cut(name.Name, ", ") // what they are stands behind it
		found.names = append(found.names, called)
	}
	if len(t.Facts) == 0 {
		found.asked = found.named
	}
	return found
}

// without is what is known, but for identifiers that the question does not name itself.
func (k known) without(others []string) known {
	k.identifiers = slices.DeleteFunc(slices.Clone(k.identifiers), func(identifier string) bool {
		return slices.Contains(others, identifier) && !slices.Contains(k.named, identifier)
	})
	return k
}

// One value of each kind of argument about time tells what its pattern is for.
const (
	somePeriod = "2025-Q4"
	someDay    = "2025-10-31"
)

// narrow puts the values that are known in the place of the patterns of a tool's arguments, and leaves out arguments for which there is
// none. Where one of them is required the tool cannot be called: possible is false. An argument that can hold what the question names becomes
// required: who names an item wants no list of all. The order of the arguments stays. What holds for arguments holds for the elements of
// lists, and for what these are made of.
func (k known) narrow(schema json.RawMessage) (narrowed json.RawMessage, possible bool, err error) {
	var arguments jsonschema.Schema
	if err := json.Unmarshal(schema, &arguments); err != nil {
		return nil, false, fmt.Errorf("read the schema: %w", err)
	}
	hints, err := hintsOf(schema)
	if err != nil {
		return nil, false, fmt.Errorf("read the hints of the schema: %w", err)
	}
	for name, hint := range hints {
		value, found := arguments.Properties.Get(name)
		if !found {
			continue
		}
		required := slices.Contains(arguments.Required, name)
		if hint.Time != "" {
			k.narrowTime(&arguments, name, hint.Time, required)
			continue
		}
		if err := k.narrowToNamed(hint, value); err != nil {
			return nil, false, fmt.Errorf("%s: %w", name, err)
		}
		switch {
		case required && !hint.isForRequired() || hint.narrow(value, k):
		case required:
			return nil, false, nil
		default:
			arguments.Properties.Delete(name)
		}
	}
	periods := 0
	if possible, err = k.narrowObject(&arguments, &periods); err != nil || !possible {
		return nil, false, err
	}
	narrowed, err = json.Marshal(&arguments)
	return narrowed, true, err
}

// narrowToNamed has an argument be what the question names, where it names something of the kind.
func (k known) narrowToNamed(hint hint, value *jsonschema.Schema) error {
	candidates := k.names
	switch {
	case hint.Asker != "" && !k.speaksOf:
		candidates = k.named
	case hint.Names == "":
		return nil
	}
	allowed, err := regexp.Compile(value.Pattern)
	if err != nil {
		return fmt.Errorf("its pattern: %w", err)
	}
	if values := matching(candidates, allowed); len(values) > 0 {
		value.Enum, value.Pattern = values, ""
	}
	return nil
}

// narrowTime has a time of day, or a duration, be one that the question names. Where it names none, an optional one is left out, and a required one is free.
func (k known) narrowTime(arguments *jsonschema.Schema, name, of string, required bool) {
	value, _ := arguments.Properties.Get(name)
	var vague bool
	if of == timeMinutes {
		for _, minutes := range durationsOf(k.question) {
			switch {
			case !inBounds(minutes, value):
			case value.Type == "string":
				value.Enum = append(value.Enum, strconv.Itoa(minutes))
			default:
				value.Enum = append(value.Enum, minutes)
			}
		}
	} else {
		var named []string
		named, vague = timesOf(k.question)
		for _, text := range named {
			value.Enum = append(value.Enum, text)
		}
	}
	switch {
	case len(value.Enum) > 0:
		value.Pattern = ""
		if !required {
			arguments.Required = append(arguments.Required, name)
		}
	case !required && !vague:
		arguments.Properties.Delete(name)
	}
}

// narrowObject counts the arguments that hold a period: a question for one leaves a second one out.
func (k known) narrowObject(object *jsonschema.Schema, periods *int) (possible bool, err error) {
	var absent []string
	for pair := object.Properties.Oldest(); pair != nil; pair = pair.Next() {
		required := slices.Contains(object.Required, pair.Key)
		named, possible, err := k.forArgument(required).narrowValue(pair.Value, periods)
		if err != nil {
			return false, fmt.Errorf("%s: %w", pair.Key, err)
		}
		switch {
		case possible && named && !required:
			object.Required = append(object.Required, pair.Key)
		case possible:
		case required:
			return false, nil
		default:
			absent = append(absent, pair.Key)
		}
	}
	for _, name := range absent {
		object.Properties.Delete(name)
	}
	return true, nil
}

// forArgument is what an argument may hold: who asks, beside what is named, where it must be given or the question speaks of them.
func (k known) forArgument(required bool) known {
	if k.asker != "" && (required || k.speaksOf) && !slices.Contains(k.identifiers, k.asker) {
		k.identifiers = append(slices.Clone(k.identifiers), k.asker)
	}
	return k
}

// narrowValue also reports whether the value can hold an identifier that the question names.
func (k known) narrowValue(value *jsonschema.Schema, periods *int) (named, possible bool, err error) {
	switch {
	case value.Items != nil:
		return k.narrowValue(value.Items, periods)
	case value.Properties != nil && value.Properties.Len() > 0:
		possible, err = k.narrowObject(value, periods)
		return false, possible, err
	case value.Pattern == "":
		return false, true, nil
	}
	allowed, err := regexp.Compile(value.Pattern)
	if err != nil {
		return false, false, fmt.Errorf("its pattern: %w", err)
	}
	isPeriod, isDay := allowed.MatchString(somePeriod), allowed.MatchString(someDay)
	values := k.values(allowed, isPeriod || isDay)
	if isPeriod {
		*periods++
	}
	if len(values) > 0 && (!isPeriod || *periods <= len(values)) {
		value.Enum, value.Pattern = values, ""
		return slices.ContainsFunc(k.asked, allowed.MatchString), true, nil
	}
	return false, k.free(isPeriod, isDay), nil
}

// values are the known ones that the pattern of an argument allows.
func (k known) values(allowed *regexp.Regexp, aboutTime bool) []any {
	candidates := k.identifiers
	if aboutTime {
		candidates = k.time.known()
	}
	return matching(candidates, allowed)
}

// matching are the candidates that a pattern allows, each once.
func matching(candidates []string, allowed *regexp.Regexp) (values []any) {
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
