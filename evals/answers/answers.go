// Package answers measures what people are told from documents: whether an answer cites a document that answers the question, whether what it quotes stands there, and
// whether it says that something is not in the documents when the document that holds it is gone.
package answers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bestbox/evals/measure"
	"bestbox/evals/retrieval"
	"bestbox/evals/stack"
	"bestbox/internal/config"
	"bestbox/worker/api"
)

type options struct {
	measure.Options
	corpus, queries string
	rows, removed   int
	seed            uint64
	limit           time.Duration
}

// Command is `evals answers`.
func Command() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use: "answers", Short: "Whether answers cite the right documents, and say when something is not in them", Args: cobra.NoArgs,
		Long: "Starts a Temporal and a worker of its own beside the model servers that run (llmctl up), and puts a corpus in twice: whole for one agent, and for another one without the documents " +
			"that answer some questions. Each agent has nothing but search_knowledge_base.",
		Example: "  go run ./evals answers --rows 20 --removed 10\n  go run ./evals answers --resume",
		RunE: func(command *cobra.Command, _ []string) error {
			if err := o.Validate(); err != nil {
				return err
			}
			return begin(command, o)
		},
	}
	o.Flags(command.Flags(), "docs/measurements/answers.json")
	flags := command.Flags()
	flags.StringVar(&o.corpus, "corpus", "evals/retrieval/data/corpus", "folder of the documents")
	flags.StringVar(&o.queries, "queries", "evals/retrieval/data/queries.jsonl", "questions, one JSON object a line")
	flags.IntVar(&o.rows, "rows", 100, "how many questions are asked of all documents")
	flags.IntVar(&o.removed, "removed", 50, "how many questions are asked without the documents that answer them")
	flags.Uint64Var(&o.seed, "seed", 1, "which questions are taken")
	flags.DurationVar(&o.limit, "limit", 10*time.Minute, "how long one question may take")
	return command
}

// The agents, and with them the domains of the documents; and the groups of questions.
const (
	whole   = "reader"
	without = "partial_reader"
)

func begin(command *cobra.Command, o options) error {
	ctx := command.Context()
	set, err := retrieval.Load(ctx, o.corpus, o.queries)
	if err != nil {
		return err
	}
	asked := map[string][]retrieval.Question{
		whole:   measure.Sample(set.Questions, o.rows, o.seed),
		without: measure.Sample(set.Questions, o.removed, o.seed+1),
	}
	settings, err := config.Load(o.Config, o.Profile)
	if err != nil {
		return err
	}
	about, err := measure.Tiers(ctx, settings, measure.Set("question", slices.Concat(asked[whole], asked[without])))
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "bestbox-answers-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }() // it holds copies only
	if err := writeAll(folder, set, asked[without]); err != nil {
		return err
	}
	started, err := stack.Start(ctx, settings)
	if err != nil {
		return err
	}
	started.Configure = func(file *config.File) { file.Agents.Folder = filepath.Join(folder, "agents") }
	return errors.Join(ask(command, o, started, folder, about, asked), started.Close())
}

// writeAll writes the agents, and the corpus for each of them.
func writeAll(folder string, set *retrieval.Set, removed []retrieval.Question) error {
	gone := map[string]bool{}
	for _, question := range removed {
		for _, name := range question.Relevant {
			gone[name] = true
		}
	}
	files := map[string][]byte{}
	for _, file := range set.Files {
		files[path.Join(whole, file.Path)] = file.Bytes
		if !gone[file.Path] {
			files[path.Join(without, file.Path)] = file.Bytes
		}
	}
	for _, agent := range []string{whole, without} {
		files[path.Join("agents", agent, "agent.yaml")] = []byte("name: " + agent + "\ndescription: what the documents of three companies say\ntools: [search_knowledge_base]\n" +
			"policy: {max_steps: 3, max_calls_per_step: 1, answer_tokens: 200}\n")
		files[path.Join("agents", agent, "prompt.md")] = []byte("You answer questions from documents of ZX Bank, CloudWay and Cendara University.\n")
	}
	for name, content := range files {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(file, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func ask(command *cobra.Command, o options, started *stack.Stack, folder string, about measure.About, asked map[string][]retrieval.Question) error {
	ctx := command.Context()
	if err := started.Fresh(ctx, "EMP-002"); err != nil {
		return err
	}
	worker, err := started.Client()
	if err != nil {
		return err
	}
	var groups [][]measure.Job[*Outcome]
	for _, agent := range []string{whole, without} {
		b := &bench{worker: worker, limit: o.limit, folder: filepath.Join(folder, agent), gone: agent == without}
		if err := b.ingest(ctx, agent); err != nil {
			return err
		}
		var jobs []measure.Job[*Outcome]
		for _, question := range asked[agent] {
			jobs = append(jobs, measure.Job[*Outcome]{Group: agent, Row: question.ID, Ask: func(ctx context.Context) ([]*Outcome, error) {
				outcome, err := b.ask(ctx, api.Request{Question: question.Query, Domain: agent}, question)
				return []*Outcome{outcome}, err
			}})
		}
		groups = append(groups, jobs)
	}
	return measure.Run(ctx, command.OutOrStdout(), command.ErrOrStderr(), o.Options, about, measure.TakeTurns(groups), marks...)
}

// saysNotThere finds answers that say that something is not in the documents, in the tool's own words or in those of a model.
var saysNotThere = regexp.MustCompile(`(?i)\bnot (?:be )?(?:in|found|mentioned|provided|specified|stated|contained|available|included|listed|given)\b|` +
	`\bno (?:information|mention|details?|passages?|documents?)\b|\b(?:do|does)(?: not|n't) (?:say|mention|provide|specify|state|contain|include|hold|list|give)\b|没有相关内容|没有提到|未提及`)

// What is counted beside right and wrong.
const (
	markNone    = "no citation"
	markOther   = "other document"
	markDenied  = "said not there"
	markQuote   = "quote missing"
	markUncited = "uncited"
	markFailed  = "no answer"
	// markAlso is a citation of a document that answers the question although the questions do not name it, and none of one that they name.
	markAlso = "also right"
	// markNearest is no citation, but a document that answers the question shown as the nearest.
	markNearest = "nearest right"
)

var marks = []string{markAlso, markNearest, markNone, markOther, markDenied, markQuote, markUncited, markFailed}

// judge scores an answer. Where the document is there, a citation of it is right; where it is gone, to say so and cite nothing.
func (o *Outcome) judge(question retrieval.Question, gone bool) {
	denied := len(o.Citations) == 0 && saysNotThere.MatchString(o.Answer)
	cited := slices.ContainsFunc(o.Citations, func(c Citation) bool { return slices.Contains(question.Relevant, c.Document) })
	o.Right = cited
	if gone {
		o.Right = denied
	}
	o.Mark(markDenied, denied)
	o.Mark(markNone, len(o.Citations) == 0 && !denied)
	citedAlso := !cited && slices.ContainsFunc(o.Citations, func(c Citation) bool { return slices.Contains(question.Also, c.Document) })
	answers := slices.Concat(question.Relevant, question.Also)
	o.Mark(markAlso, citedAlso)
	o.Mark(markNearest, len(o.Citations) == 0 && o.Nearest != nil && slices.Contains(answers, o.Nearest.Document))
	o.Mark(markOther, len(o.Citations) > 0 && !cited && !citedAlso)
	o.Mark(markUncited, len(o.Uncited) > 0)
	o.Mark(markQuote, slices.ContainsFunc(o.Citations, func(c Citation) bool { return !c.Stands }))
	if !o.Right {
		o.Wrong = strings.Join(strings.Fields(fmt.Sprintf("%s | %s", question.Query, o.Answer)), " ")
	}
}
