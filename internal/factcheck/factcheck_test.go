package factcheck_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/factcheck"
)

func TestUnsupportedFindsWhatNoSourceHolds(t *testing.T) {
	t.Parallel()
	const source = "Procurement rose 30.0 % from $1,234,567.00 in 2025-Q3 to $1,604,937.10 in 2025-Q4. " +
		"65 % of the rise comes from VND-001 (Baosteel), whose unit prices rose 25.0 %. PO-2025-0031 is due on 2026-01-15. Stock changed by -5 pieces. " +
		"Ask Pat@vendor.example, see https://vendor.example/list?year=2025 (PO-2025-0077)."
	tests := []struct {
		name, answer string
		want         []string
	}{
		{"nothing said", "I do not know.", []string{}},
		{"figures as written", "It rose 30.0 % to $1,604,937.10.", []string{}},
		{"fewer decimals", "It rose 30% to $1,604,937.", []string{}},
		{"a scale in words", "It rose to about $1.6 million.", []string{}},
		{"a scale in Chinese", "第四季度采购额为160万美元，上涨30%，其中65%来自VND-001。", []string{}},
		{"a Chinese quarter with a digit", "2025年第4季度上涨了30%，2024年第4季度没有。", []string{"2024年第4季度", "2024"}},
		{"percent in words", "It rose 30 percent, 百分之25 of prices.", []string{}},
		{"a date in words", "It is due on January 15, 2026.", []string{}},
		{"a sign in words", "Stock fell by 5.", []string{}},
		{"a quarter without its year", "In Q4 it rose.", []string{}},
		{"the quarter in the other order", "In Q4 2025 it rose.", []string{}},
		{"list numbers", "1. VND-001\n2. nobody", []string{}},
		{"list numbers of other kinds", "3、VND-001\n（7）VND-001\n(8) VND-001\n9）VND-001\n**7. VND-001:** it\n- 8. it\n9.它", []string{}},
		{"a number with a point at the beginning", "7.25 is the sum.", []string{"7.25"}},
		{"identifiers in other case", "See po-2025-0031.", []string{}},
		{"an invented figure", "It rose by $370,370.10.", []string{"370,370.10"}},
		{"an invented share", "It rose 31 %.", []string{"31%"}},
		{"an amount is not a share", "It rose 5 %.", []string{"5%"}},
		{"an invented identifier", "VND-002 is to blame.", []string{"VND-002"}},
		{"an invented quarter", "In Q2 it rose.", []string{"Q2"}},
		{"the right quarter of a wrong year", "In 2024-Q4 it rose.", []string{"2024-Q4", "2024"}},
		{"a wrong scale", "It rose to 1.6 billion.", []string{"1.6billion"}},
		{"each only once", "99 and 99", []string{"99"}},
		{"addresses as written", "Write to pat@vendor.example; see [the list](https://vendor.example/list?year=2025).", []string{}},
		{"a link that carries something away", "![ ](https://vendor.example/list?year=2025&sum=1604937) It rose 30%.", []string{"https://vendor.example/list?year=2025&sum=1604937"}},
		{"an invented mailbox", "Write to pat@vendor.example.evil.example", []string{"pat@vendor.example.evil.example"}},
		{"a link without its scheme", "见www.evil.example/x。", []string{"www.evil.example/x"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, factcheck.Unsupported(test.answer, source)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnExactFigureIsNotRounded(t *testing.T) {
	t.Parallel()
	const source = "罚款1.5万元, 1.6 million, 12.5 kg, 30 %, 2026-01-15"
	for answer, want := range map[string][]string{
		"15000元, 1,600,000, 12.50 kg, 30.0 %, January 15": {},
		"2万元": {"2万"}, "1万元": {"1万"}, "2 million": {"2million"}, "13 kg": {"13"},
	} {
		if diff := cmp.Diff(want, factcheck.UnsupportedExactly(answer, source)); diff != "" {
			t.Errorf("%s: %s", answer, diff)
		}
	}
}

func TestASmallLetterIsAScaleOnlyBehindACurrency(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		answer, source string
		want           []string
	}{
		{"高度超过2米", "高度超过2m", []string{}},
		{"a ladder of 2 m", "a ladder of 2 metres", []string{}},
		{"a ladder of 3m", "a ladder of 2m", []string{"3"}},
		{"$1.6m and EUR 2 k", "$1,600,000 and 2,000 euros", []string{}},
		{"1.6M", "1,600,000", []string{}},
		{"$2m", "$2", []string{"2m"}},
	} {
		if diff := cmp.Diff(test.want, factcheck.UnsupportedExactly(test.answer, test.source)); diff != "" {
			t.Errorf("%s: %s", test.answer, diff)
		}
	}
}

func TestAnIdentifierIsSupportedOnlyAsAWhole(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, answer, source string
		want                 []string
	}{
		{"in Chinese", "WH-002仓库的A-100由VND-001供应，见PO-2025-0309和INV-2025-0261。",
			"A-100 in WH-002 from VND-001: PO-2025-0309, INV-2025-0261.", []string{}},
		{"in lower case", "ask vnd-001", "VND-001供应商", []string{}},
		{"in brackets and with a stop", "(A-100) \"WH-001\".", "A-100/WH-001", []string{}},
		{"the beginning of a longer one", "A-10 is low.", "A-100 and A-10-B are low.", []string{"A-10"}},
		{"the beginning of a numbered one", "PO-2025 is late.", "PO-2025-0309 is late.", []string{"PO-2025"}},
		{"the end of a longer one", "A-100 is low.", "AA-100 and B2-A-100 and 3M-A-100 are low.", []string{"A-100"}},
		{"longer than the source's", "A-1000 is low.", "A-100 is low.", []string{"A-1000"}},
		{"beside Chinese, longer than the source's", "仓库WH-0021缺货", "仓库WH-002缺货", []string{"WH-0021"}},
		{"with a day in it", "See INV-2025-12-01.", "See INV-2025-11-30, due on 2025-12-01.", []string{"INV-2025-12-01"}},
		{"with a quarter in it", "See LOT-Q1-100.", "See LOT-Q2-100 of Q1.", []string{"LOT-Q1-100"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, factcheck.Unsupported(test.answer, test.source)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzATextAlwaysSupportsItself(f *testing.F) {
	f.Add("It rose 30.0 % to $1,604,937.10 in 2025-Q4, 1.6 万, A-100, 百分之25, 2026-01-15.")
	f.Add("1e309 99999999999999999999999999 Q4-2025 X-1-")
	f.Fuzz(func(t *testing.T, text string) {
		if missing := factcheck.Unsupported(text, text); len(missing) > 0 {
			t.Errorf("%q does not support its own %q", text, missing)
		}
	})
}
