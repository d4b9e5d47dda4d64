package tools

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	validation "github.com/google/jsonschema-go/jsonschema"
	"github.com/invopop/jsonschema"
)

// Normalizer is implemented by argument structs (on the pointer) that accept other spellings of a value, such as
// "Q4-2025" for "2025-Q4". It changes the decoded arguments before they are checked; it must leave alone what it does
// not understand, so that the check can name it.
type Normalizer interface {
	NormalizeArguments(arguments map[string]any)
}

// schema is the schema of a tool's arguments, as text for the model and compiled for the check.
type schema struct {
	text       json.RawMessage
	properties []property // in the order of the struct's fields
	// given says that the schema is not one of the program's own: values are passed on exactly as they were written.
	given bool
}

// property is one argument. Each is compiled alone so that an error can name its field: the validator's own error text
// is not made for that.
type property struct {
	name       string
	required   bool
	definition *validation.Schema
	compiled   *validation.Resolved
}

// TextLike is the schema of a text that matches a pattern, for argument types of their own, which implement invopop's interface for custom types by it.
func TextLike(pattern string, examples ...any) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: pattern, Examples: examples}
}

// unwanted are the keywords that would make the schema depend on something outside it. llama-server's grammar needs
// everything inlined.
var unwanted = []string{`"$ref"`, `"$defs"`, `"$schema"`, `"$id"`}

// schemaOf derives the schema of the struct In.
func schemaOf[In any]() (*schema, error) {
	kind := reflect.TypeFor[In]()
	if kind.Kind() != reflect.Struct {
		return nil, fmt.Errorf("the arguments must be a struct, not %s", kind)
	}
	reflector := jsonschema.Reflector{Anonymous: true, DoNotReference: true, ExpandedStruct: true}
	reflected := reflector.ReflectFromType(kind)
	reflected.Version = ""
	text, err := json.Marshal(reflected)
	if err != nil {
		return nil, fmt.Errorf("encode the schema of %s: %w", kind, err)
	}
	for _, keyword := range unwanted {
		if bytes.Contains(text, []byte(keyword+":")) {
			return nil, fmt.Errorf("the schema of %s contains %s: use plain field types", kind, keyword)
		}
	}
	s := &schema{text: text}
	for pair := reflected.Properties.Oldest(); pair != nil; pair = pair.Next() {
		p, err := compile(pair.Key, pair.Value)
		if err != nil {
			return nil, err
		}
		p.required = slices.Contains(reflected.Required, pair.Key)
		s.properties = append(s.properties, p)
	}
	return s, nil
}

func compile(name string, reflected *jsonschema.Schema) (property, error) {
	text, err := json.Marshal(reflected)
	if err != nil {
		return property{}, fmt.Errorf("property %s: %w", name, err)
	}
	made, err := compileText(name, text)
	if err != nil {
		return property{}, err
	}
	if p := made.definition.Pattern; p != "" && (!strings.HasPrefix(p, "^") || !strings.HasSuffix(p, "$")) {
		return property{}, fmt.Errorf("property %s: pattern %s must be anchored with ^ and $", name, p)
	}
	return made, nil
}

func compileText(name string, text []byte) (property, error) {
	definition := &validation.Schema{}
	if err := json.Unmarshal(text, definition); err != nil {
		return property{}, fmt.Errorf("property %s: %w", name, err)
	}
	compiled, err := definition.Resolve(nil)
	if err != nil {
		return property{}, fmt.Errorf("property %s: %w", name, err)
	}
	return property{name: name, definition: definition, compiled: compiled}, nil
}

// check returns the arguments as the handler may decode them, or an *ArgumentError. It forgives what is harmless: no
// arguments at all, blanks around a text, and an optional argument given as null or as an empty text.
func (s *schema) check(arguments json.RawMessage, normalizer Normalizer) (json.RawMessage, error) {
	given, err := s.decode(arguments)
	if err != nil {
		return nil, err
	}
	if s.given {
		return s.checkGiven(given, arguments)
	}
	for name, value := range given {
		if text, ok := value.(string); ok {
			given[name] = strings.TrimSpace(text)
		}
	}
	if normalizer != nil {
		normalizer.NormalizeArguments(given)
	}
	for _, p := range s.properties {
		if err := p.check(given); err != nil {
			return nil, err
		}
	}
	return json.Marshal(given)
}

// checkGiven forgives only an optional argument that is null, and changes nothing else: blanks and long numbers may mean something elsewhere.
func (s *schema) checkGiven(given map[string]any, arguments json.RawMessage) (json.RawMessage, error) {
	written := map[string]json.RawMessage{}
	if len(given) > 0 {
		if err := json.Unmarshal(arguments, &written); err != nil {
			return nil, err // it was decoded before
		}
	}
	for _, p := range s.properties {
		value, present := given[p.name]
		switch {
		case value == nil && !p.required:
			delete(written, p.name)
		case !present:
			return nil, &ArgumentError{Field: p.name, Allowed: p.allowed()}
		default:
			if err := p.compiled.Validate(value); err != nil {
				return nil, &ArgumentError{Field: p.name, Value: value, Allowed: p.allowed()}
			}
		}
	}
	return json.Marshal(written)
}

func (s *schema) decode(arguments json.RawMessage) (map[string]any, error) {
	given := map[string]any{}
	if len(bytes.TrimSpace(arguments)) == 0 {
		return given, nil
	}
	if err := json.Unmarshal(arguments, &given); err != nil {
		return nil, &ArgumentError{Value: string(arguments), Allowed: "one JSON object with " + s.names()}
	}
	if given == nil { // the JSON text null
		given = map[string]any{}
	}
	known := func(name string) bool {
		return slices.ContainsFunc(s.properties, func(p property) bool { return p.name == name })
	}
	var unknown []string
	for name := range given {
		if !known(name) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		name := slices.Min(unknown) // the same error for the same arguments
		return nil, &ArgumentError{Field: name, Value: given[name], Allowed: "this argument does not exist; " + s.names()}
	}
	return given, nil
}

func (s *schema) names() string {
	if len(s.properties) == 0 {
		return "no arguments"
	}
	names := make([]string, len(s.properties))
	for i, p := range s.properties {
		names[i] = p.name
	}
	return "the arguments " + strings.Join(names, ", ")
}

// check checks one argument, and removes it from given when it says nothing.
func (p property) check(given map[string]any) error {
	value, present := given[p.name]
	if value == nil || (value == "" && !p.required) {
		delete(given, p.name)
		present = false
	}
	if !present {
		if p.required {
			return &ArgumentError{Field: p.name, Allowed: p.allowed()}
		}
		return nil
	}
	if err := p.compiled.Validate(value); err != nil {
		return &ArgumentError{Field: p.name, Value: value, Allowed: p.allowed()}
	}
	if holdsNUL(value) {
		return &ArgumentError{Field: p.name, Value: value, Allowed: "words without the character U+0000"}
	}
	return nil
}

// holdsNUL tells whether a text, or one inside of a list or an object, has the character that no PostgreSQL database can keep.
func holdsNUL(value any) bool {
	switch v := value.(type) {
	case string:
		return strings.ContainsRune(v, 0)
	case []any:
		return slices.ContainsFunc(v, holdsNUL)
	case map[string]any:
		for name, inside := range v {
			if holdsNUL(name) || holdsNUL(inside) {
				return true
			}
		}
	}
	return false
}
