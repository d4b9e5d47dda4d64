package ingests_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"bestbox/internal/knowledge/ingests"
)

func TestOnlyAllowedFoldersMayBePutIn(t *testing.T) {
	t.Parallel()
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	inside, outside := filepath.Join(base, "srv", "books"), filepath.Join(base, "secret")
	link, linked := filepath.Join(base, "srv", "link"), filepath.Join(base, "linked")
	if err := errors.Join(os.MkdirAll(inside, 0o700), os.Mkdir(outside, 0o700), os.Mkdir(filepath.Join(base, "srvother"), 0o700), os.Symlink(outside, link), os.Symlink(filepath.Join(base, "srv"), linked)); err != nil {
		t.Fatal(err)
	}
	some := ingests.Places{Folders: []string{filepath.Join(base, "srv")}}
	for _, test := range []struct {
		name    string
		places  ingests.Places
		folder  string
		want    string
		refused bool // for not being allowed, and not for another reason
	}{
		{"the folder itself", some, filepath.Join(base, "srv"), filepath.Join(base, "srv"), false},
		{"one below", some, inside, inside, false},
		{"with dots", some, inside + "/../books/", inside, false},
		{"beside", some, outside, "", true},
		{"out with dots", some, inside + "/../../secret", "", true},
		{"with a longer name", some, filepath.Join(base, "srvother"), "", true},
		{"out by a link", some, link, "", true},
		{"one that is not there, outside", some, filepath.Join(base, "none"), "", true},
		{"one that is not there, inside", some, filepath.Join(inside, "none"), "", false},
		{"the allowed one is a link", ingests.Places{Folders: []string{linked}}, inside, inside, false},
		{"in by a link", some, filepath.Join(linked, "books"), inside, false},
		{"none is allowed", ingests.Places{}, inside, "", true},
		{"any is", ingests.Places{Any: true}, outside, outside, false},
		{"relative", ingests.Places{Any: true}, "books", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := test.places.Resolve(test.folder)
			if got != test.want || (err == nil) != (test.want != "") || errors.As(err, new(*ingests.NotAllowedError)) != test.refused {
				t.Errorf("%q, %v; want %q", got, err, test.want)
			}
		})
	}
}
