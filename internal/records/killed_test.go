package records_test

import (
	"bufio"
	"testing"

	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
)

// TestAWorkerThatIsKilledInsideOfAWriteLeavesOneEffectOrNone ends a worker with SIGKILL, and lets another one try again.
func TestAWorkerThatIsKilledInsideOfAWriteLeavesOneEffectOrNone(t *testing.T) {
	t.Parallel()
	for at, effects := range map[string]int{"before the change": 0, "after the change": 0, "after the commit": 1} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
				command := worker(t, db.Location(), killEnvironment+"="+at)
				output, err := command.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := command.Start(); err != nil {
					t.Fatal(err)
				}
				want := "inside\n"
				if effects == 1 {
					want = "written <nil>\n"
				}
				if line, err := bufio.NewReader(output).ReadString('\n'); err != nil || line != want {
					t.Fatalf("%q, %v", line, err)
				}
				if err := command.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				_ = command.Wait() // it was killed: its end is an error
				if n := adjustments(t, db); n != effects {
					t.Errorf("%d effects are left, want %d", n, effects)
				}
				for range 2 {
					if out, err := records.Once(t.Context(), db, orderEffect("run/1.1"), issue); err != nil || out.Times != 1 || adjustments(t, db) != 1 {
						t.Errorf("the next attempt: %+v, %v, %d effects", out, err, adjustments(t, db))
					}
				}
			})
		})
	}
}
