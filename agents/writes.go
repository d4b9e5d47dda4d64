package agents

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/expr-lang/expr"

	"bestbox/tools"
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

// checkPolicy refuses rules for what is no write of the agent, and expressions that speak of what its tool does not know. What only a server that is away could tell is
// left for later.
func (d Definition) checkPolicy(registry *tools.Registry, without []string) error {
	for _, name := range slices.Sorted(maps.Keys(d.Policy.Writes)) {
		refuse := func(format string, arguments ...any) error {
			return d.files.at(settingsFile, "$.policy.writes."+name, "policy.writes.%s: "+format, append([]any{name}, arguments...)...)
		}
		tool, there := registry.Get(name)
		switch {
		case slices.Contains(without, name), !there && registry.Declared(name):
			continue
		case !there:
			return refuse("there is no such tool; allowed: the agent's tools that write")
		case tool.Effect() != tools.Write:
			return refuse("it only reads, so that nobody is asked; allowed: the agent's tools that write")
		}
		rule := d.Policy.Writes[name]
		if rule == "" || rule == AskAlways || rule == AskNever || rule == AskForbidden {
			continue
		}
		if _, err := readExpression(rule, tool); err != nil {
			return refuse("%q %v", rule, err)
		}
	}
	return nil
}

// Asks says whether a person must agree to a write, and why, in a few words for that person. The rule is one of the constants: an expression that is true, that cannot
// be worked out, that speaks of what the call does not say, or that rests on a number which is none, is AskAlways. The arguments are those of the call; the expression
// speaks of them as the tool works with them, so that no spelling gets past it. Facts are those of the change (tools.Change); they win over arguments of one name.
func (p Policy) Asks(tool *tools.Tool, arguments json.RawMessage, facts map[string]any) (rule, why string) {
	switch written := p.Writes[tool.Name()]; written {
	case "", AskAlways:
		return AskAlways, "every call of " + tool.Name() + " is asked for"
	case AskNever:
		return AskNever, ""
	case AskForbidden:
		return AskForbidden, "the policy of this agent forbids " + tool.Name()
	default:
		known := map[string]any{}
		settled, err := tool.Settled(arguments)
		if err == nil {
			err = json.Unmarshal(settled, &known)
		}
		if err != nil {
			return AskAlways, "the arguments could not be read"
		}
		maps.Copy(known, facts)
		return decide(written, tool, known)
	}
}

// decide works an expression out.
func decide(written string, tool *tools.Tool, known map[string]any) (rule, why string) {
	// It is read against the tool as it is now: that of another server may have been away at the start, and may have changed since.
	read, err := readExpression(written, tool)
	if err != nil {
		return AskAlways, fmt.Sprintf("the policy %q %v", written, err)
	}
	asks, err := read.asks(known)
	doubt, doubtful := errors.AsType[*doubtError](err)
	switch {
	case doubtful:
		return AskAlways, fmt.Sprintf("the policy %q %s", written, doubt.why)
	case err != nil:
		return AskAlways, fmt.Sprintf("the policy %q could not be worked out", written)
	case asks == true:
		return AskAlways, "the policy asks where " + written
	case asks == false:
		return AskNever, ""
	}
	return AskAlways, fmt.Sprintf("the policy %q is neither true nor false", written)
}
