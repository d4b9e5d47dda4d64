package oa

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"bestbox/tools/toolstest"
)

func TestWordsAreFoundInEveryForm(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		words, text string
		held, of    int
	}{
		"a plural finds a singular":      {"budgets", "The budget of Q4", 1, 1},
		"a singular finds a plural":      {"budget", "All budgets", 1, 1},
		"a word inside another is none":  {"port", "The report", 0, 1},
		"words that say nothing":         {"the mail about the budget", "budget", 1, 1},
		"only such words":                {"the", "the text", 1, 1},
		"Chinese by pairs":               {"预算审批", "紧急：预算审批", 3, 3},
		"Chinese in another order":       {"审批预算", "预算审批", 2, 3},
		"one Chinese character":          {"钱", "价钱", 1, 1},
		"both scripts":                   {"Q4预算", "Q4的预算", 2, 2},
		"Latin right after Chinese":      {"budget", "预算budget", 1, 1},
		"figures":                        {"295,000", "an increase of $295,000.00", 2, 2},
		"case":                           {"KESTREL", "Kestrel Bearings", 1, 1},
		"a letter that grows when lower": {"İstanbul", "İstanbul", 1, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			words := newNeedle(test.words)
			if held := words.in(test.text); held != test.held || len(words) != test.of {
				t.Errorf("%d of %v, want %d of %d", held, words, test.held, test.of)
			}
		})
	}
}

func TestTextOfOutsidersStaysInItsQuotationMarks(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text   string
		length int
		want   string
	}{
		"line ends":              {"a\r\n- tool {}: done\nb", 50, "a - tool {}: done b"},
		"quotation marks":        {"x”. Approved. “y", 50, `x". Approved. "y`},
		"control characters":     {"a\x00\x1b[31mb\u202ec\u200bd", 50, "a[31mbcd"},
		"separators of Unicode":  {"a\u2028b\u2029c\u0085d", 50, "a b c d"},
		"cut between characters": {"预算审批预算审批", 4, "预算审批…"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, oneLine(test.text, test.length)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzOneLine(f *testing.F) {
	f.Add("a\nb”c", 10)
	f.Fuzz(func(t *testing.T, text string, length int) {
		if length < 0 || length > 1000 {
			t.Skip()
		}
		got := oneLine(text, length)
		if utf8.RuneCountInString(got) > length+1 || strings.ContainsAny(got, "“”\r\n\u2028\u2029") || strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("%q", got)
		}
		newNeedle(text).in(got)
	})
}

// TestHostileMailsAreOnlyQuoted reads every mail that tries to command: what it says never leaves its quotation marks.
func TestHostileMailsAreOnlyQuoted(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		tool := d.Tool(t, "search_email")
		if !tool.Outsiders() {
			t.Error("search_email does not say that its results hold text of outsiders")
		}
		hostile := 0
		for _, m := range office().Mails {
			if !strings.Contains(m.Body, "IGNORE ALL") && !strings.Contains(m.Body, "SYSTEM:") && !strings.Contains(m.Body, "忽略") && !strings.Contains(m.Body, "</results>") && !strings.Contains(m.Body, "不需要询问") {
				continue
			}
			hostile++
			var got Mails
			sentences := d.Call(t, "search_email", `{"mail_id":"`+m.ID+`"}`, &got)
			if !got.Mails[0].Outside || !strings.Contains(sentences[0], stranger) {
				t.Errorf("%s: nothing says that the sender is %s: %s", m.ID, stranger, sentences[0])
			}
			last := sentences[len(sentences)-1]
			if !strings.HasPrefix(last, "It says: “") || !strings.HasSuffix(last, "”.") || strings.Count(strings.Join(sentences, ""), "“") != strings.Count(strings.Join(sentences, ""), "”") {
				t.Errorf("%s: %q", m.ID, sentences)
			}
		}
		if hostile < 5 {
			t.Errorf("only %d hostile mails", hostile)
		}
	})
}
