// Package grammar says whether llama-server can hold a model to a JSON Schema. The server turns the schema of a decision into a grammar and knows a
// part of JSON Schema only: some of the rest it refuses, when the first question comes; most of the rest it overlooks without a word, or turns into
// a grammar of something else. Check finds both when the worker starts.
//
// The rules are those of the server's build that BestBox pins; a test holds them against the real one.
package grammar

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
)

const (
	// maxRepetitions is how far the server's grammar counts; one more and it refuses the schema.
	maxRepetitions = 2000
	// maxInteger is the largest bound of an integer: the grammar writes at most 16 digits.
	maxInteger = 1e15
	// maxDepth of a schema is far above what a tool needs, and far below what ends the server's stack.
	maxDepth = 24
	// maxBytes of one schema. It is part of every request.
	maxBytes = 64 << 10
)

// Error says which part of a schema the server's grammar cannot express.
type Error struct {
	// Field is the argument, such as lines[].quantity; empty for the arguments as a whole.
	Field string
	// Keyword is the part of the schema that is meant.
	Keyword string
	// Problem says why, and what can be written instead.
	Problem string
}

func (e *Error) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("the schema's %s: %s", e.Keyword, e.Problem)
	}
	return fmt.Sprintf("argument %s: %s: %s", e.Field, e.Keyword, e.Problem)
}

// Check returns nil where the server's grammar expresses a schema, and else all that it does not, each an *Error. The schema is one that becomes part of
// a larger one, so that it must be inlined.
//
// Two things pass though no grammar enforces them, because a value that breaks them is found when arguments are checked, and the model is told: the
// bounds of a number that is no integer, and the formats that the server does not know.
func Check(schema json.RawMessage) error {
	if len(schema) > maxBytes {
		return &Error{Keyword: "size", Problem: fmt.Sprintf("it has %d bytes; allowed: %d, since it is part of every request", len(schema), maxBytes)}
	}
	decoder := json.NewDecoder(bytes.NewReader(schema))
	decoder.UseNumber()
	var decoded any
	if err := decoder.Decode(&decoded); err != nil {
		return &Error{Keyword: "text", Problem: "it is not JSON: " + err.Error()}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return &Error{Keyword: "text", Problem: "it is more than one JSON value"}
	}
	c := &checker{}
	c.visit(decoded, "", 0)
	return errors.Join(c.found...)
}

// checker collects what is wrong.
type checker struct{ found []error }

func (c *checker) refuse(field, keyword, problem string, arguments ...any) {
	c.found = append(c.found, &Error{Field: field, Keyword: keyword, Problem: fmt.Sprintf(problem, arguments...)})
}

// overlooked are the keywords that the server leaves out of its grammar, with what a schema of arguments can do without them.
var overlooked = map[string]string{
	"not":               "list what is allowed instead",
	"if":                "make two tools, or check it when the tool is called",
	"then":              "make two tools, or check it when the tool is called",
	"else":              "make two tools, or check it when the tool is called",
	"dependentRequired": "check it when the tool is called", "dependentSchemas": "check it when the tool is called", "dependencies": "check it when the tool is called",
	"uniqueItems": "check it when the tool is called", "contains": "check it when the tool is called",
	"minContains": "check it when the tool is called", "maxContains": "check it when the tool is called",
	"multipleOf": "check it when the tool is called", "minProperties": "check it when the tool is called", "maxProperties": "check it when the tool is called",
	"patternProperties": "name the properties", "propertyNames": "name the properties",
	"unevaluatedProperties": "use additionalProperties", "unevaluatedItems": "bound the list with maxItems", "additionalItems": "bound the list with maxItems",
	"allOf": "write the parts out as one schema: the server takes optional properties for required ones",
}

// understood are the keywords that the server makes a grammar of, where they fit.
var understood = []string{"type", "properties", "required", "additionalProperties", "items", "prefixItems", "minItems", "maxItems", "enum", "const", "pattern",
	"minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "oneOf", "anyOf", "$ref"}

func (c *checker) visit(given any, field string, depth int) {
	schema, isObject := given.(map[string]any)
	switch {
	case !isObject:
		c.refuse(field, "schema", "it is %s; allowed: an object with a type", shortJSON(given))
		return
	case depth > maxDepth:
		c.refuse(field, "depth", "it is nested more than %d times", maxDepth)
		return
	case len(schema) == 0:
		c.refuse(field, "schema", "it is {}, which the server takes for an object of any kind; allowed: a type")
		return
	}
	c.keywords(schema, field)
	switch {
	case has(schema, "$ref"):
		c.refuse(field, "$ref", "it refers to another schema; allowed: that one written out")
	case has(schema, "oneOf") || has(schema, "anyOf"):
		c.union(schema, field, depth)
	case has(schema, "const"):
	case has(schema, "enum"):
		if values, isList := schema["enum"].([]any); !isList || len(values) == 0 {
			c.refuse(field, "enum", "it is %s; allowed: a list with a value or more", shortJSON(schema["enum"]))
		}
	default:
		c.typed(schema, field, depth)
	}
}

// keywords finds those that the server overlooks.
func (c *checker) keywords(schema map[string]any, field string) {
	for _, keyword := range slices.Sorted(maps.Keys(schema)) {
		if instead, is := overlooked[keyword]; is && schema[keyword] != false { // uniqueItems: false says nothing
			c.refuse(field, keyword, "the server overlooks it; %s", instead)
		}
	}
}

// union checks alternatives. The server looks at nothing beside them.
func (c *checker) union(schema map[string]any, field string, depth int) {
	keyword := "oneOf"
	if !has(schema, keyword) {
		keyword = "anyOf"
	}
	alternatives, isList := schema[keyword].([]any)
	if !isList || len(alternatives) == 0 {
		c.refuse(field, keyword, "it is %s; allowed: a list with a schema or more", shortJSON(schema[keyword]))
		return
	}
	for _, beside := range slices.Sorted(maps.Keys(schema)) {
		if beside != keyword && slices.Contains(understood, beside) && (beside != "type" || !allTyped(alternatives)) {
			c.refuse(field, beside, "the server overlooks what stands beside %s; write it into every alternative", keyword)
		}
	}
	for _, alternative := range alternatives {
		c.visit(alternative, field, depth+1)
	}
}

func allTyped(alternatives []any) bool {
	return !slices.ContainsFunc(alternatives, func(alternative any) bool {
		schema, isObject := alternative.(map[string]any)
		return !isObject || !has(schema, "type") && !has(schema, "const") && !has(schema, "enum")
	})
}

// typed checks a schema by its type or types. Without one the server guesses.
func (c *checker) typed(schema map[string]any, field string, depth int) {
	kinds, isList := schema["type"].([]any)
	switch {
	case isList:
	case has(schema, "type"):
		kinds = []any{schema["type"]}
	case has(schema, "properties") || has(schema, "additionalProperties") && schema["additionalProperties"] != true:
		kinds = []any{"object"}
	case has(schema, "items") || has(schema, "prefixItems"):
		kinds = []any{"array"}
	case has(schema, "pattern"):
		kinds = []any{"string"}
	default:
		c.anything(schema, field)
		return
	}
	for _, kind := range kinds {
		switch kind {
		case "object":
			c.object(schema, field, depth)
		case "array":
			c.array(schema, field, depth)
		case "string":
			c.text(schema, field)
		case "integer":
			c.integer(schema, field)
		case "number", "boolean", "null":
		default:
			c.refuse(field, "type", "it is %s; allowed: object, array, string, integer, number, boolean, null", shortJSON(kind))
		}
	}
}

// anything is a schema of any value; what would narrow it needs a type.
func (c *checker) anything(schema map[string]any, field string) {
	for _, keyword := range slices.Sorted(maps.Keys(schema)) {
		if slices.Contains(understood, keyword) {
			c.refuse(field, keyword, "the server overlooks it without a type; allowed: with a type")
		}
	}
}

// plainName is the name of a property that a grammar can tell from others.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_]+$`)

func (c *checker) object(schema map[string]any, field string, depth int) {
	properties, isObject := schema["properties"].(map[string]any)
	if has(schema, "properties") && !isObject {
		c.refuse(field, "properties", "it is %s; allowed: an object", shortJSON(schema["properties"]))
		return
	}
	required, isList := schema["required"].([]any)
	if has(schema, "required") && !isList {
		c.refuse(field, "required", "it is %s; allowed: a list of names", shortJSON(schema["required"]))
	}
	for _, name := range required {
		if text, isText := name.(string); !isText || !has(properties, text) {
			c.refuse(field, "required", "%s is no property; the server overlooks it", shortJSON(name))
		}
	}
	additional := schema["additionalProperties"]
	if inner, isSchema := additional.(map[string]any); isSchema {
		c.visit(inner, join(field, "*"), depth+1)
	}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if additional != nil && additional != false && !plainName.MatchString(name) {
			c.refuse(field, "additionalProperties", "no grammar can tell other names from %q; allowed: false, or names of letters, digits and _", name)
		}
		c.visit(properties[name], join(field, name), depth+1)
	}
}

func (c *checker) array(schema map[string]any, field string, depth int) {
	inner := field + "[]"
	tuple, isTuple := schema["items"].([]any)
	if !isTuple {
		tuple, isTuple = schema["prefixItems"].([]any)
	}
	switch {
	case isTuple && has(schema, "items") && has(schema, "prefixItems"):
		c.refuse(field, "prefixItems", "the server overlooks it beside items; allowed: one of them")
		return
	case isTuple && (has(schema, "minItems") || has(schema, "maxItems")):
		c.refuse(field, "prefixItems", "the server overlooks minItems and maxItems beside it; allowed: without them")
		return
	case isTuple:
		for _, item := range tuple {
			c.visit(item, inner, depth+1)
		}
		return
	case has(schema, "items"):
		c.visit(schema["items"], inner, depth+1)
	case has(schema, "minItems") || has(schema, "maxItems"):
		c.refuse(field, "items", "it is missing, and the server then overlooks minItems and maxItems; allowed: a schema")
		return
	}
	c.counts(schema, field, "minItems", "maxItems")
}

func (c *checker) text(schema map[string]any, field string) {
	if !has(schema, "pattern") {
		c.counts(schema, field, "minLength", "maxLength")
		return
	}
	for _, keyword := range []string{"minLength", "maxLength"} {
		if has(schema, keyword) {
			c.refuse(field, keyword, "the server overlooks it beside a pattern; write the length into the pattern")
		}
	}
	text, isText := schema["pattern"].(string)
	if !isText {
		c.refuse(field, "pattern", "it is %s; allowed: a text", shortJSON(schema["pattern"]))
		return
	}
	if err := checkPattern(text); err != nil {
		c.refuse(field, "pattern", "%q: %s", text, err)
	}
}

// counts checks a pair of bounds on a number of repetitions.
func (c *checker) counts(schema map[string]any, field, low, high string) {
	least, most := 0.0, math.Inf(1)
	for keyword, into := range map[string]*float64{low: &least, high: &most} {
		if !has(schema, keyword) {
			continue
		}
		value, whole := wholeNumber(schema[keyword])
		if !whole || value < 0 || value > maxRepetitions {
			c.refuse(field, keyword, "it is %s; allowed: 0 to %d", shortJSON(schema[keyword]), maxRepetitions)
			return
		}
		*into = value
	}
	if least > most {
		c.refuse(field, high, "it is less than %s", low)
	}
}

func (c *checker) integer(schema map[string]any, field string) {
	bounds := map[string]float64{}
	for _, keyword := range []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"} {
		if !has(schema, keyword) {
			continue
		}
		value, whole := wholeNumber(schema[keyword])
		if !whole || math.Abs(value) > maxInteger {
			c.refuse(field, keyword, "it is %s; allowed: a whole number of at most 15 digits", shortJSON(schema[keyword]))
			return
		}
		bounds[keyword] = value
	}
	if has(schema, "minimum") && has(schema, "exclusiveMinimum") || has(schema, "maximum") && has(schema, "exclusiveMaximum") {
		c.refuse(field, "exclusiveMinimum", "the server overlooks it beside minimum, and exclusiveMaximum beside maximum; allowed: one of each pair")
		return
	}
	low, hasLow := lowest(bounds)
	high, hasHigh := highest(bounds)
	if hasLow && hasHigh && low > high {
		c.refuse(field, "maximum", "no whole number lies between the bounds")
	}
}

func lowest(bounds map[string]float64) (float64, bool) {
	if low, found := bounds["minimum"]; found {
		return low, true
	}
	low, found := bounds["exclusiveMinimum"]
	return low + 1, found
}

func highest(bounds map[string]float64) (float64, bool) {
	if high, found := bounds["maximum"]; found {
		return high, true
	}
	high, found := bounds["exclusiveMaximum"]
	return high - 1, found
}

// wholeNumber reads a number that is written without a fraction: the server cuts off what it finds after a point.
func wholeNumber(value any) (float64, bool) {
	number, isNumber := value.(json.Number)
	if !isNumber {
		return 0, false
	}
	whole, err := number.Int64()
	return float64(whole), err == nil
}

func has(schema map[string]any, keyword string) bool {
	_, found := schema[keyword]
	return found
}

func join(field, name string) string {
	if field == "" {
		return name
	}
	return field + "." + name
}

// shortJSON shows a value in an error.
func shortJSON(value any) string {
	const longest = 60
	text, err := json.Marshal(value)
	if err != nil {
		return "no JSON"
	}
	if len(text) > longest {
		return strings.ToValidUTF8(string(text[:longest]), "") + "…"
	}
	return string(text)
}
