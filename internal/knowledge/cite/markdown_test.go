package cite_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/knowledge/cite"
)

func TestNumbersLeaveMarkdownAsItIs(t *testing.T) {
	t.Parallel()
	passages := []cite.Passage{{Number: 1, Document: "hotels", Title: "Travel", Text: "The hotel limit in Berlin is $140. The hotel limit in Shanghai is $165. Ask for the form at https://x/form. 柏林的酒店限额为140美元。"}}
	for name, test := range map[string]struct {
		answer, want string
		uncited      []string
	}{
		"a table":                            {"| City | Hotel limit |\n|---|:---:|\n| Berlin | $140 |\n| Munich | $150 |", "| City | Hotel limit |\n|---|:---:|\n| Berlin | $140 [1] |\n| Munich | $150 |", []string{"| Munich | $150 |"}},
		"a table without lines at its sides": {"City | Hotel limit in Berlin\n--- | ---\nBerlin | Hotel limit $140", "City | Hotel limit in Berlin\n--- | ---\nBerlin | Hotel limit $140 [1]", nil},
		"an empty cell":                      {"| City | Hotel limit | Note |\n|---|---|---|\n| Berlin | $140 | |", "| City | Hotel limit | Note |\n|---|---|---|\n| Berlin | $140 | [1] |", nil},
		"a heading":                          {"### Hotel limit in Berlin\n\nThe hotel limit in Berlin is $140.", "### Hotel limit in Berlin\n\nThe hotel limit in Berlin is $140 [1].", nil},
		"a heading of which nothing is said": {"## Dogs and cats of visitors\nThe hotel limit in Berlin is $140.", "## Dogs and cats of visitors\nThe hotel limit in Berlin is $140 [1].", nil},
		"a bold heading":                     {"**Dogs and cats of visitors**\n\nThe hotel limit in Berlin is $140.", "**Dogs and cats of visitors**\n\nThe hotel limit in Berlin is $140 [1].", nil},
		"a bold heading right above":         {"**Dogs and cats**\nthe hotel limit in Berlin is $140.", "**Dogs and cats**\nthe hotel limit in Berlin is $140 [1].", nil},
		"a bold sentence is a claim":         {"**Dogs and cats may stay.**\n\nThe hotel limit in Berlin is $140.", "**Dogs and cats may stay.**\n\nThe hotel limit in Berlin is $140 [1].", []string{"**Dogs and cats may stay.**"}},
		"a bold answer is a claim":           {"**Dogs and cats may stay**", "**Dogs and cats may stay**", []string{"**Dogs and cats may stay**"}},
		"a bold sentence before another":     {"**The hotel limit in Berlin is $140.** Dogs and cats may stay.", "**The hotel limit in Berlin is $140 [1].** Dogs and cats may stay.", []string{"Dogs and cats may stay."}},
		"a number behind a bold sentence":    {"**The hotel limit in Berlin is $140.** [1] Dogs and cats may stay.", "**The hotel limit in Berlin is $140 [1].** Dogs and cats may stay.", []string{"Dogs and cats may stay."}},
		"a bold Chinese sentence":            {"**柏林的酒店限额为140美元。**狗可以住酒店房间。", "**柏林的酒店限额为140美元[1]。**狗可以住酒店房间。", []string{"狗可以住酒店房间。"}},
		"a link":                             {"Ask for [the form](https://x/form).", "Ask for [the form](https://x/form) [1].", nil},
		"a link in brackets":                 {"Ask for the form (at [the address](https://x/form)).", "Ask for the form (at [the address](https://x/form) [1]).", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := cite.Check("", test.answer, passages)
			if diff := cmp.Diff(test.want, got.Answer); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.uncited, got.Uncited); diff != "" {
				t.Error(diff)
			}
		})
	}
}
