package itops

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"bestbox/internal/records"
	"bestbox/tools"
)

// Names returns the machines, hosts and services that a text calls by their names, in the order of their ids: people say "compressor A" or
// 空压机A, tools want MCH-001. A longer name wins over a shorter one within it: the ERP database is not the ERP system.
func Names(ctx context.Context, db *records.DB, text string) ([]tools.Name, error) {
	type spelling struct{ written, id string }
	var spellings []spelling
	names := map[string]tools.Name{}
	err := db.Read(ctx, func(tx *sql.Tx) error {
		return records.NewView(ctx, tx).Each("SELECT id, kind, name, name_local, also FROM components", nil, func(scan func(...any) error) error {
			var id, kind, name, local, also string
			if err := scan(&id, &kind, &name, &local, &also); err != nil {
				return err
			}
			names[id] = tools.Name{ID: id, Name: name, Kind: kind}
			for _, written := range append(strings.Split(also, "|"), name, local) {
				if written != "" {
					spellings = append(spellings, spelling{strings.ToLower(written), id})
				}
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the names of machines, hosts and services: %w", err)
	}
	slices.SortFunc(spellings, func(a, b spelling) int {
		return cmp.Or(len(b.written)-len(a.written), cmp.Compare(a.written, b.written), cmp.Compare(a.id, b.id))
	})
	rest := []byte(strings.ToLower(text))
	var found []tools.Name
	for _, s := range spellings {
		if take(rest, s.written) && !slices.ContainsFunc(found, func(n tools.Name) bool { return n.ID == s.id }) {
			found = append(found, names[s.id])
		}
	}
	slices.SortFunc(found, func(a, b tools.Name) int { return cmp.Compare(a.ID, b.ID) })
	return found, nil
}

// take reports whether the text holds a name as words of its own, and takes it out of the text.
func take(text []byte, name string) (taken bool) {
	for from := 0; ; {
		at := strings.Index(string(text[from:]), name)
		if at < 0 {
			return taken
		}
		start, end := from+at, from+at+len(name)
		before, _ := utf8.DecodeLastRune(text[:start])
		after, _ := utf8.DecodeRune(text[end:])
		first, _ := utf8.DecodeRuneInString(name)
		last, _ := utf8.DecodeLastRuneInString(name)
		from = start + utf8.RuneLen(first)
		if joins(before) && joins(first) || joins(after) && joins(last) {
			continue
		}
		taken = true
		copy(text[start:end], strings.Repeat(" ", end-start))
	}
}

// joins reports whether a symbol beside another one makes one word with it. Chinese writes no blanks between words.
func joins(symbol rune) bool {
	return symbol == '-' || unicode.IsDigit(symbol) || unicode.IsLetter(symbol) && !unicode.Is(unicode.Han, symbol)
}
