package itops

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"bestbox/internal/config"
	"bestbox/internal/connections"
	"bestbox/internal/records"
	"bestbox/tools/dates"
	"bestbox/tools/wording"
)

// Inspect looks at each connected system once and says what it tells of the plant: for who has filled in the configuration.
func Inspect(ctx context.Context, db *records.DB, connected config.Connections) (all []connections.Finding, err error) {
	watching, err := connect(connected)
	if err != nil || watching == nil {
		return nil, err
	}
	s := store{db, watching}
	if err := s.read(ctx, watching.check); err != nil {
		return nil, err
	}
	// Each looks with a monitor of its own, so that what one could not see is not told twice.
	look := func(connection string, at func(p *plant) (string, error)) {
		_ = s.read(ctx, func(p *plant) error {
			says, err := at(p)
			all = append(all, connections.Found(connection, says, err))
			for _, gap := range p.gaps() {
				all = append(all, connections.Finding{Connection: connection, Says: gap})
			}
			return nil
		})
	}
	if watching.alertmanager != nil {
		look("Alertmanager", (*plant).inspectAlerts)
	}
	if watching.prometheus != nil {
		look("Prometheus", (*plant).inspectSeries)
	}
	for _, id := range slices.Sorted(maps.Keys(watching.components)) {
		if hasLog(watching.components[id]) {
			look("log of "+id, func(p *plant) (string, error) { return p.inspectLog(id) })
		}
	}
	return all, nil
}

func (p *plant) inspectAlerts() (string, error) {
	alerts, err := p.alerts()
	if err != nil {
		return "", err
	}
	firing, over := map[string]int{}, 0
	active := 0
	for _, a := range alerts {
		if a.State == "resolved" {
			over++
			continue
		}
		active++
		firing[a.ComponentID]++
	}
	return fmt.Sprintf("%s of %s, %d that are over", wording.Counted(active, "active alert"), wording.Counted(len(firing), "component"), over), nil
}

func (p *plant) inspectSeries() (string, error) {
	series, err := p.ends(dates.Span{})
	if err != nil {
		return "", err
	}
	measured := map[string]bool{}
	for _, s := range series {
		measured[s.componentID] = true
	}
	return fmt.Sprintf("%s of %s", wording.Counted(len(series), "measurement"), wording.Counted(len(measured), "component")), nil
}

func (p *plant) inspectLog(id string) (string, error) {
	n, newest := 0, ""
	day := dates.Span{From: time.Date(p.now.Year(), p.now.Month(), p.now.Day()-1, 0, 0, 0, 0, time.UTC)}
	err := p.lines(lineFilter{componentID: id, when: day}, func(l LogLine) error {
		if n++; newest == "" {
			newest = l.At
		}
		return nil
	})
	if n == 0 {
		return "no line since " + day.From.Format(time.DateOnly), err
	}
	return fmt.Sprintf("%s since %s, the newest at %s", wording.Counted(n, "line"), day.From.Format(time.DateOnly), newest), err
}
