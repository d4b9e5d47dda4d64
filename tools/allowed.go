package tools

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// allowed says in words what the argument may be.
func (p property) allowed() string {
	d := p.definition
	switch {
	case len(d.Enum) > 0:
		return "one of " + join(d.Enum)
	case d.Pattern != "" && len(d.Examples) > 0:
		return "text like " + join(d.Examples)
	case d.Pattern != "":
		return "text matching " + d.Pattern
	case d.Type == "integer" || d.Type == "number":
		return p.allowedNumber()
	case d.Type == "boolean":
		return "true or false"
	case d.Type == "string":
		return p.allowedText()
	}
	text, err := json.Marshal(d)
	if err != nil {
		return d.Type
	}
	const longest = 400
	if len(text) > longest {
		text = append(bytes.ToValidUTF8(text[:longest], nil), "…"...)
	}
	return "JSON matching " + string(text)
}

func (p property) allowedNumber() string {
	kind := "a number"
	if p.definition.Type == "integer" {
		kind = "a whole number"
	}
	low, high := p.definition.Minimum, p.definition.Maximum
	switch {
	case low != nil && high != nil:
		return fmt.Sprintf("%s from %v to %v", kind, *low, *high)
	case low != nil:
		return fmt.Sprintf("%s of at least %v", kind, *low)
	case high != nil:
		return fmt.Sprintf("%s of at most %v", kind, *high)
	}
	return kind
}

func (p property) allowedText() string {
	low, high := p.definition.MinLength, p.definition.MaxLength
	switch {
	case low != nil && high != nil:
		return fmt.Sprintf("text of %d to %d characters", *low, *high)
	case high != nil:
		return fmt.Sprintf("text of at most %d characters", *high)
	case low != nil:
		return fmt.Sprintf("text of at least %d characters", *low)
	}
	return "text"
}

func join(values []any) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ", ")
}
