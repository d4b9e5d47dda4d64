package bfcl

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	validation "github.com/google/jsonschema-go/jsonschema"
	"github.com/invopop/jsonschema"
)

// functionDefinition is a function as the set writes it: JSON Schema with Python's words for types.
type functionDefinition struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Parameters  json.RawMessage `json:"parameters"`
}

// Function is one function that a row offers.
type Function struct {
	Name        string
	Description string
	// Problem says why the parameters cannot be expressed as JSON Schema; such a row is reported and counts as wrong.
	Problem string

	schema   *jsonschema.Schema // in the order of the set, which is the order in which a model writes the arguments
	text     json.RawMessage
	compiled *validation.Resolved
	declared map[string]declaration
	required []string
}

// declaration is what the set says of one parameter's type.
type declaration struct {
	kind, element kind
}

// jsonKinds are Python's words for types in those of JSON Schema.
var jsonKinds = map[string]kind{
	"dict": kindObject, "object": kindObject, "float": kindNumber, "number": kindNumber, "tuple": kindArray, "array": kindArray, "list": kindArray,
	"any": kindString, "string": kindString, "integer": kindInteger, "boolean": kindBoolean,
}

func newFunction(definition functionDefinition) Function {
	function := Function{Name: dotless(definition.Name), Description: definition.Description}
	if err := function.translate(definition.Parameters); err != nil {
		function.Problem = fmt.Sprintf("the parameters of %s: %s", definition.Name, err)
	}
	return function
}

func (f *Function) translate(parameters json.RawMessage) error {
	f.schema = &jsonschema.Schema{}
	if err := json.Unmarshal(parameters, f.schema); err != nil {
		return err
	}
	if err := translate(f.schema); err != nil {
		return err
	}
	if kind(f.schema.Type) != kindObject {
		return fmt.Errorf("type %q; wanted is an object", f.schema.Type)
	}
	f.required, f.declared = f.schema.Required, map[string]declaration{}
	if f.schema.Properties != nil {
		for pair := f.schema.Properties.Oldest(); pair != nil; pair = pair.Next() {
			one := declaration{kind: kind(pair.Value.Type)}
			if pair.Value.Items != nil {
				one.element = kind(pair.Value.Items.Type)
			}
			f.declared[pair.Key] = one
		}
	}
	for _, name := range f.required {
		if _, known := f.declared[name]; !known {
			return fmt.Errorf("%q is required and not declared", name)
		}
	}
	var err error
	if f.text, err = json.Marshal(f.schema); err != nil {
		return err
	}
	var check validation.Schema
	if err := json.Unmarshal(f.text, &check); err != nil {
		return err
	}
	f.compiled, err = check.Resolve(nil)
	return err
}

// translate puts JSON Schema's words for types in the place of Python's, all the way down. What is declared is all that may be given.
func translate(schema *jsonschema.Schema) error {
	if schema == nil {
		return errors.New("null is no definition")
	}
	translated, known := jsonKinds[schema.Type]
	if !known {
		return fmt.Errorf("type %q is none of %s", schema.Type, "dict, float, tuple, any, array, string, integer, boolean")
	}
	schema.Type = string(translated)
	if schema.Properties != nil && schema.Properties.Len() > 0 {
		for pair := schema.Properties.Oldest(); pair != nil; pair = pair.Next() {
			if err := translate(pair.Value); err != nil {
				return fmt.Errorf("%s: %w", pair.Key, err)
			}
		}
		if schema.AdditionalProperties == nil {
			schema.AdditionalProperties = jsonschema.FalseSchema
		}
	}
	if schema.Items != nil {
		if err := translate(schema.Items); err != nil {
			return fmt.Errorf("items: %w", err)
		}
	}
	return nil
}

// settled is a call as it is handed to its function: without optional arguments that hold nothing, and with the floats of lists written as floats. A model fills
// in what is optional although it has nothing to say, and JSON has one kind of number where Python has two.
func settled(row Row, call Call) Call {
	at := slices.IndexFunc(row.Functions, func(function Function) bool { return function.Name == call.Name })
	var arguments map[string]any
	if at < 0 || decode(call.Arguments, &arguments) != nil {
		return call // what is wrong with it is for the score to say
	}
	function := row.Functions[at]
	maps.DeleteFunc(arguments, func(name string, value any) bool {
		return isNothing(value) && !slices.Contains(function.required, name)
	})
	for name, value := range arguments {
		list, isList := value.([]any)
		if !isList || function.declared[name].element != kindNumber {
			continue
		}
		for index, element := range list {
			if kindOf(element) == kindInteger {
				list[index] = json.Number(element.(json.Number).String() + ".0")
			}
		}
	}
	if written, err := json.Marshal(arguments); err == nil {
		call.Arguments = written
	}
	return call
}

// isNothing reports whether a value says nothing.
func isNothing(value any) bool {
	switch typed := value.(type) {
	case nil:
		return true
	case string:
		return typed == "" || strings.EqualFold(typed, "null")
	case []any:
		return len(typed) == 0
	case map[string]any:
		return len(typed) == 0
	}
	return false
}

// valid says whether a call names a function that is offered, with arguments that its schema allows.
func valid(row Row, call Call) error {
	at := slices.IndexFunc(row.Functions, func(function Function) bool { return function.Name == call.Name })
	if at < 0 {
		return fmt.Errorf("%q is not offered", call.Name)
	}
	if row.Functions[at].compiled == nil {
		return errors.New(row.Functions[at].Problem)
	}
	var arguments any
	if err := json.Unmarshal(call.Arguments, &arguments); err != nil {
		return err
	}
	return row.Functions[at].compiled.Validate(arguments)
}

// describe writes the function as a model reads it, a line for each parameter: half the tokens of its schema.
func (f Function) describe() string {
	var text strings.Builder
	text.WriteString(f.headline())
	describeProperties(&text, f.schema, "    ")
	return text.String()
}

// headline says what the function does.
func (f Function) headline() string { return fmt.Sprintf("- %s: %s\n", f.Name, oneLine(f.Description)) }

func describeProperties(text *strings.Builder, schema *jsonschema.Schema, indent string) {
	if schema.Properties == nil {
		return
	}
	for pair := schema.Properties.Oldest(); pair != nil; pair = pair.Next() {
		property := pair.Value
		notes := []string{property.Type}
		if property.Items != nil {
			notes[0] = "list of " + property.Items.Type
		}
		if words := choices(property); words != "" {
			notes = append(notes, "one of "+words)
		}
		if !slices.Contains(schema.Required, pair.Key) {
			notes = append(notes, "optional")
			if property.Default != nil {
				notes = append(notes, "default "+written(property.Default))
			}
		}
		fmt.Fprintf(text, "%s%s (%s)", indent, pair.Key, strings.Join(notes, ", "))
		if property.Description != "" {
			text.WriteString(": " + oneLine(property.Description))
		}
		text.WriteByte('\n')
		describeProperties(text, property, indent+"    ")
		if property.Items != nil {
			describeProperties(text, property.Items, indent+"    ")
		}
	}
}

// choices are the values that a parameter, or an element of a list, may have.
func choices(property *jsonschema.Schema) string {
	values := property.Enum
	if len(values) == 0 && property.Items != nil {
		values = property.Items.Enum
	}
	words := make([]string, len(values))
	for index, value := range values {
		words[index] = written(value)
	}
	return strings.Join(words, ", ")
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
