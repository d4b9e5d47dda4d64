package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/cenkalti/backoff/v5"
)

// open makes the pools and prepares the tables, and tries again for a while what passes.
func (db *DB) open(ctx context.Context, tables Tables) error {
	var err error
	if db.writer, db.reader, err = db.engine.open(); err != nil {
		return err
	}
	attempt := func() (struct{}, error) {
		err := db.write(ctx, "", func(tx *sql.Tx) error { return db.prepare(ctx, tx, tables) })
		if err != nil && !db.engine.passes(err) {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}
	if _, err := backoff.Retry(ctx, attempt, backoff.WithMaxElapsedTime(openTimeout)); err != nil {
		return errors.Join(err, db.Close())
	}
	return nil
}

// prepare brings the tables up to date and fills them, in one transaction that has the database to itself: of several processes that open a new one,
// one does the work, and the others find it done.
func (db *DB) prepare(ctx context.Context, tx *sql.Tx, tables Tables) error {
	names, err := fs.Glob(tables.Migrations, "*.sql") // sorted by name
	if err != nil {
		return err
	}
	applied, err := db.engine.version(ctx, tx)
	if err != nil {
		return err
	}
	if applied < 0 || applied > len(names) {
		return fmt.Errorf("its tables have version %d and this program knows %d: use the newer program", applied, len(names))
	}
	for _, name := range names[applied:] {
		if err := db.migrate(ctx, tx, tables.Migrations, name); err != nil {
			return fmt.Errorf("migration %s: %w", name, err)
		}
	}
	if applied < len(names) {
		if err := db.engine.setVersion(ctx, tx, len(names)); err != nil {
			return err
		}
	}
	if tables.Fill == nil {
		return nil
	}
	return tables.Fill(ctx, tx)
}

func (db *DB) migrate(ctx context.Context, tx *sql.Tx, migrations fs.FS, name string) error {
	statements, err := fs.ReadFile(migrations, name)
	if err != nil {
		return err
	}
	translated, err := db.engine.migration(string(statements))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, translated)
	return err
}
