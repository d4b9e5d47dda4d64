package fetch

import (
	"archive/zip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bestbox/llmctl/catalogue"
)

// writeTree makes a real wheel whose files have modes, and returns its path.
func writeTree(t *testing.T, folder string, files map[string]fs.FileMode) string {
	t.Helper()
	path := filepath.Join(folder, "bestbox_test_tree-1.0-py3-none-any.whl")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	archive := zip.NewWriter(file)
	texts := map[string]string{
		"bestbox_test_tree-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: bestbox-test-tree\nVersion: 1.0\n",
		"bestbox_test_tree-1.0.dist-info/WHEEL":    "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
		"bestbox_test_tree-1.0.dist-info/RECORD":   "",
	}
	modes := map[string]fs.FileMode{}
	for name, mode := range files {
		texts[name], modes[name] = "#!/bin/sh\ncat $(dirname $0)/../share/version\n", mode
	}
	if _, there := files["tree/share/version"]; there {
		texts["tree/share/version"] = "tool version 1.10.0\n"
	}
	for name, text := range texts {
		header := &zip.FileHeader{Name: name}
		header.SetMode(modes[name])
		writer, err := archive.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := writer.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// treeArtefact is the program of a tree, as it lies at path.
func treeArtefact(t *testing.T, path string) catalogue.Artefact {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return catalogue.Artefact{Name: "tool", Kind: catalogue.Program, Files: []catalogue.File{{Name: "tree/bin/tool"}},
		Version: catalogue.Version{Pattern: `version ([0-9.]+)`, Minimum: "1.9"},
		Sources: []catalogue.Source{{Kind: catalogue.Tree, Package: "bestbox-test-tree", Version: "1.0", Size: int64(len(content)), SHA256: hashOf(content)}}}
}

func TestATreeIsUnpackedWithItsFoldersAndItsProgramRuns(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("PIP_NO_INDEX", "1")
	t.Setenv("PIP_FIND_LINKS", folder)
	path := writeTree(t, folder, map[string]fs.FileMode{"tree/bin/tool": 0o755, "tree/share/version": 0o644})
	f := New(t.TempDir(), nil)
	record, err := f.Fetch(t.Context(), treeArtefact(t, path))
	if err != nil {
		t.Fatal(err)
	}
	if record.Version != "1.10.0" || record.Path() != filepath.Join(f.Cache, "programs", "tool", "tree", "bin", "tool") {
		t.Errorf("version %s at %s", record.Version, record.Path())
	}
	if _, loaded := f.Loaded(treeArtefact(t, path)); !loaded {
		t.Error("it would be loaded again")
	}
	if left, _ := filepath.Glob(filepath.Join(f.Cache, "partial", "*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestATreeOfAnotherPackageOrOneThatLeadsOutIsRefused(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("PIP_NO_INDEX", "1")
	t.Setenv("PIP_FIND_LINKS", folder)
	path := writeTree(t, folder, map[string]fs.FileMode{"tree/bin/tool": 0o755, "tree/share/version": 0o644})
	other := treeArtefact(t, path)
	other.Sources[0].SHA256 = strings.Repeat("0", 64)
	f := New(t.TempDir(), nil)
	_, err := f.Fetch(t.Context(), other)
	if _, wrong := errors.AsType[*HashError](err); !wrong {
		t.Errorf("another package: %v", err)
	}
	for what, files := range map[string]map[string]fs.FileMode{
		"leads out":        {"../evil": 0o644},
		"an absolute path": {"/tmp/evil": 0o644},
		"a link":           {"tree/bin/tool": fs.ModeSymlink | 0o777},
	} {
		out := t.TempDir()
		if err := unpackWheel(writeTree(t, t.TempDir(), files), out); err == nil || !strings.Contains(err.Error(), "no file below") {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(out), "evil")); err == nil {
			t.Errorf("%s was followed", what)
		}
	}
}
