package catalogue

import (
	"strings"
	"testing"
)

func TestShippedCatalogueIsWholeAndProgramsHaveAVersion(t *testing.T) {
	t.Parallel()
	c, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	for _, artefact := range c.Artefacts {
		if artefact.Kind == Program && (artefact.Version.Pattern == "" || artefact.Version.Minimum == "") {
			t.Errorf("%s would be accepted in any version", artefact.Name)
		}
		for _, source := range artefact.Sources {
			needsHash := source.Kind == Wheels && source.SHA256 == "" && artefact.Files[0].SHA256 == ""
			if needsHash || ((source.Kind == Build || source.Kind == Tree) && source.SHA256 == "") {
				t.Errorf("%s from %s has nothing to be checked by", artefact.Name, source)
			}
		}
	}
}

func TestBadCataloguesAreRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"artefacts: [{name: ../x, kind: model, files: [{name: a}], sources: [{kind: hub}]}]":                                    "plain name",
		"artefacts: [{name: x, kind: model, files: [{name: a/b}], sources: [{kind: hub}]}]":                                     "plain name",
		"artefacts: [{name: x, kind: model, files: [{name: a, sha256: short}], sources: [{kind: hub}]}]":                        "64 digits",
		"artefacts: [{name: x, kind: model, files: [{name: a}], sources: [{kind: ftp}]}]":                                       "hub, wheels",
		"artefacts: [{name: x, kind: model, files: [{name: a}], sources: [{kind: wheels}]}]":                                    "needs parts",
		"artefacts: [{name: x, kind: model, files: [{name: a}], sources: [{kind: wheels, parts: 1, convert: bert}]}]":           "convert needs",
		"artefacts: [{name: x, kind: program, files: [{name: a}], sources: [{kind: tree}]}]":                                    "needs a SHA-256",
		"artefacts: [{name: x, kind: program, files: [{name: a/../b}], sources: [{kind: tree}]}]":                               "plain name",
		"artefacts: [{name: x, kind: program, files: [{name: /a}], sources: [{kind: tree}]}]":                                   "plain name",
		"artefacts: [{name: x, kind: program, files: [{name: a/b}], sources: [{kind: tree}, {kind: path}]}]":                    "plain name",
		"artefacts: [{name: x, kind: model, size: 3, files: [{name: a}], sources: [{kind: hub}]}]":                              "unknown field",
		"artefacts: [&a {name: x, kind: model, files: [{name: a}], sources: [{kind: hub, repository: a, revision: main}]}, *a]": "twice",
		"artefacts: [{name: x, kind: image, sources: [{kind: hub, repository: a}]}]":                                            "registry, archive, program",
		"artefacts: [{name: x, kind: image, files: [{name: a}], sources: [{kind: archive, path: a.tar}]}]":                      "images have none",
		"artefacts: [{name: x, kind: image, sources: [{kind: registry, repository: a}]}]":                                       "tag or digest",
		"artefacts: [{name: x, kind: image, sources: [{kind: registry, repository: a, digest: latest}]}]":                       "64 digits",
		"artefacts: [{name: x, kind: image, sources: [{kind: archive, path: ../a.tar}]}]":                                       "inside the cache",
		"artefacts: [{name: x, kind: image, sources: [{kind: program, program: y}]}]":                                           "no program",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v; want %s", text, err, want)
		}
	}
}
