package knowledge

import (
	"context"
	"slices"
	"strings"
	"time"

	documents "bestbox/internal/knowledge"
	"bestbox/internal/knowledge/chunk"
	"bestbox/internal/knowledge/library"
)

const (
	// mostFound is how many passages the library is asked for: more than are shown, since some are joined.
	mostFound = 12
	// mostShown keeps a result within the eight sentences of a tool.
	mostShown = 7
	// leastOverlap is from how many bytes on the end of a chunk that begins the next one is the same text.
	leastOverlap = 20
)

// joined are the passages that were found, best first. What a better one says as well is left out, be it a copy of the document, and a chunk that goes on where another ends, with some of its text, becomes one
// passage with it: in the place of the better one.
func joined(found []library.Passage) (passages []Passage) {
	last := map[int]int{} // the position of the last chunk of a passage, by its index
	for _, p := range found {
		next := Passage{Document: p.Document, Title: p.Title, Source: p.Source, Section: p.Section, Page: p.Page, Version: p.Version, Position: p.Position, Text: p.Text, Score: p.Score}
		known := func(one Passage) bool {
			return one.Text == next.Text || one.Document == next.Document && strings.Contains(one.Text, next.Text)
		}
		if slices.ContainsFunc(passages, known) || strings.TrimSpace(next.Text) == "" {
			continue
		}
		joinedTo := false
		for index := range passages {
			one := &passages[index]
			if !one.samePlace(next) {
				continue
			}
			switch {
			case last[index]+1 == next.Position:
				if text, overlap := overlapping(*one, next); overlap {
					one.Text, last[index], joinedTo = text, next.Position, true
				}
			case next.Position+1 == one.Position:
				if text, overlap := overlapping(next, *one); overlap {
					one.Text, one.Page, one.Position, joinedTo = text, next.Page, next.Position, true
				}
			}
			if joinedTo {
				break
			}
		}
		if !joinedTo {
			last[len(passages)] = next.Position
			passages = append(passages, next)
		}
	}
	return passages
}

// samePlace reports whether two passages can be one: but for the page, their citations must be the same.
func (p Passage) samePlace(other Passage) bool {
	return p.Document == other.Document && p.Version == other.Version && slices.Equal(p.Section, other.Section)
}

// overlapping joins the texts of two passages of which the second begins as the first ends, on the same page.
func overlapping(one, other Passage) (string, bool) {
	for size := min(len(one.Text), len(other.Text)); size >= leastOverlap; size-- {
		if strings.HasSuffix(one.Text, other.Text[:size]) && documents.PageAt(one.Page, one.Text, len(one.Text)-size) == other.Page {
			return one.Text + other.Text[size:], true
		}
	}
	return "", false
}

// pack keeps the best passages that fit the budget, at least one, and puts the second best last: models overlook what stands in the middle (Liu and others 2023).
func (o Options) pack(ctx context.Context, passages []Passage) []Passage {
	sentences := make([]string, len(passages))
	for index, p := range passages {
		p.Number = mostShown // of as many digits as the number that it gets
		sentences[index] = p.sentence()
	}
	kept, left := []Passage{}, o.Context/share
	for index, tokens := range o.tokens(ctx, sentences) {
		if len(kept) == mostShown {
			break
		}
		if tokens > left && len(kept) > 0 {
			continue // a shorter one may fit
		}
		kept, left = append(kept, passages[index]), left-tokens
	}
	if len(kept) > 2 {
		kept = append(slices.Delete(slices.Clone(kept), 1, 2), kept[1])
	}
	for index := range kept {
		kept[index].Number = index + 1
	}
	return kept
}

// countingTimeout bounds how long a search waits for the tokens to be counted, which takes milliseconds.
const countingTimeout = 2 * time.Second

// tokens counts, or estimates where the model's server does not answer: it may be asked again only when the answer is written.
func (o Options) tokens(ctx context.Context, texts []string) []int {
	if o.Tokens != nil {
		limited, done := context.WithTimeout(ctx, countingTimeout)
		defer done()
		if counts, err := o.Tokens(limited, texts); err == nil && len(counts) == len(texts) {
			return counts
		}
	}
	counts, _ := chunk.Estimate(ctx, texts) // never fails
	return counts
}
