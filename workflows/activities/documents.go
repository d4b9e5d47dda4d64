package activities

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"syscall"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"bestbox/internal/access"
	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/folder"
	"bestbox/internal/knowledge/ingests"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/knowledge/parse"
	urls "bestbox/internal/knowledge/sources"
	"bestbox/internal/llm"
	"bestbox/workflows/run"
)

const (
	// batchFiles and batchTime bound what one activity reads: its history event tells how far the ingest is, and a worker that stops waits for one file only.
	batchFiles = 100
	batchTime  = time.Minute
	// defaultPatience is how long an ingest waits for a server before the file that needs it is given up.
	defaultPatience = time.Hour
	// modelPatience is how long an ingest waits where the index is of another model. A reindex may be on its way: it holds nothing between two attempts, as after its worker was killed or while
	// a server still loads its model, which are up to 30 s apart.
	modelPatience = 2 * time.Minute
	// sweepPatience is how long an interrupted removal is waited for whose document somebody holds: twice as long as a killed worker does. Whoever holds it longer puts it in again.
	sweepPatience = time.Minute
	betweenSweeps = time.Second
	// mostTries is how often a file is begun. One that ends the worker each time, for want of memory, must not keep all others out.
	mostTries = 5
	// mostInARow is how many files, one after the other, may be given up: then it is not the files, and the rest are given up too.
	mostInARow = 3
)

// The types of the errors of documents, as seen in Temporal.
const (
	ErrorReindex = "Reindex"
	ErrorWaiting = "Waiting"
	ErrorFolder  = "Folder"
	ErrorLost    = "Lost"
)

// Shelf is what one tenant has of documents.
type Shelf struct {
	Library *library.Library
	Ingests *ingests.Registry
}

// DocumentsOptions are the parts that the activities of documents work with.
type DocumentsOptions struct {
	Users *access.Users
	// Shelves are the tenants' own, by their names.
	Shelves map[string]Shelf
	Places  ingests.Places
	// Fetch brings what a URL names.
	Fetch *urls.Fetcher
	// MaximumBytes is the size of the largest file that is read.
	MaximumBytes int64
	// Patience is how long an ingest waits for a server; 0: an hour.
	Patience time.Duration
}

// Documents are the activities that put documents into the libraries of the tenants. They trust neither the door nor the workflow: each looks again who may put in what.
type Documents struct {
	options       DocumentsOptions
	sweepPatience time.Duration
}

// NewDocuments returns the activities.
func NewDocuments(o DocumentsOptions) *Documents {
	if o.Patience == 0 {
		o.Patience = defaultPatience
	}
	return &Documents{o, sweepPatience}
}

// Listed is what ListDocuments gives.
type Listed struct {
	ID    string `json:"id"`
	Files int    `json:"files"`
}

// Left says how far an ingest is, and whether the activity must be called again.
type Left struct {
	Files   int  `json:"files"`
	Pending int  `json:"pending"`
	More    bool `json:"more"`
}

// Ending is how an ingest ends; with neither field set it is done.
type Ending struct {
	Ingest    run.Ingest `json:"ingest"`
	Cancelled bool       `json:"cancelled,omitempty"`
	Failure   string     `json:"failure,omitempty"`
}

// shelf is that of whoever has begun an ingest, if they may put something into its domain.
func (d *Documents) shelf(input run.Ingest) (Shelf, error) {
	user, err := d.options.Users.Find(input.User)
	if err != nil {
		return Shelf{}, err
	}
	if err := cmp.Or(user.MayIngest(input.Domain), user.MayIngestFor(cmp.Or(input.Tenant, user.Tenant))); err != nil {
		return Shelf{}, err
	}
	return d.of(user.ID, user.Tenant)
}

func (d *Documents) of(who, tenant string) (Shelf, error) {
	shelf, found := d.options.Shelves[tenant]
	if !found {
		return Shelf{}, &access.DeniedError{Who: who, What: fmt.Sprintf("use BestBox: there is no tenant %q", tenant)}
	}
	return shelf, nil
}

// begunIn is the shelf that knows of an ingest, also where its user is of another tenant by now, or gone.
func (d *Documents) begunIn(input run.Ingest) (Shelf, error) {
	if input.Tenant != "" {
		return d.of(input.User, input.Tenant)
	}
	user, err := d.options.Users.Find(input.User)
	if err != nil {
		return Shelf{}, err
	}
	return d.of(user.ID, user.Tenant)
}

// noted is the ingest as the registry knows it. One that a schedule has begun is not there before its workflow, whose run names it.
func noted(ctx context.Context, input run.Ingest) ingests.Ingest {
	execution := activity.GetInfo(ctx).WorkflowExecution
	if input.ID == "" {
		input.ID = "ingest-" + execution.RunID
	}
	return ingests.Ingest{ID: input.ID, Kind: ingests.Kind(input.Kind), Domain: input.Domain, Root: input.Root, By: input.User, Workflow: execution.ID}
}

// ListDocuments notes the files of a folder; those of a list or an upload were noted when it was begun.
func (d *Documents) ListDocuments(ctx context.Context, input run.Ingest) (Listed, error) {
	ctx, stop := keepAlive(ctx)
	defer stop()
	shelf, err := d.shelf(input)
	if err != nil {
		return Listed{}, asTemporalError(ctx, err)
	}
	ingest := noted(ctx, input)
	if ingest.Kind != ingests.Upload { // one file is not worth a look at the whole index
		repair(ctx, shelf, ingest.ID)
	}
	switch {
	case ingest.Kind == ingests.Folder:
		err = d.listFolder(ctx, shelf.Ingests, ingest)
	case ingest.Root != "":
		if _, err = get(ctx, shelf, ingest.ID); err == nil {
			err = shelf.Ingests.Whole(ctx, ingest.ID)
		}
	}
	if err != nil {
		return Listed{}, asTemporalError(ctx, err)
	}
	ingest, err = get(ctx, shelf, ingest.ID)
	return Listed{ID: ingest.ID, Files: ingest.Counts.Files()}, err
}

// repair mends what a killed process has left, also of the files of the ingest that asks, which has begun none yet. Where it cannot be, the reading of the files will say why, and wait.
func repair(ctx context.Context, shelf Shelf, asks string) {
	leftOver, lost, err := shelf.Library.Repair(ctx, func(ctx context.Context) (map[string]bool, error) { return shelf.Ingests.Pending(ctx, asks) })
	if err != nil || leftOver+lost > 0 {
		activity.GetLogger(ctx).Info("the index was looked through", "left_over", leftOver, "lost", lost, "error", err)
	}
}

func (d *Documents) listFolder(ctx context.Context, registry *ingests.Registry, ingest ingests.Ingest) error {
	if err := registry.Begin(ctx, ingest); err != nil {
		return err
	}
	root, err := d.options.Places.Resolve(ingest.Root)
	if err == nil && root != ingest.Root {
		err = fmt.Errorf("%s is a link by now, to %s; put that one in", ingest.Root, root)
	}
	if err != nil {
		return temporal.NewNonRetryableApplicationError(err.Error(), ErrorFolder, nil)
	}
	found, problems, err := folder.List(ctx, root, parse.Document)
	if err != nil && ctx.Err() == nil {
		return temporal.NewNonRetryableApplicationError(err.Error(), ErrorFolder, nil)
	}
	if err != nil {
		return err
	}
	files := make([]ingests.File, 0, len(found)+len(problems))
	for _, file := range found {
		files = append(files, ingests.File{Source: file.Path, Name: file.Name, Size: file.Size})
	}
	for _, problem := range problems {
		files = append(files, ingests.File{Source: problem.Path, State: ingests.Unreadable, Reason: problem.Reason, Advice: problem.Advice})
	}
	// A folder that is empty all of a sudden is more often a disk that is not mounted than one from which everything was taken away.
	return registry.List(ctx, ingest.ID, len(found) > 0, files)
}

// ReadDocuments puts in some of the files that wait, in order. An attempt that is repeated after a crash goes on with the first that has no outcome.
func (d *Documents) ReadDocuments(ctx context.Context, input run.Ingest) (Left, error) {
	ctx, stop := keepAlive(ctx)
	defer stop()
	shelf, err := d.shelf(input)
	if err != nil {
		return Left{}, asTemporalError(ctx, err)
	}
	began := time.Now()
	for n := 0; n < batchFiles && time.Since(began) < batchTime && !stopping(ctx); n++ {
		file, found, err := shelf.Ingests.Next(ctx, input.ID)
		if err == nil && found {
			err = d.read(ctx, shelf, input, file)
		}
		if err != nil {
			return Left{}, asTemporalError(ctx, err)
		}
		if !found {
			break
		}
	}
	reached, err := left(ctx, shelf, input, func(counts ingests.Counts) bool { return counts.Pending > 0 })
	if err == nil && !reached.More { // how long the files were waited for is nothing to what is removed then
		err = asTemporalError(ctx, shelf.Ingests.GoOn(ctx, input.ID))
	}
	return reached, err
}

// stopping reports whether the worker was told to stop: then nothing more is begun.
func stopping(ctx context.Context) bool {
	select {
	case <-activity.GetWorkerStopChannel(ctx):
		return true
	default:
		return false
	}
}

// get reads an ingest. Without its row, which stands there before its workflow begins, it has nothing to put in.
func get(ctx context.Context, shelf Shelf, id string) (ingests.Ingest, error) {
	ingest, err := shelf.Ingests.Get(ctx, id)
	if errors.Is(err, ingests.ErrUnknown) {
		return ingest, temporal.NewNonRetryableApplicationError(fmt.Sprintf("%v %s: its request was given up, or the records were replaced; put the same in again", err, id), ErrorInvalidInput, nil)
	}
	return ingest, asTemporalError(ctx, err)
}

func left(ctx context.Context, shelf Shelf, input run.Ingest, more func(ingests.Counts) bool) (Left, error) {
	ingest, err := get(ctx, shelf, input.ID)
	if err != nil {
		return Left{}, err
	}
	return Left{Files: ingest.Counts.Files(), Pending: ingest.Counts.Pending, More: more(ingest.Counts)}, nil
}

// RemoveDocuments removes the documents whose files are gone from the folder or the list, unless it is not known what is there.
func (d *Documents) RemoveDocuments(ctx context.Context, input run.Ingest) (Left, error) {
	ctx, stop := keepAlive(ctx)
	defer stop()
	shelf, err := d.shelf(input)
	if err != nil {
		return Left{}, asTemporalError(ctx, err)
	}
	ingest, err := get(ctx, shelf, input.ID)
	if err != nil {
		return Left{}, err
	}
	if err := d.sweep(ctx, shelf.Library); err != nil {
		return Left{}, asTemporalError(ctx, d.notRemoved(ctx, shelf.Ingests, ingest.ID, err))
	}
	over := true
	if ingest.Whole && ingest.Root != "" {
		if over, err = d.removeGone(ctx, shelf, ingest); err != nil {
			return Left{}, asTemporalError(ctx, err)
		}
	}
	if err := shelf.Ingests.GoOn(ctx, ingest.ID); err != nil { // the next part is waited for anew
		return Left{}, asTemporalError(ctx, err)
	}
	return left(ctx, shelf, input, func(ingests.Counts) bool { return !over })
}

// sweep ends the removals that were interrupted, of what is in the folder or the list of the ingest or not. What is left where somebody holds a document for long is for the next ingest.
func (d *Documents) sweep(ctx context.Context, l *library.Library) error {
	for began := time.Now(); ; {
		err := l.Sweep(ctx)
		switch {
		case !errors.Is(err, library.ErrBusy), errors.Is(err, library.ErrReindexing):
			return err
		case time.Since(began) > d.sweepPatience:
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(betweenSweeps):
		}
	}
}

// removeGone reports whether it has come to the end of the documents.
func (d *Documents) removeGone(ctx context.Context, shelf Shelf, ingest ingests.Ingest) (over bool, err error) {
	listed, err := shelf.Ingests.Sources(ctx, ingest.ID)
	if err != nil {
		return false, err
	}
	unread, err := shelf.Ingests.Files(ctx, ingest.ID, 0, len(listed), ingests.Unreadable)
	if err != nil {
		return false, err
	}
	noted, err := shelf.Ingests.Files(ctx, ingest.ID, 0, math.MaxInt32, ingests.Removed)
	if err != nil {
		return false, err
	}
	began := time.Now()
	filter := library.Filter{Domain: &ingest.Domain, Root: ingest.Root}
	if ingest.Kind == ingests.Folder {
		// A document of the folder may have come with a smaller or a larger one since, or alone.
		filter.Root, filter.Below = "", ingest.Root
	}
	// Noted before it is removed, so that a worker that is killed in between has it noted nevertheless.
	gone := func(document knowledge.Document) (bool, error) {
		if ingest.Kind != ingests.Folder && document.Root != ingest.Root || isThere(document, ingest) {
			return false, nil
		}
		return true, shelf.Ingests.NoteRemoved(ctx, ingest.ID, document.Source)
	}
	for {
		page, err := shelf.Library.Documents(ctx, filter)
		if err != nil || len(page) == 0 {
			return err == nil, err
		}
		for _, document := range page {
			filter.After = library.PlaceOf(document)
			if listed[document.Source] || covered(document.Source, unread) {
				continue
			}
			removed := false
			if !isThere(document, ingest) {
				if removed, err = shelf.Library.RemoveIf(ctx, document.ID, gone); err != nil {
					return false, d.notRemoved(ctx, shelf.Ingests, ingest.ID, err)
				}
			}
			if !removed && slices.ContainsFunc(noted, func(file ingests.File) bool { return file.Source == document.Source }) { // by an attempt before, which was killed
				if err := shelf.Ingests.NoteKept(ctx, ingest.ID, document.Source); err != nil {
					return false, err
				}
			}
			if removed && (stopping(ctx) || time.Since(began) > batchTime) {
				return false, nil
			}
		}
	}
}

// isThere reports whether a document that an ingest has not listed is no less there: another ingest has put it in meanwhile, or its file stands there, as one that was away while the folder was listed, or
// that another folder sees, for which it is not hidden.
func isThere(document knowledge.Document, ingest ingests.Ingest) bool {
	if document.Ingested.After(ingest.Started) {
		return true
	}
	if ingest.Kind != ingests.Folder {
		return false
	}
	_, err := os.Lstat(document.Source)
	return !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) // a file has the name of its folder by now
}

// notRemoved says that a document could not be removed: another attempt may do it, until the patience of the ingest ends.
func (d *Documents) notRemoved(ctx context.Context, registry *ingests.Registry, id string, cause error) error {
	if ctx.Err() != nil {
		return cause
	}
	patient, err := d.wait(ctx, registry, id, ingests.File{}, cause.Error(), cause)
	if err != nil {
		return err
	}
	if patient {
		return waiting(cause)
	}
	return temporal.NewNonRetryableApplicationError("what is gone was not removed: "+cause.Error()+"; put the same in again once that is mended", ErrorWaiting, nil)
}

// wait notes what an ingest waits for, and reports whether it is patient still. A reindex takes as long as it does: it ends, and what fails behind it is waited for as long as if there
// had been none. An index of another model has its short while from when it is met, whatever was waited for before.
func (d *Documents) wait(ctx context.Context, registry *ingests.Registry, id string, file ingests.File, reason string, cause error) (patient bool, err error) {
	reindexing, patience := errors.Is(cause, library.ErrReindexing), d.options.Patience
	anew := reindexing
	if errors.Is(cause, library.ErrReindex) {
		before, err := registry.Get(ctx, id)
		if err != nil {
			return false, err
		}
		patience, anew = min(patience, modelPatience), before.Reason != ingests.AsNoted(reason)
	}
	since, err := registry.Wait(ctx, id, file, reason, anew)
	return reindexing || time.Since(since) < patience, err
}

// covered reports whether a source stands in a folder that could not be read: then nobody knows whether it is gone.
func covered(source string, unread []ingests.File) bool {
	for _, file := range unread {
		if (folder.Problem{Path: file.Source}).Covers(source) {
			return true
		}
	}
	return false
}

// EndIngest notes how an ingest has ended, and says what has become of its files.
func (d *Documents) EndIngest(ctx context.Context, ending Ending) (run.Ingested, error) {
	ctx, stop := keepAlive(ctx)
	defer stop()
	shelf, err := d.begunIn(ending.Ingest)
	if err != nil {
		return run.Ingested{}, asTemporalError(ctx, err)
	}
	ingest, state := noted(ctx, ending.Ingest), ingests.Completed
	switch {
	case ending.Cancelled:
		state = ingests.Cancelled
	case ending.Failure != "":
		state = ingests.Failed
	}
	if err := errors.Join(shelf.Ingests.Begin(ctx, ingest), shelf.Ingests.End(ctx, ingest.ID, state, ending.Failure)); err != nil {
		return run.Ingested{}, asTemporalError(ctx, err)
	}
	if ingest, err = get(ctx, shelf, ingest.ID); err != nil {
		return run.Ingested{}, err
	}
	c := ingest.Counts
	return run.Ingested{ID: ingest.ID, Files: c.Files(), Added: c.Added, Replaced: c.Replaced, Unchanged: c.Unchanged, Unreadable: c.Unreadable, Failed: c.Failed, Removed: c.Removed}, nil
}

// ReindexDocuments makes the index of a tenant anew. Heartbeats tell how far it is.
func (d *Documents) ReindexDocuments(ctx context.Context, input run.Reindex) (run.Reindexed, error) {
	shelf, err := d.shelf(run.Ingest{User: input.User, Tenant: input.Tenant})
	if err != nil {
		return run.Reindexed{}, asTemporalError(ctx, err)
	}
	var reached progress
	var earlier run.Reindexed
	if activity.HasHeartbeatDetails(ctx) && activity.GetHeartbeatDetails(ctx, &earlier) == nil {
		reached.set(earlier.Done, earlier.All) // for the attempt after this one, if this one fails at once
	}
	ctx, stop := keepAliveSaying(ctx, reached.say)
	defer stop()
	err = shelf.Library.Reindex(ctx, library.Reindexing(earlier), reached.set)
	if errors.Is(err, library.ErrLost) {
		return run.Reindexed{}, temporal.NewNonRetryableApplicationError(err.Error(), ErrorLost, nil)
	}
	if model, isModel := errors.AsType[*llm.Error](err); isModel && !model.Retryable() && ctx.Err() == nil { // such as a key that is not taken: until somebody mends it all documents would be claimed
		return run.Reindexed{}, temporal.NewNonRetryableApplicationError(err.Error()+"; run worker documents reindex again once that is mended", errorModel+string(model.Kind), nil)
	}
	if err != nil {
		return run.Reindexed{}, asTemporalError(ctx, waiting(err))
	}
	return reached.get(), nil
}

// waiting is the error of something that another attempt may do. It keeps the words of the cause alone: that of a model server would say when to try again, for a run that somebody waits for.
func waiting(err error) error { return temporal.NewApplicationError(err.Error(), ErrorWaiting) }
