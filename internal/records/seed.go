package records

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"slices"

	"bestbox/internal/database"
	"bestbox/internal/records/demo"
)

// part is a piece of the demo company. Its rows are a struct of slices, each tagged with its table; they may refer to those of parts before.
type part struct {
	name string
	rows func(purchasing demo.Rows) any
}

// parts are in the order of their foreign keys. A part that was released never changes its name.
var parts = []part{
	{"purchasing", func(purchasing demo.Rows) any { return purchasing }},
	{"sales", func(purchasing demo.Rows) any { return demo.GenerateSales(purchasing) }},
	{"operations", func(demo.Rows) any { return demo.GenerateOperations() }},
	{"office", func(purchasing demo.Rows) any { return demo.GenerateOffice(purchasing) }},
}

// seed fills a database without a company with the demo company, and gives a demo company of an earlier version the parts it lacks.
func seed(ctx context.Context, tx *sql.Tx) error {
	var companies int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM company").Scan(&companies); err != nil {
		return err
	}
	given, err := givenParts(ctx, tx)
	if err != nil || (companies > 0 && len(given) == 0) { // somebody's own
		return err
	}
	missing := slices.DeleteFunc(slices.Clone(parts), func(p part) bool { return slices.Contains(given, p.name) })
	if len(missing) == 0 {
		return nil
	}
	purchasing := demo.Generate()
	for _, p := range missing {
		if err := insertPart(ctx, tx, p.rows(purchasing)); err != nil {
			return fmt.Errorf("the demo company's %s: %w", p.name, err)
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO demo_parts VALUES (?)", p.name); err != nil {
			return err
		}
	}
	return nil
}

func givenParts(ctx context.Context, tx *sql.Tx) (names []string, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT name FROM demo_parts")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// insertPart inserts the rows of every table of a part.
func insertPart(ctx context.Context, tx *sql.Tx, part any) error {
	rows := reflect.ValueOf(part)
	for i := range rows.NumField() {
		table := rows.Type().Field(i).Tag.Get("table")
		if err := insertAll(ctx, tx, table, rows.Field(i)); err != nil {
			return fmt.Errorf("fill the table %s: %w", table, err)
		}
	}
	return nil
}

// insertAll inserts a slice of structs whose column tags name the table's columns.
func insertAll(ctx context.Context, tx *sql.Tx, table string, rows reflect.Value) error {
	var columns []string
	for field := range rows.Type().Elem().Fields() {
		columns = append(columns, field.Tag.Get("column"))
	}
	all := make([][]any, rows.Len())
	for i := range all {
		for _, value := range rows.Index(i).Fields() {
			all[i] = append(all[i], value.Interface())
		}
	}
	return database.Insert(ctx, tx, table, columns, all)
}

// DemoDocuments is the part of the demo company that is not made of rows: its texts (demo.Documents), which a worker puts in when it first starts.
const DemoDocuments = "documents"

// LacksPart tells whether these are the demo company's records and were not given a part yet, which is not made of rows.
func (db *DB) LacksPart(ctx context.Context, name string) (lacks bool, err error) {
	err = db.Read(ctx, func(tx *sql.Tx) error {
		given, err := givenParts(ctx, tx)
		lacks = len(given) > 0 && !slices.Contains(given, name)
		return err
	})
	return lacks, err
}

// GivePart notes that the demo company was given a part.
func (db *DB) GivePart(ctx context.Context, name string) error {
	_, err := db.SQL().ExecContext(ctx, "INSERT INTO demo_parts VALUES (?) ON CONFLICT (name) DO NOTHING", name)
	return err
}
