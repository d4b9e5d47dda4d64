// Package records is the company's business data: a database with migrations, and a demo company on first use.
//
// Amounts are whole cents of one currency, dates ISO text. Several processes may hold the same records open: writes come one after the other, and
// reads see one consistent snapshot. The package stores and hands out connections; what the rows mean is known by the tools.
package records

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"bestbox/internal/database"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// DB is an open database. It is safe for concurrent use.
type DB struct {
	database *database.DB
	today    time.Time
	zone     *time.Location // where today is the clock's; nil: it is the company's own
}

// Open opens the records at a place, creating what is missing, migrating it to this program's version and filling an empty one with the demo company
// (and an earlier demo company with what this version adds). Several processes may do so at the same moment; one of them seeds.
func Open(ctx context.Context, location database.Location) (*DB, error) {
	tables, err := tables()
	if err != nil {
		return nil, err
	}
	opened, err := database.Open(ctx, location, tables)
	if err != nil {
		return nil, fmt.Errorf("open the records: %w", err)
	}
	db := &DB{database: opened}
	if db.today, err = readToday(ctx, opened.Reader()); err != nil {
		return nil, errors.Join(fmt.Errorf("read the company's today in %s: %w", location, err), db.Close())
	}
	return db, nil
}

func tables() (database.Tables, error) {
	migrations, err := fs.Sub(migrationFiles, "migrations")
	return database.Tables{Migrations: migrations, Fill: seed}, err
}

// Copy puts all records of a file into another database, which has no company yet (database.Copy).
func Copy(ctx context.Context, from, to database.Location) (database.Copied, error) {
	tables, err := tables()
	if err != nil {
		return database.Copied{}, err
	}
	return database.Copy(ctx, from, to, tables, "company")
}

func readToday(ctx context.Context, reader *sql.DB) (time.Time, error) {
	var today string
	if err := reader.QueryRowContext(ctx, "SELECT today FROM company").Scan(&today); err != nil {
		return time.Time{}, err
	}
	return time.Parse(time.DateOnly, today)
}

// SQL returns the pool that may write, for statements that stand alone.
func (db *DB) SQL() *sql.DB { return db.database.Writer() }

// Location returns where the records are.
func (db *DB) Location() database.Location { return db.database.Location() }

// Folder returns the folder for files that belong to the records.
func (db *DB) Folder() string {
	location := db.Location()
	if location.Folder != "" {
		return location.Folder
	}
	return filepath.Dir(location.Path)
}

// Today returns the company's own today, at midnight UTC. The demo company's is fixed, so that its answers stay true.
func (db *DB) Today() time.Time {
	if db.zone == nil {
		return db.today
	}
	year, month, day := time.Now().In(db.zone).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// FollowClock makes today the day of the clock in a zone. It is called before others use the database.
func (db *DB) FollowClock(zone *time.Location) { db.zone = zone }

// Read runs the queries of one read-only transaction, which sees one state of the data however long it takes.
func (db *DB) Read(ctx context.Context, queries func(tx *sql.Tx) error) error {
	return db.database.Read(ctx, queries)
}

// Write runs a change in one transaction. No two run side by side, so that what one has looked at (the stock, the last number) is still so when it is
// committed. It may be run again from the beginning (database.DB.Write).
func (db *DB) Write(ctx context.Context, change func(tx *sql.Tx) error) error {
	return db.database.Write(ctx, "", change)
}

// Ping reports whether the records can be read.
func (db *DB) Ping(ctx context.Context) error { return db.database.Ping(ctx) }

// Close closes all connections.
func (db *DB) Close() error { return db.database.Close() }
