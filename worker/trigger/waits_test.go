package trigger

import (
	"testing"

	"go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
)

func TestAnAttemptThatGoesOnDoesNotShowTheFailureOfTheOneBefore(t *testing.T) {
	t.Parallel()
	const away = "the embedding server is away"
	tests := map[string]struct {
		state   enums.PendingActivityState
		failure *failurepb.Failure
		want    string
	}{
		"waits":         {enums.PENDING_ACTIVITY_STATE_SCHEDULED, &failurepb.Failure{Message: away}, away},
		"goes on":       {enums.PENDING_ACTIVITY_STATE_STARTED, &failurepb.Failure{Message: away}, ""},
		"is to stop":    {enums.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED, &failurepb.Failure{Message: away}, ""},
		"not begun yet": {enums.PENDING_ACTIVITY_STATE_SCHEDULED, nil, ""},
	}
	for name, test := range tests {
		if got := waitsFor(&workflowpb.PendingActivityInfo{State: test.state, LastFailure: test.failure}); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
