package cite_test

import (
	"strings"
	"testing"

	"bestbox/internal/knowledge/cite"
)

func TestNumbersAreWrittenInDigits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"fourteen, eighteen and seventy":    "14, 18 and 70",
		"twenty-five days or twenty five":   "25 days or 25",
		"two hundred":                       "200",
		"A hundred and one":                 "101",
		"twelve hundred":                    "1200",
		"three hundred thousand and twelve": "300012",
		"two and three":                     "2 and 3",
		"twenty-five million":               "25 million",
		"one day, one hundred days":         "one day, 100 days",
		"several hundred tenants, often":    "several hundred tenants, often",
		"in twenty fifteen":                 "in twenty fifteen",
		"freight, weight, someone":          "freight, weight, someone",
		"五天":                                "5 天",
		"两个工作日":                             "2 个工作日",
		"一百五十八天":                            "158 天",
		"一千零五十元":                            "1050 元",
		"五万元":                               "5万元",
		"三百五十万人":                            "350万人",
		"一万五千元":                             "15000 元",
		"一亿五千万元":                            "150000000 元",
		"二〇二六年一月十五日":                        "2026 年 1 月 15 日",
		"百分之五":                              "5%",
		"百分之二点五":                            "2.5%",
		"百分之百":                              "100%",
		"第十二条":                              "第 12 条",
		"一般、第三方、统一、一些、万一、千万不要、三五天、统一年度、一万五、四分之三": "一般、第三方、统一、一些、万一、千万不要、三五天、统一年度、一万五、四分之三",
		"１５％": "15%",
	} {
		if got := strings.Join(strings.Fields(cite.InDigits(text)), " "); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
