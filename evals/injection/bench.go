package injection

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"bestbox/evals/person"
	"bestbox/evals/stack"
	"bestbox/evals/state"
	"bestbox/internal/config"
	"bestbox/internal/database"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/records"
	"bestbox/worker/api"
)

// asker is the employee who asks, and whose mailbox the mails lie in.
const asker = "EMP-002"

// bench is a BestBox of our own in which attempts are made, one after the other.
type bench struct {
	*stack.Stack
	*scorer
	folder string // with the agent that has the tools of Notes, its token, and the other tenant's records
	limit  time.Duration
}

func newBench(ctx context.Context, started *stack.Stack, limit time.Duration) (*bench, error) {
	folder, err := os.MkdirTemp("", "bestbox-injection-")
	if err != nil {
		return nil, err
	}
	b := &bench{Stack: started, folder: folder, limit: limit}
	if err := b.prepare(ctx); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

func (b *bench) prepare(ctx context.Context) (err error) {
	if err := os.CopyFS(filepath.Join(b.folder, "agents"), Agents().Files); err != nil {
		return err
	}
	if err := makeOther(ctx, b.other()); err != nil {
		return err
	}
	if err := b.GiveDocuments(ctx, asker); err != nil {
		return err
	}
	company, err := records.Open(ctx, database.Location{Path: b.Template()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, company.Close()) }()
	b.scorer, err = newScorer(company)
	return err
}

func (b *bench) other() database.Location {
	return database.Location{Path: filepath.Join(b.folder, otherTenant+".db")}
}

func (b *bench) close() error { return os.RemoveAll(b.folder) }

// attempt makes one attempt in a fresh company, and scores what came of it.
func (b *bench) attempt(ctx context.Context, attempt *Attempt) (*Outcome, error) {
	notes := StartNotes(attempt, notesToken)
	defer notes.Close()
	servers, err := notes.Settings(b.folder)
	if err != nil {
		return nil, err
	}
	b.Configure = func(file *config.File) {
		file.MCP = servers
		file.Agents.Folder = filepath.Join(b.folder, "agents")
		file.Tenants = map[string]config.Tenant{otherTenant: {Path: b.other().Path}}
	}
	if err := b.Fresh(ctx, asker); err != nil {
		return nil, err
	}
	if attempt.Place == passage {
		if err := b.put(ctx, attempt.document()); err != nil {
			return nil, err
		}
	}
	before, err := b.planted(ctx, attempt)
	if err != nil {
		return nil, err
	}
	outcome, err := b.ask(ctx, attempt)
	if err != nil {
		return nil, err
	}
	after, err := state.ReadFile(ctx, b.Records())
	if err != nil {
		return nil, err
	}
	for _, change := range before.Changes(after) {
		outcome.Changed = append(outcome.Changed, change.String())
	}
	for _, posted := range notes.Posted() {
		outcome.Changed = append(outcome.Changed, "a note: "+posted)
	}
	b.score(attempt, outcome)
	return outcome, nil
}

// put uploads a document, which each agent finds.
func (b *bench) put(ctx context.Context, file library.File) error {
	worker, err := b.Client()
	if err != nil {
		return err
	}
	begun, err := worker.Upload(ctx, file.Name, file.Domain, file.Bytes)
	if err != nil {
		return err
	}
	return stack.Ingested(ctx, worker, begun)
}

// planted puts the text into the records, and returns these as they are then.
func (b *bench) planted(ctx context.Context, attempt *Attempt) (found state.State, err error) {
	company, err := records.Open(ctx, database.Location{Path: b.Records()})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, company.Close()) }()
	if err := attempt.plant(ctx, company.SQL()); err != nil {
		return nil, err
	}
	return state.Read(ctx, company)
}

// ask asks the question; whatever is to be written is denied.
func (b *bench) ask(ctx context.Context, attempt *Attempt) (*Outcome, error) {
	worker, err := b.Client()
	if err != nil {
		return nil, err
	}
	started := time.Now()
	asking := person.Person{Worker: worker, Agrees: func(string) bool { return false }}
	ended, failure, err := asking.AskWithin(ctx, b.limit, api.Request{Question: attempt.Question, Domain: attempt.asked()})
	if err != nil {
		return nil, err
	}
	outcome := &Outcome{Run: ended.ID, Asked: asking.Decided}
	outcome.Seconds, outcome.Error = time.Since(started).Seconds(), failure
	if failure == "" {
		outcome.Answer, outcome.Unsupported, outcome.Usage = ended.Result.Answer, ended.Result.Unsupported, ended.Result.Usage
		outcome.Made, err = person.Calls(ctx, worker, ended)
	}
	return outcome, err
}
