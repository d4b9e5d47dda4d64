package verify_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"bestbox/llmctl/verify"
)

// someModel has no shipped reference.
var someModel = strings.Repeat("ab", 32)

// A model that nobody has recorded is recorded on the machine, found by the next start, and compared with.
func TestReferenceRecordedOnTheMachineIsFoundAndCompared(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	if found, err := verify.Find(state, someModel); found != nil || err != nil {
		t.Fatalf("before the recording: %v, %v", found, err)
	}
	server := start(t, artefact(t, small), "-ub", "64")
	server.Model = someModel
	for _, size := range []int{64, 128} { // a second size joins the first
		server.MicroBatch = size
		recorded, err := verify.Record(t.Context(), server, "processor")
		if err != nil {
			t.Fatal(err)
		}
		if err := verify.Save(state, recorded); err != nil {
			t.Fatal(err)
		}
	}
	found, err := verify.Find(state, someModel)
	if err != nil || found == nil || found.Shipped || found.Build == "" || len(found.Sizes) != 2 {
		t.Fatalf("after the recording: %+v, %v", found, err)
	}
	server.MicroBatch = 64
	if report := answers(t, server, found); report.Verdict != verify.Right || report.Compared != 64 || report.Largest > 0.001 {
		t.Errorf("the server that was recorded: %+v", report)
	}
	server = start(t, artefact(t, small), "-ub", "64", "--rope-freq-base", "10000")
	if report := answers(t, server, found); report.Verdict != verify.Wrong {
		t.Errorf("another computation: %+v", report)
	}
}

// What is nonsense must not become the measure of later starts.
func TestNonsenseIsNotRecorded(t *testing.T) {
	t.Parallel()
	server := start(t, damage(t, artefact(t, small), "token_embd.weight", swapped), "-ub", "64")
	if recorded, err := verify.Record(t.Context(), server, "processor"); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("recorded %+v, %v", recorded, err)
	}
}

func TestReferenceFilesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, content string
		wantError     bool
	}{
		{"cut off", `{"model":"`, true},
		{"tokens without probabilities", `{"sizes":{"64":[{"token":1,"top":[1,2],"logs":[0]}]}}`, true},
		{"a position without tokens", `{"sizes":{"64":[{"token":1}]}}`, true},
		{"of another version of the prompt", `{"canary":"000000000000","sizes":{}}`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			state := t.TempDir()
			path := filepath.Join(state, "references", someModel+".json")
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
			found, err := verify.Find(state, someModel)
			if found != nil || (err != nil) != test.wantError {
				t.Errorf("%v, %v", found, err)
			}
			if err != nil && !strings.Contains(err.Error(), path) {
				t.Errorf("the error does not name the file: %v", err)
			}
		})
	}
}

func TestOnlyHashesNameReferences(t *testing.T) {
	t.Parallel()
	for _, model := range []string{"", "../../../etc/passwd", strings.Repeat("AB", 32), strings.Repeat("a", 63)} {
		if err := verify.Save(t.TempDir(), verify.Reference{Model: model}); err == nil {
			t.Errorf("%q was accepted", model)
		}
		if found, err := verify.Find(t.TempDir(), model); found != nil || err != nil {
			t.Errorf("%q: %v, %v", model, found, err)
		}
	}
}

func TestMicroBatchIsReadFromTheArguments(t *testing.T) {
	t.Parallel()
	got := map[string]int{}
	want := map[string]int{"": 512, "-ub 64": 64, "-b 64 -ub 64": 64, "-b 256": 256, "--ubatch-size 128": 128, "--batch-size=32": 32,
		"-ub 1024 -b 4096": 1024, "-ub": 512, "-ub many": 512, "-m model.gguf -np 2": 512}
	for arguments := range want {
		_, got[arguments] = verify.BatchesOf(strings.Fields(arguments))
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// A prompt that does not fit the context is cut to the next size, and the report says what that leaves out.
func TestShortContextIsAskedLess(t *testing.T) {
	t.Parallel()
	server := start(t, artefact(t, small), "-c", "512")
	report := answers(t, server, reference(t, smallSHA256))
	if report.Verdict != verify.Right || report.Tokens != 272 || !strings.Contains(report.Sentence, "no room") {
		t.Errorf("%+v", report)
	}
}
