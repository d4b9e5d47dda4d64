package workbench

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// now is when all of WorkBench's tasks happen, a Thursday.
const now = "2023-11-30 00:00:00"

// World is the state that tasks change: WorkBench's tables. The visits and the directory are only read.
type World struct {
	Events, Emails, Plots, Tasks, Customers Table

	Visits    Table
	Directory []string
}

// Table is one table; an empty cell is a missing value. The order of the rows is part of the state.
type Table struct {
	Columns []string
	Rows    [][]string
}

// sandboxFiles says which file holds which table, with the columns that are needed.
var sandboxFiles = []struct {
	file    string
	columns []string
	table   func(*World) *Table
}{
	{"calendar_events.csv", []string{"event_id", "event_name", "participant_email", "event_start", "duration"},
		func(w *World) *Table { return &w.Events }},
	{"emails.csv", []string{"email_id", "inbox/outbox", "sender/recipient", "subject", "sent_datetime", "body"},
		func(w *World) *Table { return &w.Emails }},
	{"project_tasks.csv", []string{"task_id", "task_name", "assigned_to_email", "list_name", "due_date", "board"},
		func(w *World) *Table { return &w.Tasks }},
	{"customer_relationship_manager_data.csv", []string{"customer_id", "assigned_to_email", "customer_name", "customer_email", "customer_phone",
		"last_contact_date", "product_interest", "status", "follow_up_by", "notes"}, func(w *World) *Table { return &w.Customers }},
	{"analytics_data.csv", []string{"date_of_visit", "visitor_id", "page_views", "session_duration_seconds", "traffic_source", "user_engaged"},
		func(w *World) *Table { return &w.Visits }},
}

// ReadWorld reads the tables of a folder that has WorkBench's layout.
func ReadWorld(folder fs.FS) (*World, error) {
	world := &World{Plots: Table{Columns: []string{"file_path"}}}
	for _, each := range sandboxFiles {
		rows, err := readCSV(folder, path.Join("sandbox", each.file))
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 || !slices.Equal(rows[0], each.columns) {
			return nil, fmt.Errorf("workbench: sandbox/%s: the first line must name the columns %s", each.file, strings.Join(each.columns, ", "))
		}
		*each.table(world) = Table{Columns: rows[0], Rows: rows[1:]}
	}
	addresses, err := readCSV(folder, "sandbox/email_addresses.csv")
	if err != nil {
		return nil, err
	}
	for _, address := range addresses {
		world.Directory = append(world.Directory, address[0])
	}
	return world, nil
}

func readCSV(folder fs.FS, name string) ([][]string, error) {
	file, err := folder.Open(name)
	if err != nil {
		return nil, fmt.Errorf("workbench: %w", err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("workbench: %s: %w", name, err)
	}
	return rows, nil
}

// Clone returns a world of its own with the same content.
func (w *World) Clone() *World {
	copied := *w
	for _, table := range copied.state() {
		rows := make([][]string, len(table.Rows))
		for index, row := range table.Rows {
			rows[index] = slices.Clone(row)
		}
		table.Rows = rows
	}
	return &copied
}

// state are the tables that the outcome of a task is judged by.
func (w *World) state() []*Table {
	return []*Table{&w.Events, &w.Emails, &w.Plots, &w.Tasks, &w.Customers}
}

// Same compares two states cell by cell. Only the columns that are written by choice from a list keep their case where ignoreCase is set.
func (w *World) Same(other *World, ignoreCase bool) bool {
	theirs := other.state()
	for index, table := range w.state() {
		same := slices.EqualFunc(table.Rows, theirs[index].Rows, func(a, b []string) bool {
			for column, name := range table.Columns {
				exact := !ignoreCase || name == "status" || name == "list_name" || name == "board"
				if a[column] != b[column] && (exact || !strings.EqualFold(a[column], b[column])) {
					return false
				}
			}
			return true
		})
		if !same {
			return false
		}
	}
	return true
}

// column returns the position of a column, which must exist.
func (t *Table) column(name string) int {
	at := slices.Index(t.Columns, name)
	if at < 0 {
		panic("workbench: no column " + name)
	}
	return at
}

// find returns the position of the row whose first cell is id, or -1.
func (t *Table) find(id string) int {
	return slices.IndexFunc(t.Rows, func(row []string) bool { return row[0] == id })
}

// largestID is the highest number among the first cells.
func (t *Table) largestID() int {
	largest := 0
	for _, row := range t.Rows {
		if number, err := strconv.Atoi(row[0]); err == nil {
			largest = max(largest, number)
		}
	}
	return largest
}

// where returns the rows that a condition holds for, in the order of the table.
func (t *Table) where(holds func(cell func(column string) string) bool) [][]string {
	var found [][]string
	for _, row := range t.Rows {
		if holds(func(column string) string { return row[t.column(column)] }) {
			found = append(found, row)
		}
	}
	return found
}
