package erp

import "bestbox/tools"

// refuse says which argument cannot be, and what is allowed.
func refuse(field string, value any, allowed string) error {
	return &tools.ArgumentError{Field: field, Value: value, Allowed: allowed}
}

// known turns what a lookup says of a missing thing into a refusal.
func known[ID ~string](field string, id ID, lookup func(ID) (name, missing string, err error)) (string, error) {
	name, missing, err := lookup(id)
	if err == nil && missing != "" {
		err = refuse(field, string(id), missing)
	}
	return name, err
}
