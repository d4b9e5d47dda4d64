package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"bestbox/internal/database"
	"bestbox/internal/postgrestest"
	"bestbox/internal/programtest"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
	"bestbox/internal/transcript"
)

// inFiles makes a company that has worked on files: one change of the records, one message, an approval that waits.
func (i *installation) inFiles() {
	i.t.Helper()
	company := recordstest.Open(i.t, database.Location{Path: filepath.Join(i.state, "records.db")})
	if _, err := company.SQL().Exec("UPDATE company SET name = 'Moved Ltd 迁移'"); err != nil {
		i.t.Fatal(err)
	}
	store, err := transcript.Open(i.t.Context(), database.Location{Path: filepath.Join(i.state, "transcript.db")})
	if err != nil {
		i.t.Fatal(err)
	}
	defer store.Close()
	message, err := transcript.NewMessage("question", "How many?")
	if err != nil {
		i.t.Fatal(err)
	}
	if _, err := store.Apply(i.t.Context(), transcript.Change{Session: "s", Run: "r", Key: "k", Messages: []transcript.Message{message},
		Approvals: []transcript.ApprovalChange{{Call: "1.1", Request: "may I?"}}, Outcome: func(head transcript.Head) any { return head }}, new(transcript.Head)); err != nil {
		i.t.Fatal(err)
	}
}

func TestImportCopiesEverythingOnceAndLeavesTheFiles(t *testing.T) {
	t.Parallel()
	server := postgrestest.Shared(t)
	i := newInstallation(t, address(programtest.FreePort(t)), false)
	name := server.Database(t, "")
	i.useServer(server, name)
	i.inFiles()
	first := i.worker("import")
	if first.code != 0 || !strings.Contains(first.stdout, "records: ") || !strings.Contains(first.stdout, "transcripts: 4 rows of 5 tables") {
		t.Fatalf("%+v", first)
	}
	if again := i.worker("import"); again.code != 0 || strings.Count(again.stdout, "left alone") != 2 {
		t.Errorf("the second time: %+v", again)
	}
	where := database.Location{URL: server.URL(postgrestest.Admin, name), PasswordFile: server.PasswordFile(), Schema: "records"}
	moved, file := recordstest.Open(t, where), recordstest.Open(t, database.Location{Path: filepath.Join(i.state, "records.db")})
	for _, query := range []string{"SELECT name FROM company", "SELECT count(*) FROM stock_movements", "SELECT sum(value) FROM metric_samples", "SELECT count(*) FROM deal_stages",
		"SELECT count(*) FROM demo_parts", "SELECT max(id) FROM employees WHERE manager_id IS NOT NULL"} {
		if a, b := cell(t, moved, query), cell(t, file, query); a != b || a == "" {
			t.Errorf("%s: %s, in the file %s", query, a, b)
		}
	}
	where.Schema = "transcript"
	store, err := transcript.Open(t.Context(), where)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	var head transcript.Head
	if found, err := store.Outcome(t.Context(), "r", "k", &head); !found || err != nil {
		t.Fatalf("%v, %v", found, err)
	}
	if messages, err := store.Read(t.Context(), "s", head); err != nil || len(messages) != 1 || string(messages[0].Body) != `"How many?"` {
		t.Errorf("%v, %v", messages, err)
	}
	if waiting, err := store.Waiting(t.Context(), 10); err != nil || len(waiting) != 1 {
		t.Errorf("%v, %v", waiting, err)
	}
}

func cell(t *testing.T, db *records.DB, query string) string {
	t.Helper()
	var value any
	if err := db.SQL().QueryRow(query).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return fmt.Sprint(value)
}

func TestImportThatCannotBeSaysWhy(t *testing.T) {
	t.Parallel()
	server := postgrestest.Shared(t)
	i := newInstallation(t, address(programtest.FreePort(t)), false)
	i.worker("import").wantMessage(t, exitBadInput, "nothing to import", "records.database")
	i.worker("import", "--records", sharedRecords).wantMessage(t, exitBadInput, "records.database is empty")
	i.useServer(server, server.Database(t, ""))
	i.worker("import", "--records", filepath.Join(i.state, "nowhere.db")).wantMessage(t, exitBadInput, "nowhere.db")
	words := filepath.Join(t.TempDir(), "words.db")
	i.write(words, strings.Repeat("no database ", 1000))
	i.worker("import", "--records", words).wantMessage(t, exitFailed, "words.db", "not a database")
}
