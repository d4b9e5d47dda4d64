package oa

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"bestbox/internal/records"
	"bestbox/tools"
)

// company opens one demo database for all tests that only read.
var company = sync.OnceValues(func() (*records.DB, error) {
	folder, err := os.MkdirTemp("", "oa-test-")
	if err != nil {
		return nil, err
	}
	cleanUp = func() { _ = os.RemoveAll(folder) }
	return records.Open(context.Background(), filepath.Join(folder, "records.db"))
})

var cleanUp = func() {}

func TestMain(m *testing.M) {
	if what := os.Getenv(killEnvironment); what != "" {
		os.Exit(sendAsWorker(what))
	}
	code := m.Run()
	cleanUp()
	os.Exit(code)
}

// fresh is the file of a demo company, for the tests that write.
var fresh = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "oa-fresh-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	path := filepath.Join(folder, "records.db")
	db, err := records.Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// desk is an office of a test's own.
type desk struct {
	t        testing.TB
	db       *records.DB
	registry *tools.Registry
	folder   string
}

func newDesk(t testing.TB, options Options) desk {
	t.Helper()
	content, err := fresh()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "records.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := records.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return desk{t, db, registryOf(t, db, options), filepath.Join(folder, "documents")}
}

func registryOf(t testing.TB, db *records.DB, options Options) *tools.Registry {
	t.Helper()
	list, err := options.Tools(db)
	if err != nil {
		t.Fatal(err)
	}
	r, err := tools.NewRegistry(list...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (d desk) tool(name string) *tools.Tool {
	d.t.Helper()
	tool, ok := d.registry.Get(name)
	if !ok {
		d.t.Fatalf("there is no tool %s", name)
	}
	return tool
}

// apply makes a change that must succeed.
func (d desk) apply(name, key, arguments string, data any) []string {
	d.t.Helper()
	result, err := d.tool(name).Apply(d.t.Context(), key, json.RawMessage(arguments))
	if err != nil {
		d.t.Fatalf("%s %s: %v", name, arguments, err)
	}
	decode(d.t, result.Data, data)
	return result.Sentences
}

func (d desk) preview(name, arguments string) tools.Change {
	d.t.Helper()
	change, err := d.tool(name).Preview(d.t.Context(), json.RawMessage(arguments))
	if err != nil {
		d.t.Fatalf("%s %s: %v", name, arguments, err)
	}
	return change
}

func (d desk) call(name, arguments string, data any) []string {
	d.t.Helper()
	result, err := d.tool(name).Call(d.t.Context(), json.RawMessage(arguments))
	if err != nil {
		d.t.Fatalf("%s %s: %v", name, arguments, err)
	}
	decode(d.t, result.Data, data)
	return result.Sentences
}

func decode(t testing.TB, data json.RawMessage, into any) {
	t.Helper()
	if into == nil {
		return
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("decode %s: %v", data, err)
	}
}

func (d desk) count(query string, arguments ...any) (n int) {
	d.t.Helper()
	if err := d.db.SQL().QueryRowContext(d.t.Context(), query, arguments...).Scan(&n); err != nil {
		d.t.Fatalf("%s: %v", query, err)
	}
	return n
}

func (d desk) exec(statement string, arguments ...any) {
	d.t.Helper()
	if _, err := d.db.SQL().ExecContext(d.t.Context(), statement, arguments...); err != nil {
		d.t.Fatalf("%s: %v", statement, err)
	}
}

// contents is everything in the tables that tools change, for tests that nothing has changed.
func (d desk) contents() string {
	d.t.Helper()
	var all strings.Builder
	for _, table := range []string{"calendar_events", "calendar_attendees", "leave_requests", "company_documents", "mail_drafts", "mail_draft_recipients",
		"mail_deliveries", "reminders", "effects"} {
		var text sql.NullString
		columns := `(SELECT group_concat('quote("' || name || '")', ' || ') FROM pragma_table_info(?))`
		var list string
		if err := d.db.SQL().QueryRowContext(d.t.Context(), "SELECT "+columns, table).Scan(&list); err != nil {
			d.t.Fatal(err)
		}
		if err := d.db.SQL().QueryRowContext(d.t.Context(), "SELECT group_concat(line, char(10)) FROM (SELECT "+list+" AS line FROM "+table+" ORDER BY 1)").Scan(&text); err != nil {
			d.t.Fatal(err)
		}
		all.WriteString(table + "\n" + text.String + "\n")
	}
	return all.String()
}

// reading holds the tools over the shared demo company.
var reading = sync.OnceValues(func() (*tools.Registry, error) {
	db, err := company()
	if err != nil {
		return nil, err
	}
	list, err := Options{}.Tools(db)
	if err != nil {
		return nil, err
	}
	return tools.NewRegistry(list...)
})

// reader is a desk over the shared demo company, for tests that only read.
func reader(t testing.TB) desk {
	t.Helper()
	db, err := company()
	if err != nil {
		t.Fatal(err)
	}
	registry, err := reading()
	if err != nil {
		t.Fatal(err)
	}
	return desk{t: t, db: db, registry: registry}
}

// refused wants an *ArgumentError about a field.
func refused(t testing.TB, err error, field, holds string) {
	t.Helper()
	var wrong *tools.ArgumentError
	if !errors.As(err, &wrong) {
		t.Errorf("got %v, want an error about the argument %s", err, field)
		return
	}
	if wrong.Field != field || !strings.Contains(err.Error(), holds) {
		t.Errorf("got %v (field %s), want field %s and %q", err, wrong.Field, field, holds)
	}
}
