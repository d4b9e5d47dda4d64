package embedded

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"bestbox/internal/knowledge"
)

// Search finds by words and by meaning, in one state of the index.
func (x *Index) Search(ctx context.Context, query knowledge.Query) (knowledge.Hits, error) {
	hits, err := x.search(ctx, query)
	if err != nil {
		return knowledge.Hits{}, fmt.Errorf("search in %s: %w", x.store.db.Location(), err)
	}
	return hits, nil
}

func (x *Index) search(ctx context.Context, query knowledge.Query) (hits knowledge.Hits, err error) {
	if query.Dense != nil {
		if err := x.fits(query.Dense); err != nil {
			return hits, fmt.Errorf("the question: %w", err)
		}
	}
	held := x.store.memory(x.id)
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return hits, err
		}
		err := x.read(ctx, func(tx *sql.Tx, changes int64) error {
			if err := held.bring(ctx, tx, changes, x.model); err != nil {
				return err
			}
			found, is := held.search(query, changes)
			if !is { // another search has seen a later state: this one sees it at the next try
				return nil
			}
			done = true
			hits, err = found.hits(ctx, tx)
			return err
		})
		if err != nil {
			return hits, err
		}
	}
	return hits, nil
}

// bring makes the memory that of the state which a transaction sees, or leaves a later one.
func (m *memory) bring(ctx context.Context, tx *sql.Tx, changes int64, model knowledge.Model) error {
	m.mu.RLock()
	there := m.begun && m.changes >= changes
	m.mu.RUnlock()
	if there {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.follow(ctx, tx, changes, model)
}

// found are the best of each arm and of both, and among how many points.
type found struct {
	words, dense, fused []candidate
	among               int
}

// search ranks the points, unless the memory is of another state.
func (m *memory) search(query knowledge.Query, changes int64) (found, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if !m.begun || m.changes != changes {
		return found{}, false
	}
	if query.Limit <= 0 {
		return found{}, true
	}
	allowed := m.allowed(query)
	depth := max(query.Limit, knowledge.Candidates)
	words, dense := m.byWords(query.Terms, allowed, depth), m.byMeaning(query.Dense, allowed, depth)
	return found{cut(words, query.Limit), cut(dense, query.Limit), cut(fuse(words, dense), query.Limit), len(m.slots) - m.empty}, true
}

func cut(candidates []candidate, limit int) []candidate {
	return candidates[:min(len(candidates), limit)]
}

// hits reads what was found.
func (f found) hits(ctx context.Context, tx *sql.Tx) (hits knowledge.Hits, err error) {
	wanted := map[int64]knowledge.Hit{}
	for _, arm := range [][]candidate{f.words, f.dense, f.fused} {
		for _, c := range arm {
			wanted[c.id] = knowledge.Hit{}
		}
	}
	ids := make([]int64, 0, len(wanted))
	for id := range wanted {
		ids = append(ids, id)
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return hits, err
	}
	err = each(ctx, tx, func(scan scanner) error {
		chunk, row, err := scanChunk(scan)
		wanted[row.id] = knowledge.Hit{Chunk: chunk, Version: row.version}
		return err
	}, "SELECT "+chunkColumns+" FROM points WHERE id IN (SELECT value FROM json_each(?))", string(list))
	show := func(arm []candidate) []knowledge.Hit {
		shown := make([]knowledge.Hit, len(arm))
		for i, c := range arm {
			shown[i] = wanted[c.id]
			shown[i].Rank, shown[i].Score = i+1, c.score
		}
		return shown
	}
	return knowledge.Hits{Words: show(f.words), Dense: show(f.dense), Fused: show(f.fused), Chunks: f.among}, err
}
