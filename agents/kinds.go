package agents

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker/nature"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/types"
	"github.com/invopop/jsonschema"

	"bestbox/tools"
)

// checkExpression refuses a rule that cannot mean its tool: a name or a member that is not there, things of different kinds beside each other, a word that a value never
// is. To the expression language these are false, so that the rule would ask nobody. The error is a *doubtError.
func checkExpression(rule string, tool *tools.Tool) error {
	known, names, err := kindsOf(tool)
	if err != nil {
		return err
	}
	read := &reading{known: known, names: names}
	// What is optimized is another expression than the one that was written.
	_, err = expr.Compile(rule, expr.Env(known), expr.AsBool(), expr.Patch(read), expr.Optimize(false))
	if problem := read.problem(err == nil); problem != "" {
		return &doubtError{problem}
	}
	if wrong, is := errors.AsType[*file.Error](err); is {
		return &doubtError{"cannot be worked out: " + wrong.Message}
	}
	if err != nil {
		return &doubtError{"cannot be worked out: " + err.Error()}
	}
	return nil
}

// kindsOf are the kinds of all that a policy may speak of, and its names in the order of the schema and the tool's Facts.
func kindsOf(tool *tools.Tool) (known types.Map, names []string, err error) {
	var arguments jsonschema.Schema
	if err := json.Unmarshal(tool.Schema(), &arguments); err != nil {
		return nil, nil, fmt.Errorf("read the schema of %s: %w", tool.Name(), err)
	}
	known = types.Map{}
	for pair := arguments.Properties.Oldest(); pair != nil; pair = pair.Next() {
		known[pair.Key] = kindOf(pair.Value)
		names = append(names, pair.Key)
	}
	facts := types.Map{}
	for _, fact := range tool.Facts() {
		put(facts, strings.Split(fact.Name, "."), kindOfFact(fact))
		if !slices.Contains(names, fact.Name) {
			names = append(names, fact.Name)
		}
	}
	maps.Copy(known, facts) // a fact takes the place of an argument of its name, with all its members
	return known, names, nil
}

// put sets a member, all the way down.
func put(into types.Map, path []string, kind types.Type) {
	if len(path) == 1 {
		into[path[0]] = kind
		return
	}
	members, is := into[path[0]].(types.Map)
	if !is {
		members = types.Map{}
		into[path[0]] = members
	}
	put(members, path[1:], kind)
}

func kindOfFact(fact tools.Fact) types.Type {
	schema := &jsonschema.Schema{Type: fact.Kind}
	for _, word := range fact.Words {
		schema.Enum = append(schema.Enum, word)
	}
	return kindOf(schema)
}

// kindOf is the kind of what a schema allows. Numbers are those of JSON: to the expression language an integer of the arguments is none.
func kindOf(schema *jsonschema.Schema) types.Type {
	if kind, are := kindOfWords(schema); are {
		return kind
	}
	switch schema.Type {
	case "string":
		return types.String
	case "integer", "number":
		return types.Float64
	case "boolean":
		return types.Bool
	case "array":
		if schema.Items == nil {
			return types.Array(types.Any)
		}
		return types.Array(kindOf(schema.Items))
	case "object":
		return kindOfObject(schema)
	}
	return types.Any
}

// kindOfObject lets an object have the members of its schema. It may have others where the schema names none, or says so: a model is held to the members that are named.
func kindOfObject(schema *jsonschema.Schema) types.Type {
	members := types.Map{}
	for pair := schema.Properties.Oldest(); pair != nil; pair = pair.Next() {
		members[pair.Key] = kindOf(pair.Value)
	}
	others := schema.AdditionalProperties
	switch {
	case others == nil && len(members) == 0:
		members[types.Extra] = types.Any
	case others != nil && !isFalse(others):
		members[types.Extra] = kindOf(others)
	}
	return members
}

func isFalse(schema *jsonschema.Schema) bool {
	written, err := schema.MarshalJSON()
	return err == nil && string(written) == "false"
}

// kindOfWords is the kind of a value that is one of a list of texts, or of numbers.
func kindOfWords(schema *jsonschema.Schema) (kind oneOf, are bool) {
	allowed := schema.Enum
	if schema.Const != nil {
		allowed = []any{schema.Const}
	}
	for _, value := range allowed {
		of := types.String
		word, isText := value.(string)
		if number, is := value.(float64); is {
			of, word = types.Float64, wordOf(number)
		} else if !isText {
			return oneOf{}, false
		}
		if kind.Type != nil && kind.Type != of {
			return oneOf{}, false
		}
		kind.Type, kind.words = of, append(kind.words, word)
	}
	return kind, kind.Type != nil
}

func wordOf(number float64) string { return strconv.FormatFloat(number, 'g', -1, 64) }

// oneOf is the kind of a text or a number that is one of these. The checker of the expression language hands what it knows of a value on to where the value goes, so the
// words travel with it, as names of members, which texts and numbers have not.
type oneOf struct {
	types.Type
	words []string
}

// Nature is that of the kind, with the words.
func (o oneOf) Nature() nature.Nature {
	of := o.Type.Nature()
	of.TypeData = &nature.TypeData{Fields: map[string]nature.Nature{}}
	for _, word := range o.words {
		of.Fields[word] = nature.Nature{}
	}
	return of
}

// reading is what stands in a rule, and may be wrong. The checker of the expression language has said of each part what it is.
type reading struct {
	known types.Map
	names []string
	own   map[string][]ast.Node // what names of its own (let) are given

	identifiers []*ast.IdentifierNode
	members     []*ast.MemberNode
	binaries    []*ast.BinaryNode
	choices     []*ast.ConditionalNode
}

// Visit is called by the compiler, for the parts of a node before the node.
func (r *reading) Visit(node *ast.Node) {
	if element := elementOf(*node); element != nil {
		*node = element
	}
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		r.identifiers = append(r.identifiers, n)
	case *ast.MemberNode:
		r.members = append(r.members, n)
	case *ast.BinaryNode:
		r.binaries = append(r.binaries, n)
	case *ast.ConditionalNode:
		r.choices = append(r.choices, n)
	case *ast.VariableDeclaratorNode:
		if r.own == nil {
			r.own = map[string][]ast.Node{}
		}
		r.own[n.Name] = append(r.own[n.Name], n.Value)
	}
}

// elementOf writes what a function looks up as the member that it is, of which more is known than of a function's result: first(lines) as lines[0].
func elementOf(node ast.Node) ast.Node {
	function, is := node.(*ast.BuiltinNode)
	if !is || len(function.Arguments) == 0 {
		return nil
	}
	switch {
	case function.Name == "first":
		return &ast.MemberNode{Node: function.Arguments[0], Property: &ast.IntegerNode{Value: 0}}
	case function.Name == "last":
		return &ast.MemberNode{Node: function.Arguments[0], Property: &ast.IntegerNode{Value: -1}}
	case function.Name == "get" && len(function.Arguments) == 2:
		return &ast.MemberNode{Node: function.Arguments[0], Property: function.Arguments[1]}
	}
	return nil
}

// problem is the first thing that is wrong, or "". Only of an expression that is sound otherwise is it known what its own names hold.
func (r *reading) problem(sound bool) string {
	for _, name := range r.identifiers {
		if r.known[name.Value] == nil && r.own[name.Value] == nil {
			return fmt.Sprintf("speaks of %s; allowed: %s", name.Value, strings.Join(r.names, ", "))
		}
	}
	for _, member := range r.members {
		if name, is := member.Property.(*ast.StringNode); is {
			if problem := speaks(member.Node, name.Value); problem != "" {
				return problem
			}
		}
	}
	for _, choice := range r.choices {
		if problem := differ(choice.Exp1, choice.Exp2); problem != "" {
			return problem
		}
	}
	for _, binary := range r.binaries {
		if problem := r.beside(binary, sound); problem != "" {
			return problem
		}
	}
	return ""
}

// speaks says that an object has no such member.
func speaks(of ast.Node, member string) string {
	has := of.Nature()
	if !has.IsMap() || !has.Strict || has.TypeData == nil {
		return ""
	}
	if _, is := has.Fields[member]; is {
		return ""
	}
	named := func(member string) string {
		return (&ast.MemberNode{Node: of, Property: &ast.StringNode{Value: member}}).String()
	}
	var names []string
	for name := range has.Fields {
		names = append(names, named(name))
	}
	slices.Sort(names)
	return fmt.Sprintf("speaks of %s; allowed: %s", named(member), strings.Join(names, ", "))
}

// beside says what is wrong with the two sides of an operator.
func (r *reading) beside(binary *ast.BinaryNode, sound bool) string {
	switch binary.Operator {
	case "in":
		return r.in(binary.Left, binary.Right, sound)
	case "==", "!=":
		if problem := differ(binary.Left, binary.Right); problem != "" || !sound {
			return problem
		}
		return r.never(binary.Left, binary.Right)
	}
	return differ(binary.Left, binary.Right)
}

// in says why something is never in a list, or an object.
func (r *reading) in(value, of ast.Node, sound bool) string {
	name, isText := value.(*ast.StringNode)
	written, isList := of.(*ast.ArrayNode)
	switch {
	case isText && of.Nature().IsMap():
		return speaks(of, name.Value)
	case !isList && of.Nature().IsArray():
		element := of.Nature().Elem(nil)
		if !alike(value.Nature(), &element) {
			return said(value, value.Nature(), "what "+of.String()+" holds", &element)
		}
		may := wordsIn(&element)
		if words, known := r.words(value); sound && known && len(may) > 0 && apart(words, may) {
			return fmt.Sprintf("looks for %s in %s, which never holds it; allowed: %s", value, of, strings.Join(may, ", "))
		}
	case isList:
		for _, element := range written.Nodes {
			if problem := differ(value, element); problem != "" {
				return problem
			}
			if !sound {
				continue
			}
			if problem := r.never(value, element); problem != "" {
				return problem
			}
		}
	}
	return ""
}

// never says that one side is never what the other is.
func (r *reading) never(left, right ast.Node) string {
	if isWritten(left) {
		left, right = right, left
	}
	may, known := r.words(left)
	other, otherKnown := r.words(right)
	if !known || !otherKnown || !apart(may, other) {
		return ""
	}
	return fmt.Sprintf("compares %s with %s, which it never is; allowed: %s", left, right, strings.Join(may, ", "))
}

// apart reports whether two lists have no word in common.
func apart(words, others []string) bool {
	return !slices.ContainsFunc(words, func(word string) bool { return slices.Contains(others, word) })
}

// words are all texts or numbers that a part may be; known is false where it may be any, or something else.
func (r *reading) words(node ast.Node) (words []string, known bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return []string{n.Value}, true
	case *ast.IntegerNode:
		return []string{wordOf(float64(n.Value))}, true
	case *ast.FloatNode:
		return []string{wordOf(n.Value)}, true
	case *ast.ChainNode:
		return r.words(n.Node)
	case *ast.ConditionalNode:
		return r.either(n.Exp1, n.Exp2)
	case *ast.BinaryNode:
		if n.Operator == "??" {
			return r.either(n.Left, n.Right)
		}
	case *ast.IdentifierNode:
		switch given := r.own[n.Value]; len(given) {
		case 0:
			return allowed(n)
		case 1:
			return r.words(given[0])
		}
	case *ast.MemberNode, *ast.PointerNode:
		return allowed(n)
	}
	return nil, false
}

func (r *reading) either(one, other ast.Node) (words []string, known bool) {
	first, firstKnown := r.words(one)
	second, secondKnown := r.words(other)
	return slices.Concat(first, second), firstKnown && secondKnown
}

func allowed(node ast.Node) (words []string, known bool) {
	words = wordsIn(node.Nature())
	return words, len(words) > 0
}

// wordsIn are those of oneOf.
func wordsIn(of *nature.Nature) (words []string) {
	if !of.IsString() && !of.IsNumber() || of.TypeData == nil {
		return nil
	}
	for word := range of.Fields {
		words = append(words, word)
	}
	slices.Sort(words)
	return words
}

// differ says that two parts are of different kinds.
func differ(left, right ast.Node) string {
	if alike(left.Nature(), right.Nature()) {
		return ""
	}
	if isWritten(left) {
		left, right = right, left
	}
	return said(right, right.Nature(), left.String(), left.Nature())
}

// alike is also true where it is not known.
func alike(a, b *nature.Nature) bool {
	if a.IsArray() && b.IsArray() {
		one, other := a.Elem(nil), b.Elem(nil)
		return alike(&one, &other)
	}
	return nameOf(a) == "" || nameOf(b) == "" || nameOf(a) == nameOf(b)
}

// said tells which is of which kind, and what could stand in the place of wrong.
func said(wrong ast.Node, is *nature.Nature, beside string, wanted *nature.Nature) string {
	example := map[string]string{number: ", such as 5", text: `, such as "x"`}[nameOf(wanted)]
	if digits, isText := wrong.(*ast.StringNode); isText && wanted.IsNumber() {
		if _, err := strconv.ParseFloat(digits.Value, 64); err == nil {
			example = ", such as " + digits.Value
		}
	}
	return fmt.Sprintf("puts %s, which is %s, beside %s, which is %s; allowed there: %s%s", wrong, nameOf(is), beside, nameOf(wanted), nameOf(wanted), example)
}

// The kinds of values, as people are told them.
const (
	number = "a number"
	text   = "a text"
	truth  = "true or false"
	list   = "a list"
	object = "an object"
)

// nameOf names a kind for people; "" for one that is not known, or is none of JSON's.
func nameOf(of *nature.Nature) string {
	switch {
	case of.IsNumber():
		return number
	case of.IsString():
		return text
	case of.IsBool():
		return truth
	case of.IsArray():
		return list
	case of.IsMap():
		return object
	}
	return ""
}

// isWritten reports whether a part is a value that stands in the rule, and no name.
func isWritten(node ast.Node) bool {
	switch node.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.ArrayNode, *ast.MapNode:
		return true
	}
	return false
}
