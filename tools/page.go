package tools

import (
	"fmt"
	"strings"
)

// Paged is the argument that asks for another page of a list. The arguments of every tool that cuts its list embed it, behind all others. Few questions mean
// it, and small models fill in whatever they see: it is not told in the prompt, and a decision may give it only where the question says one of these words.
type Paged struct {
	Page int `json:"page,omitempty" jsonschema:"minimum=1,maximum=1000" jsonschema_extras:"x-said=page|pages|页,x-quiet=true" jsonschema_description:"Which page of the list; without it the first."`
}

// mostPages is the last page that can be asked for.
const mostPages = 1000

// Size is how many rows a page has in a tool that lists all where they are few: the limit, where one is given; all of up to whole; else less. Who asks for a
// page has seen, or is to see, a list that is cut.
func (p Paged) Size(limit, whole, less, count int) int {
	switch {
	case limit > 0:
		return limit
	case p.Page == 0 && count <= whole:
		return whole
	}
	return less
}

// Enough is how many rows from the beginning a tool needs for the page, where one has so many.
func (p Paged) Enough(size int) int { return max(p.Page, 1) * size }

// Part says which page of a list a result holds. Outcomes embed it.
type Part struct {
	Page  int `json:"page,omitempty"`  // where one was asked for
	Pages int `json:"pages,omitempty"` // all that there are, likewise
	// before and rest are how many rows come before and after this page.
	before, rest int
	next         int // the page after it; 0 where none can be asked for
}

// Cut keeps the rows of the page that is asked for, of a list with so many rows in all, of which at least Enough are given. Where there is none, that is the
// answer, whatever the page.
func Cut[T any](rows []T, count, size int, asked Paged) (kept []T, part Part, err error) {
	if count == 0 {
		return rows, Part{}, nil
	}
	page, pages := max(asked.Page, 1), (count+size-1)/size
	if page > pages {
		allowed := fmt.Sprintf("a page from 1 to %d: the list has %d rows, of which %d are on a page", pages, count, size)
		if pages == 1 {
			allowed = "1, the only page of the list"
		}
		return nil, Part{}, &ArgumentError{Field: "page", Value: page, Allowed: allowed}
	}
	from := (page - 1) * size
	to := min(from+size, count)
	part = Part{before: from, rest: count - to}
	if asked.Page > 0 {
		part.Page, part.Pages = page, pages
	}
	if part.rest > 0 && page < mostPages {
		part.next = page + 1
	}
	return rows[from:to], part, nil
}

// Later reports whether this is not the first page: what the first row means for all does not hold for its own.
func (p Part) Later() bool { return p.before > 0 }

// Before is how many rows come before the page.
func (p Part) Before() int { return p.before }

// Rest is how many rows come after the page.
func (p Part) Rest() int { return p.rest }

// Title is how a list begins: "By due date: " as "Page 2 of 5, by due date: " on a later page.
func (p Part) Title(text string) string {
	if !p.Later() {
		return text
	}
	return fmt.Sprintf("Page %d of %d, %s%s", p.Page, p.Pages, strings.ToLower(text[:1]), text[1:])
}

// With is what the rest of the list is asked for with: filters, in words, or the next page.
func (p Part) With(filters string) string {
	if p.next == 0 {
		return filters
	}
	return fmt.Sprintf("%s, or page %d", filters, p.next)
}
