// Package toolstest is what the tests of all areas of tools have in common: an area's tools over the demo company, and what holds for every tool.
// It is imported by tests only.
package toolstest

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
	"bestbox/tools"
)

// Question is a call of a tool. It is an alias so that tables of other packages may leave the fields' names out.
type Question = struct{ Tool, Arguments string }

// Area is an area of tools, as its package makes them.
type Area struct {
	make func(*records.DB) ([]*tools.Tool, error)
	// shared holds the tools over the shared companies, made once: compiling their schemas is the slow part.
	mutex  sync.Mutex
	shared map[string]Desk
}

// NewArea returns the area whose tools a function makes.
func NewArea(make func(*records.DB) ([]*tools.Tool, error)) *Area {
	return &Area{make: make, shared: map[string]Desk{}}
}

// Desk is a demo company with the tools of an area over it.
type Desk struct {
	*records.DB
	*tools.Registry
}

// OnEachStore runs a test that only reads, on every kind of database.
func (a *Area) OnEachStore(t *testing.T, test func(t *testing.T, d Desk)) {
	t.Helper()
	for _, store := range recordstest.Stores() {
		t.Run(store.Name, func(t *testing.T) {
			t.Parallel()
			test(t, a.reading(t, store))
		})
	}
}

// OwnOnEachStore runs a test that changes its company, on every kind of database.
func (a *Area) OwnOnEachStore(t *testing.T, test func(t *testing.T, d Desk)) {
	t.Helper()
	for _, store := range recordstest.Stores() {
		t.Run(store.Name, func(t *testing.T) {
			t.Parallel()
			test(t, Over(t, store, a.make))
		})
	}
}

// Reading returns the tools over the company that all tests may read, in the default kind of database.
func (a *Area) Reading(t testing.TB) Desk {
	t.Helper()
	return a.reading(t, recordstest.Stores()[0])
}

func (a *Area) reading(t testing.TB, store recordstest.Store) Desk {
	t.Helper()
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if d, known := a.shared[store.Name]; known {
		return d
	}
	db := store.Shared(t)
	a.shared[store.Name] = Desk{db, registry(t, db, a.make)}
	return a.shared[store.Name]
}

// Over returns tools over a company of the test's own.
func Over(t testing.TB, store recordstest.Store, make func(*records.DB) ([]*tools.Tool, error)) Desk {
	t.Helper()
	db := recordstest.Open(t, store.Copy(t))
	return Desk{db, registry(t, db, make)}
}

// Again returns the same company's tools as another worker has them.
func (a *Area) Again(t testing.TB, d Desk) Desk {
	t.Helper()
	db := recordstest.Open(t, d.Location())
	return Desk{db, registry(t, db, a.make)}
}

func registry(t testing.TB, db *records.DB, make func(*records.DB) ([]*tools.Tool, error)) *tools.Registry {
	t.Helper()
	list, err := make(db)
	if err != nil {
		t.Fatal(err)
	}
	made, err := tools.NewRegistry(list...)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// Tool returns a tool that must be there.
func (d Desk) Tool(t testing.TB, name string) *tools.Tool {
	t.Helper()
	tool, ok := d.Get(name)
	if !ok {
		t.Fatalf("there is no tool %s", name)
	}
	return tool
}

// Call runs a tool that reads, which must succeed, and decodes its data, when a place for it is given.
func (d Desk) Call(t testing.TB, name, arguments string, data any) []string {
	t.Helper()
	result, err := d.Tool(t, name).Call(t.Context(), json.RawMessage(arguments))
	return told(t, name, arguments, result, err, data)
}

// Preview says what a write would do, which must be possible.
func (d Desk) Preview(t testing.TB, name, arguments string) tools.Change {
	t.Helper()
	change, err := d.Tool(t, name).Preview(t.Context(), json.RawMessage(arguments))
	if err != nil {
		t.Fatalf("%s %s: %v", name, arguments, err)
	}
	return change
}

// Apply makes a change that must succeed, and decodes its data, when a place for it is given.
func (d Desk) Apply(t testing.TB, name, key, arguments string, data any) []string {
	t.Helper()
	result, err := d.Tool(t, name).Apply(t.Context(), key, json.RawMessage(arguments))
	return told(t, name, arguments, result, err, data)
}

func told(t testing.TB, name, arguments string, result tools.Result, err error, data any) []string {
	t.Helper()
	if err != nil {
		t.Fatalf("%s %s: %v", name, arguments, err)
	}
	Decode(t, result.Data, data)
	return result.Sentences
}

// Decode decodes the data of a result, when a place for it is given.
func Decode(t testing.TB, from json.RawMessage, into any) {
	t.Helper()
	if into == nil {
		return
	}
	if err := json.Unmarshal(from, into); err != nil {
		t.Fatalf("decode %s: %v", from, err)
	}
}

// Number reads one number from the records.
func (d Desk) Number(t testing.TB, query string, arguments ...any) (n int) {
	t.Helper()
	if err := d.SQL().QueryRowContext(t.Context(), query, arguments...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// Text reads one text from the records.
func (d Desk) Text(t testing.TB, query string, arguments ...any) (text string) {
	t.Helper()
	if err := d.SQL().QueryRowContext(t.Context(), query, arguments...).Scan(&text); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return text
}

// Execute changes the records behind the tools' backs.
func (d Desk) Execute(t testing.TB, statement string, arguments ...any) {
	t.Helper()
	if _, err := d.SQL().ExecContext(t.Context(), statement, arguments...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// Contents are all rows of tables, by the table, for tests that nothing or only one thing has changed.
func (d Desk) Contents(t testing.TB, tables ...string) map[string][]string {
	t.Helper()
	contents := map[string][]string{}
	for _, table := range tables {
		rows, err := d.rows(t, "SELECT * FROM "+table+" ORDER BY 1, 2")
		if err != nil {
			t.Fatalf("%s: %v", table, err)
		}
		contents[table] = rows
	}
	return contents
}

// Rows are the rows of a query as text, with a bar between the columns.
func (d Desk) Rows(t testing.TB, query string) []string {
	t.Helper()
	rows, err := d.rows(t, query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return rows
}

func (d Desk) rows(t testing.TB, query string) (all []string, err error) {
	t.Helper()
	found, err := d.SQL().QueryContext(t.Context(), query)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	columns, err := found.Columns()
	if err != nil {
		return nil, err
	}
	for found.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := found.Scan(into...); err != nil {
			return nil, err
		}
		texts := make([]string, len(row))
		for i, value := range row {
			texts[i] = fmt.Sprint(value)
		}
		all = append(all, strings.Join(texts, "|"))
	}
	return all, found.Err()
}
