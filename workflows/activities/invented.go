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
// example or out of thin air. An optional argument is left out; a call that needs the identifier is not made. Removed counts them by tool.
func withoutInvented(calls []agents.Call, available []*tools.Tool, known conversation) (kept []agents.Call, removed map[string]int) {
	said := namesIn(known)
	removed = map[string]int{}
	for _, call := range calls {
		index := slices.IndexFunc(available, func(tool *tools.Tool) bool { return tool.Name() == call.Tool })
		if index < 0 {
			continue
		}
		arguments, invented, possible := withoutInventedArguments(call.Arguments, available[index], said)
		if invented > 0 {
			removed[call.Tool] += invented
		}
		if possible {
			kept = append(kept, agents.Call{Tool: call.Tool, Arguments: arguments})
		}
	}
	return kept, removed
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

// withoutInventedArguments leaves out invented identifiers and counts them; the call is not possible where one of them is required.
func withoutInventedArguments(encoded json.RawMessage, tool *tools.Tool, said map[string]bool,
) (_ json.RawMessage, invented int, possible bool) {
	var arguments map[string]any
	if json.Unmarshal(encoded, &arguments) != nil {
		return encoded, 0, true // the tool says what is wrong with it
	}
	possible = true
	for name, value := range arguments {
		text, isText := value.(string)
		if !isText || !identifierArgument.MatchString(text) || said[strings.ToUpper(text)] {
			continue
		}
		possible = possible && !tool.Required(name)
		delete(arguments, name)
		invented++
	}
	if invented == 0 {
		return encoded, 0, true
	}
	cleaned, err := json.Marshal(arguments)
	return cleaned, invented, possible && err == nil
}
