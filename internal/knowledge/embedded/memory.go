package embedded

import (
	"context"
	"database/sql"
	"slices"
	"sync"

	"bestbox/internal/knowledge"
)

// memory is what is held of an index for searching. Each point has a slot; slots are in the order of ids, and one whose point was removed is empty until there
// are so many of them that they are taken out.
type memory struct {
	index int64

	mu sync.RWMutex
	// begun says that the fields below hold the points up to some id. They are those of the state after so many changes, or of none: incomplete.
	begun   bool
	changes int64
	// removals is the last one that was taken account of.
	removals int64

	slots []slot
	empty int
	// domains are the numbers of domains in slots.
	domains map[string]uint32
	// terms are the numbers of terms in postings.
	terms    map[string]uint32
	postings [][]posting
	vectors  vectors
	// names holds each document and version once, however many chunks it has.
	names map[string]string
}

type slot struct {
	id                int64
	document, version string
	position          int
	// length is how many terms it has, and domain its number; noDomain: it is empty.
	length, domain uint32
}

const noDomain = ^uint32(0)

// posting says that a term stands in a slot so often.
type posting struct{ slot, count uint32 }

// incomplete is that of a memory for which not all was read. What was read stays: when questions have less time than that takes, each gets further.
const incomplete = -1

// mostEmpty is how many slots may be empty, in parts of all, and fewEmpty how many are no matter.
const mostEmpty, fewEmpty = 0.2, 1000

// follow reads what has changed until the state that a transaction sees. The caller holds the lock.
func (m *memory) follow(ctx context.Context, tx *sql.Tx, changes int64, model knowledge.Model) error {
	if m.begun && m.changes >= changes {
		return nil
	}
	var oldest, newest int64
	if err := tx.QueryRowContext(ctx, "SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM removals").Scan(&oldest, &newest); err != nil {
		return err
	}
	m.changes = incomplete
	if !m.begun || oldest > m.removals+1 {
		m.clear(model)
	} else if err := m.remove(ctx, tx); err != nil { // those that it has removed are passed over the next time
		return err
	}
	m.begun, m.removals = true, newest
	if err := m.append(ctx, tx); err != nil {
		return err
	}
	m.changes = changes
	if float64(m.empty) > fewEmpty+mostEmpty*float64(len(m.slots)) {
		m.compact()
	}
	return nil
}

func (m *memory) clear(model knowledge.Model) {
	m.slots, m.empty, m.postings = nil, 0, nil
	m.domains, m.terms, m.names = map[string]uint32{"": 0}, map[string]uint32{}, map[string]string{}
	m.vectors = vectors{dimension: model.Dimension}
}

// remove empties the slots of points that were removed.
func (m *memory) remove(ctx context.Context, tx *sql.Tx) error {
	return each(ctx, tx, func(scan scanner) error {
		var id int64
		if err := scan(&id); err != nil {
			return err
		}
		at, found := slices.BinarySearchFunc(m.slots, id, func(s slot, id int64) int { return int(s.id - id) })
		if found && m.slots[at].domain != noDomain {
			m.slots[at].domain = noDomain
			m.empty++
		}
		return nil
	}, "SELECT point FROM removals WHERE id > ? ORDER BY id", m.removals)
}

// append reads the points that were added.
func (m *memory) append(ctx context.Context, tx *sql.Tx) error {
	var last int64
	if len(m.slots) > 0 {
		last = m.slots[len(m.slots)-1].id
	}
	return each(ctx, tx, func(scan scanner) error {
		var s slot
		var domain string
		var terms, dense sql.RawBytes
		if err := scan(&s.id, &s.document, &s.version, &s.position, &domain, &terms, &dense); err != nil {
			return err
		}
		if err := decodeVector(dense, m.vectors.add()); err != nil {
			m.begun = false
			return err
		}
		number := uint32(len(m.slots)) //nolint:gosec // as many points fit into no memory
		err := decodeTerms(terms, func(term []byte, count uint32) {
			if count > 0 {
				s.length += count
				at := m.term(term)
				m.postings[at] = append(m.postings[at], posting{number, count})
			}
		})
		if err != nil {
			m.begun = false
			return err
		}
		s.document, s.version, s.domain = m.name(s.document), m.name(s.version), m.domain(domain)
		m.slots = append(m.slots, s)
		return nil
	}, "SELECT id, document, version, position, domain, terms, dense FROM points WHERE index_id = ? AND id > ? ORDER BY id", m.index, last)
}

func (m *memory) name(name string) string {
	if held, is := m.names[name]; is {
		return held
	}
	m.names[name] = name
	return name
}

func (m *memory) domain(domain string) uint32 {
	number, is := m.domains[domain]
	if !is {
		number = uint32(len(m.domains)) //nolint:gosec // domains are agents
		m.domains[domain] = number
	}
	return number
}

func (m *memory) term(term []byte) uint32 {
	number, is := m.terms[string(term)]
	if !is {
		number = uint32(len(m.postings)) //nolint:gosec // as many terms fit into no memory
		m.terms[string(term)] = number
		m.postings = append(m.postings, nil)
	}
	return number
}

// compact takes out the empty slots, and the terms that stood nowhere else.
func (m *memory) compact() {
	places := make([]uint32, len(m.slots)) // where each slot goes to
	kept := make([]slot, 0, len(m.slots)-m.empty)
	packed := vectors{dimension: m.vectors.dimension}
	for i, s := range m.slots {
		places[i] = noDomain
		if s.domain != noDomain {
			places[i] = uint32(len(kept)) //nolint:gosec // not more than before
			kept = append(kept, s)
			copy(packed.add(), m.vectors.at(i))
		}
	}
	for term, number := range m.terms {
		list := m.postings[number][:0]
		for _, p := range m.postings[number] {
			if to := places[p.slot]; to != noDomain {
				list = append(list, posting{to, p.count})
			}
		}
		if m.postings[number] = slices.Clip(list); len(list) == 0 {
			m.postings[number] = nil
			delete(m.terms, term)
		}
	}
	names := map[string]string{}
	for _, s := range kept {
		names[s.document], names[s.version] = s.document, s.version
	}
	m.slots, m.empty, m.vectors, m.names = kept, 0, packed, names
}

// vectorsInBlock bounds what is moved or unused when vectors are added: one slice of all would be copied whenever it is full.
const vectorsInBlock = 512

// vectors are embeddings one after another.
type vectors struct {
	dimension, count int
	blocks           [][]float32
}

// add returns the place of one more.
func (v *vectors) add() []float32 {
	if v.count%vectorsInBlock == 0 {
		v.blocks = append(v.blocks, make([]float32, vectorsInBlock*v.dimension))
	}
	v.count++
	return v.at(v.count - 1)
}

func (v *vectors) at(i int) []float32 {
	block := v.blocks[i/vectorsInBlock]
	start := i % vectorsInBlock * v.dimension
	return block[start : start+v.dimension : start+v.dimension]
}
