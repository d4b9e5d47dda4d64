package activities

import (
	"strings"
	"testing"

	"bestbox/agents"
)

func TestShortenedFactsKeepTheirBeginningAndSaySo(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		sentences []string
		limit     int
		want      string
	}{
		{"short enough", []string{"One.", "Two."}, 9, "One. Two."},
		{"cut between sentences", []string{"One.", "Two.", "Three."}, 9, "One. Two. [shortened: 2 of 3 sentences shown]"},
		{"one long sentence", []string{strings.Repeat("x", 50)}, 10, "xxxxxxxxx… [shortened: the beginning of 1 sentences]"},
		{"a wide character at the cut", []string{strings.Repeat("库", 50)}, 10, "库库库… [shortened: the beginning of 1 sentences]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := shortenedFact(agents.Fact{Sentences: test.sentences}, test.limit)
			if text := strings.Join(got.Sentences, " "); text != test.want {
				t.Errorf("got %q, want %q", text, test.want)
			}
		})
	}
}

func TestAnAnswerCutByItsLimitEndsAtASentenceAndSaysSo(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"It rose. Beca": "It rose. […]", "上涨了。因为": "上涨了。 […]", "no sentence": "no sentence […]",
	} {
		if got := endAtSentence(given); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
