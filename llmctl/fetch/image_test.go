package fetch

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"bestbox/internal/programs"
	"bestbox/internal/programtest"
	"bestbox/llmctl/catalogue"
	"bestbox/llmctl/engine"

	"github.com/moby/moby/client"
)

// serverImage is the catalogue's entry of an image built from llama-server, with the program of the real cache.
func serverImage(t *testing.T) catalogue.Artefact {
	t.Helper()
	path, err := programs.Artefact("llama-server")
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := catalogue.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	image, err := shipped.Get("llama-server-image")
	if err != nil {
		t.Fatal(err)
	}
	image.Sources[0].From.Sources = []catalogue.Source{{Kind: catalogue.Path, Command: path}}
	return image
}

func connect(t *testing.T) *engine.Engine {
	t.Helper()
	programtest.Docker(t)
	found, err := engine.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { found.Close() })
	return found
}

func TestImageOfAProgramRunsAloneAndIsBuiltOnce(t *testing.T) {
	t.Parallel()
	docker, image := connect(t), serverImage(t)
	first, err := New(t.TempDir(), nil).Fetch(t.Context(), image)
	if err != nil {
		t.Fatal(err)
	}
	output, err := docker.Output(t.Context(), engine.Container{Name: "bestbox-test-version", Image: first.Image.Reference(),
		Args: []string{"--version"}, Labels: map[string]string{"bestbox.test": t.Name()}})
	if err != nil || !strings.Contains(output, "build 11434") {
		t.Errorf("--version inside says %q, %v", output, err)
	}
	elsewhere := New(t.TempDir(), nil) // another cache, the same engine
	second, err := elsewhere.Fetch(t.Context(), image)
	if err != nil || second.Image.ID != first.Image.ID {
		t.Errorf("built a second time: %s, then %s, %v", first.Image.ID, second.Image.ID, err)
	}
	if loaded, ok := elsewhere.Loaded(image); !ok || loaded.Image.ID != first.Image.ID || loaded.Version != "11434" || loaded.Size() == 0 {
		t.Errorf("the record says %+v, %t", loaded, ok)
	}
}

func TestImageIsLoadedFromAFileAndKnownByItsID(t *testing.T) {
	t.Parallel()
	docker := connect(t)
	id, archive := savedImage(t, docker)
	artefact := catalogue.Artefact{Name: "saved", Kind: catalogue.Image, Sources: []catalogue.Source{{Kind: catalogue.Archive, Path: "images/saved.tar"}}}
	for name, load := range map[string]func(f *Fetcher) (Record, error){
		"from the cache": func(f *Fetcher) (Record, error) {
			if err := errors.Join(os.MkdirAll(filepath.Join(f.Cache, "images"), 0o755),
				os.WriteFile(filepath.Join(f.Cache, "images", "saved.tar"), archive, 0o644)); err != nil {
				return Record{}, err
			}
			return f.Fetch(t.Context(), artefact)
		},
		"from a file": func(f *Fetcher) (Record, error) {
			path := filepath.Join(t.TempDir(), "elsewhere.tar")
			if err := os.WriteFile(path, archive, 0o644); err != nil {
				return Record{}, err
			}
			return f.FetchFile(t.Context(), artefact, path)
		},
	} {
		f := New(t.TempDir(), nil)
		record, err := load(f)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if loaded, ok := f.Loaded(artefact); !ok || loaded.Image.ID != id || record.Image.Reference() != id {
			t.Errorf("%s: the record says %+v, %t; want %s", name, loaded.Image, ok, id)
		}
	}
}

// savedImage puts a tiny image into the engine and returns its id and what docker save writes of it.
func savedImage(t *testing.T, docker *engine.Engine) (id string, archive []byte) {
	t.Helper()
	var root bytes.Buffer
	files := tar.NewWriter(&root)
	if err := errors.Join(files.WriteHeader(&tar.Header{Name: "only", Mode: 0o644, Size: 4}), writeAll(files, "here"), files.Close()); err != nil {
		t.Fatal(err)
	}
	const tag = "bestbox-test/saved:1"
	if err := docker.Import(t.Context(), &root, tag, nil); err != nil {
		t.Fatal(err)
	}
	image, ok, err := docker.Image(t.Context(), tag)
	if err != nil || !ok {
		t.Fatal(err)
	}
	return image.ID, saveImage(t, tag)
}

func writeAll(to io.Writer, text string) error {
	_, err := io.WriteString(to, text)
	return err
}

func TestArchiveThatIsMissingOrWrongSaysSo(t *testing.T) {
	t.Parallel()
	connect(t)
	wrong := catalogue.Source{Kind: catalogue.Archive, Path: "wrong.tar", SHA256: strings.Repeat("0", 64)}
	noTar := catalogue.Source{Kind: catalogue.Archive, Path: "wrong.tar"}
	missing := catalogue.Source{Kind: catalogue.Archive, Path: "missing.tar"}
	f := New(t.TempDir(), nil)
	if err := os.WriteFile(filepath.Join(f.Cache, "wrong.tar"), bytesOf(3000), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := f.Fetch(t.Context(), catalogue.Artefact{Name: "x", Kind: catalogue.Image, Sources: []catalogue.Source{missing, wrong, noTar}})
	if err == nil {
		t.Fatal("loaded")
	}
	for _, want := range []string{"missing.tar does not exist", "wrong checksum", "load " + filepath.Join(f.Cache, "wrong.tar")} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(f.Cache, "wrong.tar")); err != nil {
		t.Errorf("the user's own file was removed: %v", err)
	}
}

func TestSameProgramMakesTheSameTagAndAnotherAnother(t *testing.T) {
	t.Parallel()
	program, err := programs.Artefact("llama-server")
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "llama-server")
	if err := copyProgram(program, copied); err != nil {
		t.Fatal(err)
	}
	want, again := tagOf(t, program), tagOf(t, copied)
	if want != again {
		t.Errorf("the same program has the tags %s and %s", want, again)
	}
	file, err := os.OpenFile(copied, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(writeAll(file, "x"), file.Close()); err != nil {
		t.Fatal(err)
	}
	if other := tagOf(t, copied); other == want {
		t.Errorf("another program has the same tag %s", other)
	}
}

func copyProgram(from, to string) error {
	content, err := os.ReadFile(from)
	return errors.Join(err, os.WriteFile(to, content, 0o755))
}

func tagOf(t *testing.T, program string) string {
	t.Helper()
	root, err := rootOf(program, os.DirFS("/"))
	if err != nil {
		t.Fatal(err)
	}
	tag, err := root.tag()
	if err != nil {
		t.Fatal(err)
	}
	return tag
}

func TestLibrariesBesideTheProgramComeWithTheirLinks(t *testing.T) {
	t.Parallel()
	program, err := programs.Artefact("llama-server")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := errors.Join(copyProgram(program, filepath.Join(folder, "llama-server")), copyProgram(program, filepath.Join(folder, "libggml-cpu.so.1")),
		os.Symlink("libggml-cpu.so.1", filepath.Join(folder, "libggml-cpu.so"))); err != nil {
		t.Fatal(err)
	}
	root, err := rootOf(filepath.Join(folder, "llama-server"), os.DirFS("/"))
	if err != nil {
		t.Fatal(err)
	}
	if root.links["app/libggml-cpu.so"] != "libggml-cpu.so.1" || root.files["app/libggml-cpu.so.1"] == "" || root.files["app/libstdc++.so.6"] == "" {
		t.Errorf("files %v, links %v", root.files, root.links)
	}
}

func TestMissingLibraryIsNamed(t *testing.T) {
	t.Parallel()
	program, err := programs.Artefact("llama-server")
	if err != nil {
		t.Fatal(err)
	}
	r := &rootFolder{program: "app/x", files: map[string]string{}, links: map[string]string{}, libraries: search{folders: []string{t.TempDir()}}}
	if err := r.add(program, "app/x"); err == nil || !strings.Contains(err.Error(), "needs lib") || !strings.Contains(err.Error(), "install it") {
		t.Errorf("got %v", err)
	}
}

func TestLibraryFoldersAreThoseOfTheLoadersSettings(t *testing.T) {
	t.Parallel()
	machine := fstest.MapFS{
		"etc/ld.so.conf":              {Data: []byte("# own\ninclude ld.so.conf.d/*.conf\n/opt/last\n")},
		"etc/ld.so.conf.d/a.conf":     {Data: []byte("/opt/a\n")},
		"etc/ld.so.conf.d/b.conf":     {Data: []byte("\n/opt/b \n")},
		"etc/ld.so.conf.d/notes.text": {Data: []byte("/opt/not\n")},
	}
	got := strings.Join(libraryFolders(machine), " ")
	if want := "/opt/a /opt/b /opt/last /lib64 /usr/lib64 /lib /usr/lib"; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
	if got := libraryFolders(fstest.MapFS{"etc": {Mode: fs.ModeDir}}); len(got) != 4 {
		t.Errorf("without settings: %v", got)
	}
}

// saveImage is docker save.
func saveImage(t *testing.T, tag string) []byte {
	t.Helper()
	api, err := client.New(client.FromEnv)
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	stream, err := api.ImageSave(t.Context(), []string{tag})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	content, err := io.ReadAll(stream)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
