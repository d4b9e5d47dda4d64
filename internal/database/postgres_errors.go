package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Codes of PostgreSQL's errors (SQLSTATE).
const (
	wrongPassword     = "28P01"
	refusedLogin      = "28000"
	noSuchDatabase    = "3D000"
	notPermitted      = "42501"
	diskFull          = "53100"
	tooManyClients    = "53300"
	readOnly          = "25006"
	lockNotAvailable  = "55P03"
	deadlock          = "40P01"
	notSerializable   = "40001"
	adminShutdown     = "57P01"
	crashShutdown     = "57P02"
	cannotConnectNow  = "57P03"
	idleInTransaction = "25P03"
)

func (*postgresEngine) passes(err error) bool {
	switch postgresCode(err) {
	case tooManyClients, adminShutdown, crashShutdown, cannotConnectNow, deadlock, lockNotAvailable:
		return true
	case "":
		connect, unreachable := errors.AsType[*pgconn.ConnectError](err)
		return unreachable && !errors.Is(connect, context.Canceled)
	}
	return false
}

// collided says that a lock was taken the other way round by somebody else: two transactions may keep the same messages in another order.
func (*postgresEngine) collided(err error) bool {
	code := postgresCode(err)
	return code == deadlock || code == notSerializable
}

func (e *postgresEngine) explain(err error) error {
	if advice := e.advice(err); advice != "" {
		return &explainedError{err, advice}
	}
	return err
}

func (e *postgresEngine) advice(err error) string {
	setting, where := e.location.Setting, e.location.String()
	switch postgresCode(err) {
	case wrongPassword, refusedLogin:
		return "check the role in " + setting + ", and its password in the password file, PGPASSWORD or PGPASSFILE"
	case noSuchDatabase:
		return "make it (createdb), or name another one in " + setting
	case notPermitted:
		return "give the role of " + setting + " the right to it (docs/operations.md)"
	case diskFull:
		return "free some disk space on the machine of " + where
	case tooManyClients:
		return "raise max_connections of " + where + ", or run fewer workers"
	case readOnly:
		return where + " is a standby or was made read-only: name the server that is written to in " + setting
	case lockNotAvailable:
		return "another worker has been writing to " + where + " for more than " + lockTimeout.String() + ": try again when it is done, or end it"
	case adminShutdown, crashShutdown, cannotConnectNow, idleInTransaction:
		return where + " ends or starts just now"
	case "":
		if lost(err) {
			return where + " cannot be reached: start it, or correct " + setting
		}
	}
	return ""
}

// explainedError is an error of the server with the way out, on one line.
type explainedError struct {
	err    error
	advice string
}

func (e *explainedError) Error() string {
	return strings.Join(strings.Fields(e.err.Error()), " ") + "; " + e.advice
}

func (e *explainedError) Unwrap() error { return e.err }

// lost tells that there is no connection, or no longer.
func lost(err error) bool {
	_, unreachable := errors.AsType[*pgconn.ConnectError](err)
	_, broken := errors.AsType[*net.OpError](err)
	return unreachable || broken || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, pgconn.ErrConnClosed)
}

func postgresCode(err error) string {
	if coded, is := errors.AsType[*pgconn.PgError](err); is {
		return coded.Code
	}
	return ""
}
