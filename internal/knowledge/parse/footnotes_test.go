package parse

import (
	"testing"

	"bestbox/internal/knowledge"
)

func TestMarkdownFootnotesStayWhereTheyStand(t *testing.T) {
	t.Parallel()
	const chinese = "员工每年享有三十天年假，其中五天可以保留。"
	for _, c := range []struct {
		name, source string
		want         []knowledge.Block
	}{
		{"Chinese", "正文[^1]。\n\n[^1]: " + chinese, []knowledge.Block{paragraph("正文[^1]。"), paragraph("[^1]: " + chinese)}},
		{"without a space", "正文[^1]。\n\n[^1]:" + chinese, []knowledge.Block{paragraph("正文[^1]。"), paragraph("[^1]:" + chinese)}},
		{"English", "Text[^a].\n\n[^a]: Thirty days of leave.\n", []knowledge.Block{paragraph("Text[^a]."), paragraph("[^a]: Thirty days of leave.")}},
		{"one word", "Text[^a].\n\n[^a]: Ibidem\n", []knowledge.Block{paragraph("Text[^a]."), paragraph("[^a]: Ibidem")}},
		{"that nothing refers to", "[^1]: " + chinese + "\n\nText", []knowledge.Block{paragraph("[^1]: " + chinese), paragraph("Text")}},
		{"several in a row", "[^1]: 第一\n[^2]: 第二\n[^3]: Third one", []knowledge.Block{paragraph("[^1]: 第一"), paragraph("[^2]: 第二"), paragraph("[^3]: Third one")}},
		{"over two lines", "[^1]: 第一\n行。\n", []knowledge.Block{paragraph("[^1]: 第一行。")}},
		{"behind a text", "Text[^1]\n[^1]: 第一", []knowledge.Block{paragraph("Text[^1]"), paragraph("[^1]: 第一")}},
		{"behind a link", "See [it][a].\n\n[a]: http://example.com\n[^1]: 第一", []knowledge.Block{paragraph("See it."), paragraph("[^1]: 第一")}},
		{"before a link", "[^1]: 第一\n\n[a]: http://example.com\n\nSee [it][a].", []knowledge.Block{paragraph("[^1]: 第一"), paragraph("See it.")}},
		{"said twice", "[^1]: 第一\n\n[^1]: 第二", []knowledge.Block{paragraph("[^1]: 第一"), paragraph("[^1]: 第二")}},
		{"with a mark in it", "[^1]: 见**表**。", []knowledge.Block{paragraph("[^1]: 见表。")}},
		{"in a list", "- 一[^1]\n- 二\n\n  [^1]: 第一\n", []knowledge.Block{list("- 一[^1]\n- 二 [^1]: 第一")}},
		{"in a quote", "> [^1]: 第一\n> [^2]: 第二", []knowledge.Block{paragraph("[^1]: 第一"), paragraph("[^2]: 第二")}},
		{"in code", "```\n[^1]: 第一\n```", []knowledge.Block{{Kind: knowledge.Code, Text: "[^1]: 第一"}}},
		{"a rule below", "[^1]: 第一\n\n---\nText", []knowledge.Block{paragraph("[^1]: 第一"), paragraph("Text")}},
		{"a table below", "[^1]: 第一\n\n| a | b |\n|---|---|\n| 1 | 2 |", []knowledge.Block{paragraph("[^1]: 第一"), table(1, "a | b\n1 | 2")}},
		{"a table before", "| a | b |\n|---|---|\n| 1 | 2[^1] |\n\n[^1]: 第一", []knowledge.Block{table(1, "a | b\n1 | 2[^1]"), paragraph("[^1]: 第一")}},
		{"no footnote", "See [it].\n\n[it]: http://example.com \"A title\"\n", []knowledge.Block{paragraph("See it.")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wantBlocks(t, readFile(t, "a.md", []byte(c.source)), c.want...)
		})
	}
}
