package activities

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"bestbox/agents"
	"bestbox/tools"
)

// identifierArgument is a value that names a thing of the company, such as VND-001; nobody can work one out.
var identifierArgument = regexp.MustCompile(`^[A-Za-z]+(-[A-Za-z0-9]+)*-[0-9][A-Za-z0-9-]*$`)

// hyphenated is a run of letters and digits with hyphens between: an identifier of which nothing is cut off. A-10 is not named by
// A-100, nor by A-10-B. Chinese is written beside identifiers without a blank, so that letters of other scripts end one.
var hyphenated = regexp.MustCompile(`[A-Z0-9]+(?:-[A-Z0-9]+)*`)

// jsonEscape is how encoded JSON writes a symbol; its letters and digits are no part of what stands beside it.
var jsonEscape = regexp.MustCompile(`\\(?:u[0-9a-fA-F]{4}|.)`)

// withoutInvented removes identifiers that stand neither in the question nor in a result: small models take them from a worked
// example or out of thin air. An optional argument is left out; a call that needs the identifier is not made.
func withoutInvented(calls []agents.Call, available []*tools.Tool, known conversation) []agents.Call {
	said := namesIn(known)
	var kept []agents.Call
	for _, call := range calls {
		index := slices.IndexFunc(available, func(tool *tools.Tool) bool { return tool.Name() == call.Tool })
		if index < 0 {
			continue
		}
		if arguments, possible := withoutInventedArguments(call.Arguments, available[index], said); possible {
			kept = append(kept, agents.Call{Tool: call.Tool, Arguments: arguments})
		}
	}
	return kept
}

// namesIn returns what the question and the results name, in capitals.
func namesIn(known conversation) map[string]bool {
	texts := []string{known.input.Question}
	for _, result := range known.results {
		texts = append(texts, result.Sentences...)
		texts = append(texts, jsonEscape.ReplaceAllString(string(result.Data), " "))
	}
	names := map[string]bool{}
	for _, name := range hyphenated.FindAllString(strings.ToUpper(strings.Join(texts, "\n")), -1) {
		names[name] = true
	}
	return names
}

func withoutInventedArguments(encoded json.RawMessage, tool *tools.Tool, said map[string]bool) (_ json.RawMessage, possible bool) {
	var arguments map[string]any
	if json.Unmarshal(encoded, &arguments) != nil {
		return encoded, true // the tool says what is wrong with it
	}
	removed := false
	for name, value := range arguments {
		text, isText := value.(string)
		if !isText || !identifierArgument.MatchString(text) || said[strings.ToUpper(text)] {
			continue
		}
		if tool.Required(name) {
			return nil, false
		}
		delete(arguments, name)
		removed = true
	}
	if !removed {
		return encoded, true
	}
	cleaned, err := json.Marshal(arguments)
	return cleaned, err == nil
}
