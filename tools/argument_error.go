package tools

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// ArgumentError says which argument is wrong and what is allowed. It is written for the model that made the call.
type ArgumentError struct {
	// Tool is the tool's name; Call fills it in.
	Tool string
	// Field is the argument's name, or empty when the arguments as a whole are wrong.
	Field string
	// Value is what was given; nil when the argument is missing.
	Value any
	// Allowed says what would be right.
	Allowed string
}

// maxQuotedValue bounds how much of a wrong value is repeated to the model, in bytes.
const maxQuotedValue = 80

// Error names the tool, the argument, the value and what is allowed.
func (e *ArgumentError) Error() string {
	prefix := ""
	if e.Tool != "" {
		prefix = e.Tool + ": "
	}
	switch {
	case e.Field == "":
		return fmt.Sprintf("%sthe arguments %s are wrong; allowed: %s", prefix, quote(e.Value), e.Allowed)
	case e.Value == nil:
		return fmt.Sprintf("%sargument %q is missing; allowed: %s", prefix, e.Field, e.Allowed)
	}
	return fmt.Sprintf("%sargument %q is %s; allowed: %s", prefix, e.Field, quote(e.Value), e.Allowed)
}

// quote renders a value as JSON, shortened at a character boundary.
func quote(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return "not JSON"
	}
	if len(text) <= maxQuotedValue {
		return string(text)
	}
	end := maxQuotedValue
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return string(text[:end]) + "…"
}

// decodeError turns what the JSON package says about a checked argument (a whole number too large for its Go type)
// into an ArgumentError.
func decodeError(err error) error {
	if wrongType, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return &ArgumentError{Field: wrongType.Field, Value: wrongType.Value, Allowed: wrongType.Type.String()}
	}
	return err
}
