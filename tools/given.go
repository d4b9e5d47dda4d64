package tools

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"bestbox/internal/llm/grammar"
)

// maxGivenParts bounds what a schema grows to when its references are written out.
const maxGivenParts = 2000

// argumentName is a name of an argument that can stand in a prompt: it comes from outside, and must not be a sentence.
var argumentName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,63}$`)

// givenSchema reads the schema of a tool that is not part of the program. References are written out, what is said to people only is left out, and what
// the model server's grammar cannot express stays in the check alone. What neither can hold to is left to whoever carries out the tool.
func givenSchema(text json.RawMessage) (*schema, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var root map[string]any
	if err := decoder.Decode(&root); err != nil {
		return nil, fmt.Errorf("the schema of the arguments is no JSON object: %w", err)
	}
	reader := &givenReader{root: root}
	whole, err := reader.read(root, "")
	if err != nil {
		return nil, err
	}
	if whole["type"] != "object" {
		return nil, fmt.Errorf("the schema of the arguments is of type %v; allowed: object", whole["type"])
	}
	s := &schema{given: true}
	for _, name := range orderedNames(whole) {
		part, err := compileGiven(name, whole["properties"].(map[string]any)[name])
		if err != nil {
			return nil, err
		}
		part.required = slices.Contains(namesOf(whole["required"]), name)
		s.properties = append(s.properties, part)
	}
	relaxed := relax(whole)
	relaxed["additionalProperties"] = false
	if s.text, err = json.Marshal(relaxed); err != nil {
		return nil, err
	}
	return s, grammar.Check(s.text)
}

func compileGiven(name string, part any) (property, error) {
	if !argumentName.MatchString(name) {
		return property{}, fmt.Errorf("the argument %.80q: its name must match %s", name, argumentName)
	}
	text, err := json.Marshal(part)
	if err != nil {
		return property{}, err
	}
	return compileText(name, text)
}

// givenReader turns a schema into one without references, nulls and annotations.
type givenReader struct {
	root    map[string]any
	parts   int
	opening []string // references that are being written out
}

// numeric keywords are taken over where they are numbers; formats are those that the grammar knows.
var (
	numeric = []string{"minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
	formats = []any{"date", "time", "date-time", "uuid"}
)

var errFalse = errors.New("the schema false, which nothing matches")

func (r *givenReader) read(given any, field string) (map[string]any, error) {
	if r.parts++; r.parts > maxGivenParts {
		return nil, fmt.Errorf("the schema has more than %d parts when its references are written out", maxGivenParts)
	}
	fail := func(err error) (map[string]any, error) { return nil, fmt.Errorf("argument %s: %w", field, err) }
	if given == true || isEmpty(given) {
		return map[string]any{"description": "any value"}, nil
	}
	schema, isObject := given.(map[string]any)
	switch {
	case given == false:
		return fail(errFalse)
	case !isObject:
		return fail(fmt.Errorf("its schema is %.60v; allowed: an object", given))
	}
	if target, isReference := schema["$ref"]; isReference {
		return r.readReference(target, field)
	}
	if only, isOne := single(schema["allOf"]); isOne {
		return r.read(merged(schema, "allOf", only), field)
	}
	if kinds, isList := schema["type"].([]any); isList {
		return r.read(split(schema, kinds), field)
	}
	for _, keyword := range []string{"anyOf", "oneOf"} {
		alternatives, isList := schema[keyword].([]any)
		if !isList {
			continue
		}
		alternatives = slices.DeleteFunc(slices.Clone(alternatives), isNull)
		if only, isOne := single(alternatives); isOne {
			return r.read(merged(schema, keyword, only), field)
		}
		return r.readUnion(schema, keyword, alternatives, field)
	}
	return r.readTyped(schema, field)
}

// readReference writes out a reference inside of the schema.
func (r *givenReader) readReference(target any, field string) (map[string]any, error) {
	name, _ := target.(string)
	pointer, isLocal := strings.CutPrefix(name, "#")
	switch {
	case !isLocal:
		return nil, fmt.Errorf("argument %s: it refers to %.80q, which is elsewhere; allowed: references inside of the schema", field, name)
	case slices.Contains(r.opening, name):
		return nil, fmt.Errorf("argument %s: it refers to itself by %.80q; allowed: schemas of a limited depth", field, name)
	}
	var at any = r.root
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if pointer == "" {
			break
		}
		token, _ = url.PathUnescape(token)
		token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		switch inner := at.(type) {
		case map[string]any:
			at = inner[token]
		case []any:
			index, err := strconv.Atoi(token)
			if err != nil || index < 0 || index >= len(inner) {
				at = nil
				break
			}
			at = inner[index]
		default:
			at = nil
		}
	}
	if at == nil {
		return nil, fmt.Errorf("argument %s: it refers to %.80q, which does not exist", field, name)
	}
	r.opening = append(r.opening, name)
	defer func() { r.opening = r.opening[:len(r.opening)-1] }()
	return r.read(at, field)
}

func (r *givenReader) readUnion(schema map[string]any, keyword string, alternatives []any, field string) (map[string]any, error) {
	read := make([]any, 0, len(alternatives))
	for _, alternative := range alternatives {
		inner, err := r.read(alternative, field)
		if err != nil {
			return nil, err
		}
		read = append(read, inner)
	}
	if len(read) == 0 {
		return nil, fmt.Errorf("argument %s: %s has no alternative", field, keyword)
	}
	union := map[string]any{"anyOf": read} // of overlapping alternatives of oneOf the carrier of the tool makes its own mind
	if list, isList := schema["enum"].([]any); isList && len(list) > 0 {
		union["enum"] = list
	}
	return union, nil
}

func (r *givenReader) readTyped(schema map[string]any, field string) (map[string]any, error) {
	read := map[string]any{}
	if value, found := schema["const"]; found {
		read["const"] = value
	}
	if list, isList := schema["enum"].([]any); isList && len(list) > 0 {
		read["enum"] = list
	}
	if kind := kindOf(schema); kind != "" {
		read["type"] = kind
	}
	for _, keyword := range numeric {
		if number, isNumber := schema[keyword].(json.Number); isNumber {
			read[keyword] = number
		}
	}
	if text, isText := schema["pattern"].(string); isText {
		if _, err := regexp.Compile(text); err == nil { // others, such as look-aheads, are the carrier's to check
			read["pattern"] = text
		}
	}
	if slices.Contains(formats, schema["format"]) {
		read["format"] = schema["format"]
	}
	if schema["uniqueItems"] == true {
		read["uniqueItems"] = true
	}
	if len(read) == 0 {
		return map[string]any{"description": "any value"}, nil
	}
	if err := r.readProperties(schema, read, field); err != nil {
		return nil, err
	}
	return read, r.readItems(schema, read, field)
}

func (r *givenReader) readProperties(schema, into map[string]any, field string) error {
	if into["type"] != "object" {
		return nil
	}
	properties, _ := schema["properties"].(map[string]any)
	read := make(map[string]any, len(properties))
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		inner, err := r.read(properties[name], strings.TrimPrefix(field+"."+name, "."))
		if errors.Is(err, errFalse) {
			continue
		}
		if err != nil {
			return err
		}
		read[name] = inner
	}
	if len(properties) > 0 || field == "" {
		into["properties"] = read
	}
	required := slices.DeleteFunc(namesOf(schema["required"]), func(name string) bool { return read[name] == nil })
	if len(required) > 0 {
		into["required"] = required
	}
	switch additional := schema["additionalProperties"].(type) {
	case bool:
		into["additionalProperties"] = additional
	case map[string]any:
		inner, err := r.read(additional, field+".*")
		if err != nil {
			return err
		}
		into["additionalProperties"] = inner
	}
	return nil
}

func (r *givenReader) readItems(schema, into map[string]any, field string) error {
	if into["type"] != "array" {
		return nil
	}
	tuple, isTuple := schema["prefixItems"].([]any)
	if !isTuple {
		tuple, isTuple = schema["items"].([]any)
	}
	if isTuple {
		var read []any
		for _, item := range tuple {
			inner, err := r.read(item, field+"[]")
			if err != nil {
				return err
			}
			read = append(read, inner)
		}
		into["prefixItems"] = read
		return nil
	}
	if items, found := schema["items"]; found {
		inner, err := r.read(items, field+"[]")
		if err != nil {
			return err
		}
		into["items"] = inner
	}
	return nil
}

// kindOf is the type of a schema, also where it can only be guessed.
func kindOf(schema map[string]any) string {
	if kind, isText := schema["type"].(string); isText {
		return kind
	}
	for _, guess := range [][2]string{{"properties", "object"}, {"additionalProperties", "object"}, {"items", "array"}, {"prefixItems", "array"},
		{"pattern", "string"}, {"minLength", "string"}, {"maxLength", "string"}, {"minimum", "number"}, {"maximum", "number"}} {
		if _, found := schema[guess[0]]; found {
			return guess[1]
		}
	}
	return ""
}

func isEmpty(given any) bool {
	schema, isObject := given.(map[string]any)
	return isObject && len(schema) == 0
}

func isNull(alternative any) bool {
	schema, isObject := alternative.(map[string]any)
	return isObject && schema["type"] == "null"
}

func single(list any) (any, bool) {
	entries, isList := list.([]any)
	if !isList || len(entries) != 1 {
		return nil, false
	}
	return entries[0], true
}

// merged puts the only part of a union or an allOf in its place. What stands beside it holds where the part says nothing.
func merged(schema map[string]any, keyword string, only any) any {
	inner, isObject := only.(map[string]any)
	if !isObject {
		return only
	}
	whole := maps.Clone(schema)
	delete(whole, keyword)
	maps.Copy(whole, inner)
	return whole
}

// split makes alternatives of a list of types. Null is none: an argument that says nothing is left out.
func split(schema map[string]any, kinds []any) any {
	kinds = slices.DeleteFunc(slices.Clone(kinds), func(kind any) bool { return kind == "null" && len(kinds) > 1 })
	alternatives := make([]any, len(kinds))
	for index, kind := range kinds {
		one := maps.Clone(schema)
		one["type"] = kind
		alternatives[index] = one
	}
	if len(alternatives) == 1 {
		return alternatives[0]
	}
	return map[string]any{"anyOf": alternatives}
}

func namesOf(list any) []string {
	switch entries := list.(type) {
	case []string:
		return slices.Clone(entries)
	case []any:
		var names []string
		for _, entry := range entries {
			if name, isText := entry.(string); isText && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		return names
	}
	return nil
}

// orderedNames are the names of an object's properties: those that are required in the order of that list, then the others by name. The order of the
// schema itself is lost on the way here.
func orderedNames(schema map[string]any) []string {
	properties, _ := schema["properties"].(map[string]any)
	names := namesOf(schema["required"])
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
