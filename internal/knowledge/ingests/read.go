package ingests

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"time"

	"bestbox/internal/records"
)

const ingestColumns = "id, kind, domain, root, started_by, workflow, state, whole, reason, waits_since, started_at, ended_at"

func scanIngest(scan func(into ...any) error) (ingest Ingest, err error) {
	var whole int
	var waits, started, ended string
	if err := scan(&ingest.ID, &ingest.Kind, &ingest.Domain, &ingest.Root, &ingest.By, &ingest.Workflow, &ingest.State, &whole, &ingest.Reason, &waits, &started, &ended); err != nil {
		return Ingest{}, err
	}
	ingest.Whole = whole == 1
	var wrong [3]error
	ingest.Waits, wrong[0] = moment(waits)
	ingest.Started, wrong[1] = moment(started)
	ingest.Ended, wrong[2] = moment(ended)
	return ingest, errors.Join(wrong[:]...)
}

// moment reads a time; empty is none.
func moment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(form, text)
}

// Get gives an ingest with its counts; ErrUnknown where there is none.
func (r *Registry) Get(ctx context.Context, id string) (ingest Ingest, err error) {
	err = r.db.Read(ctx, func(tx *sql.Tx) error {
		if ingest, err = scanIngest(tx.QueryRowContext(ctx, "SELECT "+ingestColumns+" FROM ingests WHERE id = ?", id).Scan); err != nil {
			return err
		}
		return count(ctx, tx, &ingest)
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrUnknown
	}
	return ingest, err
}

// Newest are the ingests that began last, the newest first. Keep, where it is not nil, says which are wanted.
func (r *Registry) Newest(ctx context.Context, limit int, keep func(Ingest) bool) (all []Ingest, err error) {
	err = r.db.Read(ctx, func(tx *sql.Tx) error {
		all = nil
		err := records.NewView(ctx, tx).Each("SELECT "+ingestColumns+" FROM ingests ORDER BY started_at DESC, id", nil, func(scan func(into ...any) error) error {
			ingest, err := scanIngest(scan)
			if err == nil && (keep == nil || keep(ingest)) {
				all = append(all, ingest)
			}
			if len(all) == limit {
				return cmp.Or(err, records.ErrEnough)
			}
			return err
		})
		if err != nil {
			return err
		}
		for i := range all {
			if err := count(ctx, tx, &all[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}

// Running are the ingests that began before a moment and have noted no end, without their counts.
func (r *Registry) Running(ctx context.Context, before time.Time) (all []Ingest, err error) {
	err = r.db.Read(ctx, func(tx *sql.Tx) error {
		all = nil
		const query = "SELECT " + ingestColumns + " FROM ingests WHERE state = ? AND started_at < ?"
		return records.NewView(ctx, tx).Each(query, []any{Running, written(before)}, func(scan func(into ...any) error) error {
			ingest, err := scanIngest(scan)
			all = append(all, ingest)
			return err
		})
	})
	return all, err
}

// count fills in how many files are in which state.
func count(ctx context.Context, tx *sql.Tx, ingest *Ingest) error {
	c := &ingest.Counts
	*c = Counts{}
	into := map[FileState]*int{Pending: &c.Pending, Added: &c.Added, Replaced: &c.Replaced, Unchanged: &c.Unchanged, Unreadable: &c.Unreadable, NotIn: &c.Failed, Removed: &c.Removed}
	return records.NewView(ctx, tx).Each("SELECT state, count(*) FROM ingest_files WHERE ingest = ? GROUP BY state", []any{ingest.ID}, func(scan func(into ...any) error) error {
		var state FileState
		var n int
		if err := scan(&state, &n); err != nil {
			return err
		}
		*into[state] = n
		return nil
	})
}
