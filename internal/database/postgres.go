package database

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// maxPostgresWriters and maxPostgresReaders bound the connections of one process to one schema. A server takes 100 in all unless told otherwise.
	maxPostgresWriters, maxPostgresReaders = 4, 6
	// maxPostgresIdle is how long a connection is kept that nobody uses.
	maxPostgresIdle = 5 * time.Minute
	// connectTimeout bounds the attempt to connect, where the URL says nothing else.
	connectTimeout = 10 * time.Second
	// silentTimeout ends a transaction whose worker says nothing any more: it may hold a lock, and the machine that it runs on may be gone.
	silentTimeout = 30 * time.Second
)

// postgresEngine keeps the data in a schema of a PostgreSQL server.
type postgresEngine struct{ location Location }

func (e *postgresEngine) open() (writer, reader *sql.DB, err error) {
	config, err := e.config()
	if err != nil {
		return nil, nil, err
	}
	writer = e.pool(config, maxPostgresWriters)
	config = config.Copy()
	config.RuntimeParams["default_transaction_read_only"] = "on"
	return writer, e.pool(config, maxPostgresReaders), nil
}

// config is how to connect: the URL, what the environment says as for psql, and what must hold whatever both and the role's own settings say.
func (e *postgresEngine) config() (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(e.location.URL)
	if err != nil {
		return nil, err // it holds the URL, with a password blotted out
	}
	if e.location.Schema == "" {
		return nil, errors.New("the schema is empty")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	maps.Copy(config.RuntimeParams, map[string]string{
		"application_name":                    "bestbox",
		"search_path":                         pgx.Identifier{e.location.Schema}.Sanitize(), // the tables of no other schema
		"synchronous_commit":                  "on",                                         // what was committed is on the disk, as in SQLite
		"default_transaction_isolation":       "read committed",                             // the lock must come before the snapshot
		"lock_timeout":                        milliseconds(lockTimeout),
		"idle_in_transaction_session_timeout": milliseconds(silentTimeout),
	})
	return config, nil
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func (e *postgresEngine) pool(config *pgx.ConnConfig, most int) *sql.DB {
	pool := sql.OpenDB(connector{stdlib.GetConnector(*config, stdlib.OptionBeforeConnect(e.readPassword))})
	pool.SetMaxOpenConns(most)
	pool.SetMaxIdleConns(most)
	pool.SetConnMaxIdleTime(maxPostgresIdle)
	return pool
}

// readPassword reads the file before every connection, so that a new password needs no restart.
func (e *postgresEngine) readPassword(_ context.Context, config *pgx.ConnConfig) error {
	if e.location.PasswordFile == "" {
		return nil
	}
	content, err := os.ReadFile(e.location.PasswordFile)
	if err != nil {
		return fmt.Errorf("read the password of %s: %w", e.location, err)
	}
	config.Password = strings.TrimRight(string(content), "\r\n")
	return nil
}

func (*postgresEngine) present() error { return nil } // a table that is gone is an error of the server

// lock takes the advisory lock first of all: the statements after it see what the holder before has committed.
func (e *postgresEngine) lock(ctx context.Context, tx *sql.Tx, about string) error {
	sum := sha256.Sum256([]byte(e.location.Schema + "\x00" + about))
	_, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(?)", int64(binary.BigEndian.Uint64(sum[:8]))) //nolint:gosec // any 64 bits
	return err
}

// version makes the schema and the table that counts the migrations.
func (e *postgresEngine) version(ctx context.Context, tx *sql.Tx) (version int, err error) {
	var encoding string
	if err := tx.QueryRowContext(ctx, "SHOW server_encoding").Scan(&encoding); err != nil {
		return 0, err
	}
	if encoding != "UTF8" {
		return 0, fmt.Errorf("the database is encoded in %s: make one with ENCODING 'UTF8'", encoding)
	}
	if err := e.makeSchema(ctx, tx); err != nil {
		return 0, err
	}
	var counted bool
	if err := tx.QueryRowContext(ctx, "SELECT to_regclass('bestbox_migrations') IS NOT NULL").Scan(&counted); err != nil {
		return 0, err
	}
	if !counted {
		_, err = tx.ExecContext(ctx, "CREATE TABLE bestbox_migrations (applied bigint NOT NULL); INSERT INTO bestbox_migrations VALUES (0)")
		return 0, err
	}
	err = tx.QueryRowContext(ctx, "SELECT applied FROM bestbox_migrations").Scan(&version)
	return version, err
}

// makeSchema looks before it makes the schema, so that a role without the right to can use the one that is there.
func (e *postgresEngine) makeSchema(ctx context.Context, tx *sql.Tx) error {
	var usable bool
	err := tx.QueryRowContext(ctx, "SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = ?", e.location.Schema).Scan(&usable)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		_, err = tx.ExecContext(ctx, "CREATE SCHEMA "+pgx.Identifier{e.location.Schema}.Sanitize())
		return err
	case err == nil && !usable:
		return fmt.Errorf("this role has no right to use the schema %s: GRANT USAGE ON SCHEMA … to it, or name another role in %s", e.location.Schema, e.location.Setting)
	}
	return err
}

func (*postgresEngine) setVersion(ctx context.Context, tx *sql.Tx, version int) error {
	_, err := tx.ExecContext(ctx, "UPDATE bestbox_migrations SET applied = ?", version)
	return err
}

func (*postgresEngine) migration(statements string) (string, error) { return translate(statements) }

// reading asks for one snapshot of all queries.
func (*postgresEngine) reading() *sql.TxOptions {
	return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
}

// connector connects to PostgreSQL and makes its connections understand ? for a parameter.
type connector struct{ driver.Connector }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	made, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &connection{made.(*stdlib.Conn)}, nil
}

// connection is pgx's, with all that it can do, and numbers the parameters.
type connection struct{ *stdlib.Conn }

func (c *connection) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	return c.Conn.PrepareContext(ctx, numbered(query))
}

func (c *connection) Prepare(query string) (driver.Stmt, error) {
	return c.Conn.Prepare(numbered(query))
}

func (c *connection) ExecContext(ctx context.Context, query string, arguments []driver.NamedValue) (driver.Result, error) {
	return c.Conn.ExecContext(ctx, numbered(query), arguments)
}

func (c *connection) QueryContext(ctx context.Context, query string, arguments []driver.NamedValue) (driver.Rows, error) {
	return c.Conn.QueryContext(ctx, numbered(query), arguments)
}
