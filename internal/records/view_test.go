package records_test

import (
	"database/sql"
	"errors"
	"testing"

	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
)

func TestANewIDIsOneAboveTheHighestOfItsPrefix(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		execute(t, db, "DELETE FROM demo_parts")
		for _, step := range []struct{ insert, want string }{
			{"", "X-2026-0001"},
			{"X-2026-0009", "X-2026-0010"},
			{"X-2025-0777", "X-2026-0010"},                  // another year
			{"X-2026-", "X-2026-0010"},                      // no number
			{"X-2026-12a", "X-2026-0010"},                   // none either
			{"X-2026-0003", "X-2026-0010"},                  // a gap is not filled
			{"X-2026-00012", "X-2026-0013"},                 // somebody's own way of writing
			{"Ü-2026-0044", "X-2026-0013"},                  // as many characters, more bytes
			{"X-2026-9999", "X-2026-10000"},                 // one digit more
			{"X-2026-10000", "X-2026-10001"},                // which is above 9999
			{"X-2026-99999999999999999999", "X-2026-10001"}, // more than a number holds
		} {
			if step.insert != "" {
				execute(t, db, "INSERT INTO departments VALUES ('"+step.insert+"', '')")
			}
			var got string
			err := db.Read(t.Context(), func(tx *sql.Tx) (err error) {
				got, err = records.NewView(t.Context(), tx).NextID("departments", "X-2026-", 4)
				return err
			})
			if err != nil || got != step.want {
				t.Errorf("after %q: %s, %v; want %s", step.insert, got, err, step.want)
			}
		}
		execute(t, db, "INSERT INTO departments VALUES ('Ü-1', '')")
		err := db.Read(t.Context(), func(tx *sql.Tx) error {
			if got, err := records.NewView(t.Context(), tx).NextID("departments", "Ü-", 1); err != nil || got != "Ü-2" {
				t.Errorf("%s, %v", got, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestRowsAreReadUntilThereAreEnough(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		failure := errors.New("no")
		err := db.Read(t.Context(), func(tx *sql.Tx) error {
			view := records.NewView(t.Context(), tx)
			for end, want := range map[error]error{records.ErrEnough: nil, failure: failure} {
				read := 0
				err := view.Each("SELECT id FROM items ORDER BY id", nil, func(func(...any) error) error {
					if read++; read == 3 {
						return end
					}
					return nil
				})
				if !errors.Is(err, want) || read != 3 {
					t.Errorf("ended by %v: %d rows, %v", end, read, err)
				}
			}
			var n int
			return view.One("SELECT count(*) FROM items", nil, &n) // the connection can be used again
		})
		if err != nil {
			t.Error(err)
		}
	})
}
