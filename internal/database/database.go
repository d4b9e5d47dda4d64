// Package database opens the two kinds of database that BestBox keeps its data in: a SQLite file on one machine, or a schema of a PostgreSQL server
// that workers on many machines share. Both have the same tables from the same migrations, and the same SQL works on both, with ? for a
// parameter. It holds no queries and knows no table.
//
// A transaction that writes has the data to itself (see DB.Write), one that reads sees one state of them, and what was committed is on the disk.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"time"
)

const (
	// lockTimeout is how long a transaction waits for another one's write. Filling the records with the demo company is the longest write there is
	// and takes a second or two on two slow cores.
	lockTimeout = 20 * time.Second
	// openTimeout bounds the retries of Open: a SQLite file that another process switches to WAL just now, a server that is starting, a worker
	// that fills the database.
	openTimeout = time.Minute
)

// Location says where a database is: a SQLite file, or a schema of a PostgreSQL server where URL is set.
type Location struct {
	Path string
	// URL is the server, postgres://user@host:5432/name, without a password.
	URL string
	// PasswordFile holds the password. Without one PGPASSWORD, PGPASSFILE and ~/.pgpass count, as for psql.
	PasswordFile string
	// Schema holds the tables. It is made where it is missing.
	Schema string
	// Folder is for files that belong to the data, such as documents. Empty: that of Path.
	Folder string
	// Setting is the key of bestbox.yaml that says all this, for the advice in errors.
	Setting string
}

// String names the place in errors and logs. It holds no password.
func (l Location) String() string {
	if l.URL == "" {
		return l.Path
	}
	place := "PostgreSQL"
	if server, err := url.Parse(l.URL); err == nil {
		place = "PostgreSQL at " + server.Host + server.Path
	}
	return place + ", schema " + l.Schema
}

// Tables is what a database holds.
type Tables struct {
	// Migrations holds the *.sql files, at its root, in the SQL of SQLite; what the other kind says differently is translated. A released file never
	// changes; what comes later is a new file.
	Migrations fs.FS
	// Fill, if set, runs after the migrations in their transaction, at every Open: it puts the first rows into an empty database.
	Fill func(ctx context.Context, tx *sql.Tx) error
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	location Location
	engine   engine
	writer   *sql.DB
	reader   *sql.DB
}

// engine is what differs between the kinds.
type engine interface {
	// open makes the pools; it need not connect.
	open() (writer, reader *sql.DB, err error)
	// lock makes the transaction that has just begun the only one that writes about something, or waits for that.
	lock(ctx context.Context, tx *sql.Tx, about string) error
	// version prepares the place for the tables, under the lock, and reads how many migrations were applied to them; setVersion notes it.
	version(ctx context.Context, tx *sql.Tx) (int, error)
	setVersion(ctx context.Context, tx *sql.Tx, version int) error
	// migration is a migration in the words of the kind.
	migration(statements string) (string, error)
	// present reports that the data is gone from its place although it is still open.
	present() error
	// reading are the options of a transaction that reads.
	reading() *sql.TxOptions
	// passes tells whether an error of opening may be gone in a moment; collided whether a transaction that changed nothing may simply be run again.
	passes(err error) bool
	collided(err error) bool
	// explain adds the way out to the errors that somebody can do something about.
	explain(err error) error
}

// Open opens or creates the database and brings its tables up to date. Each migration is applied once, in the order of the names, all together in one
// transaction. A database of a newer BestBox (more migrations than given) is refused. Several processes may open one at the same moment.
func Open(ctx context.Context, location Location, tables Tables) (*DB, error) {
	db := &DB{location: location, engine: &sqliteEngine{location: location}}
	if location.URL != "" {
		db.engine = &postgresEngine{location: location}
	}
	if err := db.open(ctx, tables); err != nil {
		return nil, fmt.Errorf("open the database %s: %w", location, db.engine.explain(err))
	}
	return db, nil
}

// Read runs the queries of one read-only transaction, which sees one state of the data however long it takes.
func (db *DB) Read(ctx context.Context, queries func(tx *sql.Tx) error) error {
	tx, err := db.reader.BeginTx(ctx, db.engine.reading())
	if err != nil {
		return fmt.Errorf("begin to read %s: %w", db.location, db.engine.explain(err))
	}
	defer func() { _ = tx.Rollback() }() // nothing to undo; it ends the snapshot
	return db.engine.explain(queries(tx))
}

// mostCollisions is how often a transaction is run again after a collision with another one.
const mostCollisions = 5

// Write runs a change in one transaction, which no other Write about the same thing runs beside: what the change has read is still so when it is
// committed. An error of the change undoes all. The change may be run again from the beginning, so it must have no effect elsewhere.
//
// SQLite has one writer at a time whatever it writes about. On PostgreSQL the transaction takes an advisory lock of the schema and the thing. The
// alternative, serializable transactions, needs no lock where they do not meet, but aborts and repeats where they might have met, which on tables
// of some thousand rows is nearly always; and a repeated one finds numbers taken that it has told somebody of. The lock has two limits: it does
// not hold back what somebody else writes without it, and it goes with the connection, so the server ends one that falls silent while it holds it.
func (db *DB) Write(ctx context.Context, about string, change func(tx *sql.Tx) error) error {
	for collisions := 0; ; collisions++ {
		err := db.write(ctx, about, change)
		if err == nil || collisions == mostCollisions || !db.engine.collided(err) {
			return db.engine.explain(err)
		}
	}
}

func (db *DB) write(ctx context.Context, about string, change func(tx *sql.Tx) error) error {
	tx, err := db.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin to write to %s: %w", db.location, err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	if err := db.engine.lock(ctx, tx, about); err != nil {
		return fmt.Errorf("begin to write to %s: %w", db.location, err)
	}
	if err := change(tx); err != nil {
		return err
	}
	if err := db.engine.present(); err != nil {
		return fmt.Errorf("write to %s: %w", db.location, err)
	}
	return tx.Commit()
}

// Writer returns the pool that may write, for statements that stand alone.
func (db *DB) Writer() *sql.DB { return db.writer }

// Reader returns the pool that only reads, for queries that stand alone.
func (db *DB) Reader() *sql.DB { return db.reader }

// Location returns where the database is.
func (db *DB) Location() Location { return db.location }

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.reader.PingContext(ctx); err != nil {
		return fmt.Errorf("%s: %w", db.location, db.engine.explain(err))
	}
	if err := db.engine.present(); err != nil {
		return fmt.Errorf("%s: %w", db.location, err)
	}
	return nil
}

// Close closes all connections.
func (db *DB) Close() error { return errors.Join(db.reader.Close(), db.writer.Close()) }
