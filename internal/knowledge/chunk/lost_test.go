package chunk_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/chunk"
)

// runes counts what is no space: the tokens of a whole are exactly those of its parts.
func runes(_ context.Context, texts []string) ([]int, error) {
	counts := make([]int, len(texts))
	for i, text := range texts {
		counts[i] = utf8.RuneCountInString(spaceless(text))
	}
	return counts, nil
}

// nothingLost holds that every character of a content stands in a chunk, in order, and that no chunk is longer than it may be or says what the content does not.
func nothingLost(t *testing.T, content knowledge.Content, sizes chunk.Sizes) {
	t.Helper()
	chunks, err := chunk.Cut(t.Context(), content, sizes, runes)
	if err != nil {
		t.Fatal(err)
	}
	var whole, cut strings.Builder
	tables := false
	for _, b := range content.Blocks {
		whole.WriteString(spaceless(b.Text))
		tables = tables || b.Kind == knowledge.Table
	}
	for i, c := range chunks {
		text := spaceless(c.Text)
		cut.WriteString(text)
		if length := utf8.RuneCountInString(text); length > sizes.Maximum || length == 0 {
			t.Errorf("chunk %d has %d characters: %q", i, length, c.Text)
		}
		if !tables && !strings.Contains(whole.String(), text) {
			t.Errorf("chunk %d stands nowhere so: %q", i, c.Text)
		}
		if strings.TrimSpace(c.Text) != c.Text {
			t.Errorf("chunk %d has spaces around it: %q", i, c.Text)
		}
	}
	rest := []rune(whole.String())
	for _, r := range cut.String() {
		if len(rest) > 0 && rest[0] == r {
			rest = rest[1:]
		}
	}
	if len(rest) > 0 {
		t.Errorf("lost from %q on, of %+v, in %+v", string(rest), content.Blocks, chunks)
	}
}

func TestNoTextIsLost(t *testing.T) {
	t.Parallel()
	for seed := range uint64(1000) {
		random := rand.New(rand.NewPCG(seed, 1))
		var content knowledge.Content
		for i := range random.IntN(14) {
			b := knowledge.Block{Kind: knowledge.BlockKind(random.IntN(5)), Level: random.IntN(4), Header: random.IntN(3)}
			for j := range 1 + random.IntN(1+random.IntN(60)) {
				b.Text += fmt.Sprintf("%s%d.%d%s", []string{"w", "W", "订", ""}[random.IntN(4)], i, j, []string{" ", ". ", "\n", "。", "\n\n", ""}[random.IntN(6)])
			}
			content.Blocks = append(content.Blocks, b)
		}
		target := 20 + random.IntN(60)
		sizes := chunk.Sizes{Target: target, Maximum: target + random.IntN(30), Overlap: random.IntN(target / 2), Tiny: random.IntN(target / 2)}
		if nothingLost(t, content, sizes); t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzCut(f *testing.F) {
	f.Add("# Travel\nAll trips. 所有差旅。\n\nItem | Price\na | 1", byte(0), byte(40), byte(10), byte(5))
	f.Add("a\xffb\n\n\u2003\u0085 x", byte(3), byte(1), byte(0), byte(0))
	f.Fuzz(func(t *testing.T, text string, kinds, target, overlap, tiny byte) {
		target = max(1, target)
		overlap, tiny = overlap%target, tiny%target
		var content knowledge.Content
		for i, part := range strings.Split(strings.ToValidUTF8(text, "?"), "\n\n") {
			content.Blocks = append(content.Blocks, knowledge.Block{Kind: knowledge.BlockKind((int(kinds) + i*i) % 5), Level: i % 3, Header: i % 2, Text: part})
		}
		nothingLost(t, content, chunk.Sizes{Target: int(target), Maximum: int(target) + int(target)/4, Overlap: int(overlap), Tiny: int(tiny)})
	})
}
