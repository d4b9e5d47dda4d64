package histories

import (
	"testing"

	"go.temporal.io/sdk/client"

	"bestbox/internal/temporaltest"
	"bestbox/workflows/run"
)

// The limit that the project sets itself; docs/benchmarks.md has what others leave.
const bytesPerStep = 2500

func TestHistoryOfAStepIsSmallAndDoesNotGrow(t *testing.T) {
	t.Parallel()
	server := temporaltest.New(t, run.AttributeDomain, run.AttributeStatus)
	temporal, err := client.DialContext(t.Context(), client.Options{HostPort: server.Address, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer temporal.Close()
	const steps = 100
	history, err := Measure(t.Context(), temporal, steps)
	if err != nil {
		t.Fatal(err)
	}
	if len(history.StepBytes) != steps {
		t.Fatalf("%d steps", len(history.StepBytes))
	}
	first, last := history.StepBytes[1], history.StepBytes[steps-2] // the first follows the route, the last makes no call
	// Numbers of steps and events have more digits later on.
	if last > first+100 {
		t.Errorf("step 99 left %d bytes, step 2 %d", last, first)
	}
	for step, size := range history.StepBytes {
		if size > bytesPerStep {
			t.Errorf("step %d left %d bytes", step+1, size)
		}
	}
	printTable(t.Output(), history)
}
