// Package state says what has changed in a company's records between two moments: it reads every row of every table and compares them by what
// they hold. It trusts no tool's own word of what it did.
package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"bestbox/internal/database"
	"bestbox/internal/records"
)

// State is all rows at one moment.
type State map[string]Table

// Table is one table's rows.
type Table struct {
	Columns []string
	key     []int // where the columns of the primary key stand
	rows    map[string][]any
}

// Change is one row that came, went, or holds something else: Before is nil for a new one, After for one that is gone.
type Change struct {
	Table         string
	Before, After map[string]any
}

// ledger is the tools' own account of what they did: it changes with every write and says nothing that the other tables do not. The documents are no tool's to change, and
// those of the demo company are put in while a measurement begins.
const ledger, documents = "effects", "'documents', 'document_claims', 'ingests', 'ingest_files', 'demo_parts'"

// ReadFile reads the SQLite file at path, which others may have open.
func ReadFile(ctx context.Context, path string) (state State, err error) {
	db, err := records.Open(ctx, database.Location{Path: path})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return Read(ctx, db)
}

// Read reads records that lie in a SQLite file.
func Read(ctx context.Context, db *records.DB) (State, error) {
	state := State{}
	err := db.Read(ctx, func(tx *sql.Tx) error {
		names, err := column[string](ctx, tx, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> ? AND name NOT IN ("+documents+")", ledger)
		if err != nil {
			return fmt.Errorf("list the tables of %s: %w", db.Location(), err)
		}
		for _, name := range names {
			if state[name], err = readTable(ctx, tx, name); err != nil {
				return fmt.Errorf("read the table %s of %s: %w", name, db.Location(), err)
			}
		}
		return nil
	})
	return state, err
}

func column[T any](ctx context.Context, tx *sql.Tx, query string, arguments ...any) (values []T, err error) {
	rows, err := tx.QueryContext(ctx, query, arguments...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var value T
		if err := rows.Scan(&value); err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, rows.Err()
}

// readTable reads all rows of a table, whose name comes from the database itself.
func readTable(ctx context.Context, tx *sql.Tx, name string) (table Table, err error) {
	table.rows = map[string][]any{}
	if table.key, err = column[int](ctx, tx, "SELECT cid FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", name); err != nil {
		return table, err
	}
	rows, err := tx.QueryContext(ctx, "SELECT * FROM "+quoted(name)) //nolint:gosec // a name that the database has given
	if err != nil {
		return table, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if table.Columns, err = rows.Columns(); err != nil {
		return table, err
	}
	for rows.Next() {
		row, into := make([]any, len(table.Columns)), make([]any, len(table.Columns))
		for index := range row {
			into[index] = &row[index]
		}
		if err := rows.Scan(into...); err != nil {
			return table, err
		}
		content := contentOf(row)
		for table.rows[content] != nil { // a table without a key may hold a row twice
			content += "again"
		}
		table.rows[content] = row
	}
	return table, rows.Err()
}

// contentOf are the values of a row as one text: the same for the same values, and another one for others.
func contentOf(row []any) string {
	var text []byte
	for _, value := range row {
		switch typed := value.(type) {
		case int64:
			text = strconv.AppendInt(text, typed, 10)
		case string:
			text = append(append(append(strconv.AppendInt(text, int64(len(typed)), 10), '"'), typed...), '"')
		default:
			text = fmt.Appendf(text, "%#v", typed)
		}
		text = append(text, ',')
	}
	return string(text)
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Changes are the rows in which a later state differs, table by table in the order of their names.
func (s State) Changes(later State) (changes []Change) {
	names := slices.Collect(maps.Keys(s))
	for name := range later {
		if _, known := s[name]; !known {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		changes = append(changes, changesOf(name, s[name], later[name])...)
	}
	return changes
}

func changesOf(name string, before, after Table) (changes []Change) {
	gone, come := missingFrom(before, after), missingFrom(after, before)
	for _, content := range come {
		row := after.rows[content]
		change := Change{Table: name, After: after.named(row)}
		same := slices.IndexFunc(gone, func(old string) bool { return len(after.key) > 0 && before.keyOf(before.rows[old]) == after.keyOf(row) })
		if same >= 0 {
			change.Before = before.named(before.rows[gone[same]])
			gone = slices.Delete(gone, same, same+1)
		}
		changes = append(changes, change)
	}
	for _, content := range gone {
		changes = append(changes, Change{Table: name, Before: before.named(before.rows[content])})
	}
	return changes
}

// missingFrom are the rows of one table, by their content, that another has not.
func missingFrom(one, other Table) (contents []string) {
	for content := range one.rows {
		if other.rows[content] == nil {
			contents = append(contents, content)
		}
	}
	slices.Sort(contents)
	return contents
}

func (t Table) keyOf(row []any) string {
	key := make([]any, len(t.key))
	for index, at := range t.key {
		key[index] = row[at]
	}
	return contentOf(key)
}

func (t Table) named(row []any) map[string]any {
	named := make(map[string]any, len(row))
	for index, name := range t.Columns {
		named[name] = row[index]
	}
	return named
}

// String says in one line what has changed.
func (c Change) String() string {
	switch {
	case c.Before == nil:
		return fmt.Sprintf("%s: new row %s", c.Table, words(c.After, nil))
	case c.After == nil:
		return fmt.Sprintf("%s: row gone %s", c.Table, words(c.Before, nil))
	}
	return fmt.Sprintf("%s: row changed %s", c.Table, words(c.After, c.Before))
}

// words are the cells of a row by their names; of a changed one its first cells and those that differ.
func words(row, before map[string]any) string {
	var cells []string
	for _, name := range slices.Sorted(maps.Keys(row)) {
		switch {
		case before == nil:
			cells = append(cells, fmt.Sprintf("%s: %v", name, row[name]))
		case before[name] != row[name]:
			cells = append(cells, fmt.Sprintf("%s: %v (was %v)", name, row[name], before[name]))
		case name == "id":
			cells = append(cells, fmt.Sprintf("%s: %v", name, row[name]))
		}
	}
	return "{" + strings.Join(cells, ", ") + "}"
}

// Keys are the sorted keys of a table whose key is one column of text; none where it is something else.
func (t Table) Keys() (all []string) {
	if len(t.key) != 1 {
		return nil
	}
	for _, row := range t.rows {
		if text, is := row[t.key[0]].(string); is {
			all = append(all, text)
		}
	}
	slices.Sort(all)
	return all
}
