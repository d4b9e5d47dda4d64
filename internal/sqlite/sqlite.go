// Package sqlite opens the SQLite files that BestBox keeps on one machine: the same durability settings everywhere, files that
// only their owner can read, and migrations that run once even when several processes open a new file at the same moment. It
// holds no queries.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
	"modernc.org/sqlite" // the driver, pure Go so that the binaries need no C library
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	// busyTimeout is how long a connection waits for another process's write. Filling the records with the demo company is the
	// longest write there is and takes about a second on two slow cores.
	busyTimeout = 20 * time.Second
	// openTimeout bounds the retries of Open. Switching a new file to WAL fails at once, without waiting for the busy time-out,
	// while another process does the same.
	openTimeout = 30 * time.Second
)

// Schema is what a database file holds.
type Schema struct {
	// Migrations holds the *.sql files, at its root. A released file never changes; what comes later is a new file.
	Migrations fs.FS
	// Fill, if set, runs after the migrations in their transaction, at every Open: it puts the first rows into an empty database.
	Fill func(ctx context.Context, tx *sql.Tx) error
	// Setting is the key of bestbox.yaml that names the file, for the advice in errors.
	Setting string
}

// Open opens or creates the database file at path and brings its schema up to date. Each migration is applied once, in the
// order of the names, all together in one transaction; how many were applied is kept in SQLite's own user_version. A file
// written by a newer BestBox (more migrations than given) is refused. Several processes may open one file at the same moment.
//
// Transactions take the write lock when they begin; keep them short. Commits reach the disk before they return
// (synchronous=FULL): a Temporal history that names a row must never outlive it, not even after a power cut.
func Open(ctx context.Context, path string, schema Schema) (*sql.DB, error) {
	if path == "" {
		return nil, fmt.Errorf("the path of a database is empty; set %s in bestbox.yaml", schema.Setting)
	}
	attempt := func() (*sql.DB, error) {
		database, err := open(ctx, path, schema)
		if err != nil && !busy(err) {
			return nil, backoff.Permanent(err)
		}
		return database, err
	}
	database, err := backoff.Retry(ctx, attempt, backoff.WithMaxElapsedTime(openTimeout))
	if err != nil {
		return nil, fmt.Errorf("open the database %s: %w", path, explain(err, schema.Setting))
	}
	return database, nil
}

// OpenReader opens a pool of connections that cannot write to the file at path, which Open has made. Its transactions see one
// state of the data each and wait for no writer.
func OpenReader(path string) (*sql.DB, error) {
	reader, err := sql.Open("sqlite", address(path, url.Values{"_query_only": {"1"}}))
	if err != nil {
		return nil, fmt.Errorf("open the database %s for reading: %w", path, err)
	}
	return reader, nil
}

func open(ctx context.Context, path string, schema Schema) (*sql.DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	if err := createPrivately(path); err != nil {
		return nil, err
	}
	database, err := sql.Open("sqlite", address(path, url.Values{"_txlock": {"immediate"}, "_pragma": {"journal_mode(WAL)"}}))
	if err != nil {
		return nil, err
	}
	if err := prepare(ctx, database, schema); err != nil {
		return nil, errors.Join(err, database.Close())
	}
	return database, nil
}

// createPrivately makes a new file readable by its owner only; SQLite gives its side files the same mode.
func createPrivately(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// address is the data source name: the path as a URL, so that a "?" or "%" in it stays part of the path. The busy time-out
// comes first because the pragmas after it may have to wait.
func address(path string, settings url.Values) string {
	settings["_pragma"] = append([]string{"busy_timeout(" + strconv.FormatInt(busyTimeout.Milliseconds(), 10) + ")", "foreign_keys(1)",
		"synchronous(FULL)"}, settings["_pragma"]...)
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: settings.Encode()}).String()
}

// busy says whether another process holds the lock for the moment.
func busy(err error) bool {
	var coded *sqlite.Error
	if !errors.As(err, &coded) {
		return false
	}
	const primaryCode = 0xff // the upper bits only say which kind of busy
	code := coded.Code() & primaryCode
	return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
}

// explain adds the way out to the errors a user can do something about.
func explain(err error, setting string) error {
	var coded *sqlite.Error
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; choose another %s in bestbox.yaml, or give this user the right to write there", err, setting)
	case errors.As(err, &coded) && (coded.Code() == sqlite3.SQLITE_NOTADB || coded.Code() == sqlite3.SQLITE_CORRUPT):
		return fmt.Errorf("%w; move that file away, put a backup in its place, or choose another %s in bestbox.yaml", err, setting)
	case errors.As(err, &coded) && coded.Code() == sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w; free some disk space and try again", err)
	}
	return err
}
