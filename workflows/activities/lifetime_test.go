package activities

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"bestbox/internal/llm"
)

func TestTemporalIsToldWhetherToTryAgain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		err   error
		kind  string
		again bool
		delay time.Duration
	}{
		{&llm.Error{Kind: llm.Busy}, "Model.busy", true, recoveryDelay},
		{&llm.Error{Kind: llm.Loading}, "Model.loading", true, recoveryDelay},
		{&llm.Error{Kind: llm.Gone}, "Model.gone", true, recoveryDelay},
		{&llm.Error{Kind: llm.Failed}, "Model.failed", true, recoveryDelay},
		{&llm.Error{Kind: llm.TooLong}, "Model.too_long", false, 0},
		{&llm.Error{Kind: llm.Refused}, "Model.refused", false, 0},
		{&llm.Error{Kind: llm.Cut}, "Model.cut", false, 0},
		{fmt.Errorf("decide: %w", &llm.Error{Kind: llm.Cut}), "Model.cut", false, 0},
	}
	for _, test := range tests {
		t.Run(test.kind, func(t *testing.T) {
			t.Parallel()
			got := asTemporalError(t.Context(), test.err)
			wantFailure(t, got, test.kind, test.again)
			if application, ok := errors.AsType[*temporal.ApplicationError](got); ok && application.NextRetryDelay() != test.delay {
				t.Errorf("asked again after %s, want %s", application.NextRetryDelay(), test.delay)
			}
		})
	}
	ours := errors.New("the disk is full")
	if got := asTemporalError(t.Context(), ours); !errors.Is(got, ours) {
		t.Errorf("got %v, want the error as it is, which Temporal retries", got)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if got := asTemporalError(cancelled, &llm.Error{Kind: llm.Gone}); !errors.Is(got, context.Canceled) {
		t.Errorf("got %v of a cancelled activity, want that it was cancelled", got)
	}
}

func TestALostTranscriptEndsTheRunAtOnce(t *testing.T) {
	t.Parallel()
	_, err := callOnce(t, withTools(t), CallInput{Head: "not there", Call: "1.1"})
	wantFailure(t, err, ErrorTranscript, false)
}

// wantFailure checks what Temporal is told: the type people see, and whether to try again.
func wantFailure(t *testing.T, err error, kind string, again bool) {
	t.Helper()
	application, ok := errors.AsType[*temporal.ApplicationError](err)
	if !ok {
		t.Errorf("got %v, want an error of the type %s", err, kind)
		return
	}
	if application.Type() != kind || application.NonRetryable() == again {
		t.Errorf("type %s, again %v; want %s, %v: %v", application.Type(), !application.NonRetryable(), kind, again, err)
	}
}

// onStoppingWorker runs an activity that does nothing but live, on a worker that was told to stop at the start.
func onStoppingWorker(t *testing.T, lives time.Duration) (heartbeats int64, took time.Duration, _ error) {
	t.Helper()
	var beats atomic.Int64
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.SetTestTimeout(time.Hour)
	stopping := make(chan struct{})
	close(stopping)
	env.SetWorkerStopChannel(stopping)
	env.SetOnActivityHeartbeatListener(func(*activity.Info, converter.EncodedValues) { beats.Add(1) })
	living := func(ctx context.Context) error {
		ctx, stop := keepAlive(ctx)
		defer stop()
		select {
		case <-ctx.Done():
			return asTemporalError(ctx, &llm.Error{Kind: llm.Gone}) // what a model client says of a connection that it closed
		case <-time.After(lives):
			return nil
		}
	}
	env.RegisterActivity(living)
	started := time.Now()
	_, err := env.ExecuteActivity(living)
	return beats.Load(), time.Since(started), err
}

func TestAnActivityOfAWorkerThatStopsGoesOnForAWhileAndIsThenHandedOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		if _, took, err := onStoppingWorker(t, drainTime-time.Second); err != nil || took != drainTime-time.Second {
			t.Errorf("ended after %s with %v; want it to finish its work", took, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		beats, took, err := onStoppingWorker(t, time.Hour)
		wantFailure(t, err, ErrorHandedOver, true)
		if application, ok := errors.AsType[*temporal.ApplicationError](err); ok && application.NextRetryDelay() > time.Millisecond {
			t.Errorf("another worker takes it after %s; want at once", application.NextRetryDelay())
		}
		if took != drainTime {
			t.Errorf("handed over after %s, want %s", took, drainTime)
		}
		if want := int64(drainTime / heartbeatInterval); beats < want-1 {
			t.Errorf("%d heartbeats, want %d", beats, want)
		}
	})
}
