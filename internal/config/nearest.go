package config

import (
	"maps"
	"reflect"
	"slices"
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

// descend returns the type of a key's value, or the type itself where the key leads nowhere known. An entry of a list, metrics[2], has the
// type of all its entries.
func descend(at reflect.Type, key string) reflect.Type {
	key, _, _ = strings.Cut(key, "[")
	switch at.Kind() {
	case reflect.Map:
		at = at.Elem()
	case reflect.Struct:
		if field, known := fields(at)[key]; known {
			at = field
		}
	default:
	}
	for at.Kind() == reflect.Pointer || at.Kind() == reflect.Slice {
		at = at.Elem()
	}
	return at
}

func keysOf(at reflect.Type) []string {
	if at.Kind() != reflect.Struct {
		return nil
	}
	return slices.Sorted(maps.Keys(fields(at)))
}

// fields are the keys of a struct with the types of their values, those of the structs that it takes in among them.
func fields(at reflect.Type) map[string]reflect.Type {
	all := map[string]reflect.Type{}
	for field := range at.Fields() {
		if key := field.Tag.Get("yaml"); key != ",inline" {
			all[key] = field.Type
			continue
		}
		maps.Copy(all, fields(field.Type))
	}
	return all
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
