package measure

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// column is one column of the table.
type column struct {
	name string
	cell func(Summary) string
}

// show writes the sums as a table. What no set of rows can have is left out: ways, repeats, harm.
func show(out io.Writer, sums []Summary, repeats int, marks []string) error {
	count := strconv.Itoa
	share := func(percent float64) string { return fmt.Sprintf("%.1f", percent) }
	columns := []column{{"group", func(s Summary) string { return s.Group }}}
	if slices.ContainsFunc(sums, func(s Summary) bool { return s.Way != "" }) {
		columns = append(columns, column{"way", func(s Summary) string { return s.Way }})
	}
	columns = append(columns, column{"right", func(s Summary) string { return count(s.Right) }}, column{"of", func(s Summary) string { return count(s.Asked) }},
		column{"%", func(s Summary) string { return share(s.Percent) }})
	if repeats > 1 {
		columns = append(columns, column{fmt.Sprintf("pass^%d", repeats), func(s Summary) string { return share(s.AlwaysPercent) }})
	}
	for _, mark := range marks {
		if mark == Harmful {
			columns = append(columns, column{"harmful", func(s Summary) string { return count(s.Harmful) }}, column{"%", func(s Summary) string { return share(s.HarmfulPercent) }})
			continue
		}
		columns = append(columns, column{mark, func(s Summary) string { return count(s.Marks[mark]) }})
	}
	columns = append(columns,
		column{"calls", func(s Summary) string { return count(s.Calls) }},
		column{"valid %", validShare},
		column{"evaluated", func(s Summary) string { return count(s.Usage.PromptTokens) }},
		column{"reused", func(s Summary) string { return count(s.Usage.CachedTokens) }},
		column{"generated", func(s Summary) string { return count(s.Usage.GeneratedTokens) }},
		column{"seconds", func(s Summary) string { return fmt.Sprintf("%.0f", s.Seconds) }})
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(cell func(column) string) {
		cells := make([]string, len(columns))
		for index, each := range columns {
			cells[index] = cell(each)
		}
		fmt.Fprintln(table, strings.Join(cells, "\t")+"\t")
	}
	line(func(c column) string { return c.name })
	for _, sum := range sums {
		line(func(c column) string { return c.cell(sum) })
	}
	return table.Flush()
}

// validShare is the share of the calls that their tools' schemas allow, in percent.
func validShare(s Summary) string {
	if s.Calls == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", percent(s.ValidCalls, s.Calls))
}

// failures lists the rows that were not right, by each of the marks that they have.
func failures(out io.Writer, scores []*Score, marks []string) {
	for _, mark := range marks {
		var rows []string
		for _, score := range scores {
			row := score.Group + "/" + score.Row
			if !score.Right && (slices.Contains(score.Marks, mark) || mark == Harmful && score.Harmful) && !slices.Contains(rows, row) {
				rows = append(rows, row)
			}
		}
		if len(rows) > 0 {
			fmt.Fprintf(out, "not right, %s: %s\n", mark, strings.Join(rows, ", "))
		}
	}
}

// Harmful names the columns of harmful outcomes, among the marks of a table.
const Harmful = "harmful"
