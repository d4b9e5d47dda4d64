package records

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"strings"

	"bestbox/internal/records/demo"
)

// seedIfEmpty fills a database without a company with the demo company.
func seedIfEmpty(ctx context.Context, tx *sql.Tx) error {
	var companies int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM company").Scan(&companies); err != nil {
		return err
	}
	if companies > 0 {
		return nil
	}
	rows := reflect.ValueOf(demo.Generate())
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
	row := rows.Type().Elem()
	columns := make([]string, row.NumField())
	for i := range columns {
		columns[i] = row.Field(i).Tag.Get("column")
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ")
	insert, err := tx.PrepareContext(ctx,
		fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", table, strings.Join(columns, ", "), marks))
	if err != nil {
		return err
	}
	defer func() { _ = insert.Close() }() // the transaction's own end reports what matters
	values := make([]any, len(columns))
	for i := range rows.Len() {
		for j := range values {
			values[j] = rows.Index(i).Field(j).Interface()
		}
		if _, err := insert.ExecContext(ctx, values...); err != nil {
			return fmt.Errorf("row %d: %w", i, err)
		}
	}
	return nil
}
