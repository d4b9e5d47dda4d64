package answers

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bestbox/evals/measure"
	"bestbox/evals/person"
	"bestbox/evals/retrieval"
	"bestbox/evals/stack"
	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/cite"
	"bestbox/worker/api"
	"bestbox/worker/client"
	"bestbox/workflows/run"
)

// Outcome is what came of one question.
type Outcome struct {
	measure.Score
	Run       string     `json:"run"`
	Answer    string     `json:"answer"`
	Citations []Citation `json:"citations,omitempty"`
	Uncited   []string   `json:"uncited,omitempty"`
	// Nearest is what is shown where nothing is cited.
	Nearest *Citation `json:"nearest,omitempty"`
	// Steps is where the seconds went.
	Steps []run.Step `json:"steps,omitempty"`
}

// Citation is one of the answer.
type Citation struct {
	// Document is the path of the file, as the questions name it.
	Document string `json:"document"`
	Quote    string `json:"quote"`
	// Stands tells whether the quote is found in the document's text.
	Stands bool `json:"stands"`
}

// bench asks one agent.
type bench struct {
	worker *client.Client
	limit  time.Duration
	folder string
	// gone: the documents that answer the questions are not there.
	gone bool
}

// ingest puts the folder in, and waits for it.
func (b *bench) ingest(ctx context.Context, domain string) error {
	begun, err := b.worker.StartIngest(ctx, api.StartIngest{Folder: b.folder, Domain: domain})
	if err == nil {
		err = stack.Ingested(ctx, b.worker, begun)
	}
	if err != nil {
		return fmt.Errorf("put the documents of %s in: %w", domain, err)
	}
	return nil
}

func (b *bench) ask(ctx context.Context, request api.Request, question retrieval.Question) (*Outcome, error) {
	began := time.Now()
	asking := person.Person{Worker: b.worker}
	ended, failure, err := asking.AskWithin(ctx, b.limit, request)
	if err != nil {
		return nil, err
	}
	outcome := &Outcome{Run: ended.ID}
	outcome.Seconds = time.Since(began).Seconds()
	if failure != "" {
		outcome.Wrong = failure
		outcome.Mark(markFailed, true)
		return outcome, nil
	}
	result := ended.Result
	outcome.Answer, outcome.Uncited, outcome.Usage, outcome.Steps = result.Answer, result.Uncited, result.Usage, result.Steps
	for _, cited := range result.Citations {
		found, err := b.cited(ctx, cited)
		if err != nil {
			return nil, err
		}
		outcome.Citations = append(outcome.Citations, found)
	}
	if result.Nearest != nil {
		found, err := b.cited(ctx, *result.Nearest)
		if err != nil {
			return nil, err
		}
		outcome.Nearest = &found
	}
	outcome.judge(question, b.gone)
	return outcome, nil
}

// cited looks a citation up in its document.
func (b *bench) cited(ctx context.Context, cited cite.Citation) (Citation, error) {
	document, err := b.worker.Document(ctx, cited.Document)
	if err != nil {
		return Citation{}, err
	}
	relative, err := filepath.Rel(b.folder, filepath.FromSlash(document.Source))
	if err != nil {
		relative = document.Source // one that came otherwise
	}
	return Citation{Document: filepath.ToSlash(relative), Quote: cited.Quote, Stands: stands(cited.Quote, document.Text)}, nil
}

// stands tells whether a text is said by a document, word for word.
func stands(quote string, chunks []knowledge.Chunk) bool {
	return quote != "" && slices.ContainsFunc(chunks, func(c knowledge.Chunk) bool { return strings.Contains(c.Text, quote) })
}
