// Package areas puts the tools of every area of the company together: purchasing and finance, and what else has a folder beside this one. A
// new area is one line here.
package areas

import (
	"context"
	"fmt"

	"bestbox/internal/config"
	"bestbox/internal/connections"
	"bestbox/internal/records"
	"bestbox/tools"
	"bestbox/tools/crm"
	"bestbox/tools/erp"
	"bestbox/tools/itops"
	"bestbox/tools/knowledge"
	"bestbox/tools/oa"
)

// area is a folder of tools. Names, where it has one, finds the area's things that a text calls by their names.
type area struct {
	name  string
	tools func(*records.DB, config.Connections) ([]*tools.Tool, error)
	names func(ctx context.Context, db *records.DB, text string) ([]tools.Name, error)
}

var all = []area{
	{"erp", func(db *records.DB, _ config.Connections) ([]*tools.Tool, error) { return erp.Tools(db) }, erp.Names},
	{"crm", func(db *records.DB, _ config.Connections) ([]*tools.Tool, error) { return crm.Tools(db) }, crm.Names},
	{"oa", func(db *records.DB, c config.Connections) ([]*tools.Tool, error) {
		return office(c).Tools(db)
	}, oa.Names},
	{"itops", itops.Tools, itops.Names},
}

// Tools returns the tools of all areas over the company's records, its documents, and what else it has connected. Where the tools are only asked what they are, there need be no documents.
func Tools(db *records.DB, connected config.Connections, documents knowledge.Options) (*tools.Registry, error) {
	list, err := knowledge.Tools(documents)
	if err != nil {
		return nil, fmt.Errorf("the tools of knowledge: %w", err)
	}
	for _, a := range all {
		made, err := a.tools(db, connected)
		if err != nil {
			return nil, fmt.Errorf("the tools of %s: %w", a.name, err)
		}
		list = append(list, made...)
	}
	registry, err := tools.NewRegistry(list...)
	if err != nil {
		return nil, err
	}
	if connected.SMTP == nil {
		registry.Miss(oa.SendEmail)
	}
	return registry, nil
}

// office is what the office's tools need of the connections.
func office(c config.Connections) oa.Options { return oa.Options{SMTP: c.SMTP, CalDAV: c.CalDAV} }

// Inspect looks at each connection once, and says what was found there.
func Inspect(ctx context.Context, db *records.DB, connected config.Connections) ([]connections.Finding, error) {
	plant, err := itops.Inspect(ctx, db, connected)
	if err != nil {
		return nil, err
	}
	rest, err := office(connected).Inspect(ctx, db)
	return append(plant, rest...), err
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
