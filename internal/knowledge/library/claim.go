package library

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

const (
	// lease is how long a claim holds that is not renewed: as long as a killed process keeps others from its document.
	lease   = 30 * time.Second
	renewal = lease / 5
	// everything is the claim on all documents, which a new index needs.
	everything = ""
)

var (
	// ErrBusy is that of a document, or of all, that somebody else is changing just now. Trying again later helps.
	ErrBusy = errors.New("somebody else is changing it just now; try again in a moment")
	// ErrReindexing is the ErrBusy of a document while all are claimed, mostly by a reindex, which may take hours.
	ErrReindexing = fmt.Errorf("a new index is made just now, and worker documents reindex shows how far it is: %w", ErrBusy)
)

// claimed is a claim that is renewed until it is released.
type claimed struct {
	library  *Library
	document string
	owner    string
	stop     context.CancelFunc
	stopped  chan struct{}
}

// claim makes the caller the only one that changes a document, or, with everything, any of them. The context that it returns ends when the claim is lost.
func (l *Library) claim(ctx context.Context, document string) (context.Context, *claimed, error) {
	c := &claimed{library: l, document: document, owner: uuid.NewString(), stopped: make(chan struct{})}
	if err := l.db.Write(ctx, func(tx *sql.Tx) error { return c.take(ctx, tx) }); err != nil {
		return nil, nil, err
	}
	held, lost := context.WithCancelCause(ctx)
	renewing, stop := context.WithCancel(ctx)
	c.stop = stop
	go func() {
		defer close(c.stopped)
		c.renew(renewing, lost)
	}()
	return held, c, nil
}

func (c *claimed) take(ctx context.Context, tx *sql.Tx) error {
	now := time.Now()
	if _, err := tx.ExecContext(ctx, "DELETE FROM document_claims WHERE until < ?", now.UnixMilli()); err != nil {
		return err
	}
	// A claim on everything meets every other one; a claim on a document meets that on the same and that on everything.
	var others, ofAll int
	if err := tx.QueryRowContext(ctx, "SELECT count(*), count(CASE WHEN document = ? THEN 1 END) FROM document_claims WHERE document IN (?, ?) OR ?",
		everything, c.document, everything, c.document == everything).Scan(&others, &ofAll); err != nil {
		return err
	}
	switch {
	case ofAll > 0 && c.document != everything:
		return ErrReindexing
	case others > 0:
		return ErrBusy
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO document_claims (document, owner, until) VALUES (?, ?, ?)", c.document, c.owner, now.Add(lease).UnixMilli())
	return err
}

// reindexing is ErrReindexing while all documents are claimed.
func (l *Library) reindexing(ctx context.Context) error {
	var claims int
	err := l.db.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "SELECT count(*) FROM document_claims WHERE document = ? AND until >= ?", everything, time.Now().UnixMilli()).Scan(&claims)
	})
	if err == nil && claims > 0 {
		err = ErrReindexing
	}
	return err
}

func (c *claimed) renew(ctx context.Context, lost context.CancelCauseFunc) {
	ticker := time.NewTicker(renewal)
	defer ticker.Stop()
	renewed := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		started := time.Now()
		limited, done := context.WithTimeout(ctx, renewal) // records that do not answer must not hide that the lease has ended
		result, err := c.library.db.SQL().ExecContext(limited, "UPDATE document_claims SET until = ? WHERE document = ? AND owner = ?", started.Add(lease).UnixMilli(), c.document, c.owner)
		done()
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			if rows, err := result.RowsAffected(); err == nil && rows == 0 {
				lost(fmt.Errorf("the claim on the document was lost: %w", ErrBusy))
				return
			}
			renewed = started
		case time.Since(renewed) > lease:
			lost(fmt.Errorf("the claim on the document could not be renewed: %w", err))
			return
		}
	}
}

// holds fails where the claim was lost. It is asked in the transaction that it must hold for.
func (c *claimed) holds(ctx context.Context, tx *sql.Tx) error {
	var owner string
	err := tx.QueryRowContext(ctx, "SELECT owner FROM document_claims WHERE document = ?", c.document).Scan(&owner)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if owner != c.owner {
		return fmt.Errorf("the claim on the document was lost: %w", ErrBusy)
	}
	return nil
}

// still fails where the claim was lost, as that of a process which stood still for longer than the lease. It is asked right before what cannot be in a transaction.
func (c *claimed) still(ctx context.Context) error {
	return c.library.db.Read(ctx, func(tx *sql.Tx) error { return c.holds(ctx, tx) })
}

// release ends the claim, also where the caller's context has ended.
func (c *claimed) release(ctx context.Context) {
	c.stop()
	<-c.stopped
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewal)
	defer cancel()
	// One that stays ends by itself after the lease.
	_, _ = c.library.db.SQL().ExecContext(ctx, "DELETE FROM document_claims WHERE document = ? AND owner = ?", c.document, c.owner)
}

// because is why something failed under a claim: where the context has ended since the claim was lost, that.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, ctx.Err()) {
		return cause
	}
	return err
}
