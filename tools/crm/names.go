package crm

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"bestbox/internal/records"
	"bestbox/tools"
	"bestbox/tools/wording"
)

const (
	// shortestWord is how many letters the first word of a company's name must have to stand for it.
	shortestWord = 7
	// shortestLocal is how many characters of a Chinese name stand for it: a city and a name of two each.
	shortestLocal = 4
)

// Names returns the customers, leads and products that a text calls by their names, and the customers and leads of the people it names: people
// say "Harbor Robotics" or "Ellen Park", tools want CUS-001. A company's name may be cut to its first two words, or to its first
// where that is long, no other's and no city. What could be several things is none of them. Customers and leads are called what the text calls them,
// not what they call themselves: a name is no way into a prompt.
func Names(ctx context.Context, db *records.DB, text string) ([]tools.Name, error) {
	var all []tools.Name
	at := map[string]int{}
	meaning := map[string]map[int]bool{} // positions in all, by what is written
	write := func(position int, written string) {
		if written = strings.ToLower(strings.TrimSpace(written)); written == "" {
			return
		}
		if meaning[written] == nil {
			meaning[written] = map[int]bool{}
		}
		meaning[written][position] = true
	}
	err := store{db}.read(ctx, func(b *books) error {
		err := b.Each(`SELECT 'customer', id, name, name_local FROM customers UNION ALL SELECT 'lead', id, company, name_local FROM leads
			UNION ALL SELECT 'product', id, name, name_local FROM products ORDER BY 2`, nil, func(scan func(...any) error) error {
			var local string
			var one tools.Name
			if err := scan(&one.Kind, &one.ID, &one.Name, &local); err != nil {
				return err
			}
			position := len(all)
			at[one.ID] = position
			all = append(all, one)
			write(position, one.Name)
			write(position, local)
			if one.Kind != "product" {
				words := strings.Fields(one.Name)
				write(position, strings.Join(words[:min(2, len(words))], " "))
				if local == "" && utf8.RuneCountInString(words[0]) >= shortestWord { // Chinese companies begin with their city
					write(position, words[0])
				}
				if utf8.RuneCountInString(local) > shortestLocal {
					write(position, string([]rune(local)[:shortestLocal]))
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		return b.Each("SELECT customer_id, name, name_local FROM contacts UNION ALL SELECT id, contact, '' FROM leads", nil, func(scan func(...any) error) error {
			var id, name, local string
			if err := scan(&id, &name, &local); err != nil {
				return err
			}
			latin := strings.TrimRightFunc(name, func(symbol rune) bool { return unicode.Is(unicode.Han, symbol) || symbol == ' ' })
			write(at[id], latin)
			write(at[id], strings.TrimPrefix(latin, "Dr. "))
			write(at[id], strings.TrimPrefix(name, latin)) // leads have both ways to write a name in one
			write(at[id], local)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the names of customers, leads and products: %w", err)
	}
	text = strings.ToLower(text)
	called := map[int]string{} // the longest way in which the text writes them
	for written, positions := range meaning {
		if len(positions) == 1 && wording.Said(text, written, true) {
			for position := range positions {
				called[position] = wording.Longer(called[position], written)
			}
		}
	}
	var names []tools.Name
	for position, name := range all {
		if written, found := called[position]; found {
			if name.Kind != "product" {
				name.Name = written
			}
			names = append(names, name)
		}
	}
	return names, nil
}
