package workflows

import (
	"cmp"
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

// documents names the activities; the workflows never use the value.
var documents *activities.Documents

// batchTimeout bounds one attempt at some files, of which the last may be a book that a processor embeds; what was embedded of it stays for the next attempt. A worker that died is noticed by its heartbeats long before.
const batchTimeout = 3 * time.Hour

// reindexTimeout bounds one attempt at a new index, which a worker that died leaves to the next: a million passages take days on a processor.
const reindexTimeout = 30 * 24 * time.Hour

// documentRetries wait longer from time to time: what fails here is a server that somebody must start. There is no end to them, since the activities give a file up by themselves.
var documentRetries = &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 30 * time.Second}

func onDocuments(ctx workflow.Context, summary string, attempt time.Duration) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: run.QueueDocuments, Summary: summary, StartToCloseTimeout: attempt, HeartbeatTimeout: heartbeatTimeout, RetryPolicy: documentRetries,
		WaitForCancellation: true,
	})
}

// ingestDocuments lists what there is, reads it in parts, removes what is gone, and says what has become of it. The files and their outcomes are in the records: the history
// holds ids and counts.
func ingestDocuments(ctx workflow.Context, input run.Ingest) (run.Ingested, error) {
	going := &ingesting{input: input}
	if err := going.begin(ctx); err != nil {
		return run.Ingested{}, err
	}
	err := going.all(ctx)
	if again := (*workflow.ContinueAsNewError)(nil); errors.As(err, &again) {
		return run.Ingested{}, err
	}
	return going.end(ctx, err)
}

// ingesting is an ingest on its way.
type ingesting struct {
	input    run.Ingest
	progress run.IngestProgress
}

func (g *ingesting) begin(ctx workflow.Context) error {
	if err := setStatus(ctx, statusRunning); err != nil {
		return err
	}
	g.progress.ID = g.input.ID
	return workflow.SetQueryHandlerWithOptions(ctx, run.QueryProgress, func() (run.IngestProgress, error) { return g.progress, nil },
		workflow.QueryHandlerOptions{Description: "How many files there are, and how many of them are done."})
}

func (g *ingesting) all(ctx workflow.Context) error {
	if !g.input.Listed {
		var listed activities.Listed
		if err := workflow.ExecuteActivity(onDocuments(ctx, "list the files", batchTimeout), documents.ListDocuments, g.input).Get(ctx, &listed); err != nil {
			return err
		}
		g.input.ID, g.input.Listed = listed.ID, true
		g.progress = run.IngestProgress{ID: listed.ID, Files: listed.Files}
	}
	if err := g.parts(ctx, "read some files", documents.ReadDocuments); err != nil {
		return err
	}
	return g.parts(ctx, "remove what is gone", documents.RemoveDocuments)
}

// parts calls an activity until nothing is left for it.
func (g *ingesting) parts(ctx workflow.Context, summary string, part any) error {
	for {
		var left activities.Left
		if err := workflow.ExecuteActivity(onDocuments(ctx, summary, batchTimeout), part, g.input).Get(ctx, &left); err != nil {
			return err
		}
		g.progress.Files, g.progress.Done = left.Files, left.Files-left.Pending
		if !left.More {
			return nil
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, run.IngestWorkflow, g.input)
		}
	}
}

// end notes how the ingest has ended, also one that was cancelled.
func (g *ingesting) end(ctx workflow.Context, cause error) (run.Ingested, error) {
	ending, status := activities.Ending{Ingest: g.input}, statusAnswered
	switch {
	case isCanceled(cause):
		ending.Cancelled, status = true, statusCancelled
	case cause != nil:
		ending.Failure, status = reason(cause), statusFailed
	}
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	ctx = workflow.WithTaskQueue(onDocuments(ctx, "say what has become of them", toolTimeout), run.QueueMain) // it is short, and must not wait for the books of others
	var ingested run.Ingested
	if err := workflow.ExecuteActivity(ctx, documents.EndIngest, ending).Get(ctx, &ingested); err != nil {
		return run.Ingested{}, errors.Join(cause, err)
	}
	if err := setStatus(ctx, status); err != nil {
		return run.Ingested{}, errors.Join(cause, err)
	}
	return ingested, cause // alone, since Temporal tells by its type whether the ingest was cancelled
}

// reindexDocuments makes the index anew, with the embedding model that is configured now.
func reindexDocuments(ctx workflow.Context, input run.Reindex) (run.Reindexed, error) {
	if err := setStatus(ctx, statusRunning); err != nil {
		return run.Reindexed{}, err
	}
	var reindexed run.Reindexed
	err := workflow.ExecuteActivity(onDocuments(ctx, "index all documents again", reindexTimeout), documents.ReindexDocuments, input).Get(ctx, &reindexed)
	status := statusAnswered
	switch {
	case isCanceled(err):
		status = statusCancelled
	case err != nil:
		status = statusFailed
	}
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	return reindexed, cmp.Or(err, setStatus(ctx, status))
}
