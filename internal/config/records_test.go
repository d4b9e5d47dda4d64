package config

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const someDatabase = "postgres://bestbox@127.0.0.1:5432/bestbox"

func TestRecordsAreInFilesUnlessADatabaseIsNamed(t *testing.T) {
	t.Setenv("BESTBOX_STATE_DIR", "/state")
	for name, test := range map[string]struct {
		text    string
		records Records
		tenants map[string]Tenant
	}{
		"files": {"tenants: {acme: {}, bolt: {path: /bolt.db}}", Records{Path: "/state/records.db", TranscriptPath: "/state/transcript.db"},
			map[string]Tenant{"acme": {Path: "/state/records-acme.db"}, "bolt": {Path: "/bolt.db"}}},
		"a database": {"records: {database: '" + someDatabase + "', password_file: /secret}\ntenants: {acme: {}, bolt: {path: /bolt.db}, core: {database: 'postgres://core@127.0.0.1/core', password_file: /core}}",
			Records{Database: someDatabase, PasswordFile: "/secret"},
			map[string]Tenant{"acme": {Database: someDatabase, PasswordFile: "/secret"}, "bolt": {Path: "/bolt.db"},
				"core": {Database: "postgres://core@127.0.0.1/core", PasswordFile: "/core"}}},
		"a database for one tenant": {"tenants: {core: {database: 'postgres://core@127.0.0.1/core'}}", Records{Path: "/state/records.db", TranscriptPath: "/state/transcript.db"},
			map[string]Tenant{"core": {Database: "postgres://core@127.0.0.1/core"}}},
	} {
		c, err := load(t, test.text, "small", nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(test.records, c.Records) + cmp.Diff(test.tenants, c.Tenants); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestPathsOfRecordsAreMadeAbsolute(t *testing.T) {
	t.Parallel()
	c, err := load(t, "records: {path: a.db, transcript_path: b.db, password_file: c}\ntenants: {acme: {path: d.db}}", "small", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{c.Records.Path, c.Records.TranscriptPath, c.Records.PasswordFile, c.Tenants["acme"].Path} {
		if !filepath.IsAbs(path) {
			t.Errorf("%s is not absolute", path)
		}
	}
}

func TestDatabasesThatCannotBeAreRefusedAndPasswordsAreNotShown(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, field, allowed string }{
		{"records: {database: 'mysql://bestbox@127.0.0.1/bestbox'}", "records.database", "postgres://"},
		{"records: {database: '/var/lib/records'}", "records.database", "postgres://"},
		{"records: {database: 'postgres://bestbox@127.0.0.1'}", "records.database", "5432/bestbox"},
		{"records: {database: 'postgres://bestbox:hunter2@127.0.0.1/bestbox'}", "records.database", "records.password_file"},
		{"records: {database: 'postgres://bestbox@127.0.0.1/bestbox?password=hunter2'}", "records.database", "records.password_file"},
		{"records: {database: 'postgres://bestbox:hunter2@[/bestbox'}", "records.database", "postgres://"},
		{"records: {database: 'postgres://bestbox@db.internal/bestbox'}", "records.database", "sslmode=verify-full"},
		{"records: {database: 'postgres://bestbox@127.0.0.1/bestbox?host=db.internal'}", "records.database", "sslmode=verify-full"},
		{"records: {database: '" + someDatabase + "', path: /x.db}", "records.path", "nothing beside"},
		{"records: {database: '" + someDatabase + "', transcript_path: /x.db}", "records.transcript_path", "nothing beside"},
		{"tenants: {acme: {database: 'postgres://acme:hunter2@127.0.0.1/acme'}}", "tenants.acme.database", "tenants.acme.password_file"},
		{"tenants: {acme: {database: '" + someDatabase + "', path: /x.db}}", "tenants.acme.path", "nothing beside"},
		{"tenants: {acme: {path: /x.db}, bolt: {path: /x.db}}", "tenants.bolt.path", "which tenants.acme.path does not use"},
		{"tenants: {default: {}}", "tenants", "not default"},
	} {
		_, err := load(t, test.text, "small", nil)
		if err == nil || !strings.Contains(err.Error(), test.field) || !strings.Contains(err.Error(), test.allowed) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v; want field %s, allowed %s", test.text, err, test.field, test.allowed)
		}
	}
	for _, text := range []string{"postgres://bestbox@db.internal/bestbox?sslmode=disable", "postgresql://bestbox@localhost/bestbox", "postgres://[::1]:5432/bestbox",
		"postgres:///bestbox?host=/var/run/postgresql"} {
		if _, err := load(t, "records: {database: '"+text+"'}", "small", nil); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
