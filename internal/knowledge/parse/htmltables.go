package parse

import (
	"math"
	"strconv"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

func (p *htmlReader) table(table *html.Node) {
	rows := &htmlRows{out: p.out}
	header := 0
	for node := range table.Descendants() {
		if node.DataAtom == atom.Caption {
			p.keep(p.out.paragraph(shownText(node)))
		}
		if node.DataAtom != atom.Tr || hidden(node) {
			continue
		}
		heads := rows.add(node)
		at := len(rows.rows) - 1
		if (heads || node.Parent.DataAtom == atom.Thead) && header == at && tableLine(rows.rows[at]) != "" {
			header++
		}
	}
	if p.keep(rows.err); p.err != nil {
		return
	}
	if header == len(rows.rows) {
		header = 0
	}
	p.keep(p.out.table(rows.rows, header))
}

// htmlRows puts cells under their columns. As in a table of Word, the text of a cell over several rows or columns stands in the first, and the others are empty.
type htmlRows struct {
	out  *builder
	rows [][]string
	// group is what holds the rows: no cell goes beyond it. Until is, by column, the row that is free of cells from above.
	group *html.Node
	until []int
	err   error
}

// add adds a row, and reports whether all its cells are names of columns.
func (r *htmlRows) add(node *html.Node) bool {
	if node.Parent != r.group {
		r.group, r.until = node.Parent, nil
	}
	var row []string
	heads := true
	for cell := range node.ChildNodes() {
		if cell.DataAtom != atom.Td && cell.DataAtom != atom.Th || hidden(cell) {
			continue
		}
		heads = heads && cell.DataAtom == atom.Th
		row = r.place(row, cell)
	}
	r.rows = append(r.rows, row)
	return heads
}

// place puts a cell into the first column that is free.
func (r *htmlRows) place(row []string, cell *html.Node) []string {
	column := len(row)
	for column < len(r.until) && r.until[column] > len(r.rows) {
		column++
	}
	wide := span(cell, "colspan", 1, 1000)
	// A few cells with large spans are very many; they are counted before they are made.
	if r.err == nil {
		r.err = r.out.hold(column - len(row) + wide)
	}
	if r.err != nil {
		return row
	}
	row = append(row, make([]string, column-len(row)+wide)...)
	row[column] = shownText(cell)
	if high := span(cell, "rowspan", 0, 65534); high != 1 {
		r.block(column, wide, high)
	}
	return row
}

// block keeps columns free of the cells of the next rows; 0: to the end of the group.
func (r *htmlRows) block(column, wide, high int) {
	until := len(r.rows) + high
	if high == 0 {
		until = math.MaxInt
	}
	if missing := column + wide - len(r.until); missing > 0 {
		r.until = append(r.until, make([]int, missing)...)
	}
	for at := column; at < column+wide; at++ {
		r.until[at] = max(r.until[at], until)
	}
}

// span is how many columns or rows a cell takes. The bounds are those of browsers.
func span(cell *html.Node, key string, least, most int) int {
	count, err := strconv.Atoi(attribute(cell, key))
	if err != nil || count < least {
		return 1
	}
	return min(count, most)
}
