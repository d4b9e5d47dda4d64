package terms_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"bestbox/internal/knowledge/terms"
)

func TestTermsOfATextInTheirOrder(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"words are stemmed, stop words left out": {"How do I approve the ORDERS that were approved?", "approv order approv"},
		"an ending in s":                         {"the company's suppliers, and don’t", "compani supplier don"},
		"an identifier whole and by parts":       {"PO-1001", "po-1001 po 1001"},
		"an identifier without its dash":         {"PO1001", "po1001 po 1001"},
		"an identifier of parts that are mixed":  {"x1-B2", "x1-b2 x1 x 1 b2 b 2"},
		"dashes of all kinds":                    {"PO–1001 PO‐1001", "po-1001 po 1001 po-1001 po 1001"},
		"words with a dash or slash are words":   {"cross-border customers/partners", "cross border custom partner"},
		"numbers with thousands and decimals":    {"48,200.50 or 48200", "48200.50 48200 50 48200"},
		"a comma between short numbers":          {"1,2,30", "1 2 30"},
		"a day":                                  {"2026-11-27", "2026-11-27 2026 11 27"},
		"an address of the net":                  {"10.0.0.1", "10.0.0.1 10 0 0 1"},
		"the end of a sentence":                  {"Version 2. Then 3.", "version 2 3"},
		"accents and capitals":                   {"CAFÉ cafe\u0301 Straße", "cafe cafe strass"},
		"full width":                             {"ＰＯ－１００１ ｏｒｄｅｒ", "po-1001 po 1001 order"},
		"ligatures, signs, soft hyphens":         {"ﬁnal Windows™ sup\u00adplier", "final window supplier"},
		"Chinese by characters and pairs":        {"采购订单", "采 采购 购 购订 订 订单 单"},
		"one character of Chinese":               {"税。", "税"},
		"Chinese does not pair across a stop":    {"税，率", "税 率"},
		"Chinese around an identifier":           {"订单PO-1001的金额", "订 订单 单 po-1001 po 1001 的 的金 金 金额 额"},
		"an identifier ends at Chinese":          {"A-订", "订"},
		"Japanese and Korean":                    {"カナ 주문", "カ カナ ナ 주문"},
		"other scripts are whole words":          {"Заказы हिन्दी", "заказы हिन्दी"},
		"nothing":                                {" \t…!", ""},
		"bytes that are no text":                 {"order\xff\xfe1", "order 1"},
		"what is no word is cut":                 {strings.Repeat("ab", 100), strings.Repeat("ab", 32)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(strings.Fields(test.want), terms.Query(test.text)); diff != "" && (test.want != "" || terms.Query(test.text) != nil) {
				t.Errorf("want (-), got (+): %s", diff)
			}
		})
	}
}

func TestCountSaysHowOften(t *testing.T) {
	t.Parallel()
	want := map[string]int{"order": 3, "订": 1, "po-1": 2, "po": 2, "1": 2}
	if diff := cmp.Diff(want, terms.Count("Order, orders: ordering 订 po-1 PO-1")); diff != "" {
		t.Errorf("want (-), got (+): %s", diff)
	}
}

func FuzzQuery(f *testing.F) {
	for _, text := range []string{"", "How do I approve PO-1001?", "订单PO-1001的金额是48,200.00元", "ＰＯ—１００１", "cafe\u0301 İI ß ﬁ ½ ㎡ \u0344", "a,100,200", "x\xff1", "カ\u3099 हिन्दी",
		"yyy's ssessing'"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := terms.Query(text)
		for _, term := range got {
			if term == "" || utf8.RuneCountInString(term) > 64 || strings.ContainsFunc(term, unicode.IsSpace) || !utf8.ValidString(term) {
				t.Errorf("%q", term)
			}
		}
		counts := terms.Count(text)
		if distinct := slices.Sorted(maps.Keys(counts)); !slices.Equal(distinct, slices.Compact(slices.Sorted(slices.Values(got)))) {
			t.Errorf("counted %q of %q", distinct, got)
		}
		if !slices.Equal(got, terms.Query(text)) {
			t.Error("a second time it is something else")
		}
		if valid := strings.ToValidUTF8(text, " "); !slices.Equal(terms.Query(norm.NFC.String(valid)), terms.Query(norm.NFD.String(valid))) {
			t.Errorf("composed %q, decomposed %q", terms.Query(norm.NFC.String(valid)), terms.Query(norm.NFD.String(valid)))
		}
	})
}
