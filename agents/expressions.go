package agents

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// expression is what a policy's rule speaks of. To the expression language a name that is not there is nil, and nil equals nothing: a rule with a typing error would be
// false, and ask nobody.
type expression struct {
	// names are what it looks up, members with a dot; spared are those to which it has an answer where they are missing (a ?? b).
	names, spared []string
	own           []string // names that it gives itself (let)
	divisors      []string
}

func readExpression(rule string) (expression, error) {
	tree, err := parser.Parse(rule)
	if err != nil {
		return expression{}, err
	}
	var read expression
	ast.Walk(&tree.Node, &read)
	read.names = slices.DeleteFunc(read.names, func(name string) bool {
		root, _, _ := strings.Cut(name, ".")
		return slices.Contains(read.own, root)
	})
	return read, nil
}

// Visit is called by [ast.Walk].
func (e *expression) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode, *ast.MemberNode:
		if name, is := nameOf(n); is && !slices.Contains(e.names, name) {
			e.names = append(e.names, name)
		}
	case *ast.VariableDeclaratorNode:
		e.own = append(e.own, n.Name)
	case *ast.BinaryNode:
		switch n.Operator {
		case "/", "%":
			e.divisors = append(e.divisors, n.Right.String())
		case "??":
			var left expression
			ast.Walk(&n.Left, &left)
			e.spared = append(e.spared, left.names...)
		}
	}
}

// nameOf is the name that a node looks up, such as total or supplier.new.
func nameOf(node ast.Node) (name string, is bool) {
	switch n := node.(type) {
	case *ast.IdentifierNode:
		return n.Value, true
	case *ast.ChainNode:
		return nameOf(n.Node)
	case *ast.MemberNode:
		of, is := nameOf(n.Node)
		member, named := n.Property.(*ast.StringNode)
		if is && named {
			return of + "." + member.Value, true
		}
	}
	return "", false
}

// missing is the first name that the expression needs and that is not known, or "".
func (e expression) missing(known map[string]any) string {
	at := slices.IndexFunc(e.names, func(name string) bool { return !slices.Contains(e.spared, name) && !has(known, name) })
	if at < 0 {
		return ""
	}
	return e.names[at]
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

// dividesByZero reports whether it divides by zero, or by what cannot be told: that gives a number which is neither more nor less than any other.
func (e expression) dividesByZero(known map[string]any) bool {
	return slices.ContainsFunc(e.divisors, func(divisor string) bool {
		zero, err := expr.Eval("("+divisor+") == 0", known)
		return err != nil || zero != false
	})
}

// unknown is the first name that is neither an argument nor a fact (members with a dot), or "".
func (e expression) unknown(arguments, facts []string) string {
	at := slices.IndexFunc(e.names, func(name string) bool {
		root, _, _ := strings.Cut(name, ".")
		return !slices.Contains(arguments, root) && !slices.ContainsFunc(facts, func(fact string) bool { return fact == name || strings.HasPrefix(fact, name+".") })
	})
	if at < 0 {
		return ""
	}
	return e.names[at]
}
