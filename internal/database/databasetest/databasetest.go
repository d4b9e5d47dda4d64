// Package databasetest gives tests an empty database of each kind. It is imported by tests only.
package databasetest

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"bestbox/internal/database"
	"bestbox/internal/postgrestest"
)

// Kind is a kind of database. Where there is no PostgreSQL, its tests are skipped.
type Kind struct {
	Name string
	// Empty returns a place in which nothing is yet. It is gone when the test ends.
	Empty func(t testing.TB) database.Location
}

// Kinds are all kinds.
func Kinds() []Kind { return []Kind{{"sqlite", File}, {"postgresql", Schema}} }

// File is a new SQLite file.
func File(t testing.TB) database.Location {
	t.Helper()
	return database.Location{Path: filepath.Join(t.TempDir(), "a folder", "test.db"), Setting: "test.path"}
}

// Schema is a schema of the shared PostgreSQL server that is not yet there.
func Schema(t testing.TB) database.Location {
	t.Helper()
	server := postgrestest.Shared(t)
	location := InDatabase(server, "postgres")
	location.Schema = fmt.Sprintf("test_%d", schemas.Add(1))
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if err := server.ExecuteIn(ctx, "postgres", "DROP SCHEMA IF EXISTS "+location.Schema+" CASCADE"); err != nil {
			t.Error(err)
		}
	})
	return location
}

// schemas counts those that were given away, for their names.
var schemas atomic.Int64

// InDatabase is a schema of a database of a server.
func InDatabase(server *postgrestest.Server, name string) database.Location {
	return database.Location{URL: server.URL(postgrestest.Admin, name), PasswordFile: server.PasswordFile(), Schema: "test", Setting: "test.database"}
}

// OnEach runs a test on an empty database of each kind.
func OnEach(t *testing.T, test func(t *testing.T, empty database.Location)) {
	t.Helper()
	for _, kind := range Kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			test(t, kind.Empty(t))
		})
	}
}

// Together runs so many processes side by side, and returns what each has printed. One that fails is an error of the test.
func Together(t *testing.T, count int, process func() *exec.Cmd) []string {
	t.Helper()
	commands, outputs := make([]*exec.Cmd, count), make([]strings.Builder, count)
	for i := range commands {
		commands[i] = process()
		commands[i].Stdout = &outputs[i]
		if err := commands[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	printed := make([]string, count)
	for i, command := range commands {
		err := command.Wait()
		if printed[i] = outputs[i].String(); err != nil {
			t.Errorf("process %d: %v, printed %q", i, err, printed[i])
		}
	}
	return printed
}
