package erp

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"bestbox/internal/records"
	"bestbox/tools"
	"bestbox/tools/wording"
)

const (
	// mostOfOneWord bounds how many things one way to write a name may mean before it means none of them.
	mostOfOneWord = 3
	// shortestWord is how many letters the first word of a vendor's name must have to stand for it.
	shortestWord = 5
	// shortestLocal is how many characters of a Chinese name stand for it: a city and a name of two each.
	shortestLocal = 4
)

// Names returns the vendors, items and warehouses that a text calls by their names, in the order of their ids: people say "Moravia
// Forge", tools want VND-019. A name may be cut to its first two words, and a vendor's to its first unless that is a
// warehouse's city, by which the warehouse may be called. Vendors are called what the text calls them, not what they call themselves: a name is no
// way into a prompt.
func Names(ctx context.Context, db *records.DB, text string) ([]tools.Name, error) {
	var all []tools.Name
	meaning := map[string][]int{} // positions in all, by what is written
	cities := map[string]bool{}
	write := func(written string) {
		written = strings.ToLower(written)
		if written != "" && (len(meaning[written]) == 0 || meaning[written][len(meaning[written])-1] != len(all)) {
			meaning[written] = append(meaning[written], len(all))
		}
	}
	err := store{db}.read(ctx, func(b *books) error {
		const query = `SELECT 'vendor', id, name, name_local, '' FROM vendors UNION ALL SELECT 'item', id, name, name_local, '' FROM items
			UNION ALL SELECT 'warehouse', id, name, name_local, city FROM warehouses ORDER BY 2`
		return b.Each(query, nil, func(scan func(...any) error) error {
			var local, city string
			var one tools.Name
			if err := scan(&one.Kind, &one.ID, &one.Name, &local, &city); err != nil {
				return err
			}
			words := strings.Fields(one.Name)
			write(one.Name)
			write(strings.Join(words[:min(2, len(words))], " "))
			write(local)
			switch {
			case one.Kind == "warehouse":
				write(city + " warehouse")
				write("warehouse in " + city)
				write(strings.TrimSuffix(local, "仓") + "仓库")
				cities[strings.ToLower(city)] = true
			case one.Kind == "vendor" && utf8.RuneCountInString(words[0]) >= shortestWord:
				write(words[0])
			}
			if one.Kind == "vendor" && utf8.RuneCountInString(local) > shortestLocal {
				write(string([]rune(local)[:shortestLocal]))
			}
			all = append(all, one)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the names of vendors, items and warehouses: %w", err)
	}
	for city := range cities {
		delete(meaning, city)
	}
	return meant(all, meaning, strings.ToLower(text)), nil
}

// meant looks up what the text holds. A longer way to write a name wins over a shorter one: "Servo motor 750 W" is not every servo motor.
func meant(all []tools.Name, meaning map[string][]int, text string) []tools.Name {
	chosen, called := make([]bool, len(all)), make([]string, len(all))
	for written, positions := range meaning {
		if len(positions) > mostOfOneWord || !wording.Said(text, written, true) {
			continue
		}
		for _, position := range positions {
			if len(positions) == 1 || !exact(all, meaning, positions, text) {
				chosen[position], called[position] = true, wording.Longer(called[position], written)
			}
		}
	}
	var names []tools.Name
	for position, name := range all {
		if !chosen[position] {
			continue
		}
		if name.Kind == "vendor" {
			name.Name = called[position]
		}
		names = append(names, name)
	}
	return names
}

// exact reports whether the text writes out one of several things in a way that only that one is written.
func exact(all []tools.Name, meaning map[string][]int, positions []int, text string) bool {
	for _, position := range positions {
		if name := strings.ToLower(all[position].Name); len(meaning[name]) == 1 && wording.Said(text, name, true) {
			return true
		}
	}
	return false
}
