package records_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"bestbox/internal/database"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
)

// workerEnvironment makes the test program another worker on the records that it names in JSON: it opens them and counts the orders, or makes one
// change, or stays inside of a write until it is killed.
const (
	workerEnvironment = "RECORDS_TEST_WORKER"
	onceEnvironment   = "RECORDS_TEST_ONCE"
	killEnvironment   = "RECORDS_TEST_KILL"
)

func TestMain(m *testing.M) {
	if place := os.Getenv(workerEnvironment); place != "" {
		if err := work(place); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(recordstest.Run(m))
}

func work(place string) error {
	var location database.Location
	if err := json.Unmarshal([]byte(place), &location); err != nil {
		return err
	}
	db, err := records.Open(context.Background(), location)
	if err != nil {
		return err
	}
	if os.Getenv(onceEnvironment) != "" {
		out, err := records.Once(context.Background(), db, orderEffect("run/1.1"), issue)
		fmt.Println(out.Times, err)
		return db.Close()
	}
	if at := os.Getenv(killEnvironment); at != "" {
		_, err := records.Once(context.Background(), db, orderEffect("run/1.1"), func(tx *sql.Tx) (moved, error) {
			if at == "before the change" {
				hang()
			}
			out, err := issue(tx)
			if at == "after the change" {
				hang()
			}
			return out, err
		})
		fmt.Println("written", err)
		select {}
	}
	var orders, companies int
	err = db.SQL().QueryRow("SELECT (SELECT count(*) FROM purchase_orders), (SELECT count(*) FROM company)").Scan(&orders, &companies)
	fmt.Println(orders, companies, err)
	return db.Close()
}

// hang says where the worker is and waits for its end.
func hang() {
	fmt.Println("inside")
	select {}
}

// worker is the command that makes the test program a worker on records.
func worker(t *testing.T, location database.Location, environment ...string) *exec.Cmd {
	t.Helper()
	place, err := json.Marshal(location)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(append(os.Environ(), workerEnvironment+"="+string(place)), environment...)
	return command
}

func count(t *testing.T, db *records.DB, query string) (n int) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *sql.Tx) error { return tx.QueryRow(query).Scan(&n) })
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func execute(t *testing.T, db *records.DB, statement string) {
	t.Helper()
	if _, err := db.SQL().Exec(statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
