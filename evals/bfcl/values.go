package bfcl

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
)

// kind is a type in the words of JSON Schema; whole numbers are told from others by how they are written, as Python does: 5.0 is no integer.
type kind string

const (
	kindString  kind = "string"
	kindInteger kind = "integer"
	kindNumber  kind = "number"
	kindBoolean kind = "boolean"
	kindArray   kind = "array"
	kindObject  kind = "object"
	kindNull    kind = "null"
)

// kindOf is the type of a value that decode has read.
func kindOf(value any) kind {
	switch typed := value.(type) {
	case string:
		return kindString
	case json.Number:
		if strings.ContainsAny(typed.String(), ".eE") {
			return kindNumber
		}
		return kindInteger
	case bool:
		return kindBoolean
	case []any:
		return kindArray
	case map[string]any:
		return kindObject
	}
	return kindNull
}

// decode reads one JSON value and keeps numbers as they are written.
func decode(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one JSON value")
	}
	return nil
}

// equal compares as Python's == does: 5 equals 5.0, lists by order, objects by keys.
func equal(a, b any) bool {
	switch left := a.(type) {
	case json.Number:
		right, ok := b.(json.Number)
		return ok && sameNumber(left, right)
	case []any:
		right, ok := b.([]any)
		return ok && slices.EqualFunc(left, right, equal)
	case map[string]any:
		right, ok := b.(map[string]any)
		if !ok || len(left) != len(right) {
			return false
		}
		for key, value := range left {
			other, present := right[key]
			if !present || !equal(value, other) {
				return false
			}
		}
		return true
	}
	return a == b
}

func sameNumber(a, b json.Number) bool {
	left, leftErr := a.Float64()
	right, rightErr := b.Float64()
	if leftErr != nil || rightErr != nil {
		return a == b
	}
	return left == right
}

var ignored = regexp.MustCompile(`[ ,./\-_*^]`)

// normal writes a text as it is compared: without case, blanks and punctuation. Other values stay.
func normal(value any) any {
	text, ok := value.(string)
	if !ok {
		return value
	}
	return strings.ReplaceAll(strings.ToLower(ignored.ReplaceAllString(text, "")), "'", `"`)
}

// normalList is a list with normal elements. What is no list counts as an empty one: "" stands for "left out" among accepted lists.
func normalList(value any) []any {
	list, _ := value.([]any)
	written := make([]any, len(list))
	for index, element := range list {
		written[index] = normal(element)
	}
	return written
}
