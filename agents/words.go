package agents

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"

	"bestbox/tools/wording"
)

// hint says, in a schema, from where an argument may take its value. Small models like to set filters that nobody has asked for, and to write to whomever a
// worked example names. It is for the decision alone, and no part of what a server's grammar is made from.
type hint struct {
	// Words are the ways to say each allowed value, as "late:late|delayed|迟;open:open|未完成": a value that the question says in no such way may
	// not be given.
	Words string `json:"x-words"`
	// Number is "named" where only a number that stands in the question may be given.
	Number string `json:"x-number"`
	// Time is "named" where only a time of day that the question names may be given, and "minutes" where only a duration that it names; it must be, where there
	// is one.
	Time string `json:"x-time"`
	// Asker is "otherwise" where who asks is meant only if the question names nobody else, or says "me".
	Asker string `json:"x-asker"`
	// Names is "meant" where a text must be one of the names that the question calls things of the company by, if it does.
	Names string `json:"x-names"`
	// Said are words, as "from|by|来自", without any of which in the question the argument is left out, and the tool if the argument must be given.
	Said string `json:"x-said"`
	// Unless are words, as "mail|邮件", of what another tool is for: a question that says one of them, and none of Said, leaves the argument out. Unlike the
	// hints of values it is also for what must be given: the tool cannot be called then.
	Unless string `json:"x-unless"`
	// Addressees are the kinds of identifiers, as "EMP|CUS", of people that an argument may hold, beside mail addresses: only those that the question or a result
	// names. Who asks is meant only where the question says so. It is for what must be given as well: the tool waits until somebody is known.
	Addressees string `json:"x-addressees"`
	// Question is "itself" where the tool takes the question of the run if the argument is left out, as it is while nothing was looked up: small models shorten a question, or
	// translate it. Later calls may say it in other words.
	Question string `json:"x-question"`
}

// hintsOf reads the hints of a tool's arguments.
func hintsOf(schema json.RawMessage) (map[string]hint, error) {
	var read struct {
		Properties map[string]hint `json:"properties"`
	}
	err := json.Unmarshal(schema, &read)
	return read.Properties, err
}

// isForRequired reports whether the hint is also for what must be given.
func (h hint) isForRequired() bool { return h.Addressees != "" || h.Unless != "" || h.Said != "" }

// timeMinutes is the Time of a hint of durations.
const timeMinutes = "minutes"

// narrow puts what the question says, or is known, into the place of an argument's values. Possible is false where there is nothing of the kind.
func (h hint) narrow(value *jsonschema.Schema, k known) (possible bool) {
	if h.Said != "" && h.Unless == "" && !saysOne(k.question, h.Said) {
		return false
	}
	switch {
	case h.Question != "":
		return !k.begins
	case h.Words != "":
		value.Enum = slices.DeleteFunc(h.said(k.question), func(said any) bool { return value.Type == "string" && !slices.Contains(value.Enum, said) })
	case h.Number != "":
		value.Enum = k.numbers(value)
	case h.Unless != "":
		return !saysOne(k.question, h.Unless) || saysOne(k.question, h.Said)
	case h.Addressees != "":
		if value.Items != nil {
			value = value.Items
		}
		value.Enum = k.addressees(strings.Split(h.Addressees, "|"))
	default:
		return true
	}
	return len(value.Enum) > 0
}

// said are the values that a question says, in lower case.
func (h hint) said(question string) (values []any) {
	for entry := range strings.SplitSeq(h.Words, ";") {
		value, words, _ := strings.Cut(entry, ":")
		if !saysOne(question, words) {
			continue
		}
		if value == "true" || value == "false" {
			values = append(values, value == "true")
		} else {
			values = append(values, value)
		}
	}
	return values
}

// saysOne reports whether a question, in lower case, says one of the words that stand between bars.
func saysOne(question, words string) bool {
	return words != "" && slices.ContainsFunc(strings.Split(words, "|"), func(word string) bool { return wording.Said(question, word, true) })
}

var (
	digits      = regexp.MustCompile(`\d{1,3}(?:,\d{3})+|\d+`)
	numberWords = regexp.MustCompile(`\b(?:` + numberWord + `)\b|` + hanNumber)
)

// numbers are those of the question, but for identifiers and times, which an argument allows. Words count things: "a mail" in Chinese is no sum.
func (k known) numbers(value *jsonschema.Schema) (values []any) {
	add := func(number int) {
		if inBounds(number, value) && !slices.Contains(values, any(number)) {
			values = append(values, number)
		}
	}
	for _, text := range digits.FindAllString(k.time.rest, -1) {
		if number, err := strconv.Atoi(strings.ReplaceAll(text, ",", "")); err == nil {
			add(number)
		}
	}
	if value.Type != "integer" {
		return values
	}
	for _, word := range numberWords.FindAllString(strings.ToLower(k.time.rest), -1) {
		add(counts[word])
	}
	return values
}

// inBounds reports whether an argument allows a number.
func inBounds(number int, value *jsonschema.Schema) bool {
	low, err := value.Minimum.Int64()
	tooLow := err == nil && int64(number) < low
	high, err := value.Maximum.Int64()
	tooHigh := err == nil && int64(number) > high
	return !tooLow && !tooHigh
}

// addressees are the people that are known, by identifiers of these kinds and by mail addresses.
func (k known) addressees(kinds []string) (values []any) {
	for _, identifier := range k.identifiers {
		kind, _, _ := strings.Cut(identifier, "-")
		isAsker := identifier == k.asker && !k.speaksOf && !strings.Contains(k.question, strings.ToLower(k.asker))
		if slices.Contains(kinds, kind) && !isAsker {
			values = append(values, identifier)
		}
	}
	for _, address := range k.addresses {
		values = append(values, address)
	}
	return values
}
