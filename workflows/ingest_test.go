package workflows_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

var handbooks = run.Ingest{Kind: "folder", Root: "/srv/handbooks"}

// listed is what the activities get once the files are listed.
var listed = run.Ingest{ID: "ingest-1", Kind: "folder", Root: "/srv/handbooks", Listed: true}

func documentsEnvironment(t *testing.T) (*testsuite.TestWorkflowEnvironment, *activities.Documents) {
	t.Helper()
	env := environment(t)
	var d *activities.Documents
	env.RegisterActivity(d)
	return env, d
}

func TestFilesAreReadInPartsBeforeAnythingIsRemoved(t *testing.T) {
	t.Parallel()
	env, d := documentsEnvironment(t)
	var order []string
	part := func(name string) func(mock.Arguments) {
		return func(mock.Arguments) { order = append(order, name) }
	}
	env.OnActivity(d.ListDocuments, mock.Anything, handbooks).Return(activities.Listed{ID: "ingest-1", Files: 3}, nil).Once()
	for _, left := range []activities.Left{{Files: 3, Pending: 1, More: true}, {Files: 3}} {
		env.OnActivity(d.ReadDocuments, mock.Anything, listed).Run(part("read")).Return(left, nil).Once()
	}
	env.OnActivity(d.RemoveDocuments, mock.Anything, listed).Run(part("remove")).Return(activities.Left{Files: 3}, nil).Once()
	env.OnActivity(d.EndIngest, mock.Anything, activities.Ending{Ingest: listed}).Return(run.Ingested{ID: "ingest-1", Files: 3, Added: 3}, nil).Once()
	env.ExecuteWorkflow(run.IngestWorkflow, handbooks)
	if err := env.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"read", "read", "remove"}, order); diff != "" {
		t.Error(diff)
	}
	answer, err := env.QueryWorkflow(run.QueryProgress)
	if err != nil {
		t.Fatal(err)
	}
	var progress run.IngestProgress
	if err := answer.Get(&progress); err != nil || progress != (run.IngestProgress{ID: "ingest-1", Files: 3, Done: 3}) {
		t.Errorf("progress %+v, %v", progress, err)
	}
	env.AssertExpectations(t)
}

func TestALongIngestGoesOnInANewHistory(t *testing.T) {
	t.Parallel()
	env, d := documentsEnvironment(t)
	env.SetContinueAsNewSuggested(true)
	env.OnActivity(d.ListDocuments, mock.Anything, handbooks).Return(activities.Listed{ID: "ingest-1", Files: 900}, nil).Once()
	env.OnActivity(d.ReadDocuments, mock.Anything, listed).Return(activities.Left{Files: 900, Pending: 800, More: true}, nil).Once()
	env.ExecuteWorkflow(run.IngestWorkflow, handbooks)
	again, ok := errors.AsType[*workflow.ContinueAsNewError](env.GetWorkflowError())
	if !ok {
		t.Fatalf("it ended with %v", env.GetWorkflowError())
	}
	var next run.Ingest
	if err := converter.GetDefaultDataConverter().FromPayloads(again.Input, &next); err != nil || next != listed {
		t.Errorf("it goes on with %+v, %v", next, err)
	}
	env.AssertExpectations(t) // and has not ended the ingest
}

func TestAnIngestThatFailsSaysWhy(t *testing.T) {
	t.Parallel()
	env, d := documentsEnvironment(t)
	env.OnActivity(d.ListDocuments, mock.Anything, handbooks).Return(activities.Listed{}, temporal.NewNonRetryableApplicationError("there is no such folder", activities.ErrorFolder, nil)).Once()
	env.OnActivity(d.EndIngest, mock.Anything, activities.Ending{Ingest: handbooks, Failure: "there is no such folder"}).Return(run.Ingested{}, nil).Once()
	env.ExecuteWorkflow(run.IngestWorkflow, handbooks)
	if failure, ok := errors.AsType[*temporal.ApplicationError](env.GetWorkflowError()); !ok || failure.Type() != activities.ErrorFolder {
		t.Errorf("it ended with %v", env.GetWorkflowError())
	}
	env.AssertExpectations(t)
}
