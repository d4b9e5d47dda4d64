package agents_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"bestbox/agents"
)

// TestNoCodeKnowsAnAgentsName reads the program's own code. The general agent, which takes what no other does, is the only one that is known; tools/areas names areas
// of tools, of which some are called as an agent. Measurements in evals name the agents that they measure.
func TestNoCodeKnowsAnAgentsName(t *testing.T) {
	t.Parallel()
	all, err := agents.Load(agents.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, agent := range all {
		if agent.Name != agents.General {
			names = append(names, agent.Name, agent.Workflow)
		}
	}
	read := 0
	for _, folder := range []string{"agents", "internal", "llmctl", "tools", "worker", "workflows"} {
		err := filepath.WalkDir(filepath.Join("..", folder), func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.Name() == "areas":
				return filepath.SkipDir
			case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			read++
			files := token.NewFileSet()
			parsed, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(parsed, func(node ast.Node) bool {
				if literal, is := node.(*ast.BasicLit); is && literal.Kind == token.STRING {
					if text, err := strconv.Unquote(literal.Value); err == nil && slices.Contains(names, text) {
						t.Errorf("%s knows %q", files.Position(literal.Pos()), text)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if read < 100 {
		t.Errorf("only %d files were read", read)
	}
}
