package database_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bestbox/internal/database"
	"bestbox/internal/database/databasetest"
	"bestbox/internal/postgrestest"
)

const rolesPassword = "open sesame"

// passwordFile holds a password as an editor writes it.
func passwordFile(t *testing.T, password string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEveryConnectionToAServerIsDurableWhateverTheRoleIsUsedTo(t *testing.T) {
	t.Parallel()
	server := postgrestest.Shared(t)
	name := server.Database(t, "")
	server.Execute(t, "postgres", "ALTER DATABASE "+name+" SET synchronous_commit = off", "ALTER DATABASE "+name+" SET search_path = public",
		"ALTER DATABASE "+name+" SET default_transaction_isolation = 'repeatable read'")
	location := databasetest.InDatabase(server, name)
	location.URL += "&search_path=public&synchronous_commit=off"
	db := opened(t, location, notes())
	for pool, connections := range map[string]*sql.DB{"writer": db.Writer(), "reader": db.Reader()} {
		for setting, want := range map[string]string{"synchronous_commit": "on", "search_path": `"test"`, "transaction_isolation": "read committed",
			"application_name": "bestbox", "lock_timeout": "20s", "idle_in_transaction_session_timeout": "30s",
			"transaction_read_only": map[string]string{"writer": "off", "reader": "on"}[pool]} {
			if got := text(t, connections, "SHOW "+setting); got != want {
				t.Errorf("%s: %s is %q, want %q", pool, setting, got, want)
			}
		}
	}
}

func TestServersThatCannotBeUsedAreNamedWithAWayOutAndWithoutThePassword(t *testing.T) {
	t.Parallel()
	server := postgrestest.Shared(t)
	name := server.Database(t, "")
	latin := "latin_" + name
	server.Execute(t, "postgres", "CREATE ROLE guest_"+name+" LOGIN PASSWORD '"+rolesPassword+"'",
		"CREATE DATABASE "+latin+" ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
	server.Execute(t, name, "CREATE SCHEMA theirs")
	right := passwordFile(t, rolesPassword)
	for what, c := range map[string]struct {
		role, database, schema, password string
		want                             []string
	}{
		"no such database":     {"guest_" + name, "nowhere", "test", right, []string{"createdb", "test.database"}},
		"wrong password":       {"guest_" + name, name, "test", passwordFile(t, "wrong word"), []string{"password"}},
		"no password file":     {"guest_" + name, name, "test", filepath.Join(t.TempDir(), "none"), []string{"none", "no such file"}},
		"no right to create":   {"guest_" + name, name, "test", right, []string{"permission denied", "docs/operations.md"}},
		"no right to a schema": {"guest_" + name, name, "theirs", right, []string{"GRANT USAGE ON SCHEMA"}},
		"another encoding":     {postgrestest.Admin, latin, "test", server.PasswordFile(), []string{"LATIN1", "UTF8"}},
	} {
		location := database.Location{URL: server.URL(c.role, c.database), PasswordFile: c.password, Schema: c.schema, Setting: "test.database"}
		_, err := database.Open(t.Context(), location, notes())
		if err == nil || !strings.Contains(err.Error(), server.Address()+"/"+c.database) {
			t.Errorf("%s: %v", what, err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v does not say %q", what, err, want)
			}
		}
		if strings.Contains(err.Error(), rolesPassword) || strings.Contains(err.Error(), "wrong word") {
			t.Errorf("%s: the password is in the error: %v", what, err)
		}
	}
}

// TestATenantsRoleCannotReadAnotherTenantsRows gives each tenant a schema and a role that has rights only there.
func TestATenantsRoleCannotReadAnotherTenantsRows(t *testing.T) {
	t.Parallel()
	server := postgrestest.Shared(t)
	name := server.Database(t, "")
	dbs := map[string]*database.DB{}
	for _, tenant := range []string{"acme", "bolt"} {
		role := tenant + "_" + name
		server.Execute(t, name, "CREATE ROLE "+role+" LOGIN PASSWORD '"+rolesPassword+"'", "CREATE SCHEMA "+tenant+" AUTHORIZATION "+role)
		dbs[tenant] = opened(t, database.Location{URL: server.URL(role, name), PasswordFile: passwordFile(t, rolesPassword), Schema: tenant}, notes())
		if _, err := dbs[tenant].Writer().Exec("INSERT INTO notes VALUES (?)", "secret of "+tenant); err != nil {
			t.Fatal(err)
		}
	}
	for tenant, db := range dbs {
		if got := text(t, db.Reader(), "SELECT max(text) FROM notes"); got != "secret of "+tenant {
			t.Errorf("%s reads %q", tenant, got)
		}
		other := map[string]string{"acme": "bolt", "bolt": "acme"}[tenant]
		for _, attempt := range []string{"SELECT * FROM " + other + ".notes", "DELETE FROM " + other + ".notes", "SET search_path = " + other + "; SELECT * FROM notes",
			"CREATE TABLE " + other + ".x (y INTEGER)"} {
			if _, err := db.Writer().Exec(attempt); err == nil {
				t.Errorf("%s: %s was allowed", tenant, attempt)
			}
		}
	}
}

func TestARoleThatMayOnlyUseTheTablesCanOpenThemOnceTheyAreThere(t *testing.T) {
	t.Parallel()
	server := postgrestest.Shared(t)
	name := server.Database(t, "")
	opened(t, databasetest.InDatabase(server, name), notes())
	role := "user_" + name
	server.Execute(t, name, "CREATE ROLE "+role+" LOGIN PASSWORD '"+rolesPassword+"'", "GRANT USAGE ON SCHEMA test TO "+role,
		"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA test TO "+role)
	db := opened(t, database.Location{URL: server.URL(role, name), PasswordFile: passwordFile(t, rolesPassword), Schema: "test"}, notes())
	if n := number(t, db.Reader(), "SELECT count(*) FROM notes"); n != 1 {
		t.Errorf("%d rows", n)
	}
}

func TestANameOfASchemaIsTakenAsItIs(t *testing.T) {
	t.Parallel()
	location := databasetest.Schema(t)
	location.Schema = `odd "name", public; DROP`
	if n := number(t, opened(t, location, notes()).Reader(), "SELECT count(*) FROM notes"); n != 1 {
		t.Errorf("%d rows", n)
	}
}

// TestAServerThatIsLostIsAnErrorAndThenWorksAgain crashes the server under an open database.
func TestAServerThatIsLostIsAnErrorAndThenWorksAgain(t *testing.T) {
	t.Parallel()
	server := postgrestest.New(t)
	name, err := server.Create(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	db := opened(t, databasetest.InDatabase(server, name), notes())
	write := func(tx *sql.Tx) error { _, err := tx.Exec("INSERT INTO notes VALUES ('x')"); return err }
	lost := map[string]error{
		"a write while it crashes": db.Write(t.Context(), "", func(tx *sql.Tx) error {
			server.Kill()
			return write(tx)
		}),
		"a write": db.Write(t.Context(), "", write),
		"a read":  db.Read(t.Context(), func(*sql.Tx) error { return nil }),
		"a ping":  db.Ping(t.Context()),
	}
	for what, err := range lost {
		if err == nil || !strings.Contains(err.Error(), server.Address()) {
			t.Errorf("%s: %v", what, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := database.Open(ctx, db.Location(), notes()); err == nil {
		t.Error("a server that is not there was opened")
	}
	opening := make(chan error, 1)
	go func() { // a worker that starts before the server does
		late, err := database.Open(t.Context(), db.Location(), notes())
		if err == nil {
			err = late.Close()
		}
		opening <- err
	}()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if err := <-opening; err != nil {
		t.Error(err)
	}
	if err := db.Write(t.Context(), "", write); err != nil {
		t.Error(err)
	}
	if n := number(t, db.Reader(), "SELECT count(*) FROM notes"); n != 2 {
		t.Errorf("%d rows, want the first and that of the last write", n)
	}
}

func TestADatabaseThatIsReadOnlyIsAnErrorWithAWayOut(t *testing.T) {
	t.Parallel()
	server := postgrestest.Shared(t)
	name := server.Database(t, "")
	location := databasetest.InDatabase(server, name)
	opened(t, location, notes())
	server.Execute(t, "postgres", "ALTER DATABASE "+name+" SET default_transaction_read_only = on")
	_, err := database.Open(t.Context(), location, notes())
	if err == nil || !strings.Contains(err.Error(), "standby") || !strings.Contains(err.Error(), "test.database") {
		t.Errorf("got %v", err)
	}
}

func TestTheLockOfAnotherThingIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	db := opened(t, databasetest.Schema(t), notes())
	err := db.Write(t.Context(), "one", func(*sql.Tx) error {
		return db.Write(t.Context(), "two", func(tx *sql.Tx) error { _, err := tx.Exec("INSERT INTO tags VALUES ('x')"); return err })
	})
	if err != nil {
		t.Error(err)
	}
}

// TestTwoWritesThatBlockEachOtherAreBothMade has two writes keep the same two rows in another order.
func TestTwoWritesThatBlockEachOtherAreBothMade(t *testing.T) {
	t.Parallel()
	db := opened(t, databasetest.Schema(t), notes())
	both := make(chan struct{})
	meet := func() {
		select {
		case both <- struct{}{}:
		case <-both:
		case <-time.After(time.Second): // the other one has lost already
		}
	}
	done := make(chan error)
	for about, tags := range map[string][2]string{"one": {"a", "b"}, "two": {"b", "a"}} {
		go func() {
			done <- db.Write(t.Context(), about, func(tx *sql.Tx) error {
				for i, tag := range tags {
					if i == 1 {
						meet()
					}
					if _, err := tx.Exec("INSERT INTO tags VALUES (?) ON CONFLICT DO NOTHING", tag); err != nil {
						return err
					}
				}
				return nil
			})
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := number(t, db.Reader(), "SELECT count(*) FROM tags"); n != 2 {
		t.Errorf("%d tags", n)
	}
}

// TestAFullDiskIsAnErrorWithAWayOut has the server raise what it raises when it finds no room.
func TestAFullDiskIsAnErrorWithAWayOut(t *testing.T) {
	t.Parallel()
	db := opened(t, databasetest.Schema(t), notes())
	err := db.Write(t.Context(), "", func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO notes VALUES ('x'); DO 'BEGIN RAISE disk_full; END'")
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "free some disk space") {
		t.Errorf("got %v", err)
	}
	if n := number(t, db.Reader(), "SELECT count(*) FROM notes"); n != 1 {
		t.Errorf("%d rows", n)
	}
}

// TestTextsAreComparedByteByByte holds that no text is compared in a language's order, which a server may have been set up with.
func TestTextsAreComparedByteByByte(t *testing.T) {
	t.Parallel()
	db := opened(t, databasetest.Schema(t), notes())
	const others = `SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_collation k ON k.oid = a.attcollation
		WHERE c.relnamespace = current_schema()::regnamespace AND a.atttypid = 'text'::regtype AND k.collname IS DISTINCT FROM 'C'`
	if n := number(t, db.Reader(), others); n != 0 {
		t.Errorf("%d columns of texts are compared in another order", n)
	}
	if n := number(t, db.Reader(), "SELECT count(*) FROM pg_attribute WHERE attrelid = 'notes'::regclass AND attcollation <> 0"); n != 1 {
		t.Errorf("the query finds %d columns of texts", n)
	}
}
