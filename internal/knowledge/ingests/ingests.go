// Package ingests notes what is put into the library of a tenant: each ingest, and how every one of its files fares. The notes are in the records, so that whoever goes on with an
// ingest whose worker was killed knows what is done. It reads no file and indexes nothing.
package ingests

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"bestbox/internal/database"
	"bestbox/internal/records"
)

// Kind says where the files of an ingest come from.
type Kind string

// The kinds of ingests.
const (
	Folder Kind = "folder"
	URLs   Kind = "urls"
	Upload Kind = "upload"
)

// State says how far an ingest is.
type State string

// The states of an ingest. What has gone in stays in, however it ends.
const (
	Running   State = "running"
	Completed State = "completed"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Ingest is one time that something was put in.
type Ingest struct {
	ID   string
	Kind Kind
	// Domain is the agent that finds the documents; empty: every one.
	Domain string
	// Root is the folder, or the name of a list; what is gone from there is removed. Empty: the files come alone.
	Root string
	// By is who has begun it; empty: the local user.
	By       string
	Workflow string
	State    State
	// Whole says that all of the root was listed.
	Whole bool
	// Reason is why it has failed, or what it waits for since Waits.
	Reason  string
	Waits   time.Time
	Started time.Time
	Ended   time.Time
	Counts  Counts
}

// Counts are how many files of an ingest are in which state.
type Counts struct {
	Pending    int `json:"pending"`
	Added      int `json:"added"`
	Replaced   int `json:"replaced"`
	Unchanged  int `json:"unchanged"`
	Unreadable int `json:"unreadable"`
	Failed     int `json:"failed"`
	// Removed are documents whose files were gone.
	Removed int `json:"removed"`
}

// Files are how many there are, without what was removed.
func (c Counts) Files() int { return c.Pending + c.Done() }

// Done are how many files have an outcome.
func (c Counts) Done() int { return c.Added + c.Replaced + c.Unchanged + c.Unreadable + c.Failed }

// FileState says how a file fares.
type FileState string

// The states of a file. Unreadable ones say what is wrong with the file, failed ones what was wrong elsewhere.
const (
	Pending    FileState = "pending"
	Added      FileState = "added"
	Replaced   FileState = "replaced"
	Unchanged  FileState = "unchanged"
	Unreadable FileState = "unreadable"
	NotIn      FileState = "failed"
	Removed    FileState = "removed"
)

// File is one of an ingest.
type File struct {
	// Position counts from 1.
	Position int
	// Source is that of knowledge.Document, Name that of the file.
	Source, Name string
	// Size is in bytes; 0: not known yet.
	Size  int64
	State FileState
	// Tries are how often it was begun.
	Tries int
	// Reason and Advice say why it is not in and what to do.
	Reason, Advice string
	// Content is that of an upload; it is not among what Files gives.
	Content []byte
}

// Registry are the ingests of one tenant. It is safe for concurrent use.
type Registry struct{ db *records.DB }

// New returns the registry in the records of a tenant.
func New(db *records.DB) *Registry { return &Registry{db} }

// ErrUnknown says that there is no such ingest.
var ErrUnknown = errors.New("there is no such ingest")

const (
	// form of times: of one width, so that they sort.
	form = "2006-01-02T15:04:05.000Z"
	// kept is how long an ingest that has ended is remembered. A folder of 10,000 files that goes in every day makes a million rows in that time.
	kept = 90 * 24 * time.Hour
)

// Begin notes a new ingest, with its files as far as they are known. One that is there already stays as it is.
func (r *Registry) Begin(ctx context.Context, ingest Ingest, files ...File) error {
	return r.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM ingests WHERE ended_at <> '' AND ended_at < ?", written(time.Now().Add(-kept))); err != nil {
			return err
		}
		var there int
		err := tx.QueryRowContext(ctx, "SELECT count(*) FROM ingests WHERE id = ?", ingest.ID).Scan(&there)
		if err != nil || there > 0 {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO ingests (id, kind, domain, root, started_by, workflow, state, whole, reason, waits_since, started_at, ended_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, 0, '', '', ?, '')`, ingest.ID, ingest.Kind, ingest.Domain, ingest.Root, ingest.By, ingest.Workflow, Running, written(time.Now())); err != nil {
			return fmt.Errorf("note the ingest %s: %w", ingest.ID, err)
		}
		return insert(ctx, tx, ingest.ID, files)
	})
}

// Forget drops an ingest that has not begun after all.
func (r *Registry) Forget(ctx context.Context, id string) error {
	return r.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM ingests WHERE id = ?", id)
		return err
	})
}

// List notes the files of an ingest, in the place of those that an earlier attempt has noted. Whole says that they are all of the root.
func (r *Registry) List(ctx context.Context, id string, whole bool, files []File) error {
	return r.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM ingest_files WHERE ingest = ?", id); err != nil {
			return err
		}
		changed, err := tx.ExecContext(ctx, "UPDATE ingests SET whole = ? WHERE id = ?", number(whole), id)
		if err := one(changed, err); err != nil {
			return err
		}
		return insert(ctx, tx, id, files)
	})
}

func insert(ctx context.Context, tx *sql.Tx, id string, files []File) error {
	rows := make([][]any, len(files))
	for i, file := range files {
		rows[i] = []any{id, i + 1, file.Source, file.Name, file.Size, cmp.Or(file.State, Pending), 0, AsNoted(file.Reason), AsNoted(file.Advice), file.Content}
	}
	return database.Insert(ctx, tx, "ingest_files", []string{"ingest", "position", "source", "name", "size", "state", "tries", "reason", "advice", "content"}, rows)
}

// Whole notes that the files which Begin has noted are all of the root.
func (r *Registry) Whole(ctx context.Context, id string) error {
	return r.db.Write(ctx, func(tx *sql.Tx) error {
		changed, err := tx.ExecContext(ctx, "UPDATE ingests SET whole = 1 WHERE id = ?", id)
		return one(changed, err)
	})
}

// End notes how an ingest has ended. One that has ended stays as it is.
func (r *Registry) End(ctx context.Context, id string, state State, reason string) error {
	return r.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE ingest_files SET content = NULL WHERE ingest = ? AND content IS NOT NULL", id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE ingests SET state = ?, reason = ?, waits_since = '', ended_at = ? WHERE id = ? AND state = ?", state, AsNoted(reason), written(time.Now()), id, Running)
		return err
	})
}

// one is nil where a row was changed.
func one(changed sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := changed.RowsAffected(); err != nil || n != 1 {
		return errors.Join(err, ErrUnknown)
	}
	return nil
}

func written(t time.Time) string { return t.UTC().Format(form) }

func number(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
