// Package transcript keeps what was said and done in a run outside of Temporal's history: messages addressed by the hash of
// their bytes, append only; the outcome of every activity under its idempotency key; and the events that clients follow
// while the run goes on. Workflows hold a session and a head, both short; activities read and extend the transcript here.
//
// It refuses to change or reorder a message. It knows nothing of models, tools or prompts.
package transcript

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"bestbox/internal/database"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Head names a transcript: the hash of its last message and of everything before it. The zero Head is the empty transcript.
type Head string

// Message is one entry of a transcript. Kind says what Body holds; the body is the JSON of a type that the writer and
// the reader of that kind share.
type Message struct {
	Kind string          `json:"kind"`
	Body json.RawMessage `json:"body"`
}

// NewMessage encodes body as a message of the kind.
func NewMessage(kind string, body any) (Message, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return Message{}, fmt.Errorf("encode a %s message: %w", kind, err)
	}
	return Message{Kind: kind, Body: encoded}, nil
}

// Event is one thing a client is told about a run. Sequence counts up from 1 in a session, with gaps where text
// that came piece by piece was replaced by the whole.
type Event struct {
	Sequence int64           `json:"sequence"`
	Type     string          `json:"type"`
	Body     json.RawMessage `json:"body"`
}

// NewEvent encodes body as an event of the type; the store numbers it.
func NewEvent(eventType string, body any) (Event, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return Event{}, fmt.Errorf("encode a %s event: %w", eventType, err)
	}
	return Event{Type: eventType, Body: encoded}, nil
}

// ErrUnknownHead reports a head that the session does not have: the store was replaced or damaged, or the head belongs to
// another session.
var ErrUnknownHead = errors.New("the transcript has no such head")

// Store is a transcript store. Several processes may use one at once.
type Store struct{ database *database.DB }

// Open opens or creates the store at a place.
func Open(ctx context.Context, location database.Location) (*Store, error) {
	tables, err := tables()
	if err != nil {
		return nil, err
	}
	opened, err := database.Open(ctx, location, tables)
	if err != nil {
		return nil, err
	}
	return &Store{database: opened}, nil
}

func tables() (database.Tables, error) {
	migrations, err := fs.Sub(migrationFiles, "migrations")
	return database.Tables{Migrations: migrations}, err
}

// Copy puts all transcripts of a file into another database, which has none yet (database.Copy).
func Copy(ctx context.Context, from, to database.Location) (database.Copied, error) {
	tables, err := tables()
	if err != nil {
		return database.Copied{}, err
	}
	return database.Copy(ctx, from, to, tables, "links")
}

// Close closes the store.
func (s *Store) Close() error { return s.database.Close() }

// Ready reports whether the store can be read.
func (s *Store) Ready(ctx context.Context) error { return s.database.Ping(ctx) }

// Read returns the messages of the session up to head, oldest first. The empty head gives no messages.
func (s *Store) Read(ctx context.Context, session string, head Head) ([]Message, error) {
	if head == "" {
		return nil, nil
	}
	rows, err := s.database.Reader().QueryContext(ctx, `
		WITH RECURSIVE chain(head, parent, message, depth) AS (
			SELECT head, parent, message, 0 FROM links WHERE session = ? AND head = ?
			UNION ALL
			SELECT links.head, links.parent, links.message, chain.depth + 1
			FROM chain JOIN links ON links.session = ? AND links.head = chain.parent
		)
		SELECT messages.body FROM chain JOIN messages ON messages.hash = chain.message ORDER BY chain.depth DESC`,
		session, string(head), session)
	if err != nil {
		return nil, fmt.Errorf("read transcript %s at %s: %w", session, head, err)
	}
	defer rows.Close()
	var messages []Message
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return nil, fmt.Errorf("read transcript %s at %s: %w", session, head, err)
		}
		var message Message
		if err := json.Unmarshal(body, &message); err != nil {
			return nil, fmt.Errorf("read transcript %s at %s: %w", session, head, err)
		}
		messages = append(messages, message)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read transcript %s at %s: %w", session, head, err)
	}
	if len(messages) == 0 {
		return nil, fmt.Errorf("session %s, head %s: %w", session, head, ErrUnknownHead)
	}
	return messages, nil
}

// Change is all that one activity leaves behind; it is stored whole or not at all.
type Change struct {
	Session  string
	Run      string // with Key, the idempotency key of the activity
	Key      string
	Parent   Head // what Messages are appended to
	Messages []Message
	Events   []Event
	// Outcome makes what the activity gives back from the new head; it is stored under Run and Key.
	Outcome func(Head) any
	// Approvals asks for a person's agreement, or notes it. EndsApprovals, when not nil, is noted for all of the run that still wait.
	Approvals     []ApprovalChange
	EndsApprovals any
	// ReplacesEvents names the types of this session's events that this change makes superfluous.
	ReplacesEvents []string
}

// Apply stores the change in one transaction, decodes its outcome into out (a pointer) and reports whether the change was
// new. When an outcome is already stored under the same run and key, nothing is stored and out is that earlier outcome:
// of two attempts at one activity the first to finish wins.
func (s *Store) Apply(ctx context.Context, change Change, out any) (applied bool, err error) {
	var encoded []byte
	err = s.database.Write(ctx, change.Session, func(transaction *sql.Tx) error {
		encoded = nil
		found, err := outcome(ctx, transaction, change.Run, change.Key, out)
		if found || err != nil {
			return err
		}
		encoded, err = apply(ctx, transaction, change)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("store %s of run %s: %w", change.Key, change.Run, err)
	}
	if encoded == nil {
		return false, nil
	}
	return true, json.Unmarshal(encoded, out)
}

// Outcome decodes into out what was stored under run and key, and reports whether there was anything.
func (s *Store) Outcome(ctx context.Context, run, key string, out any) (bool, error) {
	return outcome(ctx, s.database.Reader(), run, key, out)
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func outcome(ctx context.Context, from querier, run, key string, out any) (bool, error) {
	var stored []byte
	err := from.QueryRowContext(ctx, "SELECT outcome FROM outcomes WHERE run = ? AND key = ?", run, key).Scan(&stored)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look up %s of run %s: %w", key, run, err)
	}
	return true, json.Unmarshal(stored, out)
}

func apply(ctx context.Context, transaction *sql.Tx, change Change) ([]byte, error) {
	head := change.Parent
	for _, message := range change.Messages {
		next, err := appendMessage(ctx, transaction, change.Session, head, message)
		if err != nil {
			return nil, err
		}
		head = next
	}
	if err := appendEvents(ctx, transaction, change.Session, change.Events); err != nil {
		return nil, err
	}
	if err := applyApprovals(ctx, transaction, change); err != nil {
		return nil, err
	}
	// Only after the new ones have their numbers: a number must never be given twice, or a client that resumes misses events.
	for _, eventType := range change.ReplacesEvents {
		if _, err := transaction.ExecContext(ctx, "DELETE FROM events WHERE session = ? AND type = ?",
			change.Session, eventType); err != nil {
			return nil, err
		}
	}
	encoded, err := json.Marshal(change.Outcome(head))
	if err != nil {
		return nil, err
	}
	_, err = transaction.ExecContext(ctx, "INSERT INTO outcomes (run, key, outcome) VALUES (?, ?, ?)",
		change.Run, change.Key, encoded)
	return encoded, err
}

func appendMessage(ctx context.Context, transaction *sql.Tx, session string, parent Head, message Message) (Head, error) {
	body, err := json.Marshal(message)
	if err != nil {
		return "", err
	}
	hash := digest(body)
	head := Head(digest([]byte(session), []byte(parent), []byte(hash)))
	if _, err := transaction.ExecContext(ctx, "INSERT INTO messages (hash, body) VALUES (?, ?) ON CONFLICT DO NOTHING", hash, body); err != nil {
		return "", err
	}
	_, err = transaction.ExecContext(ctx,
		"INSERT INTO links (session, head, parent, message) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
		session, string(head), string(parent), hash)
	return head, err
}

// Keep stores a message that belongs to no session, and returns the hash that names it.
func (s *Store) Keep(ctx context.Context, message Message) (hash string, err error) {
	body, err := json.Marshal(message)
	if err != nil {
		return "", err
	}
	hash = digest(body)
	err = s.database.Write(ctx, "messages", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO messages (hash, body) VALUES (?, ?) ON CONFLICT DO NOTHING", hash, body)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("keep a %s message: %w", message.Kind, err)
	}
	return hash, nil
}

// Kept returns the message of a hash.
func (s *Store) Kept(ctx context.Context, hash string) (message Message, found bool, err error) {
	var body []byte
	err = s.database.Reader().QueryRowContext(ctx, "SELECT body FROM messages WHERE hash = ?", hash).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return message, false, nil
	}
	if err != nil {
		return message, false, fmt.Errorf("look up the message %s: %w", hash, err)
	}
	return message, true, json.Unmarshal(body, &message)
}

// digest is the first 128 bits of SHA-256, in hex: enough against collisions between the messages of one company, and half
// the bytes in every workflow history. The parts have no separator since all but the last have a fixed form.
func digest(parts ...[]byte) string {
	sum := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(sum, "%d:", len(part))
		sum.Write(part)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// Publish appends events that no outcome depends on, such as pieces of a text while it is written.
func (s *Store) Publish(ctx context.Context, session string, events ...Event) error {
	err := s.database.Write(ctx, session, func(transaction *sql.Tx) error { return appendEvents(ctx, transaction, session, events) })
	if err != nil {
		return fmt.Errorf("publish events of %s: %w", session, err)
	}
	return nil
}

func appendEvents(ctx context.Context, transaction *sql.Tx, session string, events []Event) error {
	if len(events) == 0 {
		return nil
	}
	var last int64
	err := transaction.QueryRowContext(ctx, "SELECT coalesce(max(sequence), 0) FROM events WHERE session = ?", session).Scan(&last)
	if err != nil {
		return err
	}
	for i, event := range events {
		if _, err := transaction.ExecContext(ctx, "INSERT INTO events (session, sequence, type, body) VALUES (?, ?, ?, ?)",
			session, last+int64(i)+1, event.Type, []byte(event.Body)); err != nil {
			return err
		}
	}
	return nil
}

// Events returns the session's events with a sequence above after, in order, at most limit of them.
func (s *Store) Events(ctx context.Context, session string, after int64, limit int) ([]Event, error) {
	rows, err := s.database.Reader().QueryContext(ctx,
		"SELECT sequence, type, body FROM events WHERE session = ? AND sequence > ? ORDER BY sequence LIMIT ?",
		session, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read events of %s: %w", session, err)
	}
	defer rows.Close()
	var events []Event
	for rows.Next() {
		var event Event
		if err := rows.Scan(&event.Sequence, &event.Type, (*[]byte)(&event.Body)); err != nil {
			return nil, fmt.Errorf("read events of %s: %w", session, err)
		}
		events = append(events, event)
	}
	return slices.Clip(events), rows.Err()
}
