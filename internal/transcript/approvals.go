package transcript

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Approval is something that a run wants to do once a person has agreed, and how that was decided.
type Approval struct {
	Session string `json:"session"`
	Run     string `json:"run"`
	Call    string `json:"call"`
	// Request and Decided are JSON of types that writer and reader share; Decided is empty while it waits.
	Request     json.RawMessage `json:"request"`
	RequestedAt time.Time       `json:"requested_at"`
	Decided     json.RawMessage `json:"decided,omitempty"`
}

// ApprovalChange asks for an approval (Request is set; again, where it was revised) or notes how one was decided (Decided is set).
type ApprovalChange struct {
	Call             string
	Request, Decided any
}

func applyApprovals(ctx context.Context, transaction *sql.Tx, change Change) error {
	for _, a := range change.Approvals {
		if a.Request != nil {
			request, err := json.Marshal(a.Request)
			if err != nil {
				return err
			}
			if _, err := transaction.ExecContext(ctx, `INSERT INTO approvals (session, run, call, request, requested_at) VALUES (?, ?, ?, ?, ?)
				ON CONFLICT (run, call) DO UPDATE SET request = excluded.request WHERE approvals.decided IS NULL`,
				change.Session, change.Run, a.Call, request, time.Now().UTC().Format(time.RFC3339Nano)); err != nil {
				return err
			}
		}
		if a.Decided != nil {
			decided, err := json.Marshal(a.Decided)
			if err != nil {
				return err
			}
			if _, err := transaction.ExecContext(ctx, "UPDATE approvals SET decided = ? WHERE run = ? AND call = ?", decided, change.Run, a.Call); err != nil {
				return err
			}
		}
	}
	if change.EndsApprovals == nil {
		return nil
	}
	decided, err := json.Marshal(change.EndsApprovals)
	if err != nil {
		return err
	}
	_, err = transaction.ExecContext(ctx, "UPDATE approvals SET decided = ? WHERE run = ? AND decided IS NULL", decided, change.Run)
	return err
}

const approvalColumns = "SELECT session, run, call, request, requested_at, decided FROM approvals "

// Waiting returns the approvals that wait for a decision, the oldest first, at most limit of them.
func (s *Store) Waiting(ctx context.Context, limit int) ([]Approval, error) {
	all := []Approval{}
	err := s.database.Read(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, approvalColumns+"WHERE decided IS NULL ORDER BY requested_at LIMIT ?", limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			one, err := scanApproval(rows.Scan)
			if err != nil {
				return err
			}
			all = append(all, one)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list the approvals: %w", err)
	}
	return all, nil
}

// Approval returns the newest approval of a session's call.
func (s *Store) Approval(ctx context.Context, session, call string) (found Approval, ok bool, err error) {
	err = s.database.Read(ctx, func(tx *sql.Tx) (err error) {
		row := tx.QueryRowContext(ctx, approvalColumns+"WHERE session = ? AND call = ? ORDER BY requested_at DESC LIMIT 1", session, call)
		found, err = scanApproval(row.Scan)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return found, false, nil
	}
	if err != nil {
		return found, false, fmt.Errorf("look up the approval of call %s of %s: %w", call, session, err)
	}
	return found, true, nil
}

func scanApproval(scan func(...any) error) (a Approval, err error) {
	var at string
	if err = scan(&a.Session, &a.Run, &a.Call, (*[]byte)(&a.Request), &at, (*[]byte)(&a.Decided)); err != nil {
		return a, err
	}
	a.RequestedAt, err = time.Parse(time.RFC3339Nano, at)
	return a, err
}
