package crm

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"bestbox/internal/records"
	"bestbox/tools"
)

// company opens one demo database for all tests that only read.
var company = sync.OnceValues(func() (*records.DB, error) {
	folder, err := os.MkdirTemp("", "crm-test-")
	if err != nil {
		return nil, err
	}
	cleanUp = func() { _ = os.RemoveAll(folder) }
	return records.Open(context.Background(), filepath.Join(folder, "records.db"))
})

var cleanUp = func() {}

func TestMain(m *testing.M) {
	code := m.Run()
	cleanUp()
	os.Exit(code)
}

// everyTool holds the tools over the demo company, made once: compiling their schemas is the slow part.
var everyTool = sync.OnceValues(func() (*tools.Registry, error) {
	db, err := company()
	if err != nil {
		return nil, err
	}
	return registryOver(db)
})

func registryOver(db *records.DB) (*tools.Registry, error) {
	list, err := Tools(db)
	if err != nil {
		return nil, err
	}
	return tools.NewRegistry(list...)
}

// registry returns all tools over the demo company.
func registry(t testing.TB) *tools.Registry {
	t.Helper()
	r, err := everyTool()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// own opens a database that a test may change, a copy of the demo company.
func own(t testing.TB) (*records.DB, *tools.Registry) {
	t.Helper()
	source, err := company()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "records.db")
	if _, err := source.SQL().Exec("VACUUM INTO ?", path); err != nil {
		t.Fatal(err)
	}
	db, err := records.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	r, err := registryOver(db)
	if err != nil {
		t.Fatal(err)
	}
	return db, r
}

// call runs a tool that reads and decodes its data, when a place for it is given.
func call(t testing.TB, name, arguments string, data any) []string {
	t.Helper()
	result, err := toolOf(t, registry(t), name).Call(t.Context(), json.RawMessage(arguments))
	if err != nil {
		t.Fatalf("%s %s: %v", name, arguments, err)
	}
	decode(t, result.Data, data)
	return result.Sentences
}

func toolOf(t testing.TB, r *tools.Registry, name string) *tools.Tool {
	t.Helper()
	tool, ok := r.Get(name)
	if !ok {
		t.Fatalf("there is no tool %s", name)
	}
	return tool
}

func decode(t testing.TB, from json.RawMessage, data any) {
	t.Helper()
	if data == nil {
		return
	}
	if err := json.Unmarshal(from, data); err != nil {
		t.Fatalf("decode %s: %v", from, err)
	}
}

func TestToolsNeedADatabase(t *testing.T) {
	t.Parallel()
	if _, err := Tools(nil); err == nil {
		t.Error("tools without a database were made")
	}
}
