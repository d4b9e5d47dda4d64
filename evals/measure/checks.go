package measure

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Wanted is what a scorer must say of an answer that is known.
type Wanted string

// Either is for answers that are right for some rows, such as doing nothing.
const (
	Right  Wanted = "right"
	Wrong  Wanted = "wrong"
	Either Wanted = ""
)

// Checks are answers whose outcome is known, so that a scorer and a set of rows are known to be good before a model is asked.
type Checks struct {
	order     []answerKind
	tallies   map[answerKind]*tally
	surprises []string
}

// answerKind is one way to answer the rows of a group: gold, nothing done.
type answerKind struct{ group, answers string }

type tally struct{ right, harmful, of int }

// Add counts an answer to a row, and keeps in mind where the scorer says the wrong thing of it.
func (c *Checks) Add(group, row, answers string, wanted Wanted, right, harmful bool) {
	for _, group := range []string{group, all} {
		kind := answerKind{group, answers}
		if c.tallies[kind] == nil {
			if c.tallies == nil {
				c.tallies = map[answerKind]*tally{}
			}
			c.tallies[kind] = &tally{}
			c.order = append(c.order, kind)
		}
		c.tallies[kind].add(right, harmful)
	}
	if right && wanted == Wrong || !right && wanted == Right {
		c.surprises = append(c.surprises, fmt.Sprintf("%s/%s with %s", group, row, answers))
	}
}

func (t *tally) add(right, harmful bool) {
	t.of++
	if right {
		t.right++
	}
	if harmful {
		t.harmful++
	}
}

// Report writes the table. The error names what the scorer takes for something else than it is.
func (c *Checks) Report(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "group\tanswers\tright\tharmful\tof\t")
	slices.SortStableFunc(c.order, func(a, b answerKind) int { return cmp.Compare(position(a), position(b)) })
	for _, kind := range c.order {
		sum := c.tallies[kind]
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t\n", kind.group, kind.answers, sum.right, sum.harmful, sum.of)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(c.surprises) > 0 {
		return errors.New("gold must be right and spoiled answers wrong, but these are not: " + strings.Join(c.surprises, "; "))
	}
	return nil
}

// position puts all of them behind the groups.
func position(kind answerKind) int {
	if kind.group == all {
		return 1
	}
	return 0
}
