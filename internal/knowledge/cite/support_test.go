package cite_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"bestbox/internal/knowledge/cite"
)

// labelled are the passages and sentences of testdata/supported.yaml.
type labelled struct {
	Passages  []cite.Passage
	Sentences []struct {
		Says, Quote string
		Nothing     bool     // it claims nothing
		But         []string // the pieces of it that nothing supports
	}
}

func readLabelled(t testing.TB, name string) (all labelled) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalWithOptions(content, &all, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestWhatSupportsASentence(t *testing.T) {
	t.Parallel()
	all := readLabelled(t, "supported.yaml")
	for _, test := range all.Sentences {
		t.Run(test.Says, func(t *testing.T) {
			t.Parallel()
			got := cite.Check("", test.Says, all.Passages)
			quote := ""
			if len(got.Citations) > 0 {
				quote = got.Citations[0].Quote
			}
			if !strings.HasPrefix(quote, test.Quote) || (quote == "") != (test.Quote == "") {
				t.Errorf("quoted %q", quote)
			}
			want := test.But
			if test.Quote == "" && !test.Nothing {
				want = []string{test.Says}
			}
			if !slices.Equal(got.Uncited, want) {
				t.Errorf("marked as uncited: %q, want %q", got.Uncited, want)
			}
		})
	}
}

// The sentences of unseen.yaml say how often code is wrong: a mark on what is right costs a look, a citation of what is wrong costs trust.
func TestFewWrongSentencesAreCitedAndFewRightOnesAreMarked(t *testing.T) {
	t.Parallel()
	const mostWrong, mostMissed = 0, 3 // of 20 and of 26
	all := readLabelled(t, "unseen.yaml")
	wrong, missed := 0, 0
	for _, test := range all.Sentences {
		got := cite.Check("", test.Says, all.Passages)
		switch {
		case test.Quote == "" && len(got.Citations) > 0:
			wrong++
			t.Logf("cited although it is wrong: %s by %q", test.Says, got.Citations[0].Quote)
		case test.Quote != "" && (len(got.Citations) == 0 || !strings.HasPrefix(got.Citations[0].Quote, test.Quote)):
			missed++
			t.Logf("not cited although it is right: %s, %v", test.Says, got.Citations)
		}
	}
	if wrong > mostWrong || missed > mostMissed {
		t.Errorf("%d wrong ones are cited, %d right ones are not", wrong, missed)
	}
}

func BenchmarkCheck(b *testing.B) {
	all := readLabelled(b, "unseen.yaml")
	var answer strings.Builder
	for _, sentence := range all.Sentences[:4] {
		answer.WriteString(sentence.Says + " ")
	}
	for b.Loop() {
		cite.Check("", answer.String(), all.Passages)
	}
}

// handbook says things for answers whose words are half those of the question.
var handbook = []cite.Passage{
	{Document: "care", Title: "Health insurance", Text: "Overview\n\nThe company insures all employees.\n\n- Hospital: stays and surgery in any public hospital.\n- Dental care: fillings, crowns and a yearly check.\n" +
		"- Glasses: one pair every other year.\n- Travel: illness abroad, with the journey home."},
	{Document: "start", Title: "First days", Text: "New apprentices must meet with their advisor before the first shift.\nPeers help new apprentices to meet others in the canteen."},
	{Document: "friends", Title: "First days of apprentices", Text: "Peers will be there to answer questions and help you meet new apprentices."},
}

var badges = []cite.Passage{{Document: "badges", Title: "Badges", Text: "Badges are issued at the gate by the porter. Whoever has lost one pays money for another. Visitors wear theirs visibly."}}

// fares are of three things, of which nobody asks for the parking.
var fares = []cite.Passage{
	{Document: "parking", Title: "Parking", Text: "Parking costs 12 euros a month from March on."},
	{Document: "door", Title: "Doors", Text: "The code of the front door is 4711."},
	{Document: "taxi", Title: "Travel", Text: "Taxi rides are booked at the gate. They may cost $45."},
}

func TestAnAnswerIsHeldAgainstWhatWasAsked(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		question, answer string
		from             []cite.Passage
		quote            string
	}{
		"a list counted up":            {"What does the health insurance cover?", "The health insurance covers stays in a public hospital, dental care with crowns and a yearly check, glasses every other year, and illness abroad.", handbook, "crowns and a yearly check.\n- Glasses"},
		"yes, and it says so":          {"Is it mandatory for new apprentices to meet with an advisor?", "Yes, new apprentices must meet with an advisor.", handbook, "New apprentices must"},
		"yes, and no passage says so":  {"Is it mandatory for new apprentices to meet with an advisor?", "Yes, it is mandatory for new apprentices to meet with an advisor.", handbook[2:], ""},
		"in words of all the passage":  {"What are the rules for badges?", "Badges issued at the gate are worn visibly and lost ones cost money.", badges, "pays money"},
		"yes is no word of a document": {"Are crowns covered?", "Yes, crowns.", handbook, "- Dental care"},
		"new words of another place":   {"What does the health insurance cover?", "The health insurance covers funerals, pets and lost luggage.", handbook, ""},
		"about something else":         {"How much may a taxi ride cost?", "The taxi ride costs 12 euros a month from March on.", fares, ""},
		"about what nothing is about":  {"What is the code of the vault?", "The code of the vault is 4711.", fares, ""},
		"it, of the sentence before":   {"How much may a taxi ride cost?", "A taxi ride may cost $45.", fares, "They may cost $45"},
		"words of the question alone":  {"What does the health insurance of all employees cover in the company?", "The health insurance of all employees in the company covers funerals.", handbook, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := cite.Check(test.question, test.answer, test.from)
			quote := ""
			if len(got.Citations) > 0 {
				quote = got.Citations[0].Quote
			}
			if !strings.Contains(quote, test.quote) || (quote == "") != (test.quote == "") || (len(got.Uncited) > 0) != (test.quote == "") {
				t.Errorf("quoted %q, marked %q", quote, got.Uncited)
			}
		})
	}
}

func TestOfTwoThatSayTheSameTheFirstIsCitedEachTime(t *testing.T) {
	t.Parallel()
	const row = "Office of Visitors | visitors@meadow.example | 555-402-1021 | Beckett Hall, Room 101"
	two := []cite.Passage{
		{Document: "first", Title: "Meadow Works entry rules", Text: "Who comes late calls.\n\n" + row + "\nOffice of Guards | guards@meadow.example | 555-402-1022 | Gate"},
		{Document: "second", Title: "Meadow Works tours", Text: "Tours begin at nine in the hall of the works.\n\n" + row},
	}
	for range 200 {
		got := cite.Check("How do I contact the Office of Visitors at Meadow Works?", "You can contact the Office of Visitors at Meadow Works by emailing visitors@meadow.example or calling 555-402-1021.", two)
		if len(got.Citations) != 1 || got.Citations[0].Document != "first" {
			t.Fatalf("%+v", got.Citations)
		}
	}
}
