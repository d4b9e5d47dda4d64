package chunk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/knowledge/chunk"
)

func TestSentencesOfEnglishAndChinese(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"nothing":                     nil,
		"plain":                       {"One ends. ", "Two ends! ", "Does three?  ", "Four"},
		"decimals and versions":       {"It costs 48.20 in v1.2.3 or so. ", "Next."},
		"abbreviations":               {"Ask Dr. Wang, Mr. Li etc. And e.g. Acme Inc. Ltd. for no. 5. ", "Then go."},
		"initials":                    {"J. R. Smith of the U.S. Army came. ", "He left."},
		"numbers of a list":           {"1. First do this. ", "2.1. Then that."},
		"items of a list":             {"The fees are:\n", "1. Bachelor: $900\n", "2. Master (part time): $1,050\n", "- both with discounts\n", "• or none. ", "Ask us."},
		"a line that goes on":         {"There were 12\n3.5 of them."},
		"the end of a year":           {"It was in 2026. ", "Then came 2027."},
		"lower case goes on":          {"What is approx. this? ", "Ok... and so on. ", "Done…"},
		"quotes and brackets":         {"He said \"Stop.\" ", "(It did.) ", "“So?” ", "Yes."},
		"Chinese":                     {"订单已批准。", "金额是48.20元！", "真的吗？", "分号；", "最后"},
		"Chinese quotes":              {"他说：“好。”", "然后走了？！", "是。 ", "完"},
		"Chinese with English marks":  {"好!", "我们走?", "是"},
		"English in Chinese":          {"请看 v1.2 的说明。", "See the manual. ", "谢谢"},
		"an empty line ends sentence": {"A heading\n\n", "and text\nthat goes on"},
		"spaces at the beginning":     {" \n One. ", "Two."},
		"bytes that are no text":      {"a\xff. ", "\xfeB."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(want, chunk.Sentences(strings.Join(want, ""))); diff != "" {
				t.Errorf("want (-), got (+): %s", diff)
			}
		})
	}
}

// It would take half a minute if each mark made all of the text before it be looked at.
func TestManyMarksInOneLineAreLookedAtOnce(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"initials": strings.Repeat("A. ", 150_000), "numbers": strings.Repeat("A. ", 150_000) + strings.Repeat("1. ", 150_000)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			if got := strings.Join(chunk.Sentences(text), ""); got != text {
				t.Error("the text is another")
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func FuzzSentences(f *testing.F) {
	for _, text := range []string{"", "One. Two", "1. A. B.C 。！ \n\n \n", "…\xff. \u3000!", "a\n\n\nb"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sentences := chunk.Sentences(text)
		if got := strings.Join(sentences, ""); got != text {
			t.Errorf("%q became %q", text, got)
		}
		for _, sentence := range sentences {
			if sentence == "" {
				t.Errorf("%q has an empty sentence", text)
			}
		}
	})
}
