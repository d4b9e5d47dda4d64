package cite_test

import (
	"strings"
	"testing"

	"bestbox/internal/knowledge/cite"
)

func TestTheNearestPlaceHasMostOfTheQuestion(t *testing.T) {
	t.Parallel()
	passages := readLabelled(t, "supported.yaml").Passages
	for name, test := range map[string]struct{ question, answer, quote string }{
		"a sentence":                       {"Do days of leave expire that are carried over?", "They never expire.", "Days that are carried over expire on 31 March."},
		"in Chinese":                       {"检验记录要保存多久？", "要保存十年。", "检验记录"},
		"the answer decides":               {"What is the hotel limit?", "It is $900 in Shanghai.", "| Shanghai | $165 |"},
		"a section is none of its content": {"What are the prerequisites for WELD 202?", "There are none.", "- Prerequisites: WELD 201"},
		"nothing":                          {"Who won the football match?", "The team of the press shop won.", ""},
		"no words":                         {"?", "", ""},
	} {
		got := cite.Nearest(test.question, test.answer, passages)
		if test.quote == "" {
			if got != nil {
				t.Errorf("%s: %+v", name, got)
			}
			continue
		}
		if got == nil || !strings.HasPrefix(got.Quote, test.quote) || got.Number != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := cite.Nearest("How is a trip booked?", "", nil); got != nil {
		t.Errorf("without a passage: %+v", got)
	}
}

func TestWhatOnlyIntroducesSomethingIsNotTheNearestPlace(t *testing.T) {
	t.Parallel()
	const list = "Ways to return a badge\n\nA badge is returned in these ways:\n- Give it to the porter.\n- Send it by mail."
	got := cite.Nearest("In which ways is a badge returned?", "By a pigeon.", []cite.Passage{{Number: 1, Document: "badges", Text: list}})
	if got == nil || !strings.Contains(got.Quote, "porter") {
		t.Errorf("%+v", got)
	}
}
