package agents

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
	"github.com/expr-lang/expr/vm/runtime"

	"bestbox/tools"
)

// expression is a policy's rule, ready to be worked out. To the expression language a name that is not there is nil, and nil equals nothing; a number that is none, such as
// a share of nothing, is neither more nor less than any other; and no number equals a text. A rule that rests on one of these would be false, and ask nobody. So every value
// that it looks up or calculates is looked at, and so is what it compares: not of everything is known before the call of which kind it is.
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

// The functions that stand in the place of what is written: look is around every value that is looked at. Nobody can write their names into a rule.
const (
	look   = "look at"
	equals = "is equal to"
	isIn   = "is in"
)

// arithmetic are the operators that may give a number which is none.
var arithmetic = []string{"+", "-", "*", "/", "%", "**", "^"}

// readExpression reads a rule about a tool. The error says what is wrong with it, after the rule's own words.
func readExpression(rule string, tool *tools.Tool) (*expression, error) {
	if err := checkExpression(rule, tool); err != nil {
		return nil, err
	}
	var read expression
	program, err := expr.Compile(rule, expr.Patch(&read), expr.Function(look, lookAt), expr.Function(equals, equal), expr.Function(isIn, in))
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
		switch {
		case n.Operator == "??":
			spare(n.Left)
		case n.Operator == "==":
			*node = called(equals, n.Left, n.Right)
		case n.Operator == "!=":
			*node = &ast.UnaryNode{Operator: "not", Node: called(equals, n.Left, n.Right)}
		case n.Operator == "in":
			*node = called(isIn, n.Left, n.Right)
		case slices.Contains(arithmetic, n.Operator):
			e.wrap(node, "")
		}
	}
}

func called(function string, arguments ...ast.Node) ast.Node {
	return &ast.CallNode{Callee: &ast.IdentifierNode{Value: function}, Arguments: arguments}
}

func (e *expression) wrap(node *ast.Node, name string) {
	looked := &value{name: name}
	e.values = append(e.values, looked)
	wrapped := called(look, *node, &ast.ConstantNode{Value: looked})
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

// equal compares two values of one kind. Nothing may be compared with everything.
func equal(given ...any) (any, error) {
	return runtime.Equal(given[0], given[1]), ofOneKind(given[0], given[1])
}

// in looks for a value among those of its kind, or for a name among an object's.
func in(given ...any) (any, error) {
	value, among := given[0], given[1]
	if list, is := among.([]any); is {
		for _, element := range list {
			if err := ofOneKind(value, element); err != nil {
				return nil, err
			}
		}
	}
	return runtime.In(value, among), nil
}

func ofOneKind(a, b any) error {
	one, other := kindOfValue(a), kindOfValue(b)
	if one == "" || other == "" || one == other {
		return nil
	}
	return &doubtError{fmt.Sprintf("compares %s with %s in this call", one, other)}
}

// kindOfValue is "" for nothing, and for what JSON has not.
func kindOfValue(of any) string {
	switch kind := reflect.ValueOf(of); {
	case kind.CanInt(), kind.CanUint(), kind.CanFloat():
		return number
	case kind.Kind() == reflect.String:
		return text
	case kind.Kind() == reflect.Bool:
		return truth
	case kind.Kind() == reflect.Slice:
		return list
	case kind.Kind() == reflect.Map:
		return object
	}
	return ""
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
