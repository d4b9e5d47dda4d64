package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/embedded"
)

// TestWhatIsHeldInMemoryFollowsEveryChange does many random changes, of two processes as far as the file can tell. After each, both must find exactly what an index finds
// that was made of the same points at once.
func TestWhatIsHeldInMemoryFollowsEveryChange(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 3))
			folder := t.TempDir()
			path := filepath.Join(folder, "index.db")
			store, here := filled(t, path)
			second := opened(t, path)
			t.Cleanup(func() { second.Close() })
			there, err := second.Live(t.Context())
			check(t, err)
			both := []knowledge.Index{here, there}
			points := map[string]knowledge.Point{}
			for change := range 30 {
				index := both[random.IntN(2)]
				document := fmt.Sprint("document-", random.IntN(5))
				if random.IntN(3) == 0 {
					version := []string{"", "v1", "v2"}[random.IntN(3)]
					check(t, index.Keep(t.Context(), document, version))
					maps.DeleteFunc(points, func(_ string, p knowledge.Point) bool { return p.Document == document && p.Version != version })
				} else {
					some := changed(random, document)
					check(t, index.Add(t.Context(), some))
					for _, p := range some {
						points[fmt.Sprint(p.Document, p.Version, p.Position)] = p
					}
				}
				if random.IntN(8) == 0 { // what others must know of is gone: they read all again
					_, err := store.Writer().Exec("DELETE FROM removals WHERE id < (SELECT max(id) FROM removals)")
					check(t, err)
				}
				if random.IntN(2) == 0 {
					continue // several changes between two searches
				}
				fresh, made := filled(t, filepath.Join(folder, fmt.Sprint(change, ".db")), slices.Collect(maps.Values(points)))
				for _, index := range both {
					alike(t, made, index)
				}
				check(t, fresh.Close())
			}
		})
	}
}

// changed is points of a document with other words and embeddings than before.
func changed(random *rand.Rand, document string) (points []knowledge.Point) {
	version := fmt.Sprint("v", 1+random.IntN(2))
	for position := range 1 + random.IntN(8) {
		terms := map[string]int{"order": 1 + random.IntN(2), fmt.Sprint("word-", random.IntN(6)): 1 + random.IntN(3), "version": 1}
		points = append(points, knowledge.Point{
			Chunk:  knowledge.Chunk{Document: document, Position: position, Text: fmt.Sprint(terms)},
			Domain: []string{"", "buying", "selling"}[random.IntN(3)], Version: version, Terms: terms, Dense: []float32{random.Float32(), random.Float32()},
		})
	}
	return points
}

// alike holds that two indexes find the same with the same scores, in which removed points count no more.
func alike(t *testing.T, want, got knowledge.Index) {
	t.Helper()
	for _, query := range []knowledge.Query{asked(100), {Domain: "buying", Terms: []string{"word-1", "word-2", "word-2"}, Dense: []float32{0, 1}, Limit: 5}} {
		first, err := want.Search(t.Context(), query)
		check(t, err)
		second, err := got.Search(t.Context(), query)
		check(t, err)
		if diff := cmp.Diff(first, second); diff != "" {
			t.Fatalf("made at once (-), changed (+): %s", diff)
		}
	}
}

func TestSlotsOfRemovedPointsAreTakenOut(t *testing.T) {
	t.Parallel()
	_, index := filled(t, filepath.Join(t.TempDir(), "index.db"))
	random := rand.New(rand.NewPCG(5, 5))
	kept := changed(random, "kept")
	for round := range 5 {
		for number := range 60 {
			check(t, index.Add(t.Context(), pointsOf(fmt.Sprint("document-", number), fmt.Sprint(round))))
		}
		if round == 2 {
			check(t, index.Add(t.Context(), kept))
		}
		_, err := index.Search(t.Context(), asked(10))
		check(t, err)
		for number := range 60 {
			check(t, index.Keep(t.Context(), fmt.Sprint("document-", number), fmt.Sprint(round)))
		}
	}
	_, made := filled(t, filepath.Join(t.TempDir(), "index.db"))
	for number := range 60 {
		check(t, made.Add(t.Context(), pointsOf(fmt.Sprint("document-", number), "4")))
	}
	check(t, made.Add(t.Context(), kept))
	alike(t, made, index)
	const live = 60 * chunksOfOne
	if slots := embedded.Slots(index); slots < live || slots > 2*live+1000 {
		t.Errorf("%d slots are held for %d points", slots, live)
	}
}

// TestQuestionsWithLittleTimeGetThereTogether has questions each of which has less time than reading the index takes.
func TestQuestionsWithLittleTimeGetThereTogether(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "index.db")
	var points []knowledge.Point
	for number := range 150 {
		points = append(points, pointsOf(fmt.Sprint("document-", number), "v1")...)
	}
	_, whole := filled(t, path, points)
	second := opened(t, path)
	defer second.Close()
	index, err := second.Live(t.Context())
	check(t, err)
	little, read := time.Millisecond, 0
	for range 1000 {
		ctx, done := context.WithTimeout(t.Context(), little)
		_, err = index.Search(ctx, asked(10))
		done()
		if err == nil {
			break
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		now := embedded.Slots(index)
		if now < read {
			t.Fatalf("%d points were read, and then %d", read, now)
		}
		if now == read {
			little += little / 4 // this machine is slower than that, or has become so
		}
		read = now
	}
	check(t, err)
	alike(t, whole, index)
}

// Chunks that are equally good stand in the order of their documents, so that the same question has the same answer in every process.
func TestTiesAreInOrder(t *testing.T) {
	t.Parallel()
	var points []knowledge.Point
	for _, document := range []string{"c", "a", "b"} {
		some := pointsOf(document, "v1")
		for i := range some {
			some[i].Terms = map[string]int{"order": 1}
		}
		slices.Reverse(some)
		points = append(points, some...)
	}
	_, index := filled(t, filepath.Join(t.TempDir(), "index.db"), points)
	hits, err := index.Search(t.Context(), asked(chunksOfOne+5))
	check(t, err)
	for _, arm := range [][]knowledge.Hit{hits.Words, hits.Dense, hits.Fused} {
		for i, hit := range arm {
			if want := []string{"a", "b"}[i/chunksOfOne]; hit.Document != want || hit.Position != i%chunksOfOne {
				t.Errorf("rank %d: %s/%d", i+1, hit.Document, hit.Position)
			}
		}
	}
	if len(hits.Words) != chunksOfOne+5 || len(hits.Dense) != chunksOfOne+5 {
		t.Errorf("%d by words, %d by meaning", len(hits.Words), len(hits.Dense))
	}
}

func TestTheMemoryOfAReplacedIndexIsGivenBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "index.db")
	store, _ := filled(t, path, pointsOf("a", "v1"))
	second := opened(t, path)
	defer second.Close()
	for range 3 {
		for _, one := range []*embedded.Store{store, second} {
			index, err := one.Live(t.Context())
			check(t, err)
			_, err = index.Search(t.Context(), asked(3))
			check(t, err)
			if held := one.Held(); held != 1 {
				t.Errorf("%d indexes are held", held)
			}
		}
		_, err := store.Create(t.Context(), testModel)
		check(t, err)
		check(t, store.Switch(t.Context()))
	}
}

func TestAReplacedIndexIsRemovedFromTheFile(t *testing.T) {
	t.Parallel()
	store, _ := filled(t, filepath.Join(t.TempDir(), "index.db"), pointsOf("a", "v1"))
	for range 2 {
		index, err := store.Create(t.Context(), testModel)
		check(t, err)
		for number := range 130 { // more than are removed at once
			check(t, index.Add(t.Context(), pointsOf(fmt.Sprint("document-", number), "v1")))
		}
		check(t, store.Switch(t.Context()))
		var points, indexes int
		check(t, store.Writer().QueryRow("SELECT (SELECT count(*) FROM points), (SELECT count(*) FROM indexes)").Scan(&points, &indexes))
		if points != 130*chunksOfOne || indexes != 1 {
			t.Errorf("%d points of %d indexes are left", points, indexes)
		}
	}
}
