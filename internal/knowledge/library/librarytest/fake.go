// Package librarytest has a library in memory for tests of what searches one, and what every library must do, which the real one passes as well.
package librarytest

import (
	"cmp"
	"context"
	"math"
	"slices"
	"testing"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/knowledge/terms"
)

// Searcher finds passages.
type Searcher interface {
	Search(ctx context.Context, query library.Query) (library.Found, error)
}

// Fake is a library in memory that finds by words alone. It scores a passage by how many of the words it has, each as high as BM25
// scores one that hardly any other passage has.
type Fake struct {
	Passages []library.Passage
	// Err is returned by every search, where it is set.
	Err error
	// WordsOnly and Lost are told of every search.
	WordsOnly string
	Lost      int
	// Asked are the queries.
	Asked []library.Query
}

// Search implements Searcher.
func (f *Fake) Search(_ context.Context, query library.Query) (library.Found, error) {
	f.Asked = append(f.Asked, query)
	if f.Err != nil {
		return library.Found{}, f.Err
	}
	found := library.Found{Terms: terms.Query(query.Text), Chunks: len(f.Passages), WordsOnly: f.WordsOnly, Lost: f.Lost}
	for _, p := range f.Passages {
		if p.Domain != "" && p.Domain != query.Domain && !query.AllDomains {
			continue
		}
		held := 0
		words := terms.Count(p.Title + "\n" + p.Text)
		for _, term := range found.Terms {
			if words[term] > 0 {
				held++
			}
		}
		if held > 0 {
			p.Score = float64(held) * math.Log(1+float64(found.Chunks))
			found.Passages = append(found.Passages, p)
		}
	}
	slices.SortStableFunc(found.Passages, func(one, other library.Passage) int { return cmp.Compare(other.Score, one.Score) })
	if limit := cmp.Or(query.Limit, 10); len(found.Passages) > limit {
		found.Passages = found.Passages[:limit]
	}
	for index := range found.Passages {
		found.Passages[index].Rank = index + 1
	}
	found.Words = found.Passages
	return found, nil
}

// Passage is one of a document with one chunk.
func Passage(domain, title, text string) library.Passage {
	source := "/documents/" + title + ".md"
	return library.Passage{Source: source, Format: "markdown", Domain: domain,
		Hit: knowledge.Hit{Version: "1", Chunk: knowledge.Chunk{Document: knowledge.DocumentID(domain, source), Title: title, Text: text}}}
}

// Holds runs what must be true of every library. Open gives one with these passages, each a document of its own.
func Holds(t *testing.T, open func(t *testing.T, passages []library.Passage) Searcher) {
	t.Helper()
	three := []library.Passage{
		Passage("", "Badges", "Badges are returned on the last working day."),
		Passage("hr", "Bonus", "Badges of the management open the safe."),
		Passage("site", "Rooms", "Rooms are opened with badges."),
	}
	made := open(t, three)
	for name, test := range map[string]struct {
		query library.Query
		want  []string
	}{
		"a domain's and everybody's": {library.Query{Text: "badges", Domain: "hr"}, []string{"Badges", "Bonus"}},
		"of no domain":               {library.Query{Text: "badges"}, []string{"Badges"}},
		"of all":                     {library.Query{Text: "badges", AllDomains: true}, []string{"Badges", "Bonus", "Rooms"}},
		"of another domain":          {library.Query{Text: "badges", Domain: "lab"}, []string{"Badges"}},
		"what nothing has":           {library.Query{Text: "xylophone", Domain: "hr"}, nil},
	} {
		found, err := made.Search(t.Context(), test.query)
		if err != nil {
			t.Fatal(err)
		}
		if found.Chunks != len(three) {
			t.Errorf("%s: %d chunks, want those of all domains, %d", name, found.Chunks, len(three))
		}
		var titles []string
		for index, p := range found.Passages {
			titles = append(titles, p.Title)
			if p.Rank != index+1 || p.Source == "" || p.Document == "" || p.Text == "" {
				t.Errorf("%s: the passage %d is %+v", name, index+1, p)
			}
		}
		slices.Sort(titles)
		if !slices.Equal(titles, test.want) {
			t.Errorf("%s: found %q, want %q", name, titles, test.want)
		}
	}
	if found, err := made.Search(t.Context(), library.Query{Text: "badges", AllDomains: true, Limit: 1}); err != nil || len(found.Passages) != 1 {
		t.Errorf("asked for one: %d, %v", len(found.Passages), err)
	}
}
