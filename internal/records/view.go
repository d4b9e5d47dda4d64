package records

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"unicode/utf8"
)

// View is one state of the records, seen from a transaction that reads or writes. Tools embed it beside what else they need to know.
type View struct {
	ctx context.Context //nolint:containedctx // it lives as long as the transaction
	tx  querier
}

// querier is a transaction, or the pool of readers, each of whose queries sees the newest state.
type querier interface {
	QueryContext(ctx context.Context, query string, arguments ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, arguments ...any) *sql.Row
	ExecContext(ctx context.Context, statement string, arguments ...any) (sql.Result, error)
}

// NewView returns the view of a transaction.
func NewView(ctx context.Context, tx *sql.Tx) View { return View{ctx, tx} }

// Unheld returns a view for those who ask other systems between their queries: it holds no connection meanwhile, and so no single state.
// Nothing can be changed through it.
func (db *DB) Unheld(ctx context.Context) View { return View{ctx, db.database.Reader()} }

// One reads one row. A missing row is sql.ErrNoRows.
func (v View) One(query string, arguments []any, into ...any) error {
	return v.tx.QueryRowContext(v.ctx, query, arguments...).Scan(into...)
}

// ErrEnough ends the reading of Each before its last row; it is no error.
var ErrEnough = errors.New("enough rows were read")

// Each reads all rows with scan, or as many as it wants (ErrEnough).
func (v View) Each(query string, arguments []any, scan func(scan func(into ...any) error) error) (err error) {
	rows, err := v.tx.QueryContext(v.ctx, query, arguments...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows.Scan); errors.Is(err, ErrEnough) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return rows.Err()
}

// Execute runs a statement that must change a row or more.
func (v View) Execute(statement string, arguments ...any) error {
	result, err := v.tx.ExecContext(v.ctx, statement, arguments...)
	if err != nil {
		return err
	}
	if changed, err := result.RowsAffected(); err != nil || changed == 0 {
		return errors.Join(err, fmt.Errorf("no row was changed by %.60s", statement))
	}
	return nil
}

// NextID numbers a new row: the prefix, and one more than the highest number behind it so far, in as many digits. The table's name is the caller's
// own, never one from outside. In a transaction that writes (DB.Write) nobody else gets the same one.
func (v View) NextID(table, prefix string, digits int) (string, error) {
	const mostDigits = 18 // of a number that both kinds of database take
	length := utf8.RuneCountInString(prefix)
	query := fmt.Sprintf(`SELECT coalesce(max(CASE WHEN number <> '' AND length(number) <= %d AND ltrim(number, '0123456789') = '' THEN CAST(number AS BIGINT) END), 0)
		FROM (SELECT substr(id, %d) AS number FROM %s WHERE substr(id, 1, %d) = ?) AS numbered`, mostDigits, length+1, table, length)
	var last int64
	err := v.One(query, []any{prefix}, &last)
	return fmt.Sprintf("%s%0*d", prefix, digits, last+1), err
}

// NextNumber is one more than the highest id so far of a table whose ids are numbers, under the same conditions.
func (v View) NextNumber(table string) (number int64, err error) {
	err = v.One("SELECT coalesce(max(id), 0) + 1 FROM "+table, nil, &number)
	return number, err
}
