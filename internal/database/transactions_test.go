package database_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"bestbox/internal/database"
	"bestbox/internal/database/databasetest"
)

// TestWhatAWriteHasReadIsStillSoWhenItIsCommitted counts in a row: two writes that read the same number would lose one.
func TestWhatAWriteHasReadIsStillSoWhenItIsCommitted(t *testing.T) {
	t.Parallel()
	databasetest.OnEach(t, func(t *testing.T, empty database.Location) {
		workers := []*database.DB{opened(t, empty, notes()), opened(t, empty, notes())}
		if _, err := workers[0].Writer().Exec("UPDATE notes SET text = 'x'"); err != nil {
			t.Fatal(err)
		}
		const each = 10
		var group sync.WaitGroup
		for i := range 4 {
			group.Go(func() {
				for range each {
					if err := workers[i%2].Write(t.Context(), "notes", longer); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		if got := text(t, workers[0].Reader(), "SELECT text FROM notes"); got != strings.Repeat("x", 4*each+1) {
			t.Errorf("%d of %d writes have counted", len(got)-1, 4*each)
		}
	})
}

// longer reads and then writes.
func longer(tx *sql.Tx) error {
	var before string
	if err := tx.QueryRow("SELECT text FROM notes").Scan(&before); err != nil {
		return err
	}
	_, err := tx.Exec("UPDATE notes SET text = ?", before+"x")
	return err
}

func TestAWriteThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	databasetest.OnEach(t, func(t *testing.T, empty database.Location) {
		db := opened(t, empty, notes())
		failure := errors.New("no")
		times := 0
		err := db.Write(t.Context(), "", func(tx *sql.Tx) error {
			times++
			_, err := tx.Exec("DELETE FROM notes")
			return errors.Join(err, failure)
		})
		if n := number(t, db.Reader(), "SELECT count(*) FROM notes"); !errors.Is(err, failure) || n != 1 || times != 1 {
			t.Errorf("%v after %d times, %d rows", err, times, n)
		}
		ctx, cancel := context.WithCancel(t.Context())
		err = db.Write(ctx, "", func(tx *sql.Tx) error {
			_, err := tx.Exec("DELETE FROM notes")
			cancel()
			return err
		})
		if n := number(t, db.Reader(), "SELECT count(*) FROM notes"); err == nil || n != 1 {
			t.Errorf("a write that was cancelled: %v, %d rows", err, n)
		}
	})
}

func TestAReadSeesOneStateAndCannotWrite(t *testing.T) {
	t.Parallel()
	databasetest.OnEach(t, func(t *testing.T, empty database.Location) {
		db := opened(t, empty, notes())
		err := db.Read(t.Context(), func(tx *sql.Tx) error {
			var before, after int
			if err := tx.QueryRow("SELECT count(*) FROM notes").Scan(&before); err != nil {
				return err
			}
			if _, err := db.Writer().Exec("INSERT INTO notes VALUES ('second')"); err != nil {
				return err
			}
			if err := tx.QueryRow("SELECT count(*) FROM notes").Scan(&after); err != nil {
				return err
			}
			if before != 1 || after != 1 {
				t.Errorf("the same read saw %d and then %d rows", before, after)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if err := db.Read(t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec("DELETE FROM notes"); return err }); err == nil {
			t.Error("a write inside of a read was made")
		}
		if _, err := db.Reader().Exec("DELETE FROM notes"); err == nil {
			t.Error("the reader could write")
		}
	})
}

// TestAProcessThatIsKilledInsideOfAWriteLeavesNothingAndHoldsNobodyUp ends a worker with SIGKILL while it has the lock.
func TestAProcessThatIsKilledInsideOfAWriteLeavesNothingAndHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	databasetest.OnEach(t, func(t *testing.T, empty database.Location) {
		db := opened(t, empty, notes())
		command := worker(t, empty)
		command.Env = append(command.Env, hangEnvironment+"=1")
		output, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(output).ReadString('\n'); err != nil || line != "inside <nil>\n" {
			t.Fatalf("%q, %v", line, err)
		}
		waiting := make(chan error, 1)
		go func() {
			waiting <- db.Write(t.Context(), "notes", func(tx *sql.Tx) error { _, err := tx.Exec("INSERT INTO notes VALUES ('mine')"); return err })
		}()
		select {
		case err := <-waiting:
			t.Errorf("two wrote at once: %v", err)
		case <-time.After(300 * time.Millisecond):
		}
		if err := command.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = command.Wait() // it was killed: its end is an error
		if err := <-waiting; err != nil {
			t.Error(err)
		}
		if n := number(t, db.Reader(), "SELECT count(*) FROM notes"); n != 2 {
			t.Errorf("%d rows, want the first and mine", n)
		}
	})
}
