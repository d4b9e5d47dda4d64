// Package areas puts the tools of every area of the company together: purchasing and finance, and what else has a folder beside this one. A
// new area is one line here.
package areas

import (
	"context"
	"fmt"

	"bestbox/internal/records"
	"bestbox/tools"
	"bestbox/tools/crm"
	"bestbox/tools/erp"
	"bestbox/tools/itops"
	"bestbox/tools/oa"
)

// area is a folder of tools. Names, where it has one, finds the area's things that a text calls by their names.
type area struct {
	name  string
	tools func(*records.DB) ([]*tools.Tool, error)
	names func(ctx context.Context, db *records.DB, text string) ([]tools.Name, error)
}

var all = []area{
	{"erp", erp.Tools, erp.Names},
	{"crm", crm.Tools, crm.Names},
	{"oa", oa.Options{}.Tools, oa.Names},
	{"itops", itops.Tools, itops.Names},
}

// Tools returns the tools of all areas over the company's records.
func Tools(db *records.DB) (*tools.Registry, error) {
	var list []*tools.Tool
	for _, a := range all {
		made, err := a.tools(db)
		if err != nil {
			return nil, fmt.Errorf("the tools of %s: %w", a.name, err)
		}
		list = append(list, made...)
	}
	return tools.NewRegistry(list...)
}

// Names finds the things of the company that a text calls by their names.
func Names(ctx context.Context, db *records.DB, text string) ([]tools.Name, error) {
	var found []tools.Name
	for _, a := range all {
		if a.names == nil {
			continue
		}
		names, err := a.names(ctx, db, text)
		if err != nil {
			return nil, fmt.Errorf("the names of %s: %w", a.name, err)
		}
		found = append(found, names...)
	}
	return found, nil
}

// Employee returns the name of an employee.
func Employee(ctx context.Context, db *records.DB, id string) (name string, found bool, err error) {
	return oa.Employee(ctx, db, id)
}
