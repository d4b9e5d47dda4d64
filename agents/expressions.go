package agents

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
)

// expression is a policy's rule, ready to be worked out. To the expression language a name that is not there is nil, and nil equals nothing; a number that is none, such as
// a share of nothing, is neither more nor less than any other. A rule that rests on one of these would be false, and ask nobody. So every value that it looks up or
// calculates is looked at.
type expression struct {
	program *vm.Program
	values  []*value
	own     []string // names that it gives itself (let)
}

// value is a place in the expression whose value is looked at.
type value struct {
	// name is what is looked up, members with a dot: total, supplier.new. That of an element's member begins with the dot; what is calculated has none.
	name string
	// spared says that it may be missing, since the expression says what is meant then (a ?? b).
	spared bool
}

// look is the function around every value that is looked at. Nobody can write its name into a rule.
const look = "look at"

// arithmetic are the operators that may give a number which is none.
var arithmetic = []string{"+", "-", "*", "/", "%", "**", "^"}

func readExpression(rule string) (*expression, error) {
	var read expression
	program, err := expr.Compile(rule, expr.Patch(&read), expr.Function(look, lookAt))
	read.program = program
	return &read, err
}

// Visit puts a look around a value. It is called by the compiler, for the parts of a node before the node.
func (e *expression) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		e.wrap(node, n.Value)
	case *ast.MemberNode:
		e.wrap(node, memberName(n))
	case *ast.PointerNode, *ast.BuiltinNode, *ast.CallNode:
		e.wrap(node, "")
	case *ast.VariableDeclaratorNode:
		e.own = append(e.own, n.Name)
	case *ast.BinaryNode:
		if n.Operator == "??" {
			spare(n.Left)
		}
		if slices.Contains(arithmetic, n.Operator) {
			e.wrap(node, "")
		}
	}
}

func (e *expression) wrap(node *ast.Node, name string) {
	looked := &value{name: name}
	e.values = append(e.values, looked)
	wrapped := &ast.CallNode{Callee: &ast.IdentifierNode{Value: look}, Arguments: []ast.Node{*node, &ast.ConstantNode{Value: looked}}}
	wrapped.SetLocation((*node).Location())
	*node = wrapped
}

// wrapped returns what a look was put around.
func wrapped(node ast.Node) (inner ast.Node, looked *value, is bool) {
	call, is := node.(*ast.CallNode)
	if !is || len(call.Arguments) != 2 {
		return nil, nil, false
	}
	constant, is := call.Arguments[1].(*ast.ConstantNode)
	if !is {
		return nil, nil, false
	}
	looked, is = constant.Value.(*value)
	return call.Arguments[0], looked, is
}

// memberName is the name of a member, such as supplier.new, or "" where that stands in no rule: lines[0].
func memberName(member *ast.MemberNode) string {
	property, named := member.Property.(*ast.StringNode)
	if !named {
		return ""
	}
	of := ""
	if _, looked, is := wrapped(member.Node); is {
		of = looked.name
	}
	return of + "." + property.Value
}

// spare lets what stands before ?? be missing, all the way to a member.
func spare(node ast.Node) {
	if inner, looked, is := wrapped(node); is {
		looked.spared = true
		node = inner
	}
	switch n := node.(type) {
	case *ast.ChainNode:
		spare(n.Node)
	case *ast.MemberNode:
		spare(n.Node)
	case *ast.BinaryNode:
		if n.Operator == "??" {
			spare(n.Right)
		}
	}
}

// doubtError says on what a rule rests that decides nothing.
type doubtError struct{ why string }

func (e *doubtError) Error() string { return e.why }

// lookAt returns a value as it is, and an error where nothing can be decided by it.
func lookAt(given ...any) (any, error) {
	looked, _ := given[1].(*value)
	switch number, _ := given[0].(float64); {
	case given[0] == nil && !looked.spared:
		return nil, missingError(looked.name)
	case math.IsNaN(number) || math.IsInf(number, 0):
		return nil, &doubtError{"rests on a number that is none, or is beyond all others"}
	}
	return given[0], nil
}

func missingError(name string) error {
	if name == "" {
		name = "something"
	}
	return &doubtError{fmt.Sprintf("speaks of %s, which this call does not say", strings.TrimPrefix(name, "."))}
}

// asks works the expression out. What it names and the call does not say is a *doubtError, even where another part of the expression would decide.
func (e *expression) asks(known map[string]any) (any, error) {
	for _, looked := range e.named() {
		if !looked.spared && !has(known, looked.name) {
			return nil, missingError(looked.name)
		}
	}
	return expr.Run(e.program, known)
}

// named are the values that are arguments or facts, or should be.
func (e *expression) named() (named []*value) {
	for _, looked := range e.values {
		root, _, _ := strings.Cut(looked.name, ".")
		if root != "" && !slices.Contains(e.own, root) {
			named = append(named, looked)
		}
	}
	return named
}

// has reports whether a name, or all the way to a member, is known.
func has(known map[string]any, name string) bool {
	root, member, deeper := strings.Cut(name, ".")
	value, found := known[root]
	if !found || value == nil || !deeper {
		return found && value != nil
	}
	members, is := value.(map[string]any)
	return is && has(members, member)
}

// unknown is the first name that is neither an argument nor a fact (members with a dot), or "".
func (e *expression) unknown(arguments, facts []string) string {
	for _, looked := range e.named() {
		root, _, _ := strings.Cut(looked.name, ".")
		isFact := func(fact string) bool { return fact == looked.name || strings.HasPrefix(fact, looked.name+".") }
		if !slices.Contains(arguments, root) && !slices.ContainsFunc(facts, isFact) {
			return looked.name
		}
	}
	return ""
}
