package api_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"bestbox/worker/api"
	"bestbox/workflows/run"
)

var update = flag.Bool("update", false, "write the shape of the API into testdata instead of comparing it")

// schemas are the API's types as its OpenAPI document describes them.
func schemas() map[string]*huma.Schema {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	for _, body := range []reflect.Type{reflect.TypeFor[api.Request](), reflect.TypeFor[api.Run](), reflect.TypeFor[api.Ready]()} {
		registry.Schema(body, true, "")
	}
	return registry.Map()
}

func TestTheAPIKeepsItsShape(t *testing.T) {
	t.Parallel()
	got, err := json.MarshalIndent(schemas(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "shape.json")
	if *update {
		if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSpace(string(want)), string(got)); diff != "" {
		t.Errorf("clients of /v1 break, unless fields were only added; then: go test -update\n%s", diff)
	}
}

// Tags cannot name constants, so that the two may part.
func TestTheDescriptionAgreesWithWhatIsChecked(t *testing.T) {
	t.Parallel()
	described := schemas()
	if got := described["Request"].Properties["question"].MaxLength; got == nil || *got != run.MaxQuestionLength {
		t.Errorf("a question is described as at most %v characters long; %d are accepted", got, run.MaxQuestionLength)
	}
	statuses := []any{api.Running, api.Completed, api.Failed, api.Cancelled}
	if diff := cmp.Diff(statuses, described["Run"].Properties["status"].Enum); diff != "" {
		t.Error("statuses:", diff)
	}
	for field := range reflect.TypeFor[run.Input]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		// Nobody says over HTTP who they are, or that another run asks: the key and the workflows do.
		ours := name == "user" || name == "parent" || name == "parent_head"
		if sent := described["Request"].Properties[name] != nil; sent == ours {
			t.Errorf("%s of a run's input can be sent over HTTP: %v", name, sent)
		}
	}
}
