package service

import (
	"context"
	"fmt"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/proto"
)

// History is what a run left in Temporal.
type History struct {
	Events int `json:"history_events"`
	Bytes  int `json:"history_bytes"`
	// StepBytes and StepEvents are those of each step: a decision and its calls.
	StepBytes  []int `json:"step_bytes"`
	StepEvents []int `json:"step_events"`
}

// ReadHistory counts the events and bytes of a run's history, in all and from one Decide to the next. What follows the start of the
// answer belongs to no step.
func ReadHistory(ctx context.Context, temporal client.Client, workflow string) (History, error) {
	var read History
	answering := false
	events := temporal.GetWorkflowHistory(ctx, workflow, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return read, fmt.Errorf("read the history of run %s: %w", workflow, err)
		}
		size := proto.Size(event)
		read.Events++
		read.Bytes += size
		switch event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() {
		case "Decide":
			read.StepBytes, read.StepEvents = append(read.StepBytes, 0), append(read.StepEvents, 0)
		case "Answer":
			answering = true
		}
		if step := len(read.StepBytes) - 1; step >= 0 && !answering {
			read.StepBytes[step] += size
			read.StepEvents[step]++
		}
	}
	return read, nil
}
