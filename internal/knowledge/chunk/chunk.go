// Package chunk cuts what was read of a file into chunks that are found and cited one by one. It cuts where the text has its own seams: between sections, then between
// paragraphs, then between sentences or rows, and inside of those only where one is longer than a chunk may be. Nothing is lost: every character of the content stands in
// a chunk, in the order of the file. Beside that, sentences are repeated at the seams of a section, and the heading of a table in each of its parts.
package chunk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"bestbox/internal/knowledge"
)

// Version is of the rules: where it differs, documents are cut anew.
const Version = "2"

// Sizes say how long chunks are, in tokens of the embedding model. Title and section, which are embedded with the text, come on top.
type Sizes struct {
	// Target is up to where paragraphs are put together.
	Target int
	// Maximum is how long a chunk may be so that a paragraph or a table stays whole.
	Maximum int
	// Overlap is how much of a chunk the next one of the section may repeat, in whole sentences.
	Overlap int
	// Tiny is what is too little to stand alone: it is joined to its neighbour, even to that of another section.
	Tiny int
}

// DefaultSizes fit embedding models with a window of 512 tokens: Maximum, a title and section of 150 characters each, and what a tokenizer adds.
var DefaultSizes = Sizes{Target: 200, Maximum: 256, Overlap: 32, Tiny: 40}

func (s Sizes) check() error {
	if s.Target < 1 || s.Maximum < s.Target || s.Overlap < 0 || s.Overlap >= s.Target || s.Tiny < 0 || s.Tiny > s.Target {
		return fmt.Errorf("chunks cannot have the sizes %+v: 0 < target <= maximum, overlap < target, tiny <= target", s)
	}
	return nil
}

// Count says how many tokens each of some texts has. Cut asks for all sentences and rows of a document at once, which can be many thousands.
type Count = func(ctx context.Context, texts []string) ([]int, error)

// maxNameRunes bounds a title and a section path, of which a broken file can have any length.
const maxNameRunes = 150

// Cut cuts a content. The chunks have no document yet; positions count from 0.
func Cut(ctx context.Context, content knowledge.Content, sizes Sizes, count Count) ([]knowledge.Chunk, error) {
	if err := sizes.check(); err != nil {
		return nil, err
	}
	blocks, err := atomize(ctx, content.Blocks, sizes, count)
	if err != nil {
		return nil, err
	}
	p := packer{sizes: sizes}
	for _, s := range sections(blocks) {
		p.section(s)
	}
	p.end()
	title := titleOf(content)
	var chunks []knowledge.Chunk
	for _, d := range p.done {
		text := d.text()
		if text == "" {
			continue
		}
		chunks = append(chunks, knowledge.Chunk{
			Position: len(chunks), Title: title, Section: d.section, Page: d.page(), Language: language(text), Text: text,
		})
	}
	return chunks, nil
}

// Embedded is what is embedded of a chunk, and whose words count: its text alone often does not say what it is about.
func Embedded(c knowledge.Chunk) string {
	parts := slices.DeleteFunc([]string{shorten(c.Title), path(c.Section), c.Text}, func(part string) bool { return part == "" })
	return strings.Join(parts, "\n")
}

// path is the headings of a section, without the outer ones where they are too long.
func path(section []string) string {
	for from := range section {
		if joined := strings.Join(section[from:], " > "); utf8.RuneCountInString(joined) <= maxNameRunes {
			return joined
		}
	}
	if len(section) == 0 {
		return ""
	}
	return shorten(section[len(section)-1])
}

// titleOf is the title of a content, or its first heading.
func titleOf(content knowledge.Content) string {
	if title := shorten(content.Title); title != "" {
		return title
	}
	for _, b := range content.Blocks {
		if title := shorten(b.Text); b.Kind == knowledge.Heading && title != "" {
			return title
		}
	}
	return ""
}

// shorten puts a name on one line and cuts it.
func shorten(name string) string {
	name = strings.Join(strings.Fields(strings.ToValidUTF8(name, "")), " ")
	if runes := []rune(name); len(runes) > maxNameRunes {
		name = strings.TrimSpace(string(runes[:maxNameRunes-1])) + "…"
	}
	return name
}

// section is the blocks below one heading, which is the first of them.
type section struct {
	path   []string
	blocks []block
}

// sections splits blocks at headings.
func sections(blocks []block) (all []section) {
	type open struct {
		level int
		text  string
	}
	var headings []open
	for _, b := range blocks {
		if b.kind == knowledge.Heading {
			headings = slices.DeleteFunc(headings, func(h open) bool { return h.level >= b.level })
			if text := shorten(b.text()); text != "" {
				headings = append(headings, open{b.level, text})
			}
		}
		if b.kind == knowledge.Heading || len(all) == 0 {
			var path []string
			for _, h := range headings {
				path = append(path, h.text)
			}
			all = append(all, section{path: path})
		}
		last := &all[len(all)-1]
		last.blocks = append(last.blocks, b)
	}
	return all
}
