package agents

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/expr-lang/expr"
)

// What a policy says of a write, beside an expression (see Policy.Writes).
const (
	AskAlways    = "always"
	AskNever     = "never"
	AskForbidden = "forbidden"
)

// What Policy.Compensate says beside AskNever.
const (
	CompensateAsk    = "ask"
	CompensateAlways = "always"
)

// Compensates is the policy for earlier writes when a later one fails: CompensateAsk, CompensateAlways or AskNever.
func (p Policy) Compensates() string { return cmp.Or(p.Compensate, CompensateAsk) }

// checkWrites refuses a policy for a tool that the agent has not, and an expression that is none.
func (a Agent) checkWrites() error {
	if rule := a.Policy.Compensates(); rule != CompensateAsk && rule != CompensateAlways && rule != AskNever {
		return a.files.at(settingsFile, "$.policy.compensate", "policy.compensate: %q; allowed: %s, %s, %s", rule, CompensateAsk, CompensateAlways, AskNever)
	}
	for _, tool := range slices.Sorted(maps.Keys(a.Policy.Writes)) {
		rule := a.Policy.Writes[tool]
		if !a.mayList(tool) {
			return a.files.at(settingsFile, "$.policy.writes."+tool, "policy.writes.%s: it is not among the agent's tools", tool)
		}
		switch rule {
		case AskAlways, AskNever, AskForbidden:
			continue
		}
		if _, err := expr.Compile(rule, expr.AsBool(), expr.AllowUndefinedVariables()); err != nil {
			return a.files.at(settingsFile, "$.policy.writes."+tool, "policy.writes.%s: %q; allowed: %s, %s, %s, or an expression that says when to ask, such as total > 5000: %v",
				tool, rule, AskAlways, AskNever, AskForbidden, err)
		}
	}
	return nil
}

// Asks says whether a person must agree to a write, and why, in a few words for that person. The rule is one of the constants: an expression
// that is true, or that cannot be worked out, is AskAlways. Facts are those of the change (tools.Change); they win over arguments of one name.
func (p Policy) Asks(tool string, arguments json.RawMessage, facts map[string]any) (rule, why string) {
	switch written := p.Writes[tool]; written {
	case "", AskAlways:
		return AskAlways, "every call of " + tool + " is asked for"
	case AskNever:
		return AskNever, ""
	case AskForbidden:
		return AskForbidden, "the policy of this agent forbids " + tool
	default:
		known := map[string]any{}
		if err := json.Unmarshal(arguments, &known); err != nil {
			return AskAlways, "the arguments could not be read"
		}
		maps.Copy(known, facts)
		asks, err := expr.Eval(written, known)
		switch {
		case err != nil:
			return AskAlways, fmt.Sprintf("the policy %q could not be worked out", written)
		case asks == true:
			return AskAlways, "the policy asks where " + written
		case asks == false:
			return AskNever, ""
		}
		return AskAlways, fmt.Sprintf("the policy %q is neither true nor false", written)
	}
}
