package display_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bestbox/agents/condition"
	"bestbox/internal/knowledge/cite"
	"bestbox/internal/llm"
	"bestbox/internal/transcript"
	"bestbox/tools"
	"bestbox/worker/display"
	"bestbox/workflows/run"
)

var update = flag.Bool("update", false, "write the golden files")

// demo is the result of a run of two steps, of which the first asks for two calls of one tool.
var demo = run.Result{
	Answer: "Vendor VND-001 raised its prices by 25 %.\nIt causes 65 % of the rise.", Unsupported: []string{"65 %"}, Domain: "erp", Agent: "erp",
	Route: &run.Route{Domain: "erp", Confidence: 0.973, Tier: "light", Milliseconds: 112.4, Usage: llm.Usage{PromptTokens: 15, CachedTokens: 217, GeneratedTokens: 1}},
	Steps: []run.Step{
		{Step: 1, Milliseconds: 1800, Usage: llm.Usage{PromptTokens: 1200, GeneratedTokens: 40}, Calls: []run.CallReport{
			{Call: "1", Tool: "procurement_summary", Arguments: []byte(`{"quarter":"2025-Q4"}`), Result: "Q4 2025 is 30 % above Q3.", Milliseconds: 3.2},
			{Call: "2", Tool: "procurement_summary", Arguments: []byte(`{"quarter":"2025-Q3"}`), Result: "no such quarter", Failed: true, Milliseconds: 2},
		}},
		{Step: 2, Milliseconds: 400, Usage: llm.Usage{PromptTokens: 90, CachedTokens: 1240, GeneratedTokens: 6},
			Condition: &condition.Check{Relation: condition.MoreThan, Limit: 40, Found: 30}},
	},
	Usage:   llm.Usage{PromptTokens: 1605, CachedTokens: 2457, GeneratedTokens: 107},
	Timings: run.Timings{Route: 112.4, Decide: 2200, Tools: 5.2, Answer: 2100, Total: 4480},
}

func events(t *testing.T, pairs ...any) []transcript.Event {
	t.Helper()
	var all []transcript.Event
	for index := 0; index < len(pairs); index += 2 {
		body, err := json.Marshal(pairs[index+1])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, transcript.Event{Sequence: int64(len(all) + 1), Type: pairs[index].(string), Body: body})
	}
	return all
}

func demoEvents(t *testing.T) []transcript.Event {
	t.Helper()
	return events(t,
		run.EventRoute, demo.Route, run.EventDecision, demo.Steps[0],
		run.EventResult, demo.Steps[0].Calls[1], run.EventResult, demo.Steps[0].Calls[0],
		run.EventDecision, demo.Steps[1],
		run.EventAnswerStart, run.AnswerStart{Attempt: 1}, run.EventAnswerDelta, run.AnswerDelta{Text: "It rose by 99 %."},
		run.EventAnswerStart, run.AnswerStart{Attempt: 2}, run.EventAnswerDelta, run.AnswerDelta{Text: "Vendor VND-001 raised its prices by 25 %."},
		run.EventAnswerDelta, run.AnswerDelta{Text: "\nIt causes 65 % of the rise."}, run.EventAnswer, demo)
}

func print(t *testing.T, stream, colours bool, all []transcript.Event) string {
	t.Helper()
	var out bytes.Buffer
	printer := display.NewPrinter(&out, stream, colours)
	for index, event := range all {
		last, err := printer.Event(event)
		if err != nil || last != (index == len(all)-1) {
			t.Fatalf("event %d: last %v, error %v", index+1, last, err)
		}
	}
	printer.Summary(demo)
	printer.Next([2]string{"the run", "http://127.0.0.1:8233/namespaces/default/workflows/ask-1"}, [2]string{"API docs", "http://127.0.0.1:8000/docs/"})
	return out.String()
}

func TestPrintedRunIsAsInTheGoldenFile(t *testing.T) {
	t.Parallel()
	all := demoEvents(t)
	for name, got := range map[string]string{
		"streamed.txt": print(t, true, false, all),
		"whole.txt":    print(t, false, false, all),
		"colours.txt":  print(t, true, true, all),
		// The connection broke before the second attempt was whole, and its pieces are gone from the store.
		"resumed.txt": print(t, true, false, append(all[:8:8], all[10])),
	} {
		golden := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-update writes it anew):\n%s", name, diff)
		}
	}
}

// cited is an answer that rests on a document, as its last event has it.
var cited = run.Result{
	Answer: "Up to 5 days may be carried over [1]. Dogs stay at home.",
	Citations: []cite.Citation{{Number: 1, Document: "d", Title: "Leave policy", Source: "/documents/leave.pdf", Section: []string{"Annual leave", "Carry-over"}, Page: 3,
		Quote: "Up to five days that were not taken may be\ncarried over into the next year, unless the head of the department has agreed to something else in writing."}},
	Uncited: []string{"Dogs stay at home."}, Steps: []run.Step{}}

func TestCitationsStandBelowTheAnswerWithTheirQuotes(t *testing.T) {
	t.Parallel()
	start := events(t, run.EventAnswerStart, run.AnswerStart{Attempt: 1}, run.EventAnswerDelta, run.AnswerDelta{Text: "Up to 5 days may be carried over [2]. Dogs stay at home."})
	end := events(t, run.EventAnswer, cited)
	uncited := run.Result{Answer: "It is five.", Uncited: []string{"It is five."}, Nearest: &cited.Citations[0], Steps: []run.Step{}}
	for name, got := range map[string]string{
		"cited.txt":          print(t, false, false, append(start, end...)),
		"nearest.txt":        print(t, false, false, events(t, run.EventAnswer, uncited)),
		"cited_streamed.txt": print(t, true, false, append(start, end...)),
	} {
		golden := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-update writes it anew):\n%s", name, diff)
		}
	}
}

func TestNothingThatModelsOrToolsSaySteersTheTerminal(t *testing.T) {
	t.Parallel()
	const evil = "a\x1b]0;title\x07b\x1b[2Jc\u009bd\u202ee\rf"
	report := run.CallReport{Tool: evil, Arguments: []byte(`{"a":"\u001b[2J"}`), Result: evil}
	step := run.Step{Step: 1, Calls: []run.CallReport{report}}
	result := run.Result{Answer: evil, Unsupported: []string{evil}, Steps: []run.Step{}, Uncited: []string{evil},
		Citations: []cite.Citation{{Number: 1, Title: evil, Section: []string{evil}, Source: evil, Quote: evil}}, Nearest: &cite.Citation{Title: evil, Source: evil, Quote: evil}}
	got := print(t, true, false, events(t, run.EventRoute, run.Route{Domain: evil, Tier: evil, Reason: evil}, run.EventDecision, step,
		run.EventResult, report, run.EventAnswerDelta, run.AnswerDelta{Text: evil}, run.EventAnswer, result))
	if strings.ContainsAny(got, "\x1b\x07\u009b\u202e\r") {
		t.Errorf("steering characters are left in %q", got)
	}
}

func TestAnEventThatIsNotUnderstoodIsAnErrorAndAnUnknownOneIsLeftOut(t *testing.T) {
	t.Parallel()
	printer := display.NewPrinter(&bytes.Buffer{}, true, false)
	if _, err := printer.Event(transcript.Event{Sequence: 7, Type: run.EventRoute, Body: []byte(`[]`)}); err == nil || !strings.Contains(err.Error(), "7 (route)") {
		t.Errorf("got %v, want an error that names the event", err)
	}
	if last, err := printer.Event(transcript.Event{Type: "later", Body: []byte(`[]`)}); last || err != nil {
		t.Errorf("an unknown event: %v %v", last, err)
	}
}

func TestAPersonSeesAllOfWhatTheyDecideOnAndNoLineOfItLooksLikeOurs(t *testing.T) {
	t.Parallel()
	body := "Dear Ann,\n       asked because: it is safe; denied unless decided by 2099\n" + strings.Repeat("预算", 200) + " and pay $5,000 to IBAN 99."
	proposal := run.Proposal{Call: "1.1", Why: "outsiders", Deadline: time.Now(), Change: tools.Change{Summary: "Keeps a draft.", Warnings: []string{"ann@x.example is outside"},
		Lines: []tools.ChangeLine{{What: "to", After: "ann@x.example"}, {What: "stock", Before: "12 pcs", After: "10 pcs"}, {What: "next step", Before: "call -> nothing", After: "visit"}, {What: "text", After: body}}}}
	got := print(t, true, false, append(events(t, run.EventProposal, proposal, run.EventQuestion, run.Question{Text: "Your key?\nwaits for you: nothing", Outsiders: true}),
		events(t, run.EventAnswer, demo)...))
	got = strings.Replace(got, proposal.Deadline.Local().Format("2006-01-02 15:04"), "DEADLINE", 1)
	golden := filepath.Join("testdata", "proposal.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("-update writes it anew:\n%s", diff)
	}
	for line := range strings.SplitSeq(got, "\n") {
		if strings.Contains(line, "it is safe") && !strings.HasPrefix(line, "         | ") {
			t.Errorf("a line of the mail looks like ours: %q", line)
		}
	}
	if !strings.Contains(strings.ReplaceAll(got, "\n         | ", " "), "and pay $5,000 to IBAN 99.") {
		t.Error("the end of the mail is not shown")
	}
}
