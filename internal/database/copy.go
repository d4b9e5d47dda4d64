package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// mostParameters bounds a statement that inserts many rows; SQLite takes 32,766 and PostgreSQL 65,535.
const mostParameters = 2000

// Insert inserts rows into columns of a table, many with one statement: a server may be far away. Names are the caller's own.
func Insert(ctx context.Context, tx *sql.Tx, table string, columns []string, rows [][]any) error {
	into := fmt.Sprintf("INSERT INTO %s (%s) VALUES ", table, strings.Join(columns, ", "))
	marks := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ") + "), "
	for part := range slices.Chunk(rows, max(1, mostParameters/len(columns))) {
		statement := into + strings.TrimSuffix(strings.Repeat(marks, len(part)), ", ") //nolint:gosec // marks only
		if _, err := tx.ExecContext(ctx, statement, slices.Concat(part...)...); err != nil {
			return fmt.Errorf("put rows into %s: %w", table, err)
		}
	}
	return nil
}

// ErrInUse says that a database holds data already, which nothing is copied over.
var ErrInUse = errors.New("there are data already: name another database, or drop that schema")

// Copied is how many rows of how many tables were copied.
type Copied struct{ Tables, Rows int }

// Copy puts everything that a SQLite file holds into another database, which has nothing in the table that tells whether it is in use: all of it in one
// transaction, or nothing. The file stays as it is, but for migrations that it lacks.
func Copy(ctx context.Context, from, to Location, tables Tables, inUse string) (copied Copied, err error) {
	tables.Fill = nil
	source, err := Open(ctx, from, tables)
	if err != nil {
		return copied, err
	}
	defer source.Close()
	target, err := Open(ctx, to, tables)
	if err != nil {
		return copied, err
	}
	defer target.Close()
	err = source.Read(ctx, func(file *sql.Tx) error {
		return target.Write(ctx, "", func(tx *sql.Tx) error {
			var used bool
			if err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM "+inUse+")").Scan(&used); err != nil {
				return err
			}
			if used {
				return ErrInUse
			}
			copied, err = copyTables(ctx, file, tx)
			return err
		})
	})
	if err != nil {
		return Copied{}, fmt.Errorf("copy %s to %s: %w", from, to, err)
	}
	return copied, nil
}

// fileTable is a table of a SQLite file.
type fileTable struct {
	name    string
	columns []string
	parents []string // tables that it refers to, without itself
	// key and parent are the columns by which a row refers to another one of the same table; empty where none does.
	key, parent string
}

func copyTables(ctx context.Context, file, tx *sql.Tx) (copied Copied, err error) {
	tables, err := fileTables(ctx, file)
	if err != nil {
		return copied, err
	}
	for _, table := range slices.Backward(tables) { // rows that migrations have put there are among those that come
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+table.name); err != nil { //nolint:gosec // a table of ours
			return copied, err
		}
	}
	for _, table := range tables {
		err := table.read(ctx, file, func(rows [][]any) error {
			copied.Rows += len(rows)
			return Insert(ctx, tx, table.name, table.columns, rows)
		})
		if err != nil {
			return copied, err
		}
		copied.Tables++
	}
	return copied, nil
}

// fileTables are all tables, those first that others refer to.
func fileTables(ctx context.Context, file *sql.Tx) (ordered []fileTable, err error) {
	names, err := texts(ctx, file, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name")
	if err != nil {
		return nil, err
	}
	waiting := make([]fileTable, len(names))
	for i, name := range names {
		if waiting[i], err = describe(ctx, file, name); err != nil {
			return nil, err
		}
	}
	for len(waiting) > 0 {
		next := slices.IndexFunc(waiting, func(t fileTable) bool {
			return !slices.ContainsFunc(waiting, func(other fileTable) bool { return slices.Contains(t.parents, other.name) })
		})
		if next < 0 {
			return nil, errors.New("the tables refer to each other in a ring")
		}
		ordered = append(ordered, waiting[next])
		waiting = slices.Delete(waiting, next, next+1)
	}
	return ordered, nil
}

func describe(ctx context.Context, file *sql.Tx, name string) (table fileTable, err error) {
	table.name = name
	if table.columns, err = texts(ctx, file, "SELECT name FROM pragma_table_info(?)", name); err != nil {
		return table, err
	}
	if table.parents, err = texts(ctx, file, `SELECT "table" FROM pragma_foreign_key_list(?1) WHERE "table" <> ?1`, name); err != nil {
		return table, err
	}
	const own = `SELECT "to" FROM pragma_foreign_key_list(?1) WHERE "table" = ?1 UNION ALL SELECT "from" FROM pragma_foreign_key_list(?1) WHERE "table" = ?1`
	columns, err := texts(ctx, file, own, name)
	if len(columns) == 2 {
		table.key, table.parent = columns[0], columns[1]
	}
	return table, err
}

func texts(ctx context.Context, file *sql.Tx, query string, arguments ...any) (all []string, err error) {
	rows, err := file.QueryContext(ctx, query, arguments...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, rows.Err()
}

// rowsAtOnce bounds what is held in memory: rows of transcripts can be long.
const rowsAtOnce = 500

// read gives all rows to take, some at once, those first that others of the table refer to.
func (t fileTable) read(ctx context.Context, file *sql.Tx, take func(rows [][]any) error) (err error) {
	rows, err := file.QueryContext(ctx, "SELECT "+strings.Join(t.columns, ", ")+" FROM "+t.name) //nolint:gosec // a table of ours
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var held [][]any
	for rows.Next() {
		row, into := make([]any, len(t.columns)), make([]any, len(t.columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, value := range row {
			if bytes, is := value.([]byte); is && bytes == nil { // SQLite's empty bytes, which PostgreSQL would take for null
				row[i] = []byte{}
			}
		}
		if held = append(held, row); len(held) == rowsAtOnce && t.parent == "" {
			if err := take(held); err != nil {
				return err
			}
			held = nil
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if t.parent != "" {
		held = parentsFirst(held, slices.Index(t.columns, t.key), slices.Index(t.columns, t.parent))
	}
	return take(held)
}

// parentsFirst orders rows so that each comes after the one that it refers to. Those in a ring, which no order helps, come last.
func parentsFirst(rows [][]any, key, parent int) (ordered [][]any) {
	there := map[any]bool{nil: true}
	for {
		var later [][]any
		for _, row := range rows {
			if there[row[parent]] {
				there[row[key]] = true
				ordered = append(ordered, row)
			} else {
				later = append(later, row)
			}
		}
		if len(later) == 0 || len(later) == len(rows) {
			return append(ordered, later...)
		}
		rows = later
	}
}
