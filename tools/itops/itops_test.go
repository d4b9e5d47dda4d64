package itops

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
	folder, err := os.MkdirTemp("", "itops-test-")
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
	list, err := Tools(db)
	if err != nil {
		return nil, err
	}
	return tools.NewRegistry(list...)
})

// registry returns all tools over the demo company.
func registry(t testing.TB) *tools.Registry {
	t.Helper()
	r, err := everyTool()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// call runs a tool and decodes its data, when a place for it is given.
func call(t testing.TB, name, arguments string, data any) []string {
	t.Helper()
	tool, ok := registry(t).Get(name)
	if !ok {
		t.Fatalf("there is no tool %s", name)
	}
	result, err := tool.Call(t.Context(), json.RawMessage(arguments))
	if err != nil {
		t.Fatalf("%s %s: %v", name, arguments, err)
	}
	if data != nil {
		if err := json.Unmarshal(result.Data, data); err != nil {
			t.Fatalf("%s %s: decode %s: %v", name, arguments, result.Data, err)
		}
	}
	return result.Sentences
}

// ownTools are the tools over a database that the test may change.
func ownTools(t testing.TB) (*records.DB, *tools.Registry) {
	t.Helper()
	db, err := records.Open(t.Context(), filepath.Join(t.TempDir(), "records.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db, toolsOver(t, db)
}

func toolsOver(t testing.TB, db *records.DB) *tools.Registry {
	t.Helper()
	list, err := Tools(db)
	if err != nil {
		t.Fatal(err)
	}
	r, err := tools.NewRegistry(list...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// diagnosed runs diagnose_fault of one registry.
func diagnosed(t testing.TB, r *tools.Registry, component string) (out Diagnosis) {
	t.Helper()
	tool, _ := r.Get("diagnose_fault")
	result, err := tool.Call(t.Context(), json.RawMessage(`{"component_id":"`+component+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(result.Data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
