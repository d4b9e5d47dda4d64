package tools

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxRepetitions is how far the model server's grammar counts (see package grammar).
	maxRepetitions = 2000
	// maxGrammarInteger is the largest bound of an integer in that grammar.
	maxGrammarInteger = 1e15
)

// ordered are properties that keep their order as JSON: the model writes them in it.
type ordered struct {
	names  []string
	values map[string]any
}

// MarshalJSON writes the properties in their order.
func (o ordered) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	text.WriteByte('{')
	for index, name := range o.names {
		if index > 0 {
			text.WriteByte(',')
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(o.values[name])
		if err != nil {
			return nil, err
		}
		text.Write(append(append(key, ':'), value...))
	}
	text.WriteByte('}')
	return text.Bytes(), nil
}

// relax returns what the grammar can express of a schema that givenReader has read. Patterns are left out, all of them: those of the program's own
// tools tell identifiers and days (agents/known.go), those of others may mean anything.
func relax(schema map[string]any) map[string]any {
	loose := maps.Clone(schema)
	for _, keyword := range []string{"pattern", "uniqueItems", "multipleOf"} {
		delete(loose, keyword)
	}
	if alternatives, isUnion := schema["anyOf"].([]any); isUnion {
		if list, isListed := schema["enum"]; isListed {
			return map[string]any{"enum": list}
		}
		return map[string]any{"anyOf": relaxAll(alternatives)}
	}
	for _, keyword := range []string{"minLength", "maxLength", "minItems", "maxItems"} {
		if count, err := strconv.Atoi(fmt.Sprint(loose[keyword])); err != nil || count < 0 || count > maxRepetitions {
			delete(loose, keyword)
		}
	}
	relaxNumbers(loose)
	if properties, isObject := schema["properties"].(map[string]any); isObject {
		values := make(map[string]any, len(properties))
		for name, part := range properties {
			values[name] = relax(part.(map[string]any))
		}
		loose["properties"] = ordered{orderedNames(schema), values}
	}
	relaxAdditional(loose, schema)
	switch tuple, isTuple := schema["prefixItems"].([]any); {
	case isTuple:
		loose["prefixItems"] = relaxAll(tuple)
		delete(loose, "minItems")
		delete(loose, "maxItems")
	case schema["items"] != nil:
		loose["items"] = relax(schema["items"].(map[string]any))
	default:
		delete(loose, "minItems")
		delete(loose, "maxItems")
	}
	return loose
}

func relaxAll(parts []any) []any {
	loose := make([]any, len(parts))
	for index, part := range parts {
		loose[index] = relax(part.(map[string]any))
	}
	return loose
}

// relaxNumbers leaves out bounds that the grammar cannot count to.
func relaxNumbers(loose map[string]any) {
	for _, keyword := range []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"} {
		number, isNumber := loose[keyword].(json.Number)
		whole, err := number.Int64()
		if !isNumber || loose["type"] != "integer" || err != nil || whole > maxGrammarInteger || whole < -maxGrammarInteger {
			delete(loose, keyword)
		}
	}
	if loose["minimum"] != nil {
		delete(loose, "exclusiveMinimum")
	}
	if loose["maximum"] != nil {
		delete(loose, "exclusiveMaximum")
	}
}

// relaxAdditional leaves out what properties of other names may be where the grammar cannot tell those names apart.
func relaxAdditional(loose, schema map[string]any) {
	inner, isSchema := schema["additionalProperties"].(map[string]any)
	if isSchema {
		loose["additionalProperties"] = relax(inner)
	}
	if (isSchema || schema["additionalProperties"] == true) && slices.ContainsFunc(orderedNames(schema), func(name string) bool { return strings.ContainsAny(name, ".-") }) {
		loose["additionalProperties"] = false
	}
}
