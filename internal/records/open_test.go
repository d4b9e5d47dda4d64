package records

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"bestbox/internal/records/demo"
)

// openEnvironment makes the test binary open the database it names, count the orders and exit: the tests of several
// processes start it that way.
const openEnvironment = "RECORDS_TEST_OPEN"

func TestMain(m *testing.M) {
	if path := os.Getenv(openEnvironment); path != "" {
		os.Exit(openAndCount(path))
	}
	os.Exit(m.Run())
}

func openAndCount(path string) int {
	db, err := Open(context.Background(), path)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	var orders, companies int
	err = db.SQL().QueryRow("SELECT (SELECT count(*) FROM purchase_orders), (SELECT count(*) FROM company)").Scan(&orders, &companies)
	fmt.Println(orders, companies, err)
	if err != nil || db.Close() != nil {
		return 1
	}
	return 0
}

func opened(t *testing.T, path string) *DB {
	t.Helper()
	db, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// template is the file of a fresh demo company, for the tests that only need one.
var template = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "records-test-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	path := filepath.Join(folder, "records.db")
	db, err := Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// seeded returns the path of a file of its own with the demo company.
func seeded(t *testing.T) string {
	t.Helper()
	content, err := template()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "records.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func count(t *testing.T, db *DB, query string) (n int) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *sql.Tx) error { return tx.QueryRow(query).Scan(&n) })
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func TestANewFileHoldsEveryRowOfTheDemoCompany(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new folder", "50% of ?what#.db")
	db := opened(t, path)
	if got := db.Today().Format("2006-01-02"); got != "2026-01-15" {
		t.Errorf("today is %s", got)
	}
	for _, p := range parts {
		rows := reflect.ValueOf(p.rows(demo.Generate()))
		for i := range rows.NumField() {
			table := rows.Type().Field(i).Tag.Get("table")
			if got, want := count(t, db, "SELECT count(*) FROM "+table), rows.Field(i).Len(); got != want {
				t.Errorf("%s holds %d rows, want %d", table, got, want)
			}
		}
	}
	if n := count(t, db, "SELECT count(*) FROM pragma_foreign_key_check"); n != 0 {
		t.Errorf("%d rows refer to nothing", n)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, %v", info.Mode(), err)
	}
}

func TestProcessesThatOpenANewFileTogetherSeedItOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "records.db")
	want := fmt.Sprintf("%d 1 <nil>\n", len(demo.Generate().PurchaseOrders))
	commands := make([]*exec.Cmd, 4)
	outputs := make([]strings.Builder, len(commands))
	for i := range commands {
		commands[i] = exec.CommandContext(t.Context(), os.Args[0])
		commands[i].Env = append(os.Environ(), openEnvironment+"="+path)
		commands[i].Stdout = &outputs[i]
		if err := commands[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	for i, command := range commands {
		if err := command.Wait(); err != nil || outputs[i].String() != want {
			t.Errorf("process %d: %v, printed %q, want %q", i, err, outputs[i].String(), want)
		}
	}
}

func TestOpeningAgainKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	path := seeded(t)
	first := opened(t, path)
	if _, err := first.SQL().Exec("UPDATE vendors SET name = 'Changed' WHERE id = 'VND-002'"); err != nil {
		t.Fatal(err)
	}
	second := opened(t, path)
	if n := count(t, second, "SELECT count(*) FROM vendors WHERE name = 'Changed'"); n != 1 {
		t.Error("opening again has overwritten a row")
	}
	if n := count(t, second, "SELECT count(*) FROM company"); n != 1 {
		t.Errorf("opening again has seeded again: %d companies", n)
	}
}

func TestReadsCannotWriteAndSeeOneState(t *testing.T) {
	t.Parallel()
	db := opened(t, seeded(t))
	err := db.Read(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec("DELETE FROM budgets")
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "readonly") {
		t.Errorf("a write inside Read gave %v", err)
	}
	err = db.Read(t.Context(), func(tx *sql.Tx) error {
		var before, after int
		if err := tx.QueryRow("SELECT count(*) FROM budgets").Scan(&before); err != nil {
			return err
		}
		if _, err := db.SQL().Exec("DELETE FROM budgets"); err != nil {
			return err
		}
		if err := tx.QueryRow("SELECT count(*) FROM budgets").Scan(&after); err != nil {
			return err
		}
		if before == 0 || before != after {
			t.Errorf("the same read saw %d and then %d budgets", before, after)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestForeignKeysAreEnforced(t *testing.T) {
	t.Parallel()
	db := opened(t, seeded(t))
	_, err := db.SQL().Exec("INSERT INTO reorder_points VALUES ('WH-999', 'A-100', 5)")
	if err == nil || !strings.Contains(err.Error(), "FOREIGN KEY") {
		t.Errorf("got %v", err)
	}
}

func TestFilesThatCannotBeUsedAreNamedWithAWayOut(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	text := filepath.Join(folder, "notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := seeded(t)
	db := opened(t, newer)
	if _, err := db.SQL().Exec("PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct{ path, want string }{
		"empty path":     {"", "set records.path"},
		"not a database": {text, "move that file away"},
		"newer version":  {newer, "use the newer program"},
		"a folder":       {folder, "is a directory"},
		"under a file":   {filepath.Join(text, "records.db"), "not a directory"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Open(t.Context(), c.path)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.path) {
				t.Errorf("got %v, want %q and the path", err, c.want)
			}
		})
	}
	if content, err := os.ReadFile(text); err != nil || !strings.HasPrefix(string(content), "not a database") {
		t.Error("the text file was changed")
	}
}

func TestOpenStopsWhenItIsCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, filepath.Join(t.TempDir(), "records.db")); err == nil {
		t.Error("a cancelled Open succeeded")
	}
}
