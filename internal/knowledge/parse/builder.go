package parse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bestbox/internal/knowledge"
)

// builder collects the blocks of a file and keeps them within its limits. Texts get there as they are to be cited.
type builder struct {
	ctx     context.Context
	limits  Limits
	content knowledge.Content
	// size is that of all texts, cells the count of those in tables.
	size  int64
	cells int
	// pdfTime is how long PDFs were read: those of a mail have the time of one.
	pdfTime time.Duration
}

// maxCells bounds the cells of tables. An empty one takes 16 bytes of memory and, where one cell spans many or stands far to the right, none in the file.
const maxCells = 5_000_000

// title keeps the first one that says anything.
func (b *builder) title(text string) {
	if b.content.Title == "" {
		b.content.Title = strings.ReplaceAll(tidy(text), "\n", " ")
	}
}

// add appends a block; one without text is left out.
func (b *builder) add(block knowledge.Block) error {
	if err := b.ctx.Err(); err != nil {
		return err
	}
	if strings.TrimSpace(block.Text) == "" {
		return nil
	}
	if err := b.grow(len(block.Text)); err != nil {
		return err
	}
	if len(b.content.Blocks) >= b.limits.Blocks {
		return unreadable(fmt.Sprintf("it has more than %d headings, paragraphs and tables", b.limits.Blocks), "split it into smaller files")
	}
	b.content.Blocks = append(b.content.Blocks, block)
	return nil
}

// grow counts text before it is kept: a small file can repeat a long text often.
func (b *builder) grow(size int) error {
	b.size += int64(size)
	if b.size > b.limits.Unpacked {
		return unreadable("its text is larger than "+megabytes(b.limits.Unpacked), "split it into smaller files")
	}
	return nil
}

// hold counts cells before they are kept; less than 0: that were cut off again.
func (b *builder) hold(cells int) error {
	b.cells += cells
	if b.cells > maxCells {
		return errTooManyCells
	}
	return nil
}

// withoutEmptyEnd cuts the empty cells at the end of a row off, and lets go of their memory.
func withoutEmptyEnd(row []string) []string {
	end := len(row)
	for end > 0 && strings.TrimSpace(row[end-1]) == "" {
		end--
	}
	return slices.Clone(row[:end])
}

var errTooManyCells = unreadable(fmt.Sprintf("its tables have more than %d cells", maxCells), "split it into smaller files")

func (b *builder) paragraph(text string) error {
	return b.add(knowledge.Block{Kind: knowledge.Paragraph, Text: tidy(text)})
}

func (b *builder) heading(level int, text string) error {
	return b.add(knowledge.Block{Kind: knowledge.Heading, Level: max(level, 1), Text: strings.ReplaceAll(tidy(text), "\n", " ")})
}

func (b *builder) code(text string) error {
	return b.add(knowledge.Block{Kind: knowledge.Code, Text: strings.Trim(printable(text), "\n")})
}

// listItem is one item: how deep it stands, from 0, and the number or mark in front of it, if any.
type listItem struct {
	depth int
	mark  string
	text  string
}

func (b *builder) list(items []listItem) error {
	var text strings.Builder
	for _, item := range items {
		said := strings.ReplaceAll(tidy(item.text), "\n", " ")
		if said == "" {
			continue
		}
		if item.mark != "" {
			said = item.mark + " " + said
		}
		text.WriteString(strings.Repeat("  ", min(item.depth, 8)) + said + "\n")
	}
	return b.add(knowledge.Block{Kind: knowledge.List, Text: strings.TrimRight(text.String(), "\n")})
}

// itemNumber is the number of an item that is read block by block, as long as none of its text was read. Others refer to it: "go on with step 3".
type itemNumber string

// before puts the number before the first text of the item.
func (n *itemNumber) before(text string) string {
	if *n == "" || strings.TrimSpace(text) == "" {
		return text
	}
	number := *n
	*n = ""
	return string(number) + " " + text
}

// table adds rows of cells, of which the first lines may be a heading. Rows without text are left out.
func (b *builder) table(rows [][]string, header int) error {
	var text strings.Builder
	heads, counted := 0, 0
	for at, row := range rows {
		line := tableLine(row)
		if line == "" {
			continue
		}
		if counted += len(line); b.size+int64(counted) > b.limits.Unpacked {
			return b.grow(counted)
		}
		if text.Len() > 0 {
			text.WriteByte('\n')
		}
		text.WriteString(line)
		if at < header {
			heads++
		}
	}
	return b.add(knowledge.Block{Kind: knowledge.Table, Text: text.String(), Header: heads})
}

// tableLine is a row as one line; empty where no cell says anything. Empty cells in between stay, so that columns stay where they are.
func tableLine(row []string) string {
	cells := make([]string, len(row))
	last := -1
	for at, cell := range row {
		// Lines of a cell were meant: a name in each, for instance. They stay apart, in Chinese too.
		if cells[at] = strings.ReplaceAll(lines(cell), "\n", " "); cells[at] != "" {
			last = at
		}
	}
	return strings.Join(cells[:last+1], " | ")
}
