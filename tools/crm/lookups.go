package crm

import (
	"database/sql"
	"errors"
	"fmt"

	"bestbox/tools"
	"bestbox/tools/wording"
)

// kind is a table of things that arguments name.
type kind struct{ table, name, word string }

var (
	customers = kind{"customers", "name", "customer"}
	leads     = kind{"leads", "company", "lead"}
	owners    = kind{"sales_people", "name", "sales person"}
	vendors   = kind{"vendors", "name", "vendor"}
	goods     = kind{"products", "name", "product"}
)

// lookUp returns the name of a thing, or what does exist where there is none: the sentence for the model.
func (b *books) lookUp(k kind, id string) (name, missing string, err error) {
	err = b.One("SELECT "+k.name+" FROM "+k.table+" WHERE id = ?", []any{id}, &name)
	if !errors.Is(err, sql.ErrNoRows) {
		return name, "", err
	}
	known, err := b.known(k)
	return "", fmt.Sprintf("There is no %s %s; %s.", k.word, id, known), err
}

// known says which things of a kind there are: all of a few, else the first and the last.
func (b *books) known(k kind) (string, error) {
	var all []string
	err := b.Each("SELECT id, "+k.name+" FROM "+k.table+" ORDER BY id", nil, func(scan func(...any) error) error {
		var id, name string
		err := scan(&id, &name)
		all = append(all, wording.Named(id, name))
		return err
	})
	switch {
	case len(all) == 0:
		return "there is none", err
	case len(all) > 20:
		return fmt.Sprintf("the known %ss are %s to %s", k.word, all[0], all[len(all)-1]), err
	}
	return "the known ones are " + wording.List(all), err
}

// must is lookUp for writes, where what does not exist is a wrong argument.
func (b *books) must(k kind, field, id string) (string, error) {
	name, missing, err := b.lookUp(k, id)
	if err == nil && missing != "" {
		known, err := b.known(k)
		if err != nil {
			return "", err
		}
		return "", &tools.ArgumentError{Field: field, Value: id, Allowed: "a " + k.word + " that exists: " + known}
	}
	return name, err
}
