package tasks

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"bestbox/evals/state"
)

// Change is one row of the records that must differ: Added holds what a new row must hold, Changed the key of a row and what it must hold now,
// Removed cells of a row that must be gone. Cells of a new or removed row that are not named may hold anything; those of a changed row must
// be what they were.
type Change struct {
	Table   string `yaml:"table"`
	Added   Row    `yaml:"added"`
	Changed Row    `yaml:"changed"`
	Removed Row    `yaml:"removed"`
}

// Row are cells by their columns.
type Row map[string]Cell

// Cell is what a cell must hold: a value, or a text with facts; no fact at all is anything.
type Cell struct {
	value any
	facts Facts
	text  bool
}

// UnmarshalYAML reads a value, or facts as a list of lists of spellings.
func (c *Cell) UnmarshalYAML(decode func(any) error) error {
	var list []any
	if decode(&list) == nil {
		c.text = true
		return decode(&c.facts)
	}
	return decode(&c.value)
}

func (c *Change) check() error {
	given := 0
	for _, row := range []Row{c.Added, c.Changed, c.Removed} {
		if row == nil {
			continue
		}
		given++
		for _, column := range slices.Sorted(maps.Keys(row)) {
			if slices.ContainsFunc(row[column].facts, empty) {
				return fmt.Errorf("change: %s: a fact has no spelling", column)
			}
		}
	}
	switch {
	case c.Table == "":
		return errors.New("change names no table")
	case given != 1:
		return errors.New("change has not one of added, changed and removed")
	}
	return nil
}

// row is the one that is given.
func (c *Change) row() (what string, row Row) {
	switch {
	case c.Added != nil:
		return "a new row", c.Added
	case c.Changed != nil:
		return "a changed row", c.Changed
	}
	return "no row any more", c.Removed
}

// checkAgainst reports a table or column that the records do not have.
func (c *Change) checkAgainst(known state.State) error {
	table, found := known[c.Table]
	if !found {
		return fmt.Errorf("table: there is no table %q; there are %s", c.Table, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
	}
	_, row := c.row()
	for _, column := range slices.Sorted(maps.Keys(row)) {
		if !slices.Contains(table.Columns, column) {
			return fmt.Errorf("the table %s has no column %q; it has %s", c.Table, column, strings.Join(table.Columns, ", "))
		}
	}
	return nil
}

// String says what is wanted.
func (c *Change) String() string {
	what, row := c.row()
	var cells []string
	for _, column := range slices.Sorted(maps.Keys(row)) {
		cells = append(cells, column+": "+row[column].String())
	}
	return fmt.Sprintf("%s: %s {%s}", c.Table, what, strings.Join(cells, ", "))
}

// String says what the cell must hold.
func (c Cell) String() string {
	if !c.text {
		return fmt.Sprint(c.value)
	}
	return fmt.Sprintf("holding %v", [][]string(c.facts))
}

// is tells whether a row differs as this change wants it.
func (c *Change) is(found state.Change) bool {
	if found.Table != c.Table {
		return false
	}
	switch {
	case c.Added != nil:
		return found.Before == nil && c.Added.matches(found.After)
	case c.Removed != nil:
		return found.After == nil && c.Removed.matches(found.Before)
	}
	if found.Before == nil || found.After == nil || !c.Changed.matches(found.After) {
		return false
	}
	for column, before := range found.Before {
		if _, named := c.Changed[column]; !named && before != found.After[column] {
			return false
		}
	}
	return true
}

func (r Row) matches(found map[string]any) bool {
	for column, cell := range r {
		value, has := found[column]
		if !has || !cell.holds(value) {
			return false
		}
	}
	return true
}

// holds compares numbers by their value and texts as they are written.
func (c Cell) holds(found any) bool {
	if c.text {
		return len(c.facts) == 0 || len(c.facts.Missing(fmt.Sprint(found))) == 0
	}
	if c.value == nil || found == nil {
		return c.value == nil && found == nil
	}
	return fmt.Sprint(c.value) == fmt.Sprint(found)
}

// differences says what was wanted and has not come, and what has come and was not wanted. Every change that was found answers one that
// was wanted.
func differences(wanted []Change, found []state.Change) (said []string) {
	answered := match(wanted, found)
	for index, change := range wanted {
		if answered[index] < 0 {
			said = append(said, "wanted "+change.String())
		}
	}
	for index, change := range found {
		if !slices.Contains(answered, index) {
			said = append(said, "unwanted "+change.String())
		}
	}
	return said
}

// match gives to each wanted change the position of the found one that answers it, or -1: as many as can be (augmenting paths, since a
// change with few cells may be answered by several).
func match(wanted []Change, found []state.Change) []int {
	answered := make([]int, len(wanted))
	for index := range answered {
		answered[index] = -1
	}
	for index := range wanted {
		augment(wanted, found, answered, index, make([]bool, len(found)))
	}
	return answered
}

func augment(wanted []Change, found []state.Change, answered []int, index int, tried []bool) bool {
	for position, change := range found {
		if tried[position] || !wanted[index].is(change) {
			continue
		}
		tried[position] = true
		owner := slices.Index(answered, position)
		if owner < 0 || augment(wanted, found, answered, owner, tried) {
			answered[index] = position
			return true
		}
	}
	return false
}
