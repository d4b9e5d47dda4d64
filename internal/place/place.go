// Package place says where in a YAML file something stands, so that an error can name the line.
package place

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Named is a file, and the line where there is one: "agent.yaml:6".
func Named(file string, line int) string {
	if line > 0 {
		return fmt.Sprintf("%s:%d", file, line)
	}
	return file
}

// Line returns the line of the innermost part of a path, such as $.tools[2], that is written in the file, or 0.
func Line(content []byte, path string) int {
	parsed, err := parser.ParseBytes(content, 0)
	if err != nil {
		return 0
	}
	for ; path != "$" && path != ""; path = path[:max(0, strings.LastIndexAny(path, ".["))] {
		found, err := yaml.PathString(path)
		if err != nil {
			return 0
		}
		if node, err := found.FilterFile(parsed); err == nil && node != nil {
			return FirstLine(node)
		}
	}
	return 0
}

// FirstLine is where a node begins: the token of a map is its first colon, which stands on the line of the first key.
func FirstLine(node ast.Node) int {
	if list, isList := node.(*ast.SequenceNode); isList && len(list.Values) > 0 {
		node = list.Values[0]
	}
	return node.GetToken().Position.Line
}
