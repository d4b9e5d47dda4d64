package erp

import (
	"database/sql"
	"errors"
	"fmt"

	"bestbox/tools/wording"
)

// vendorName returns the vendor's name, or why there is none: the sentence for the model.
func (b *books) vendorName(id vendorID) (name, missing string, err error) {
	err = b.One("SELECT name FROM vendors WHERE id = ?", []any{string(id)}, &name)
	if errors.Is(err, sql.ErrNoRows) {
		var first, last string
		err = b.One("SELECT min(id), max(id) FROM vendors", nil, &first, &last)
		missing = fmt.Sprintf("There is no vendor %s; the known vendors are %s to %s.", id, first, last)
	}
	return name, missing, err
}

// itemName is vendorName for items.
func (b *books) itemName(id itemID) (name, missing string, err error) {
	err = b.One("SELECT name FROM items WHERE id = ?", []any{string(id)}, &name)
	if errors.Is(err, sql.ErrNoRows) {
		missing, err = b.missingItem(id)
	}
	return name, missing, err
}

func (b *books) missingItem(id itemID) (string, error) {
	letter := string(id)[:1]
	var first, last sql.NullString
	err := b.One("SELECT min(id), max(id) FROM items WHERE substr(id, 1, 2) = ?", []any{letter + "-"}, &first, &last)
	if err != nil {
		return "", err
	}
	if !first.Valid {
		return fmt.Sprintf("There is no item %s, and no item id begins with %s; item ids look like A-100.", id, letter), nil
	}
	return fmt.Sprintf("There is no item %s; the known items with %s are %s to %s.", id, letter, first.String, last.String), nil
}

// warehouseName is vendorName for warehouses.
func (b *books) warehouseName(id warehouseID) (name, missing string, err error) {
	err = b.One("SELECT name FROM warehouses WHERE id = ?", []any{string(id)}, &name)
	if !errors.Is(err, sql.ErrNoRows) {
		return name, "", err
	}
	var known []string
	err = b.Each("SELECT id, name FROM warehouses ORDER BY id", nil, func(scan func(...any) error) error {
		var id, name string
		defer func() { known = append(known, wording.Named(id, name)) }()
		return scan(&id, &name)
	})
	return "", fmt.Sprintf("There is no warehouse %s; the known warehouses are %s.", id, wording.List(known)), err
}

// thing is what a table holds: the column of its day, its noun, how it belongs to a vendor, and what happened on the day.
type thing struct{ table, day, noun, whose, happened string }

// whatExists says which of a vendor's things there are, or of all vendors', when a filter found none.
func (b *books) whatExists(of thing, vendor vendorID) (string, error) {
	var n int
	var first, last string
	query := fmt.Sprintf("SELECT count(*), coalesce(min(%[1]s), ''), coalesce(max(%[1]s), '') FROM %[2]s WHERE ? IN ('', vendor_id)", of.day, of.table)
	err := b.One(query, []any{string(vendor)}, &n, &first, &last)
	whose := ""
	if vendor != "" {
		whose = " " + of.whose + " " + string(vendor)
	}
	if n == 0 {
		return fmt.Sprintf("The records hold no %s%s at all.", of.noun, whose), err
	}
	return fmt.Sprintf("The records hold %s%s in all, %s from %s to %s.", wording.Counted(n, of.noun), whose, of.happened, first, last), err
}
