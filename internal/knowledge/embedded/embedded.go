// Package embedded is the knowledge.Store that needs no server: one SQLite file for a tenant.
//
// The file is the truth. For searching, a process holds in memory which term stands in which points, and all embeddings; both are read at the first search, and
// what changed since then, by this process or another one, before each. Embeddings are compared one by one, on all processors: that is exact, and for the hundred
// thousand chunks that the memory of one machine is meant for it takes some hundredths of a second. Who has more uses the other kind of store.
package embedded

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"sync"

	"bestbox/internal/database"
	"bestbox/internal/knowledge"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is the indexes in a file.
type Store struct {
	db *database.DB

	mu sync.Mutex
	// memories are what is held of the indexes that were searched, by id.
	memories map[int64]*memory
}

var _ knowledge.Store = (*Store)(nil)

// Open opens or creates the file, which only its owner can read.
func Open(ctx context.Context, path string) (*Store, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	db, err := database.Open(ctx, database.Location{Path: path, Setting: "knowledge.path"}, database.Tables{Migrations: files})
	if err != nil {
		return nil, err
	}
	return &Store{db: db, memories: map[int64]*memory{}}, nil
}

// Ping reports whether the file is there and can be read.
func (s *Store) Ping(ctx context.Context) error { return s.db.Ping(ctx) }

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

// The states of an index.
const (
	begun = "begun"
	alive = "live"
	gone  = "replaced"
)

// Live is the index that is searched.
func (s *Store) Live(ctx context.Context) (knowledge.Index, error) {
	index, err := s.index(ctx, alive)
	if err != nil {
		return nil, err
	}
	s.forgetBefore(index.id)
	return index, nil
}

// Begun is the index that was begun and not switched to.
func (s *Store) Begun(ctx context.Context) (knowledge.Index, error) {
	index, err := s.index(ctx, begun)
	if err != nil {
		return nil, err
	}
	return index, nil
}

// index is the one that is in a state that only one can be in.
func (s *Store) index(ctx context.Context, state string) (*Index, error) {
	index := &Index{store: s}
	err := s.read(ctx, func(tx *sql.Tx) error {
		row := tx.QueryRowContext(ctx, "SELECT id, model, dimension FROM indexes WHERE state = ?", state)
		return row.Scan(&index.id, &index.model.Name, &index.model.Dimension)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%s: %w", s.db.Location(), knowledge.ErrNoIndex)
	}
	return index, err
}

// Create begins an index beside the live one.
func (s *Store) Create(ctx context.Context, model knowledge.Model) (knowledge.Index, error) {
	index := &Index{store: s, model: model}
	err := s.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE indexes SET state = ? WHERE state = ?", gone, begun); err != nil {
			return err
		}
		row := tx.QueryRowContext(ctx, "INSERT INTO indexes (state, model, dimension) VALUES (?, ?, ?) RETURNING id", begun, model.Name, model.Dimension)
		return row.Scan(&index.id)
	})
	if err != nil {
		return nil, fmt.Errorf("begin an index: %w", err)
	}
	return index, s.sweep(ctx)
}

// Switch makes the index that was begun the live one. The points of the one before are removed after that; where that fails or is ended, the next Create or Switch goes on with it.
func (s *Store) Switch(ctx context.Context) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		const replace = "UPDATE indexes SET state = ?1 WHERE state = ?2 AND EXISTS (SELECT 1 FROM indexes WHERE state = ?3)"
		if _, err := tx.ExecContext(ctx, replace, gone, alive, begun); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE indexes SET state = ?1 WHERE state = ?2", alive, begun)
		return err
	})
	if err != nil {
		return fmt.Errorf("switch to the index that was begun: %w", err)
	}
	_ = s.sweep(ctx) // it is switched to: whoever heard of an error would make it once more
	return nil
}

// sweptAtOnce bounds how long the removal of a replaced index keeps others from writing: a tenth of a second or so.
const sweptAtOnce = 2000

// sweep removes the indexes that were replaced.
func (s *Store) sweep(ctx context.Context) error {
	for {
		var left int64
		err := s.write(ctx, func(tx *sql.Tx) error {
			const some = "DELETE FROM points WHERE id IN (SELECT p.id FROM indexes i JOIN points p ON p.index_id = i.id WHERE i.state = ? LIMIT ?)"
			done, err := tx.ExecContext(ctx, some, gone, sweptAtOnce)
			if err != nil {
				return err
			}
			if left, err = done.RowsAffected(); err != nil || left == sweptAtOnce {
				return err
			}
			_, err = tx.ExecContext(ctx, "DELETE FROM indexes WHERE state = ?", gone)
			return err
		})
		if err != nil {
			return fmt.Errorf("remove an index that was replaced: %w", err)
		}
		if left < sweptAtOnce {
			return nil
		}
	}
}

// memory is what is held of an index.
func (s *Store) memory(id int64) *memory {
	s.mu.Lock()
	defer s.mu.Unlock()
	held, is := s.memories[id]
	if !is {
		held = &memory{index: id}
		s.memories[id] = held
	}
	return held
}

// forgetBefore gives back the memory of indexes that were replaced: those that were made before the live one.
func (s *Store) forgetBefore(live int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.memories, func(id int64, _ *memory) bool { return id < live })
}

// forget gives back the memory of an index that was replaced.
func (s *Store) forget(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.memories, id)
}

// read reads from the file at its place. One that was removed could still be read, but would no longer be what others write to.
func (s *Store) read(ctx context.Context, queries func(tx *sql.Tx) error) error {
	if err := s.db.Ping(ctx); err != nil {
		return ended(ctx, err)
	}
	return ended(ctx, s.db.Read(ctx, queries))
}

func (s *Store) write(ctx context.Context, change func(tx *sql.Tx) error) error {
	return ended(ctx, s.db.Write(ctx, "indexes", change))
}

// ended says that the context has ended where SQLite says only that it was interrupted.
func ended(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}
