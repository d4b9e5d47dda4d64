package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"

	"bestbox/agents"
	"bestbox/internal/access"
	"bestbox/internal/config"
	"bestbox/internal/database"
	"bestbox/internal/records"
	"bestbox/tools"
	"bestbox/tools/areas"
	"bestbox/workflows/activities"
)

// loadAgents reads the agents of the program and those of the configured folder.
func loadAgents(settings *config.Config) ([]agents.Agent, error) {
	sources := []agents.Source{agents.Shipped()}
	if settings.Agents.Folder != "" {
		sources = append(sources, agents.Folder(settings.Agents.Folder))
	}
	return agents.Load(sources...)
}

// place is where the records of a tenant are. Each has a folder of its own for its documents.
func place(settings *config.Config, tenant string) database.Location {
	r := settings.Records
	if tenant == config.DefaultTenant {
		if r.Database == "" {
			return database.Location{Path: r.Path, Setting: "records.path"}
		}
		return database.Location{URL: r.Database, PasswordFile: r.PasswordFile, Schema: "records", Folder: settings.Directories.State, Setting: "records.database"}
	}
	t, folder := settings.Tenants[tenant], filepath.Join(settings.Directories.State, "tenants", tenant)
	if t.Database == "" {
		return database.Location{Path: t.Path, Folder: folder, Setting: "tenants." + tenant + ".path"}
	}
	return database.Location{URL: t.Database, PasswordFile: t.PasswordFile, Schema: "records_" + tenant, Folder: folder, Setting: "tenants." + tenant + ".database"}
}

// transcriptPlace is where the transcripts are.
func transcriptPlace(r config.Records) database.Location {
	if r.Database == "" {
		return database.Location{Path: r.TranscriptPath, Setting: "records.transcript_path"}
	}
	return database.Location{URL: r.Database, PasswordFile: r.PasswordFile, Schema: "transcript", Setting: "records.database"}
}

// openCompanies opens the records of every tenant. What it opens is closed by close, also when it fails half-way.
func (s *service) openCompanies(ctx context.Context) error {
	s.companies = map[string]*records.DB{}
	for _, tenant := range append(slices.Sorted(maps.Keys(s.settings.Tenants)), config.DefaultTenant) {
		db, err := openRecords(ctx, s.settings, tenant)
		if err != nil {
			return fmt.Errorf("tenant %s: %w", tenant, err)
		}
		s.companies[tenant] = db
		s.closers = append(s.closers, db.Close)
	}
	return nil
}

// connectionsOf are the connections of a tenant: those of the configuration are the default tenant's, and nobody else's to see.
func connectionsOf(settings *config.Config, tenant string) config.Connections {
	if tenant == config.DefaultTenant {
		return settings.Connections
	}
	return config.Connections{}
}

// openRecords opens a tenant's records. Where some of what its tools read is of now, today is the clock's: the demo company's stands still.
func openRecords(ctx context.Context, settings *config.Config, tenant string) (*records.DB, error) {
	db, err := records.Open(ctx, place(settings, tenant))
	if connected := connectionsOf(settings, tenant); err == nil && connected.Live() {
		db.FollowClock(connected.Location())
	}
	return db, err
}

// companiesReady reports whether the records of all tenants can be read.
func (s *service) companiesReady(ctx context.Context) error {
	var problems []error
	for tenant, db := range s.companies {
		if err := db.Ping(ctx); err != nil {
			problems = append(problems, fmt.Errorf("tenant %s: %w", tenant, err))
		}
	}
	return errors.Join(problems...)
}

// checkUsers refuses a file of users that speaks of agents and tools that are not there, or has people agree to what is only read.
func (s *service) checkUsers(companies map[string]activities.Company) error {
	var names, possible, writes []string
	for _, agent := range s.agents {
		names = append(names, agent.Name)
	}
	reads := mcpReads(s.settings.MCP)
	for _, company := range companies {
		for _, name := range company.Tools.Possible() {
			possible = append(possible, name)
			// Of a tool that is not connected nothing is known, so it may write.
			if tool, there := company.Tools.Get(name); !reads[name] && (!there || tool.Effect() == tools.Write) {
				writes = append(writes, name)
			}
		}
	}
	slices.Sort(possible)
	slices.Sort(writes)
	return s.users.Check(names, slices.Compact(possible), slices.Compact(writes))
}

// loadUsers reads the file of users, or makes the local user. The configured employee of the local user counts only where the records know one of
// that id: the shipped one is of the demo company.
func loadUsers(ctx context.Context, settings *config.Config, company *records.DB, log *slog.Logger) (*access.Users, error) {
	if file := settings.Access.UsersFile; file != "" {
		tenants := append(slices.Sorted(maps.Keys(settings.Tenants)), config.DefaultTenant)
		return access.Read(file, tenants)
	}
	employee := settings.Access.Employee
	if employee == "" {
		return access.LocalUsers("", ""), nil
	}
	name, found, err := areas.Employee(ctx, company, employee)
	if err != nil {
		return nil, err
	}
	if !found {
		log.Warn("access.employee is no employee of the records, so that I and my mean nobody", "employee", employee)
		employee = ""
	}
	return access.LocalUsers(employee, name), nil
}
