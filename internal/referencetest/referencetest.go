// Package referencetest keeps the reference of the command lines, docs/reference, equal to what the programs say themselves. It is
// imported by tests only, so that the programs need not carry what writes Markdown.
package referencetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// Check fails when the pages of a program in folder differ from its commands, or a page has no command; with update it writes them.
func Check(t *testing.T, root *cobra.Command, folder string, update bool) {
	t.Helper()
	want := generate(t, root)
	if update {
		write(t, root.Name(), folder, want)
	}
	got := pages(t, root.Name(), folder)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s is out of date; run: go generate ./...\n%s", folder, diff)
	}
}

// generate makes the pages, by file name. Cobra adds the command completion only when a program runs, so it is asked for here.
func generate(t *testing.T, root *cobra.Command) map[string]string {
	t.Helper()
	root.InitDefaultCompletionCmd()
	root.DisableAutoGenTag = true // it would hold the day
	folder := t.TempDir()
	if err := doc.GenMarkdownTree(root, folder); err != nil {
		t.Fatal(err)
	}
	made := pages(t, root.Name(), folder)
	for name, text := range made {
		made[name] = strings.TrimRight(text, "\n") + "\n"
	}
	return made
}

// pages reads the pages of a program: NAME.md and NAME_*.md.
func pages(t *testing.T, program, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, pattern := range []string{program + ".md", program + "_*.md"} {
		paths, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			found[filepath.Base(path)] = string(content)
		}
	}
	return found
}

func write(t *testing.T, program, folder string, wanted map[string]string) {
	t.Helper()
	for name := range pages(t, program, folder) {
		if err := os.Remove(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	made := fstest.MapFS{}
	for name, text := range wanted {
		made[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	if err := os.CopyFS(folder, made); err != nil {
		t.Fatal(err)
	}
}
