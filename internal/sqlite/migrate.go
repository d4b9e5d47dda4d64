package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
)

// prepare brings the file to the schema in one transaction, which takes the write lock first: of several processes that open a
// new file one does the work, and the others find it done.
func prepare(ctx context.Context, database *sql.DB, schema Schema) error {
	tx, err := database.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	if err := migrate(ctx, tx, schema.Migrations); err != nil {
		return err
	}
	if schema.Fill != nil {
		if err := schema.Fill(ctx, tx); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func migrate(ctx context.Context, tx *sql.Tx, migrations fs.FS) error {
	names, err := fs.Glob(migrations, "*.sql") // sorted by name
	if err != nil {
		return err
	}
	var applied int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&applied); err != nil {
		return err
	}
	if applied < 0 || applied > len(names) {
		return fmt.Errorf("the file has schema version %d and this program knows %d: use the newer program", applied, len(names))
	}
	for _, name := range names[applied:] {
		statements, err := fs.ReadFile(migrations, name)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, string(statements)); err != nil {
			return fmt.Errorf("migration %s: %w", name, err)
		}
	}
	_, err = tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", len(names)))
	return err
}
