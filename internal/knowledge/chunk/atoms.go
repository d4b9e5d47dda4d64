package chunk

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"bestbox/internal/knowledge"
)

// atom is what is not cut any more: a sentence, a line, a row, or a part of one that is longer than a chunk may be.
type atom struct {
	text   string // with the spaces that follow
	tokens int
	page   int
	// first says that a block begins with it.
	first bool
	// prose can be repeated in the next chunk.
	prose bool
}

// block is a block as atoms.
type block struct {
	kind  knowledge.BlockKind
	level int
	atoms []atom
	// above are the first atoms of it that are a heading of the text, and header those after them that are the heading of a table.
	above, header int
	tokens        int
}

func (b block) text() string {
	var text strings.Builder
	for _, a := range b.atoms {
		text.WriteString(a.text)
	}
	return text.String()
}

// atomize takes blocks apart and counts the tokens, of all at once.
func atomize(ctx context.Context, contents []knowledge.Block, sizes Sizes, count Count) ([]block, error) {
	var blocks []block
	for _, c := range contents {
		if strings.TrimSpace(c.Text) == "" {
			continue
		}
		b := block{kind: c.Kind, level: max(1, c.Level)}
		prose := c.Kind == knowledge.Paragraph || c.Kind == knowledge.List
		for _, text := range pieces(c) {
			b.atoms = append(b.atoms, atom{text: text, page: c.Page, first: len(b.atoms) == 0, prose: prose})
		}
		if c.Kind == knowledge.Table {
			b.header = max(0, min(c.Header, len(b.atoms)-1))
		}
		blocks = append(blocks, b)
	}
	if err := countAll(ctx, blocks, count); err != nil {
		return nil, err
	}
	for {
		long := false
		for i := range blocks {
			long = blocks[i].halve(sizes) || long
		}
		if !long {
			break
		}
		if err := countAll(ctx, blocks, count); err != nil {
			return nil, err
		}
	}
	for i := range blocks {
		for _, a := range blocks[i].atoms {
			blocks[i].tokens += a.tokens
		}
	}
	return blocks, nil
}

// pieces are the atoms of a block, as far as they can be told before counting.
func pieces(b knowledge.Block) []string {
	switch b.Kind {
	case knowledge.Paragraph:
		return Sentences(b.Text)
	case knowledge.List, knowledge.Table, knowledge.Code:
		var lines []string
		for line := range strings.SplitAfterSeq(b.Text, "\n") {
			switch {
			case line == "":
			case strings.TrimSpace(line) == "" && len(lines) > 0: // an empty line belongs to the one before
				lines[len(lines)-1] += line
			default:
				lines = append(lines, line)
			}
		}
		return lines
	default:
		return []string{b.Text}
	}
}

// unknown marks an atom whose tokens are not counted yet.
const unknown = -1

// countAll counts those atoms that were not counted yet.
func countAll(ctx context.Context, blocks []block, count Count) error {
	var texts []string
	var atoms []*atom
	for i := range blocks {
		for j := range blocks[i].atoms {
			if a := &blocks[i].atoms[j]; a.tokens == 0 || a.tokens == unknown {
				atoms, texts = append(atoms, a), append(texts, strings.TrimSpace(a.text))
			}
		}
	}
	if len(texts) == 0 {
		return nil
	}
	counts, err := count(ctx, texts)
	if err != nil {
		return fmt.Errorf("count the tokens of %d pieces of text: %w", len(texts), err)
	}
	if len(counts) != len(texts) {
		return fmt.Errorf("count the tokens of %d pieces of text: got %d numbers", len(texts), len(counts))
	}
	for i, a := range atoms {
		a.tokens = max(1, counts[i])
	}
	return nil
}

// halve cuts the atoms that are longer than a chunk may be into as many parts as they seem to need, and reports whether there was one.
func (b *block) halve(sizes Sizes) (cut bool) {
	var atoms []atom
	for i, a := range b.atoms {
		parts := []string{a.text}
		if a.tokens > sizes.Maximum {
			parts = cutEvenly(a.text, 1+a.tokens/sizes.Target)
		}
		if len(parts) == 1 {
			atoms = append(atoms, a)
			continue
		}
		cut = true
		if i < b.header { // a heading that long is not worth repeating
			b.header = 0
		}
		for j, part := range parts {
			atoms = append(atoms, atom{text: part, tokens: unknown, page: a.page, first: a.first && j == 0})
		}
	}
	b.atoms = atoms
	return cut
}

// cutEvenly cuts a text into parts of about the same length, before a space where there is one near.
func cutEvenly(text string, parts int) (all []string) {
	runes := utf8.RuneCountInString(text)
	size := max(1, runes/max(2, parts))
	if runes < 2 {
		return []string{text}
	}
	for text != "" {
		end := offset(text, size)
		if end < len(text) {
			if r, width := utf8.DecodeRuneInString(text[end:]); unicode.IsSpace(r) {
				end += width
			} else if space := strings.LastIndexFunc(text[:end], unicode.IsSpace); space > end/2 {
				_, width := utf8.DecodeRuneInString(text[space:])
				end = space + width
			}
		}
		if strings.TrimSpace(text[:end]) == "" && len(all) > 0 {
			all[len(all)-1] += text[:end]
		} else {
			all = append(all, text[:end])
		}
		text = text[end:]
	}
	return all
}

// offset is where so many characters end.
func offset(text string, runes int) int {
	for at := range text {
		if runes == 0 {
			return at
		}
		runes--
	}
	return len(text)
}
