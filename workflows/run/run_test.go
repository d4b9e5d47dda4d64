package run_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/invopop/jsonschema"

	"bestbox/workflows/run"
)

var update = flag.Bool("update", false, "write the shape of the vocabulary into testdata instead of comparing it")

// Runs under way, their histories, stored transcripts and clients all hold this JSON: a name that changes breaks them in silence.
func TestTheVocabularyKeepsItsShape(t *testing.T) {
	t.Parallel()
	names := []string{run.QueueMain, run.QueueLight, run.QueueHeavy, run.AskWorkflow, run.EventRoute, run.EventDecision, run.EventQuestion, run.EventResult, run.UpdateDecide, run.UpdateReply,
		run.EventAnswerStart, run.EventAnswerDelta, run.EventAnswer, run.EventFailed, run.AttributeDomain, run.AttributeStatus}
	shape := map[string]any{"names": names, "types": (&jsonschema.Reflector{Anonymous: true}).Reflect(struct {
		Input       run.Input
		Result      run.Result
		AnswerStart run.AnswerStart
		AnswerDelta run.AnswerDelta
		Failure     run.Failure
		Question    run.Question
		Reply       run.Reply
	}{})}
	got, err := json.MarshalIndent(shape, "", "  ")
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
		t.Errorf("what others have stored or expect cannot be read any more, unless fields were only added; then: go test -update\n%s", diff)
	}
}

var domains = []string{"erp", "general"}

func TestInputIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("库", run.MaxQuestionLength)
	tests := []struct {
		encoded string
		want    run.Input
	}{
		{`{"question":"How much?"}`, run.Input{Question: "How much?"}},
		{` {"question":"为什么？\n第二行","domain":"erp"} `, run.Input{Question: "为什么？\n第二行", Domain: "erp"}},
		{`{"question":"` + longest + `"}`, run.Input{Question: longest}},
	}
	for _, test := range tests {
		got, err := parse([]byte(test.encoded))
		if err != nil || got != test.want {
			t.Errorf("%.80s: got %.80v, %v", test.encoded, got, err)
		}
	}
}

// longestMessage bounds an error: it goes into the run's history and to the user.
const longestMessage = 400

func TestAWrongInputIsRefusedWithItsFieldAndWhatIsAllowed(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("9", 100_000)
	tests := []struct{ name, encoded, field, says string }{
		{"nothing", ``, "input", "EOF"},
		{"no JSON", `How much?`, "input", "not the JSON"},
		{"half", `{"question":"How`, "input", "not the JSON"},
		{"null", `null`, "question", "empty"},
		{"a list", `["How much?"]`, "input", "array"},
		{"a text", `"How much?"`, "input", "string"},
		{"two values", `{"question":"q"}{}`, "input", "more than one"},
		{"text behind", `{"question":"q"} and`, "input", "more than one"},
		{"empty", `{}`, "question", "empty"},
		{"blank", `{"question":" \n\t"}`, "question", "empty"},
		{"too long", `{"question":"` + strings.Repeat("库", run.MaxQuestionLength+1) + `"}`, "question", "4001"},
		{"a number", `{"question":5}`, "question", "number"},
		{"a long number", `{"question":` + long + `}`, "question", "number"},
		{"a long number alone", long, "input", "number"},
		{"a control character", `{"question":"a\u0000b"}`, "question", "not text"},
		{"broken UTF-8", "{\"question\":\"a\xffb\"}", "question", "not text"},
		{"unknown domain", `{"question":"q","domain":"hr"}`, "domain", `"hr"`},
		{"long domain", `{"question":"q","domain":"` + long + `"}`, "domain", `"999`},
		{"domain of another type", `{"question":"q","domain":["erp"]}`, "domain", "array"},
		{"unknown field", `{"question":"q","agent":"erp"}`, "agent", "no such field"},
		{"long unknown field", `{"question":"q","` + long + `":1}`, "999", "no such field"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := parse([]byte(test.encoded))
			wrong, ok := errors.AsType[*run.InputError](err)
			if !ok {
				t.Fatalf("got %v, want an input error", err)
			}
			if !strings.HasPrefix(wrong.Field, test.field) || !strings.Contains(wrong.Problem, test.says) || wrong.Allowed == "" {
				t.Errorf("got %+.300v; want the field %s and %q", wrong, test.field, test.says)
			}
			if length := len(err.Error()); length > longestMessage {
				t.Errorf("the message has %d bytes, more than %d", length, longestMessage)
			}
		})
	}
}

// parse reads an input as a run does, whose domain is looked at last.
func parse(encoded []byte) (run.Input, error) {
	input, err := run.ParseInput(encoded)
	if err == nil {
		err = input.CheckDomain(domains)
	}
	return input, err
}

func FuzzParseInput(f *testing.F) {
	f.Add([]byte(`{"question":"How much stock of A-100 is left?","domain":"erp"}`))
	f.Add([]byte(`{"question":"a\u0000"} {}`))
	f.Add([]byte(`{"Question":1e999,"x":[{}]}`))
	f.Fuzz(func(t *testing.T, encoded []byte) {
		input, err := parse(encoded)
		if err != nil {
			if _, ok := errors.AsType[*run.InputError](err); !ok || len(err.Error()) > longestMessage || !utf8.ValidString(err.Error()) {
				t.Errorf("%q: %d bytes, %v", encoded, len(err.Error()), err)
			}
			return
		}
		if strings.TrimSpace(input.Question) == "" || utf8.RuneCountInString(input.Question) > run.MaxQuestionLength ||
			input.Domain != "" && !slices.Contains(domains, input.Domain) {
			t.Errorf("%q was accepted as %+v", encoded, input)
		}
		again, err := json.Marshal(input)
		if err != nil {
			t.Fatal(err)
		}
		if reread, err := parse(again); err != nil || reread != input {
			t.Errorf("%+v is written as %s and read as %+v, %v", input, again, reread, err)
		}
	})
}
