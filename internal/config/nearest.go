package config

import (
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// siblings lists the keys that are valid where the key at line and column stands.
func siblings(source []byte, line, column int) []string {
	file, err := parser.ParseBytes(source, 0)
	if err != nil || len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return nil
	}
	path := ""
	ast.Walk(visitor(func(node ast.Node) bool {
		if pair, ok := node.(*ast.MappingValueNode); ok {
			position := pair.Key.GetToken().Position
			if position.Line == line && position.Column == column {
				path = pair.Key.GetPath()
			}
		}
		return true
	}), file.Docs[0].Body)
	parts := strings.Split(strings.TrimPrefix(path, "$."), ".")
	at := reflect.TypeFor[File]()
	for _, part := range parts[:max(0, len(parts)-1)] {
		at = descend(at, part)
	}
	return keysOf(at)
}

// descend returns the type of a key's value, or the type itself where the key leads nowhere known.
func descend(at reflect.Type, key string) reflect.Type {
	switch at.Kind() {
	case reflect.Map:
		return at.Elem()
	case reflect.Struct:
		for field := range at.Fields() {
			if field.Tag.Get("yaml") == key {
				return field.Type
			}
		}
	default:
	}
	return at
}

func keysOf(at reflect.Type) []string {
	if at.Kind() != reflect.Struct {
		return nil
	}
	var keys []string
	for field := range at.Fields() {
		keys = append(keys, field.Tag.Get("yaml"))
	}
	return keys
}

// nearest returns the candidate that needs the fewest edits, or "" when all are further than half the word.
func nearest(word string, candidates []string) string {
	best, least := "", len(word)/2+1
	for _, candidate := range candidates {
		if d := edits(word, candidate); d < least {
			best, least = candidate, d
		}
	}
	return best
}

// edits is the Levenshtein distance. Words are keys, a few dozen bytes long.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
