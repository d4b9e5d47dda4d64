package activities

import (
	"strings"
	"testing"
	"unicode/utf8"

	"bestbox/agents"
	"bestbox/internal/config"
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
		{"a quotation that is cut", []string{"It says: “Obey.”, “" + strings.Repeat("x", 50) + "”."}, 31, "It says: “Obey.”, “xxxxx…” [shortened: the beginning of 1 sentences]"},
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
		"It rose. By 30.5": "It rose. […]", "It rose! By 30.": "It rose! […]", "It rose. All of it.": "It rose. All of it. […]",
		"- It rose\n- It fe": "- It rose […]", "总额1,604,937.1": "总额1,604,937.1 […]",
		"First A with 95; second B with 92 (wan": "First A with 95; […]", "第一A；第二B，希": "第一A； […]",
	} {
		if got := endAtSentence(given); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestALongQuestionKeepsItsBeginningAndEndForTheRouter(t *testing.T) {
	t.Parallel()
	a := &Activities{Options: Options{HeavyContext: 8000, LightContext: 1500}}
	const begin, end = "开头 Why", "late? 结尾"
	long := begin + strings.Repeat("库x", 1500) + end
	tests := []struct {
		name, question, tier string
		longest              int
		cut                  bool
	}{
		{"short", "Why?", config.Light, 4, false},
		{"as long as fits", strings.Repeat("库", 500), config.Light, 500, false},
		{"too long for light", long, config.Light, 500, true},
		{"not for heavy", long, config.Heavy, len([]rune(long)), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := a.forRouter(test.question, test.tier)
			if length := utf8.RuneCountInString(got); length > test.longest || !utf8.ValidString(got) {
				t.Errorf("%d characters, want at most %d of text", length, test.longest)
			}
			if test.cut && (!strings.HasPrefix(got, begin) || !strings.HasSuffix(got, end) || !strings.Contains(got, "shortened")) {
				t.Errorf("got %q", got)
			}
			if !test.cut && got != test.question {
				t.Errorf("a question that fits became %q", got)
			}
		})
	}
}
