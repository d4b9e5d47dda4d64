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

// withoutInvented removes identifiers that stand neither in the question nor in a result: small models take them from a worked
// example or out of thin air. An optional argument is left out; a call that needs the identifier is not made.
func withoutInvented(calls []agents.Call, available []*tools.Tool, known conversation) []agents.Call {
	var text strings.Builder
	text.WriteString(strings.ToUpper(known.input.Question))
	for _, result := range known.results {
		text.WriteString("\n" + strings.ToUpper(strings.Join(result.Sentences, "\n")) + strings.ToUpper(string(result.Data)))
	}
	said := text.String()
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

func withoutInventedArguments(encoded json.RawMessage, tool *tools.Tool, said string) (_ json.RawMessage, possible bool) {
	var arguments map[string]any
	if json.Unmarshal(encoded, &arguments) != nil {
		return encoded, true // the tool says what is wrong with it
	}
	removed := false
	for name, value := range arguments {
		text, isText := value.(string)
		if !isText || !identifierArgument.MatchString(text) || strings.Contains(said, strings.ToUpper(text)) {
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
