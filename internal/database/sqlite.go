package database

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

	"modernc.org/sqlite" // the driver, pure Go so that the binaries need no C library
	sqlite3 "modernc.org/sqlite/lib"
)

// maxSQLiteReaders is the number of connections that read at once; more only queue up inside SQLite's page cache.
const maxSQLiteReaders = 8

// sqliteEngine keeps the data in a file that only its owner can read. Its transactions take the write lock when they begin.
type sqliteEngine struct {
	location Location
	file     os.FileInfo // what stood there when it was opened
}

func (e *sqliteEngine) open() (writer, reader *sql.DB, err error) {
	path := e.location.Path
	if path == "" {
		return nil, nil, fmt.Errorf("the path of a database is empty; set %s in bestbox.yaml", e.location.Setting)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, nil, err
	}
	if err := createPrivately(path); err != nil {
		return nil, nil, err
	}
	if e.file, err = os.Stat(path); err != nil {
		return nil, nil, err
	}
	if writer, err = sql.Open("sqlite", sqliteAddress(path, url.Values{"_txlock": {"immediate"}, "_pragma": {"journal_mode(WAL)"}})); err != nil {
		return nil, nil, err
	}
	writer.SetMaxOpenConns(1) // SQLite has one writer; queueing here is fairer than its busy loop
	if reader, err = sql.Open("sqlite", sqliteAddress(path, url.Values{"_query_only": {"1"}})); err != nil {
		return nil, nil, errors.Join(err, writer.Close())
	}
	reader.SetMaxOpenConns(maxSQLiteReaders)
	return writer, reader, nil
}

// present compares files, since a file that was removed goes on working for whoever has it open: all that is written then is lost when they close it.
func (e *sqliteEngine) present() error {
	now, err := os.Stat(e.location.Path)
	if err == nil && os.SameFile(e.file, now) {
		return nil
	}
	return errors.New("the file was removed or replaced while it was open, so that nothing is written to it any more; stop the worker, put the file (or a backup) there, and start the worker again")
}

// createPrivately makes a new file readable by its owner only; SQLite gives its side files the same mode.
func createPrivately(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// sqliteAddress is the data source name: the path as a URL, so that a "?" or "%" in it stays part of the path. A connection makes no file (mode=rw): an
// empty one in the place of a file that was removed would be taken for the data, and others could read it. The busy time-out comes first because the
// pragmas after it may have to wait. Commits reach the disk before they return (synchronous=FULL): a Temporal history that names a row must
// never outlive it, not even after a power cut.
func sqliteAddress(path string, settings url.Values) string {
	settings.Set("mode", "rw")
	settings["_pragma"] = append([]string{"busy_timeout(" + strconv.FormatInt(lockTimeout.Milliseconds(), 10) + ")", "foreign_keys(1)",
		"synchronous(FULL)"}, settings["_pragma"]...)
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: settings.Encode()}).String()
}

func (*sqliteEngine) lock(context.Context, *sql.Tx, string) error { return nil } // it was taken when the transaction began

// version is kept in SQLite's own user_version.
func (*sqliteEngine) version(ctx context.Context, tx *sql.Tx) (version int, err error) {
	err = tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
	return version, err
}

func (*sqliteEngine) setVersion(ctx context.Context, tx *sql.Tx, version int) error {
	_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version))
	return err
}

func (*sqliteEngine) migration(statements string) (string, error) { return statements, nil }

func (*sqliteEngine) reading() *sql.TxOptions { return &sql.TxOptions{ReadOnly: true} }

// passes says whether another process holds the lock for the moment. Switching a new file to WAL fails at once, without waiting for the busy
// time-out, while another process does the same.
func (*sqliteEngine) passes(err error) bool {
	code := sqliteCode(err)
	return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
}

func (*sqliteEngine) collided(error) bool { return false }

func (e *sqliteEngine) explain(err error) error {
	code := sqliteCode(err)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; choose another %s in bestbox.yaml, or give this user the right to write there", err, e.location.Setting)
	case code == sqlite3.SQLITE_NOTADB || code == sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("%w; move that file away, put a backup in its place, or choose another %s in bestbox.yaml", err, e.location.Setting)
	case code == sqlite3.SQLITE_CANTOPEN && e.present() != nil:
		return fmt.Errorf("%w; %w", err, e.present())
	case code == sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w; free some disk space and try again", err)
	case e.passes(err):
		return fmt.Errorf("%w; another process has been writing to %s for more than %s: try again when it is done, or end it", err, e.location.Path, lockTimeout)
	}
	return err
}

// sqliteCode is the primary code of SQLite's error, and 0 for any other one; the upper bits only say which kind of it.
func sqliteCode(err error) int {
	const primary = 0xff
	if coded, is := errors.AsType[*sqlite.Error](err); is {
		return coded.Code() & primary
	}
	return 0
}
