package embedded

import (
	"cmp"
	"container/heap"
	"math"
	"runtime"
	"slices"
	"sync"

	"bestbox/internal/knowledge"
)

// candidate is a point that may be found.
type candidate struct {
	id       int64
	score    float64
	document string
	position int
	version  string
}

// compare orders the better one first. Of those with the same score that comes first which stands first, so that the same question has the same answer.
func compare(a, b candidate) int {
	return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.document, b.document), cmp.Compare(a.position, b.position), cmp.Compare(a.version, b.version))
}

// top holds the best candidates, the worst of them at its root.
type top struct {
	limit int
	held  []candidate
}

func (t *top) Len() int           { return len(t.held) }
func (t *top) Less(i, j int) bool { return compare(t.held[i], t.held[j]) > 0 }
func (t *top) Swap(i, j int)      { t.held[i], t.held[j] = t.held[j], t.held[i] }
func (t *top) Push(c any)         { t.held = append(t.held, c.(candidate)) }
func (t *top) Pop() any           { panic("nothing is taken out by itself") }

func (t *top) offer(s *slot, score float64) {
	if len(t.held) == t.limit && score < t.held[0].score {
		return
	}
	c := candidate{s.id, score, s.document, s.position, s.version}
	if len(t.held) < t.limit {
		heap.Push(t, c)
	} else if compare(c, t.held[0]) < 0 {
		t.held[0] = c
		heap.Fix(t, 0)
	}
}

// sorted are the best of several, in order.
func sorted(tops []top, limit int) []candidate {
	var all []candidate
	for _, t := range tops {
		all = append(all, t.held...)
	}
	slices.SortFunc(all, compare)
	return cut(all, limit)
}

// allowed tells of each domain, by its number, whether a query finds it.
func (m *memory) allowed(query knowledge.Query) []bool {
	allowed := make([]bool, len(m.domains))
	for domain, number := range m.domains {
		allowed[number] = query.AllDomains || domain == "" || domain == query.Domain
	}
	return allowed
}

// byWords scores by BM25.
func (m *memory) byWords(terms []string, allowed []bool, limit int) []candidate {
	repeated, order := map[string]float64{}, []string{}
	for _, term := range terms {
		if repeated[term]++; repeated[term] == 1 {
			order = append(order, term)
		}
	}
	if len(order) == 0 {
		return nil
	}
	scores := make([]float64, len(m.slots))
	for _, term := range order {
		number, is := m.terms[term]
		if !is {
			continue
		}
		list := m.postings[number]
		weight := repeated[term] * (knowledge.K1 + 1) * idf(len(m.slots)-m.empty, m.standing(list))
		for _, p := range list {
			frequency := float64(p.count)
			length := float64(m.slots[p.slot].length)
			scores[p.slot] += weight * frequency / (frequency + knowledge.K1*(1-knowledge.B+knowledge.B*length/knowledge.MeanLength))
		}
	}
	best := top{limit: limit}
	for i := range m.slots {
		if s := &m.slots[i]; scores[i] > 0 && s.domain != noDomain && allowed[s.domain] {
			best.offer(s, scores[i])
		}
	}
	return sorted([]top{best}, limit)
}

// idf says how much a term that stands in so many points of all says.
func idf(points, with int) float64 {
	const smoothing = .5
	return math.Log(1 + (float64(points-with)+smoothing)/(float64(with)+smoothing))
}

// standing counts the points of a list that were not removed.
func (m *memory) standing(list []posting) int {
	if m.empty == 0 {
		return len(list)
	}
	count := 0
	for _, p := range list {
		if m.slots[p.slot].domain != noDomain {
			count++
		}
	}
	return count
}

// byMeaning scores by cosine: embeddings have length 1.
func (m *memory) byMeaning(dense []float32, allowed []bool, limit int) []candidate {
	if len(dense) == 0 {
		return nil
	}
	tops := make([]top, max(1, min(runtime.GOMAXPROCS(0), len(m.vectors.blocks))))
	var group sync.WaitGroup
	for i := range tops {
		tops[i].limit = limit
		group.Go(func() {
			for block := i; block < len(m.vectors.blocks); block += len(tops) {
				m.scan(block, dense, allowed, &tops[i])
			}
		})
	}
	group.Wait()
	return sorted(tops, limit)
}

// scan compares the vectors of a block.
func (m *memory) scan(block int, dense []float32, allowed []bool, best *top) {
	first := block * vectorsInBlock
	for i := first; i < min(first+vectorsInBlock, len(m.slots)); i++ {
		if s := &m.slots[i]; s.domain != noDomain && allowed[s.domain] {
			best.offer(s, float64(product(dense, m.vectors.at(i))))
		}
	}
}

// product is the scalar product. Eight sums that do not wait for each other are several times as fast as one.
func product(a, b []float32) float32 {
	const lanes = 8
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	b = b[:len(a)]
	for len(a) >= lanes {
		x, y := (*[lanes]float32)(a), (*[lanes]float32)(b)
		s0 += x[0] * y[0]
		s1 += x[1] * y[1]
		s2 += x[2] * y[2]
		s3 += x[3] * y[3]
		s4 += x[4] * y[4]
		s5 += x[5] * y[5]
		s6 += x[6] * y[6]
		s7 += x[7] * y[7]
		a, b = a[lanes:], b[lanes:]
	}
	for i := range a {
		s0 += a[i] * b[i]
	}
	return ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
}

// fuse is the reciprocal rank fusion of both arms.
func fuse(arms ...[]candidate) []candidate {
	at := map[int64]int{}
	var fused []candidate
	for _, arm := range arms {
		for i, c := range arm {
			score := 1 / float64(knowledge.FusionK+i+1)
			if known, is := at[c.id]; is {
				fused[known].score += score
				continue
			}
			at[c.id] = len(fused)
			c.score = score
			fused = append(fused, c)
		}
	}
	slices.SortFunc(fused, compare)
	return fused
}
