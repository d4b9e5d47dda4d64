package parse

import (
	"encoding/csv"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// readCSV reads one table.
func readCSV(out *builder, text string, tabs bool) error {
	if wideLine(text) {
		return errTooManyCells
	}
	// Excel's own way to say what parts the cells.
	delimiter := rune(0)
	if rest, ok := strings.CutPrefix(text, "sep="); ok {
		line, after, _ := strings.Cut(rest, "\n")
		if mark := []rune(line); len(mark) == 1 && strings.ContainsRune(delimiters, mark[0]) {
			delimiter, text = mark[0], after
		}
	}
	if delimiter == 0 {
		delimiter = guessDelimiter(text, tabs)
	}
	rows, err := csvRows(out, text, delimiter)
	if err != nil {
		return err
	}
	return out.table(rows, headerOf(rows))
}

// wideLine reports whether a line has more cells than a document may, by whatever parts them. The library would make them before it can be stopped.
func wideLine(text string) bool {
	for len(text) > maxCells {
		line, rest, _ := strings.Cut(text, "\n")
		text = rest
		if len(line) <= maxCells {
			continue
		}
		for _, delimiter := range delimiters {
			if strings.Count(line, string(delimiter)) >= maxCells {
				return true
			}
		}
	}
	return false
}

func csvReader(text string, delimiter rune) *csv.Reader {
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comma = delimiter
	reader.FieldsPerRecord = -1
	// Files of other programs have quotes in the middle of cells; as text they are as good.
	reader.LazyQuotes = true
	reader.ReuseRecord = true
	return reader
}

func csvRows(out *builder, text string, delimiter rune) ([][]string, error) {
	reader := csvReader(text, delimiter)
	var rows [][]string
	for count := 0; ; count++ {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, unreadable("it is not CSV: "+err.Error(), "save it anew as CSV or XLSX")
		}
		if count%1000 == 0 {
			if err := out.ctx.Err(); err != nil {
				return nil, err
			}
		}
		if err := out.hold(len(row)); err != nil {
			return nil, err
		}
		// The first row stays whole: how many columns it has tells whether it names them.
		kept := slices.Clone(row)
		if count > 0 {
			kept = withoutEmptyEnd(row)
		}
		if err := out.hold(len(kept) - len(row)); err != nil {
			return nil, err
		}
		if count == 0 || len(kept) > 0 {
			rows = append(rows, kept)
		}
	}
}

const delimiters = ",;\t|"

// guessDelimiter takes the one by which the first lines have the same number of cells, and of several the one with the most. Commas that may all be of
// numbers and texts count less than what gives all lines the same number.
func guessDelimiter(text string, tabs bool) rune {
	if tabs {
		return '\t'
	}
	const sample = 20
	best, most := ',', 0
	for _, delimiter := range delimiters {
		reader := csvReader(text, delimiter)
		counts := map[int]int{}
		read := 0
		for ; read < sample; read++ {
			row, err := reader.Read()
			if err != nil {
				break
			}
			if len(row) > 1 {
				counts[len(row)]++
			}
		}
		inText := delimiter == ',' && read > 1 && !partingComma.MatchString(text[:reader.InputOffset()])
		for cells, rows := range counts {
			score := rows*100 + min(cells, 99)
			if inText {
				score = min(score, read*100-1) // below that of one by which all lines have the same number of cells
			}
			if score > most {
				best, most = delimiter, score
			}
		}
	}
	return best
}

// partingComma is one that is not within a number, nor followed by a blank as in a text.
var partingComma = regexp.MustCompile(`(?m)(?:^|\D),\d|,[^ \d]|,$`)

// headerOf is 1 where the first row names the columns: each of its cells is a name and no number, none is missing that a later row has, and something follows.
func headerOf(rows [][]string) int {
	if len(rows) < 2 || len(rows[0]) < 2 {
		return 0
	}
	named := 0
	for _, cell := range rows[0] {
		cell = strings.TrimSpace(cell)
		if cell == "" {
			continue
		}
		if !strings.ContainsFunc(cell, unicode.IsLetter) && !yearOrQuarter(cell) {
			return 0
		}
		named++
	}
	// One unnamed column, such as that of the rows' own names, is common.
	if named == 0 || named < len(rows[0])-1 {
		return 0
	}
	return 1
}

// yearOrQuarter are columns' names without letters: 2024, 2024-03.
func yearOrQuarter(cell string) bool {
	return len(cell) >= 4 && len(cell) <= 7 && (strings.HasPrefix(cell, "19") || strings.HasPrefix(cell, "20")) && strings.Trim(cell, "0123456789-/") == ""
}
