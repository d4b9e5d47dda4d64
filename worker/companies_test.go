package main

import (
	"testing"

	"bestbox/internal/config"
	"bestbox/internal/database"
)

func TestTheDataOfEveryTenantAreInAPlaceOfTheirOwn(t *testing.T) {
	t.Parallel()
	const server, theirs = "postgres://bestbox@127.0.0.1/bestbox", "postgres://acme@127.0.0.1/bestbox"
	for name, settings := range map[string]config.Config{
		"files": {Records: config.Records{Path: "/state/records.db", TranscriptPath: "/state/transcript.db"},
			Tenants: map[string]config.Tenant{"acme": {Path: "/state/records-acme.db"}, "bolt": {Path: "/state/records-bolt.db"}}},
		"one database": {Records: config.Records{Database: server, PasswordFile: "/secret"},
			Tenants: map[string]config.Tenant{"acme": {Database: server, PasswordFile: "/secret"}, "bolt": {Database: server, PasswordFile: "/secret"}}},
		"roles of their own": {Records: config.Records{Database: server, PasswordFile: "/secret"},
			Tenants: map[string]config.Tenant{"acme": {Database: theirs, PasswordFile: "/theirs"}, "bolt": {Path: "/state/records-bolt.db"}}},
	} {
		settings.Directories.State = "/state"
		places := []database.Location{transcriptPlace(settings.Records)}
		for _, tenant := range []string{config.DefaultTenant, "acme", "bolt"} {
			places = append(places, place(&settings, tenant))
		}
		seen, folders := map[string]bool{}, map[string]bool{}
		for _, p := range places {
			table := p.Path + p.Schema
			if seen[table] || p.Setting == "" || p.URL != "" && p.PasswordFile == "" {
				t.Errorf("%s: %+v", name, p)
			}
			seen[table] = true
		}
		for _, p := range places[1:] { // documents; the transcripts have none
			if folders[p.Folder] {
				t.Errorf("%s: two tenants have the folder %q", name, p.Folder)
			}
			folders[p.Folder] = true
		}
	}
	if got := place(&config.Config{Tenants: map[string]config.Tenant{"acme": {Database: theirs}}}, "acme"); got.URL != theirs || got.Schema != "records_acme" {
		t.Errorf("acme is in %+v", got)
	}
}
