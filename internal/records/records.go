// Package records is the company's business data: SQLite with migrations, and a demo company on first use.
//
// Amounts are whole cents of one currency, dates ISO text. Several processes may hold the same file open: writes are
// serialised by the database (WAL, immediate transactions, a busy time-out), and reads see one consistent snapshot.
// The package stores and hands out connections; what the rows mean is known by the tools.
package records

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"bestbox/internal/sqlite"
)

// maxReaders is the number of connections that read at once; more only queue up inside SQLite's page cache.
const maxReaders = 8

//go:embed migrations/*.sql
var migrationFiles embed.FS

// DB is an open database. It is safe for concurrent use.
type DB struct {
	path   string
	writer *sql.DB
	reader *sql.DB
	today  time.Time
}

// Open opens the database file at path, creating its folder and the file, migrating it to this program's version and
// filling an empty one with the demo company (and an earlier demo company with what this version adds). Several processes may do so at the same moment; one of them seeds.
func Open(ctx context.Context, path string) (*DB, error) {
	migrations, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, err
	}
	writer, err := sqlite.Open(ctx, path, sqlite.Schema{Migrations: migrations, Fill: seed, Setting: "records.path"})
	if err != nil {
		return nil, fmt.Errorf("open the records: %w", err)
	}
	writer.SetMaxOpenConns(1) // SQLite has one writer; queueing here is fairer than its busy loop
	reader, err := sqlite.OpenReader(path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the records: %w", err), writer.Close())
	}
	reader.SetMaxOpenConns(maxReaders)
	db := &DB{path: path, writer: writer, reader: reader}
	if db.today, err = readToday(ctx, reader); err != nil {
		return nil, errors.Join(fmt.Errorf("read the company's today in %s: %w", path, err), db.Close())
	}
	return db, nil
}

func readToday(ctx context.Context, reader *sql.DB) (time.Time, error) {
	var today string
	if err := reader.QueryRowContext(ctx, "SELECT today FROM company").Scan(&today); err != nil {
		return time.Time{}, err
	}
	return time.Parse(time.DateOnly, today)
}

// SQL returns the pool that may write. Its transactions take the write lock when they begin; keep them short.
func (db *DB) SQL() *sql.DB { return db.writer }

// Path returns the file's path.
func (db *DB) Path() string { return db.path }

// Today returns the company's own today, at midnight UTC. The demo company's is fixed, so that its answers stay true.
func (db *DB) Today() time.Time { return db.today }

// Read runs the queries of one read-only transaction, which sees one state of the data however long it takes.
func (db *DB) Read(ctx context.Context, queries func(tx *sql.Tx) error) error {
	tx, err := db.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin to read %s: %w", db.path, err)
	}
	defer func() { _ = tx.Rollback() }() // nothing to undo; it ends the snapshot
	return queries(tx)
}

// Close closes all connections.
func (db *DB) Close() error { return errors.Join(db.reader.Close(), db.writer.Close()) }
