package embedded

import "database/sql"

// Writer lets tests do to the file what a store would not.
func (s *Store) Writer() *sql.DB { return s.db.Writer() }

// Held is of how many indexes something is in memory.
func (s *Store) Held() int { return len(s.memories) }

// Slots are how many are held in memory of a live index, with those that are empty.
func Slots(index any) int { return len(index.(*Index).store.memory(index.(*Index).id).slots) }
