package chunk

import (
	"slices"
	"strings"

	"bestbox/internal/knowledge"
)

// draft is a chunk that is being made.
type draft struct {
	section []string
	atoms   []atom
	// repeated is how many of the first atoms stand in the chunk before too, or in the heading of the table.
	repeated int
	tokens   int
}

// own is how many tokens stand in no chunk before.
func (d *draft) own() (tokens int) {
	for _, a := range d.atoms[d.repeated:] {
		tokens += a.tokens
	}
	return tokens
}

func (d *draft) add(atoms ...atom) {
	d.atoms = append(d.atoms, atoms...)
	for _, a := range atoms {
		d.tokens += a.tokens
	}
}

func (d *draft) text() string {
	text, page := "", d.page()
	for _, a := range d.atoms {
		if a.first && text != "" {
			text = strings.TrimRight(text, " \t\r\n") + strings.Repeat(knowledge.PageBreak, max(0, a.page-page)) + "\n\n"
		}
		page = max(page, a.page)
		text += a.text
	}
	return strings.TrimSpace(text)
}

// page is that of the first block. What is repeated of a table, its heading, counts as standing on the page of the rows.
func (d *draft) page() int {
	if d.repeated > 0 && !d.atoms[0].prose {
		return d.atoms[d.repeated].page
	}
	return d.atoms[0].page
}

// packer puts atoms together.
type packer struct {
	sizes   Sizes
	done    []draft
	current draft
	// cut is how many chunks of the present section are done.
	cut int
}

// section packs a section. What is left of the one before was too little for a chunk of its own.
func (p *packer) section(s section) {
	p.cut = 0
	if len(p.current.atoms) == 0 {
		p.current.section = s.path
	} else {
		p.current.section = joint(p.current.section, s.path)
	}
	for _, b := range underHeading(s.blocks) {
		p.block(b, s.path)
	}
	if p.current.own() >= p.sizes.Tiny || p.cut > 0 && !p.joinLast() {
		p.close(s.path)
		p.current = draft{} // the next section repeats nothing of this one
	}
}

// underHeading puts the heading of a section to the block below it, so that they stay together.
func underHeading(blocks []block) []block {
	if len(blocks) < 2 || blocks[0].kind != knowledge.Heading {
		return blocks
	}
	first := blocks[1]
	first.atoms = slices.Concat(blocks[0].atoms, first.atoms)
	first.above = len(blocks[0].atoms)
	first.tokens += blocks[0].tokens
	return slices.Concat([]block{first}, blocks[2:])
}

// joint is the section of a chunk that begins in one and goes on in another: the inner one where that stands below the other, or what both stand below.
func joint(before, after []string) []string {
	if both := common(before, after); len(both) < len(before) {
		return both
	}
	return after
}

// block packs a block, whole where that can be.
func (p *packer) block(b block, path []string) {
	room := p.sizes.Target
	if p.current.own() < p.sizes.Tiny { // that does not stand alone
		room = p.sizes.Maximum
	}
	switch {
	case p.current.tokens+b.tokens <= room:
		p.current.add(b.atoms...)
	case b.tokens <= p.sizes.Maximum && p.current.own() >= p.sizes.Tiny:
		p.close(path)
		if p.current.tokens+b.tokens > p.sizes.Maximum {
			p.current = draft{section: path}
		}
		p.current.add(b.atoms...)
	case b.kind == knowledge.Table && p.current.own() >= p.sizes.Tiny:
		p.close(path)
		p.current = draft{section: path}
		p.parts(b, path)
	default:
		p.parts(b, path)
	}
}

// parts packs a block atom by atom.
func (p *packer) parts(b block, path []string) {
	header := b.atoms[b.above : b.above+b.header]
	headed := 0
	for _, a := range header {
		headed += a.tokens
	}
	if headed > p.sizes.Target/2 {
		header = nil
	}
	for i, a := range b.atoms {
		if p.current.tokens+a.tokens > p.sizes.Target && p.current.own() > 0 {
			p.close(path)
			if i >= b.above+b.header && len(header) > 0 {
				p.current = draft{section: path}
				p.current.add(header...)
				p.current.repeated = len(header)
			}
			if p.current.tokens+a.tokens > p.sizes.Maximum {
				p.current = draft{section: path}
			}
		}
		p.current.add(a)
	}
}

// close ends the chunk and begins the next one of the section, with the last sentences of this one.
func (p *packer) close(path []string) {
	if len(p.current.atoms) == p.current.repeated {
		p.current = draft{section: path}
		return
	}
	p.done = append(p.done, p.current)
	p.cut++
	var again []atom
	tokens := 0
	own := p.current.atoms[p.current.repeated:]
	for _, a := range slices.Backward(own[1:]) {
		if tokens += a.tokens; !a.prose || tokens > p.sizes.Overlap {
			break
		}
		again = append(again, a)
	}
	slices.Reverse(again)
	p.current = draft{section: path, repeated: len(again)}
	p.current.add(again...)
}

// joinLast puts what the current chunk has of its own to the end of the last one, if there is room.
func (p *packer) joinLast() bool {
	if len(p.done) == 0 {
		return false
	}
	last := &p.done[len(p.done)-1]
	if last.tokens+p.current.own() > p.sizes.Maximum {
		return false
	}
	if p.cut == 0 { // it is of another section
		last.section = common(last.section, p.current.section)
	}
	last.add(p.current.atoms[p.current.repeated:]...)
	p.current = draft{}
	return true
}

func common(a, b []string) []string {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return a[:n]
}

// end ends the last chunk.
func (p *packer) end() {
	p.cut = 0
	if len(p.current.atoms) > p.current.repeated && !p.joinLast() {
		p.done = append(p.done, p.current)
	}
}
