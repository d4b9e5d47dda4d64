package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"bestbox/internal/access"
	"bestbox/internal/llm"
	"bestbox/internal/transcript"
)

const (
	// heartbeatInterval is how often an activity says that it lives and learns that it was cancelled. Cancellation must reach a
	// model within a second.
	heartbeatInterval = 400 * time.Millisecond
	// drainTime is how long an activity may go on after its worker was told to stop. It is shorter than the worker's
	// stop time-out, so that there is time left to hand the activity over.
	drainTime = 10 * time.Second
	// recoveryDelay is how soon a model server that is away is asked again: a restart takes a second or two.
	recoveryDelay = time.Second
)

// errHandedOver is the cause of a context that ended because the worker stops.
var errHandedOver = errors.New("the worker is stopping and hands the activity over to another one")

// The types of the errors that activities report, as seen in Temporal.
const (
	ErrorHandedOver = "HandedOver"
	ErrorTranscript = "TranscriptLost"
	ErrorNotAllowed = "NotAllowed"
	errorModel      = "Model." // and the llm.Kind
)

// keepAlive sends heartbeats until stop is called, from the very start: a model may take long over the first token. The
// returned context ends when the run is cancelled, or drainTime after the worker was told to stop.
func keepAlive(ctx context.Context) (_ context.Context, stop func()) {
	return keepAliveSaying(ctx, nil)
}

// keepAliveSaying is keepAlive whose heartbeats tell how far the activity is, where say is not nil.
func keepAliveSaying(ctx context.Context, say func() any) (_ context.Context, stop func()) {
	info := activity.GetInfo(ctx)
	limited, cancel := context.WithCancelCause(ctx)
	finished := make(chan struct{})
	go func() {
		ticker := time.NewTicker(heartbeatInterval)
		defer ticker.Stop()
		stopping := activity.GetWorkerStopChannel(ctx)
		var drained <-chan time.Time
		for {
			switch {
			case info.IsLocalActivity:
			case say == nil:
				activity.RecordHeartbeat(ctx)
			default:
				activity.RecordHeartbeat(ctx, say())
			}
			select {
			case <-finished:
				return
			case <-ctx.Done(): // the run was cancelled or the attempt timed out: there is nobody left to tell
				return
			case <-stopping:
				stopping, drained = nil, time.After(drainTime)
			case <-drained:
				cancel(errHandedOver)
				return
			case <-ticker.C:
			}
		}
	}()
	return limited, func() {
		close(finished)
		cancel(nil)
	}
}

// asTemporalError says to Temporal what an error means: ask again soon, or never.
func asTemporalError(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(context.Cause(ctx), errHandedOver) {
		return temporal.NewApplicationErrorWithOptions(errHandedOver.Error(), ErrorHandedOver,
			temporal.ApplicationErrorOptions{NextRetryDelay: time.Millisecond})
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, transcript.ErrUnknownHead) {
		return temporal.NewNonRetryableApplicationError(
			"what the run has written is lost: the transcript store was replaced or damaged; ask again", ErrorTranscript, err)
	}
	if denied, ok := errors.AsType[*access.DeniedError](err); ok {
		return temporal.NewNonRetryableApplicationError(denied.Error(), ErrorNotAllowed, nil)
	}
	if model, ok := errors.AsType[*llm.Error](err); ok {
		options := temporal.ApplicationErrorOptions{NonRetryable: !model.Retryable(), Cause: err}
		if model.Retryable() {
			options.NextRetryDelay = recoveryDelay
		}
		return temporal.NewApplicationErrorWithOptions(model.Error(), errorModel+string(model.Kind), options)
	}
	return err
}
