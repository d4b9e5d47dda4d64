package parse

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"bestbox/internal/knowledge"
)

func TestMarkdownIsReadAsItIsSeen(t *testing.T) {
	t.Parallel()
	content := readFile(t, "a.md", []byte(`# Leave & travel

Everybody has **thirty** days
of `+"`leave`"+`, see [the policy](https://example.com/a_b). 5 \* 3 &lt; 16, &copy; <b>us</b>.
First line\
second line

中文的段落
换行没有空格。

- Paper
  - white
  - grey
- Ink

3. three
4. four

| Grade | Days |
|---|---|
| 一级 | 30 |
| *two* | 25 \| 26 |

`+"```go\nfunc main() {\n\treturn\n}\n```"+`

> ## Quoted
> It was said.

<div hidden>not shown</div>
<p>In <em>HTML</em></p>

Setext
------
`))
	if content.Title != "Leave & travel" || content.Format != "markdown" {
		t.Errorf("title %q, format %q", content.Title, content.Format)
	}
	wantBlocks(t, content,
		heading(1, "Leave & travel"),
		paragraph("Everybody has thirty days of leave, see the policy. 5 * 3 < 16, © us. First line\nsecond line"),
		paragraph("中文的段落换行没有空格。"),
		list("- Paper\n  - white\n  - grey\n- Ink"),
		list("3. three\n4. four"),
		table(1, "Grade | Days\n一级 | 30\ntwo | 25 | 26"),
		knowledge.Block{Kind: knowledge.Code, Text: "func main() {\n\treturn\n}"},
		heading(2, "Quoted"), paragraph("It was said."),
		paragraph("In HTML"),
		heading(2, "Setext"),
	)
}

func TestMarkdownFrontMatterIsTakenOff(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, source, title, first string }{
		{"yaml", "---\ntitle: \"假期 policy\"\ntags: [a, b]\n---\nText", "假期 policy", "Text"},
		{"toml", "+++\ntitle = 'Leave'\n+++\nText", "Leave", "Text"},
		{"windows", "---\r\ntitle: Leave\r\n---\r\nText", "Leave", "Text"},
		{"none", "---\nJust a text between rules\n---\nText", "", "Just a text between rules"},
		{"of the title first", "---\ntitle: A\n---\n# B", "A", "B"},
		{"a title over lines", "---\ntitle: >\n  Leave and\n  travel\n---\nText", "Leave and travel", "Text"},
		{"a title without quotes", "---\nlayout: page\n\"title\": Leave # for all\n---\nText", "Leave", "Text"},
		{"a number as the title", "---\ntitle: 2026\n---\nText", "2026", "Text"},
		{"a fraction as the title", "---\ntitle: 1.50\n---\nText", "1.50", "Text"},
		{"a date as the title", "---\ntitle: 2026-11-28\n---\nText", "2026-11-28", "Text"},
		{"no title", "---\ntitle:\n---\nText", "", "Text"},
		{"a list", "---\n- a\n---\nText", "", "- a"},
		{"one line in braces", "---\n{title: Leave}\n---\nText", "Leave", "Text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			content := readFile(t, "a.md", []byte(c.source))
			if content.Title != c.title || content.Blocks[0].Text != c.first {
				t.Errorf("title %q, first block %q; want %q, %q", content.Title, content.Blocks[0].Text, c.title, c.first)
			}
		})
	}
}

// What the library makes of settings grows with the square of how deep they nest, and tenfold with each reference to ten references. It runs alone: what others allocate
// would count.
func TestMarkdownFrontMatterTakesLittleMemory(t *testing.T) {
	references := "a0: &a0 {a: 1}\n"
	for at := range 6 {
		references += fmt.Sprintf("a%d: &a%[1]d {<<: [%s]}\n", at+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", at), 10), ","))
	}
	for name, front := range map[string]string{"nested deep": strings.Repeat("[", 20_000), "references": references} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_ = readFile(t, "a.md", []byte("---\n"+front+"\n---\ntext"))
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 200<<20 {
			t.Errorf("%s took %d bytes", name, took)
		}
	}
}

func TestListsWithMoreThanTextKeepTheNumbersOfTheirItems(t *testing.T) {
	t.Parallel()
	code := knowledge.Block{Kind: knowledge.Code, Text: "make"}
	for _, c := range []struct {
		name, file, source string
		want               []knowledge.Block
	}{
		{"Markdown", "a.md", "1. Do this:\n\n       make\n\n   More\n2. Then that\n", []knowledge.Block{paragraph("1. Do this:"), code, paragraph("More"), paragraph("2. Then that")}},
		{"Markdown that begins later", "a.md", "3. # 安装\n4. ```\n   make\n   ```\n\n   做完\n", []knowledge.Block{heading(1, "3. 安装"), code, paragraph("4. 做完")}},
		{"Markdown, one below the other", "a.md", "1. One\n   - Bullet\n\n         make\n   - And\n2. Two\n\nEnd", []knowledge.Block{paragraph("1. One"), paragraph("Bullet"), code, paragraph("And"), paragraph("2. Two"), paragraph("End")}},
		{"Markdown without text in an item", "a.md", "1. ```\n   make\n   ```\n\nEnd", []knowledge.Block{code, paragraph("End")}},
		{"HTML", "a.html", "<ol><li>Do <b>this</b>:<pre>make</pre>More<li hidden>x<li><p>Then that</ol>End", []knowledge.Block{paragraph("1. Do this:"), code, paragraph("More"), paragraph("2. Then that"), paragraph("End")}},
		{"HTML with its own numbers", "a.html", "<ol type=a start=3><li><h2>安装</h2><li value=6><pre>make</pre>\n做完</ol>", []knowledge.Block{heading(2, "c. 安装"), code, paragraph("f. 做完")}},
		{"HTML, one below the other", "a.html", "<ol><li>One<ul><li>Bullet<pre>make</pre></ul><li>Two</ol>", []knowledge.Block{paragraph("1. One"), paragraph("Bullet"), code, paragraph("2. Two")}},
		{"HTML without text in an item", "a.html", "<ol><li><pre>make</pre></ol>End", []knowledge.Block{code, paragraph("End")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wantBlocks(t, readFile(t, c.file, []byte(c.source)), c.want...)
		})
	}
}

func TestHTMLIsReadAsItIsSeen(t *testing.T) {
	t.Parallel()
	content := readFile(t, "a.html", []byte(`<!DOCTYPE html><html><head><title> Leave &amp;
 travel </title><style>p{}</style><script>alert(1)</script></head><body>
<nav><ul><li>Home</li></ul></nav><div role="navigation">Menu</div>
<h1>Leave</h1>
<p>Everybody has <b>thir</b>ty
   days.<br>Second&nbsp;line</p>
<div style="color:red; display : none">hidden</div><p hidden>hidden</p><span aria-hidden="true">hidden</span><template>hidden</template><svg><title>drawing</title></svg>
<p>中文<span>段落</span>
换行</p>
loose text
<ul><li>Paper<ul><li>white</li></ul></li><li>Ink</ul>
<ol><li>one<li><p>two</p></ol>
<table><caption>Days</caption><tr><th>Grade<th>Days<tr><td>一级<td>30<tr><td>two<td></table>
<table><thead><tr><td>A</td><td>B</td></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>
<table><tr><td><h2>In a layout</h2></td><td><p>Its text</p></td></tr></table>
<pre>a
  b</pre>
<img src="x" alt="A picture of it"><button>Send</button><!-- no -->
</body></html>`))
	if content.Title != "Leave & travel" || content.Format != "html" {
		t.Errorf("title %q, format %q", content.Title, content.Format)
	}
	wantBlocks(t, content,
		heading(1, "Leave"), paragraph("Everybody has thirty days.\nSecond line"), paragraph("中文段落换行"), paragraph("loose text"),
		list("- Paper\n  - white\n- Ink"), list("1. one\n2. two"),
		paragraph("Days"), table(1, "Grade | Days\n一级 | 30\ntwo"),
		table(1, "A | B\n1 | 2"),
		heading(2, "In a layout"), paragraph("Its text"),
		knowledge.Block{Kind: knowledge.Code, Text: "a\n  b"},
		paragraph("A picture of it"),
	)
}

func TestSuperscriptsDoNotChangeFigures(t *testing.T) {
	t.Parallel()
	run := func(text, properties string) string {
		return "<w:r><w:rPr>" + properties + "</w:rPr><w:t>" + text + "</w:t></w:r>"
	}
	const raised = `<w:vertAlign w:val="superscript"/>`
	for _, c := range []struct{ name, before, raised, after, want string }{
		{"a power", "10", "6", " cells", "10^6 cells"},
		{"a negative power", "10", "−3", "m", "10^−3m"},
		{"a unit", "12 m", "2", "", "12 m^2"},
		{"a mark of a footnote", "5", "1", " days", "5^1 days"},
		{"an ordinal", "the 1", "st", " day", "the 1st day"},
		{"a mark in brackets", "leave", "[1]", "", "leave[1]"},
		{"behind Chinese", "年假", "1", "", "年假1"},
		{"behind a blank", "5 ", "1", "", "5 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			html := c.before + "<sup><i>" + c.raised + "</i></sup>" + c.after
			wantBlocks(t, readFile(t, "a.html", []byte("<p>"+html+"</p><ul><li>"+html+"</ul>")), paragraph(c.want), list("- "+c.want))
			body := "<w:p>" + run(c.before, "") + run(c.raised, raised) + run(c.after, `<w:vertAlign w:val="baseline"/>`) + "</w:p>"
			wantBlocks(t, readFile(t, "a.docx", docxFile(t, strings.ReplaceAll(body, "<w:t>", `<w:t xml:space="preserve">`))), paragraph(c.want))
		})
	}
	wantBlocks(t, readFile(t, "a.docx", docxFile(t, "<w:p>"+run("10", "")+run("1", raised)+run("2", raised)+run("2", "")+"</w:p>")), paragraph("10^122"))
}

// What a formula shows has no sign of what stands above or below; where it is said in TeX too, that is read.
func TestHTMLFormulasAreReadOnce(t *testing.T) {
	t.Parallel()
	const fraction = "<mrow><mfrac><mn>1</mn><mn>2</mn></mfrac></mrow>"
	for _, c := range []struct{ name, formula, want string }{
		{"KaTeX", `<math><semantics>` + fraction + `<annotation encoding="application/x-tex">\frac{1}{2}</annotation></semantics></math><span aria-hidden="true">12</span>`, `\frac{1}{2}`},
		{"other annotations", `<math><semantics><mrow><mi>a</mi></mrow><annotation encoding="StarMath 5.0">a</annotation><annotation-xml encoding="MathML-Content"><ci>a</ci></annotation-xml></semantics></math>`, "a"},
		{"no annotation", `<math><mi>a</mi></math>`, "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wantBlocks(t, readFile(t, "a.html", []byte("<p>It is "+c.formula+".")), paragraph("It is "+c.want+"."))
		})
	}
}

func TestHTMLTitleIsTheHeadingWhereThereIsNoOther(t *testing.T) {
	t.Parallel()
	if content := readFile(t, "a.htm", []byte("<h1>假期</h1><p>Text")); content.Title != "假期" {
		t.Errorf("title %q", content.Title)
	}
}

func TestTextParagraphsKeepTheirLines(t *testing.T) {
	t.Parallel()
	content := readFile(t, "a.txt", []byte("\r\n  Example Ltd.  \r\n1   High Street\r\n \t \r\n\r\n第一行\r第二行\u200b\n"))
	if content.Title != "" || content.Format != "text" {
		t.Errorf("title %q, format %q", content.Title, content.Format)
	}
	wantBlocks(t, content, paragraph("Example Ltd.\n1 High Street"), paragraph("第一行\n第二行"))
}

func TestCSVDelimitersAndHeaders(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, source, want string }{
		{"comma", "a.csv", "name,days\n\"Li, Wei\",30\n张三,25\n", "name | days\nLi, Wei | 30\n张三 | 25"},
		{"semicolon", "a.csv", "name;amount\nA;1,5\nB;2,5\n", "name | amount\nA | 1,5\nB | 2,5"},
		{"tab", "a.tsv", "name\tdays, more\nA\t1\n", "name | days, more\nA | 1"},
		{"bar", "a.csv", "name|days\nA|1\n", "name | days\nA | 1"},
		{"said by Excel", "a.csv", "sep=;\nname;days\nA;1\n", "name | days\nA | 1"},
		{"quotes over lines", "a.csv", "name,note\nA,\"one\ntwo \"\"three\"\"\"\n", "name | note\nA | one two \"three\""},
		{"quotes in the middle", "a.csv", "name,size\nscreen,27\" wide\n", "name | size\nscreen | 27\" wide"},
		{"empty cells", "a.csv", "a,b,c\n1,,3\n,,\n,2,\n", "a | b | c\n1 |  | 3\n | 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wantBlocks(t, readFile(t, c.file, []byte(c.source)), table(1, c.want))
		})
	}
	t.Run("no header", func(t *testing.T) {
		t.Parallel()
		wantBlocks(t, readFile(t, "a.csv", []byte("A,1\nB,2\n")), table(0, "A | 1\nB | 2"))
	})
	for name, c := range map[string]struct{ source, want string }{
		"decimal commas":                       {"Anna;1,5\nBert;2,5\n", "Anna | 1,5\nBert | 2,5"},
		"decimal commas in all cells":          {"1,5;2,5;3,5\n4,5;5,5;6,5\n", "1,5 | 2,5 | 3,5\n4,5 | 5,5 | 6,5"},
		"decimal commas in some rows":          {"1,5;2\n3;4\n5,5;6,5\n", "1,5 | 2\n3 | 4\n5,5 | 6,5"},
		"decimal commas and names with some":   {"Li, Anna;1,5\nLi, Bert;2,5\n", "Li, Anna | 1,5\nLi, Bert | 2,5"},
		"commas with blanks":                   {"1, a; b\n2, c\n", "1 | a; b\n2 | c"},
		"numbers":                              {"1,2,3\n4,5,6\n", "1 | 2 | 3\n4 | 5 | 6"},
		"decimal commas between tabs":          {"1,5\t2,5\n3,5\t4,5\n", "1,5 | 2,5\n3,5 | 4,5"},
		"commas, and a semicolon in each row":  {"1,a; b,2\n3,c; d,4\n", "1 | a; b | 2\n3 | c; d | 4"},
		"commas, and a semicolon in some rows": {"1,a;b\n2,c\n", "1 | a;b\n2 | c"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantBlocks(t, readFile(t, "a.csv", []byte(c.source)), table(0, c.want))
		})
	}
	t.Run("years as a header", func(t *testing.T) {
		t.Parallel()
		wantBlocks(t, readFile(t, "a.csv", []byte(",2023,2024\nsales,1,2\n")), table(1, " | 2023 | 2024\nsales | 1 | 2"))
	})
}

// Trees that are as deep as their text is long would overflow the stack, which ends the process and cannot be recovered from.
func TestDeepNestingNeitherOverflowsNorLosesText(t *testing.T) {
	t.Parallel()
	const depth = 1_000_000
	for _, c := range []struct{ name, file, source string }{
		{"quotes", "a.md", strings.Repeat("> ", depth) + "needle"},
		{"quotes without spaces", "a.md", strings.Repeat(">", depth) + "needle"},
		{"lists", "a.md", strings.Repeat("- ", depth) + "needle"},
		{"numbered lists", "a.md", strings.Repeat("1. ", depth) + "needle"},
		{"mixed", "a.md", strings.Repeat("> - 1) ", depth) + "needle"},
		{"emphasis", "a.md", strings.Repeat("*a **a ", depth) + "needle" + strings.Repeat("** a*", depth)},
		{"links", "a.md", strings.Repeat("[", depth) + "needle" + strings.Repeat("](a)", depth)},
		{"pictures", "a.md", strings.Repeat("![", 4000) + "needle" + strings.Repeat("](a)", 4000)},
		{"emphasis below the bound", "a.md", strings.Repeat("*a **a ", 3000) + "needle" + strings.Repeat("** a*", 3000)},
		{"brackets below the bound", "a.md", strings.Repeat("[", maxMarks-1) + "needle"},
		{"mails", "a.eml", nestedMails(8)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			content := readFile(t, c.file, []byte(c.source))
			for _, block := range content.Blocks {
				if strings.Contains(block.Text, "needle") {
					return
				}
			}
			t.Error("the text is lost")
		})
	}
	for _, c := range []struct{ name, file, source, reason string }{
		{"HTML", "a.html", strings.Repeat("<div>", depth) + "needle", "512"},
		{"HTML lists", "a.html", strings.Repeat("<ul><li>", depth) + "needle", "512"},
		{"mails", "a.eml", nestedParts(200), "nested"},
	} {
		t.Run(c.name+" refused", func(t *testing.T) {
			t.Parallel()
			if bad := refused(t, c.file, []byte(c.source), DefaultLimits); !strings.Contains(bad.Reason, c.reason) {
				t.Errorf("reason %q", bad.Reason)
			}
		})
	}
}

func TestANoticeBetweenRulesIsNoSettings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, source, first string }{
		{"a notice", "---\nWarning: Disconnect the mains before you open the housing.\n---\nText", "Warning: Disconnect the mains before you open the housing."},
		{"in Chinese", "---\n警告: 打开外壳之前，请断开电源。\n---\nText", "警告: 打开外壳之前，请断开电源。"},
		{"rules in Chinese", "---\n报销标准: 每天200元\n---\nText", "报销标准: 每天200元"},
		{"settings that have a sentence", "---\nDescription: What everybody should know\nnote: What everybody should know\n---\nText", "Text"},
		{"settings that nobody knows", "---\nowner: Personnel\nreview: true\n---\nText", "Text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			// A text before a rule is a heading of Markdown's.
			if first := readFile(t, "a.md", []byte(c.source)).Blocks[0].Text; first != c.first {
				t.Errorf("first block %q, want %q", first, c.first)
			}
		})
	}
}

func TestPowersOfBracketsAndByLetters(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"2<sup>n</sup>": "2^n", "(a+b)<sup>2</sup>": "(a+b)^2", "[x]<sup>−1</sup>": "[x]^−1", "the 1<sup>e</sup> and 2<sup>nd</sup>": "the 1e and 2nd", "(c)<sup>TM</sup>": "(c)TM", "n<sup>o</sup> 1": "no 1",
	} {
		wantBlocks(t, readFile(t, "a.html", []byte("<p>"+source)), paragraph(want))
	}
}

func TestMarksOfFootnotesAreNoPowers(t *testing.T) {
	t.Parallel()
	for before, want := range map[string]string{
		"annual leave": "annual leave 1.", "Größe": "Größe 1.", "12 cm": "12 cm^1.", "x": "x^1.", "sin": "sin^1.", "H2O": "H2O^1.", "(see below)": "(see below)^1.",
	} {
		wantBlocks(t, readFile(t, "a.html", []byte("<p>"+before+"<sup>1</sup>.")), paragraph(want))
		body := `<w:p><w:r><w:t>` + before + `</w:t></w:r><w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:t>1</w:t></w:r><w:r><w:t>.</w:t></w:r></w:p>`
		wantBlocks(t, readFile(t, "a.docx", docxFile(t, body)), paragraph(want))
	}
	wantBlocks(t, readFile(t, "a.html", []byte("<p>5 L min<sup>-1</sup>")), paragraph("5 L min^-1"))
}

func TestElementsOfXHTMLThatCloseThemselvesSwallowNothing(t *testing.T) {
	t.Parallel()
	page := `<html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="a.js" /><style/></head><body><p>One</p><textarea name="x"/><iframe src="b"/><noscript/><p>Two</p></body></html>`
	wantBlocks(t, readFile(t, "a.xhtml", []byte(page)), paragraph("One"), paragraph("Two"))
	wantBlocks(t, readFile(t, "b.xhtml", []byte(`<?xml version="1.0"?>`+strings.Replace(page, ` xmlns="http://www.w3.org/1999/xhtml"`, "", 1))), paragraph("One"), paragraph("Two"))
	wantBlocks(t, readFile(t, "c.xhtml", []byte(strings.Replace(page, "<style/>", "<script>var s = $('<script/>', {src: u}); load(s);</script>", 1))), paragraph("One"), paragraph("Two"))
	// In other pages such an end means nothing.
	wantBlocks(t, readFile(t, "a.html", []byte(`<html><body><p>One</p><script src="a.js"/>x()</script><p>Two</p></html>`)), paragraph("One"), paragraph("Two"))
}

func TestButtonsThatAreHeadingsAreShownWithWhatTheyOpen(t *testing.T) {
	t.Parallel()
	page := `<h3><button aria-expanded="false" aria-controls="a1">How many days?</button></h3><div id="a1" hidden aria-hidden="true"><p>Thirty.</p></div>
<details><summary><button>And then?</button></summary>None.</details><button aria-controls="menu">Menu</button><div id="menu" hidden>Pages</div><p hidden>No</p>`
	wantBlocks(t, readFile(t, "a.html", []byte(page)), heading(3, "How many days?"), paragraph("Thirty."), paragraph("And then?"), paragraph("None."))
	wantBlocks(t, readFile(t, "a.html", []byte(`<h2>Leave <button>Copy link</button></h2><h2 class="accordion-header"><button class="accordion-button">Who asks?</button></h2><p>You.</p>`)),
		heading(2, "Leave"), heading(2, "Who asks?"), paragraph("You."))
	for name, test := range map[string]struct {
		page string
		want []knowledge.Block
	}{
		"a term":            {`<dl><dt><button aria-expanded="false" aria-controls="p1">How many days?</button></dt><dd id="p1" hidden>Ten days.</dd></dl>`, []knowledge.Block{paragraph("How many days?"), paragraph("Ten days.")}},
		"the role":          {`<div role="heading" aria-level="3"><button aria-expanded="false" aria-controls="p1">How many days?</button></div><div id="p1" hidden>Ten days.</div>`, []knowledge.Block{paragraph("How many days?"), paragraph("Ten days.")}},
		"an accordion":      {`<button class="accordion">How many days?</button><div class="panel"><p>Ten days.</p></div>`, []knowledge.Block{paragraph("How many days?"), paragraph("Ten days.")}},
		"tabs":              {`<div role="tablist"><button role="tab" aria-controls="t1">Full time</button> <button role="tab" aria-controls="t2">Part time</button></div><div id="t1">25 days.</div><div id="t2" hidden>15 days.</div>`, []knowledge.Block{paragraph("Full time Part time"), paragraph("25 days."), paragraph("15 days.")}},
		"a menu is no such": {`<button aria-expanded="false" aria-controls="m">Menu</button><ul id="m" hidden><li>Home</li></ul><p>Text.</p>`, []knowledge.Block{paragraph("Text.")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantBlocks(t, readFile(t, "a.html", []byte(test.page)), test.want...)
		})
	}
}
