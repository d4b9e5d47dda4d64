package chunk_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/chunk"
)

// words counts words, so that cases can be read.
func words(_ context.Context, texts []string) ([]int, error) {
	counts := make([]int, len(texts))
	for i, text := range texts {
		counts[i] = len(strings.Fields(text))
	}
	return counts, nil
}

// small are sizes in words.
var small = chunk.Sizes{Target: 12, Maximum: 16, Overlap: 4, Tiny: 3}

func heading(level int, text string) knowledge.Block {
	return knowledge.Block{Kind: knowledge.Heading, Level: level, Text: text}
}

func paragraph(text string) knowledge.Block { return knowledge.Block{Text: text} }

// many is so many words.
func many(word string, count int) string { return strings.TrimSpace(strings.Repeat(word+" ", count)) }

// cut returns each chunk as SECTION: TEXT.
func cut(t *testing.T, sizes chunk.Sizes, blocks ...knowledge.Block) (all []string) {
	t.Helper()
	chunks, err := chunk.Cut(t.Context(), knowledge.Content{Blocks: blocks}, sizes, words)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range chunks {
		if c.Position != i {
			t.Errorf("chunk %d has position %d", i, c.Position)
		}
		all = append(all, strings.Join(c.Section, " > ")+": "+c.Text)
	}
	return all
}

func TestCutsWhereTheTextHasSeams(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		blocks []knowledge.Block
		want   []string
	}{
		"nothing":     {nil, nil},
		"only spaces": {[]knowledge.Block{paragraph(" \n\t ")}, nil},
		"sections stay apart": {
			[]knowledge.Block{heading(1, "Travel"), paragraph(many("a", 5)), heading(2, "Visa"), paragraph(many("b", 5)), heading(1, "Leave"), paragraph(many("c", 5))},
			[]string{"Travel: Travel\n\na a a a a", "Travel > Visa: Visa\n\nb b b b b", "Leave: Leave\n\nc c c c c"},
		},
		"a heading alone goes to the section below": {
			[]knowledge.Block{heading(1, "Travel"), heading(2, "Visa"), paragraph(many("b", 5))},
			[]string{"Travel > Visa: Travel\n\nVisa\n\nb b b b b"},
		},
		"tiny sections go together": {
			[]knowledge.Block{heading(1, "All"), paragraph(many("a", 4)), heading(2, "One"), heading(2, "Two"), paragraph(many("b", 5))},
			[]string{"All: All\n\na a a a", "All: One\n\nTwo\n\nb b b b b"},
		},
		"a tiny end goes to the chunk before": {
			[]knowledge.Block{heading(1, "All"), paragraph(many("a", 5)), heading(2, "End")},
			[]string{"All: All\n\na a a a a\n\nEnd"},
		},
		"a document that is tiny": {[]knowledge.Block{paragraph("a")}, []string{": a"}},
		"paragraphs are put together up to the target": {
			[]knowledge.Block{paragraph(many("a", 5)), paragraph(many("b", 5)), paragraph(many("c", 5))},
			[]string{": a a a a a\n\nb b b b b", ": c c c c c"},
		},
		"a paragraph is whole up to the maximum": {
			[]knowledge.Block{paragraph(many("a", 5)), paragraph(many("b", 16))},
			[]string{": a a a a a", ": " + many("b", 16)},
		},
		"a heading stays with a long paragraph": {
			[]knowledge.Block{heading(1, "Leave"), paragraph(many("b", 15))},
			[]string{"Leave: Leave\n\n" + many("b", 15)},
		},
		"a long paragraph is cut between sentences, of which the last is repeated": {
			[]knowledge.Block{paragraph("A a a a a. B b b b b. C c c. D d d d d. E e e e e.")},
			[]string{": A a a a a. B b b b b.", ": C c c. D d d d d.", ": E e e e e."},
		},
		"short sentences are repeated": {
			[]knowledge.Block{paragraph("A a a a a. B b b b. C c. D d d d d. E e e e e.")},
			[]string{": A a a a a. B b b b. C c.", ": C c. D d d d d. E e e e e."},
		},
		"a rest that is tiny stays": {
			[]knowledge.Block{paragraph("A a a a a a. B b b b b b. C c c c c. D d d d d d. E e.")},
			[]string{": A a a a a a. B b b b b b.", ": C c c c c. D d d d d d. E e."},
		},
		"a heading stays with its paragraph where both are too long": {
			[]knowledge.Block{paragraph(many("a", 5)), heading(1, "One two three"), paragraph("B b b b b b. C c c c c c. D d d d d.")},
			[]string{": a a a a a", "One two three: One two three\n\nB b b b b b.", "One two three: C c c c c c. D d d d d."},
		},
		"a sentence that is too long is cut between words": {
			[]knowledge.Block{paragraph(many("a", 30))},
			[]string{": " + many("a", 10), ": " + many("a", 10), ": " + many("a", 10)},
		},
		"a list is cut between its points": {
			[]knowledge.Block{{Kind: knowledge.List, Text: "- a a a a\n- b b b b\n- c c c c\n- d d d d"}},
			[]string{": - a a a a\n- b b b b", ": - c c c c\n- d d d d"},
		},
		"code is cut between lines": {
			[]knowledge.Block{{Kind: knowledge.Code, Text: "if a {\n  b b b b b b\n\n}\nif c {\n  d d d d d d\n}"}},
			[]string{": if a {\n  b b b b b b\n\n}", ": if c {\n  d d d d d d\n}"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, cut(t, small, test.blocks...)); diff != "" {
				t.Errorf("want (-), got (+): %s", diff)
			}
		})
	}
}

func TestTablesAreWholeOrRepeatTheirHeading(t *testing.T) {
	t.Parallel()
	table := func(rows int) knowledge.Block {
		text := "Item | Price"
		for i := range rows {
			text += fmt.Sprintf("\nitem-%d | %d", i, i)
		}
		return knowledge.Block{Kind: knowledge.Table, Text: text, Header: 1}
	}
	if diff := cmp.Diff([]string{": a a a a a", ": " + table(4).Text}, cut(t, small, paragraph(many("a", 5)), table(4))); diff != "" {
		t.Errorf("a table that fits: want (-), got (+): %s", diff)
	}
	want := []string{
		": a a a a a", ": Item | Price\nitem-0 | 0\nitem-1 | 1\nitem-2 | 2", ": Item | Price\nitem-3 | 3\nitem-4 | 4\nitem-5 | 5", ": Item | Price\nitem-6 | 6",
	}
	if diff := cmp.Diff(want, cut(t, small, paragraph(many("a", 5)), table(7))); diff != "" {
		t.Errorf("a table that does not fit: want (-), got (+): %s", diff)
	}
	rest := table(6)
	rest.Text += "\nend"
	want = []string{": Item | Price\nitem-0 | 0\nitem-1 | 1\nitem-2 | 2", ": Item | Price\nitem-3 | 3\nitem-4 | 4\nitem-5 | 5\nend"}
	if diff := cmp.Diff(want, cut(t, small, rest)); diff != "" {
		t.Errorf("a rest that is tiny without the heading: want (-), got (+): %s", diff)
	}
	long := knowledge.Block{Kind: knowledge.Table, Text: many("head", 10) + "\n" + many("a", 8) + "\n" + many("b", 8), Header: 1}
	if got := cut(t, small, long); len(got) != 3 || strings.Count(strings.Join(got, ""), "head") != 10 {
		t.Errorf("a heading as long as a chunk: %q", got)
	}
}

func TestPagesTitlesAndLanguages(t *testing.T) {
	t.Parallel()
	content := knowledge.Content{Blocks: []knowledge.Block{
		{Kind: knowledge.Heading, Level: 1, Text: " The  travel\npolicy ", Page: 1}, {Text: "A a a a. The b b b b. C c.", Page: 2}, {Text: many("the", 12), Page: 3}, {Text: "所有差旅费用须经部门经理批准。 报销单 需要 附上 发票 x x", Page: 4},
	}}
	chunks, err := chunk.Cut(t.Context(), content, small, words)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range chunks {
		got = append(got, fmt.Sprintf("%d %q %s", c.Page, c.Language, c.Title))
	}
	const title = " The travel policy"
	if diff := cmp.Diff([]string{`1 "en"` + title, `2 "en"` + title, `4 "zh"` + title}, got); diff != "" {
		t.Errorf("want (-), got (+): %s: %+v", diff, chunks)
	}
	if want := "C c.\f\n\n" + many("the", 12); chunks[1].Text != want || knowledge.PageAt(chunks[1].Page, want, strings.Index(want, "the")) != 3 {
		t.Errorf("the page ends elsewhere: %q", chunks[1].Text)
	}
	content.Title = strings.Repeat("名", 200)
	if chunks, err = chunk.Cut(t.Context(), content, small, words); err != nil || len([]rune(chunks[0].Title)) != 150 {
		t.Errorf("%q, %v", chunks[0].Title, err)
	}
	for text, want := range map[string]string{
		"Orders of more than 500 are approved by the manager.": "en", "Der Einkauf wird vom Leiter genehmigt.": "", "Заказы": "", "カタカナの文書": "", "12 | 34": "",
		"请把 invoice PO-1001 发给财务部": "zh", "The supplier 上海 is one of ours": "en",
	} {
		chunks, err := chunk.Cut(t.Context(), knowledge.Content{Blocks: []knowledge.Block{paragraph(text)}}, small, words)
		if err != nil || chunks[0].Language != want {
			t.Errorf("%s: %q, %v; want %q", text, chunks[0].Language, err, want)
		}
	}
}

func TestWhatIsEmbeddedSaysWhatItIsAbout(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100)
	for want, c := range map[string]knowledge.Chunk{
		"Policy\nTravel > Visa\ntext":        {Title: "Policy", Section: []string{"Travel", "Visa"}, Text: "text"},
		"text":                               {Text: "text"},
		"Policy\n" + long + "\ntext":         {Title: "Policy", Section: []string{long, long}, Text: "text"},
		strings.Repeat("x", 149) + "…\ntext": {Section: []string{"a", long + long}, Text: "text"},
	} {
		if got := chunk.Embedded(c); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestCountersThatFailAndSizesThatCannotBe(t *testing.T) {
	t.Parallel()
	content := knowledge.Content{Blocks: []knowledge.Block{paragraph("a b")}}
	failure := errors.New("the server is gone")
	if _, err := chunk.Cut(t.Context(), content, small, func(context.Context, []string) ([]int, error) { return nil, failure }); !errors.Is(err, failure) {
		t.Errorf("got %v", err)
	}
	if _, err := chunk.Cut(t.Context(), content, small, func(context.Context, []string) ([]int, error) { return nil, nil }); err == nil {
		t.Error("too few numbers are taken")
	}
	for _, sizes := range []chunk.Sizes{{}, {Target: 2, Maximum: 1}, {Target: 2, Maximum: 2, Overlap: 2}, {Target: 2, Maximum: 2, Tiny: 3}, {Target: 2, Maximum: 2, Overlap: -1}} {
		if _, err := chunk.Cut(t.Context(), content, sizes, words); err == nil {
			t.Errorf("%+v is taken", sizes)
		}
	}
	// a counter that finds everything too long must not keep it going
	endless := func(_ context.Context, texts []string) ([]int, error) {
		counts := make([]int, len(texts))
		for i := range counts {
			counts[i] = 1000
		}
		return counts, nil
	}
	if chunks, err := chunk.Cut(t.Context(), content, small, endless); err != nil || len(chunks) == 0 {
		t.Errorf("%v, %v", chunks, err)
	}
}

func TestAnEstimateOfTokens(t *testing.T) {
	t.Parallel()
	got, err := chunk.Estimate(t.Context(), []string{"", "word", "four words of English", "采购订单", "订单PO-1001", "été"})
	if diff := cmp.Diff([]int{0, 1, 6, 4, 4, 2}, got); diff != "" || err != nil {
		t.Errorf("want (-), got (+): %s, %v", diff, err)
	}
}

// spaceless takes all spaces out, for which chunks need not stand.
func spaceless(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
}
