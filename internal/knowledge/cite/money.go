package cite

import (
	"regexp"
	"slices"
	"strings"
)

// money is an amount with its currency.
type money struct{ value, currency string }

const codes = `USD|EUR|GBP|CNY|RMB|JPY|HKD|CHF`

var (
	moneyBefore = regexp.MustCompile(`(?i)([A-Z]{0,2}\$|[€£¥￥]|\b(?:` + codes + `))\s*(\d[\d,.]*)\s*(` + scale + `)?`)
	moneyBehind = regexp.MustCompile(`(?i)(\d[\d,.]*)\s*(` + scale + `)?\s*([€£]|美元|美金|欧元|英镑|日元|港元|港币|人民币|元|(?:dollar|euro|pound)s?\b|yuan\b|yen\b|(?:` + codes + `)\b)`)
	// coded are figures with the code of a currency, which is no name.
	codeBefore = regexp.MustCompile(`\b(?:` + codes + `)\s*(\d)`)
	codeBehind = regexp.MustCompile(`(\d)\s*(?:` + codes + `)\b`)
)

// currencies are the codes of what is written otherwise.
var currencies = map[string]string{"$": "USD", "US$": "USD", "DOLLAR": "USD", "美元": "USD", "美金": "USD", "€": "EUR", "EURO": "EUR", "欧元": "EUR", "£": "GBP", "POUND": "GBP", "英镑": "GBP",
	"元": "CNY", "人民币": "CNY", "RMB": "CNY", "YUAN": "CNY", "日元": "JPY", "YEN": "JPY", "港元": "HKD", "港币": "HKD", "HK$": "HKD", "￥": "¥"}

// moneyOf are the amounts of a text that have a currency.
func moneyOf(text string) (found []money) {
	for _, parts := range moneyBefore.FindAllStringSubmatch(text, -1) {
		found = append(found, money{valueOf(parts[2], parts[3]), currencyOf(parts[1])})
	}
	for _, parts := range moneyBehind.FindAllStringSubmatch(text, -1) {
		found = append(found, money{valueOf(parts[1], parts[2]), currencyOf(parts[3])})
	}
	return found
}

func currencyOf(written string) string {
	written = strings.ToUpper(written)
	if len(written) > len("EUR") {
		written = strings.TrimSuffix(written, "S")
	}
	if code := currencies[written]; code != "" {
		return code
	}
	return written
}

// is reports whether both amounts may be of one currency: the yen and the yuan have the same sign.
func (m money) is(other money) bool {
	either := func(one, another string) bool { return one == "¥" && (another == "CNY" || another == "JPY") }
	return m.currency == other.currency || either(m.currency, other.currency) || either(other.currency, m.currency)
}

// sameMoney reports whether no amount that was said stands there in another currency only. One without a currency is of any: a table may say it in its heading.
func sameMoney(said, there []money) bool {
	for _, one := range said {
		sameValue := slices.DeleteFunc(slices.Clone(there), func(other money) bool { return other.value != one.value })
		if len(sameValue) > 0 && !slices.ContainsFunc(sameValue, one.is) {
			return false
		}
	}
	return true
}

// withoutCodes is a text whose amounts have no codes of currencies, which would be taken for names.
func withoutCodes(text string) string {
	return codeBehind.ReplaceAllString(codeBefore.ReplaceAllString(text, "$1"), "$1")
}
