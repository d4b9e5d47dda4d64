package oa

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"bestbox/internal/records"
	"bestbox/tools"
	"bestbox/tools/wording"
)

const (
	// mostOfOneWord bounds how many people one way to write a name may mean before it means none of them.
	mostOfOneWord = 3
	// shortestGiven is how many letters a given name must have to stand for its bearer.
	shortestGiven = 5
)

// Names returns the employees and rooms that a text calls by their names, in the order of their ids. Employees are known by their names in both
// scripts and either order, a longer given name, the address, and a title that only one has; two of one name are both meant, unless the text
// has something that only one of them is called.
func Names(ctx context.Context, db *records.DB, text string) ([]tools.Name, error) {
	var all []tools.Name
	meaning := map[string][]int{} // positions in all, by what is written
	write := func(written string) {
		written = strings.ToLower(written)
		if written != "" && !slices.Contains(meaning[written], len(all)) {
			meaning[written] = append(meaning[written], len(all))
		}
	}
	err := store{db: db}.read(ctx, func(b *books) error {
		const people = "SELECT id, name, name_local, title, title_local, mail FROM employees ORDER BY id"
		err := b.Each(people, nil, func(scan func(...any) error) error {
			one := tools.Name{Kind: "employee"}
			var local, title, titleLocal, mail string
			if err := scan(&one.ID, &one.Name, &local, &title, &titleLocal, &mail); err != nil {
				return err
			}
			for _, written := range append(ways(one.Name), local, title, titleLocal, mail) {
				write(written)
			}
			one.Name += ", " + title
			all = append(all, one)
			return nil
		})
		if err != nil {
			return err
		}
		for written, positions := range meaning {
			if len(positions) > 1 && slices.ContainsFunc(positions, func(at int) bool { return strings.HasSuffix(strings.ToLower(all[at].Name), ", "+written) }) {
				delete(meaning, written) // a title of several is nobody's
			}
		}
		rooms, err := b.rooms()
		slices.SortFunc(rooms, func(a, b room) int { return strings.Compare(a.id, b.id) })
		for _, r := range rooms {
			for _, written := range []string{r.name + " room", "room " + r.name, "the " + r.name, "in " + r.name, r.nameLocal} {
				write(written)
			}
			all = append(all, tools.Name{ID: r.id, Name: r.name, Kind: "room"})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the names of employees and rooms: %w", err)
	}
	return meant(all, meaning, strings.ToLower(text)), nil
}

// Employee returns the name of an employee.
func Employee(ctx context.Context, db *records.DB, id string) (name string, found bool, err error) {
	err = store{db: db}.read(ctx, func(b *books) error {
		return b.One("SELECT name FROM employees WHERE id = ?", []any{id}, &name)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("read the name of the employee %s: %w", id, err)
	}
	return name, true, nil
}

// ways are the ways to write a name of two words: in either order, and the given name alone when it is long. In China the family name comes first.
func ways(name string) []string {
	first, second, found := strings.Cut(name, " ")
	if !found {
		return []string{name}
	}
	all := []string{name, second + " " + first}
	for _, given := range []string{first, second} {
		if utf8.RuneCountInString(given) >= shortestGiven {
			all = append(all, given)
		}
	}
	return all
}

// meant looks up what the text holds. A way to write that only one bears wins over one that several share.
func meant(all []tools.Name, meaning map[string][]int, text string) []tools.Name {
	sure, perhaps := make([]bool, len(all)), map[string][]int{}
	for written, positions := range meaning {
		switch {
		case len(positions) > mostOfOneWord || !wording.Said(text, written, false):
		case len(positions) == 1:
			sure[positions[0]] = true
		default:
			perhaps[written] = positions
		}
	}
	chosen := slices.Clone(sure)
	for _, positions := range perhaps {
		if !slices.ContainsFunc(positions, func(at int) bool { return sure[at] }) {
			for _, at := range positions {
				chosen[at] = true
			}
		}
	}
	var names []tools.Name
	for position, name := range all {
		if chosen[position] {
			names = append(names, name)
		}
	}
	return names
}
