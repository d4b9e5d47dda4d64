package fetch

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"bestbox/llmctl/catalogue"
)

// fakeRelease serves a GitHub release description and its one asset: an archive with a program that prints version 2.0.
func fakeRelease(t *testing.T, digest func(archive []byte) string) *httptest.Server {
	t.Helper()
	script := "#!/bin/sh\necho tool version 2.0\n"
	var archive bytes.Buffer
	packed := gzip.NewWriter(&archive)
	writer := tar.NewWriter(packed)
	header := &tar.Header{Name: "tool-2.0/tool", Mode: 0o755, Size: int64(len(script)), Typeflag: tar.TypeReg}
	if err := writer.WriteHeader(header); err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write([]byte(script)); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	packed.Close()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("GET /repos/company/tool/releases/tags/v2", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"assets":[{"name":"other.zip"},{"name":"tool.tar.gz","size":%d,"digest":%q,"browser_download_url":"%s/tool.tar.gz"}]}`,
			archive.Len(), digest(archive.Bytes()), server.URL)
	})
	mux.HandleFunc("GET /tool.tar.gz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(archive.Bytes()) })
	return server
}

func TestReleaseIsCheckedUnpackedAndTriedOut(t *testing.T) {
	t.Parallel()
	right := func(archive []byte) string { return "sha256:" + hashOf(archive) }
	for _, test := range []struct {
		name, minimum, want string
		digest              func([]byte) string
	}{
		{"right", "2.0", "", right},
		{"no digest", "2.0", "no SHA-256", func([]byte) string { return "" }},
		{"wrong digest", "2.0", "wrong checksum", func([]byte) string { return "sha256:" + strings.Repeat("0", 64) }},
		{"too old", "2.1", "at least 2.1", right},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := New(t.TempDir(), nil)
			f.ReleaseURL = fakeRelease(t, test.digest).URL
			record, err := f.Fetch(t.Context(), catalogue.Artefact{
				Name: "tool", Kind: catalogue.Program, Files: []catalogue.File{{Name: "tool"}},
				Version: catalogue.Version{Pattern: `version ([0-9.]+)`, Minimum: test.minimum},
				Sources: []catalogue.Source{{Kind: catalogue.Release, Repository: "company/tool", Tag: "v2", Asset: "tool.tar.gz"}},
			})
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v; want %s", err, test.want)
				}
				return
			}
			if err != nil || record.Version != "2.0" {
				t.Fatalf("%+v, %v", record, err)
			}
			if _, err := os.Stat(record.Path()); err != nil {
				t.Error(err)
			}
		})
	}
}
