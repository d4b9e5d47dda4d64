package cite

import (
	"slices"
	"strings"
)

// row is a line of a table below its heading; a sentence is one of a single cell.
type row struct {
	cells []cell
	own   map[string]int // the words of all cells
}

// cell has the figures of a cell, and the words of its column's heading.
type cell struct{ figures, heading map[string]int }

// rowOf is a line of a table with this heading. Without one, or where it is the heading, it is a sentence, of which figures is what compared has written.
func rowOf(line, heading, figures string) row {
	if heading == "" || heading == line {
		return row{cells: []cell{{figures: figuresIn(figures)}}}
	}
	headings := cellsOf(heading)
	found := row{own: Words(line)}
	for column, text := range cellsOf(line) {
		one := cell{figures: figuresIn(compared(text))}
		if column < len(headings) {
			one.heading = withoutFigures(Words(headings[column]))
		}
		found.cells = append(found.cells, one)
	}
	return found
}

func cellsOf(line string) []string {
	return strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
}

// figuresIn are the figures of a text as compared writes it, each as all are written that have its value.
func figuresIn(text string) map[string]int {
	figures := map[string]int{}
	for _, number := range aNumber.FindAllString(unscaled(text), -1) {
		figures[valueOf(number, "")]++
	}
	return figures
}

// columnsAgree reports whether no figure of a sentence stands only in columns that it does not name, beside one that it does: of a row with hotels at 200 and meals at 60, hotels are not 60.
func columnsAgree(says said, p part) bool {
	if !slices.ContainsFunc(p.rows, func(line row) bool { return len(line.cells) > 1 }) {
		return true
	}
	for _, one := range says.against(p) {
		for figure := range one.bounds {
			there, agrees := false, false
			for _, line := range p.rows {
				for column := range line.cells {
					if line.cells[column].figures[figure] > 0 {
						there, agrees = true, agrees || !line.namesAnother(column, one.words)
					}
				}
			}
			if there && !agrees {
				return false
			}
		}
	}
	return true
}

// namesAnother reports whether words are of the heading of another column than this one. What the first column holds is what the row is about.
func (r row) namesAnother(column int, words map[string]int) bool {
	names := func(this, other int) bool {
		for word := range r.cells[this].heading {
			if words[word] > 0 && r.cells[other].heading[word] == 0 && r.own[word] == 0 {
				return true
			}
		}
		return false
	}
	for other := 1; column > 0 && other < len(r.cells); other++ {
		if other != column && names(other, column) && !names(column, other) {
			return true
		}
	}
	return false
}
