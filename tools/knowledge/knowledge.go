// Package knowledge is the tool that searches the company's documents. What it finds is cited: internal/knowledge/cite compares an answer with the passages that the model was
// shown, and so the typed result has just these.
//
// Whose documents are searched is not the model's to choose: an agent finds those of its own domain and those of every agent.
package knowledge

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	documents "bestbox/internal/knowledge"
	"bestbox/internal/knowledge/library"
	"bestbox/tools"
	"bestbox/tools/wording"
)

// Search is the name of the tool.
const Search = "search_knowledge_base"

// Searcher finds passages.
type Searcher interface {
	Search(ctx context.Context, query library.Query) (library.Found, error)
}

// Options are what the tool works with.
type Options struct {
	// Documents are nil where the tool is only asked what it is.
	Documents Searcher
	// Tokens counts the tokens of texts as the model does that reads the passages; nil, or an error, has them estimated.
	Tokens func(ctx context.Context, texts []string) ([]int, error)
	// Context is how many tokens the model can hold that reads them; 0: 8192.
	Context int
	// Relevance is for the model of embeddings.
	Relevance Relevance
}

const (
	// share is the part of the model's context that passages may take, one eighth. The fixed prompt of an agent takes up to half of 8192 tokens, other results and the answer need room
	// beside, and reading takes most of the time of an answer.
	share          = 8
	defaultContext = 8192
)

// Arguments are those of the tool.
type Arguments struct {
	Query string `json:"query,omitempty" jsonschema:"minLength=1,maxLength=400,example=how many days of leave may be carried over" jsonschema_extras:"x-question=itself" jsonschema_description:"What to look for, where the question itself has not found it."`
}

// Tools returns the tool.
func Tools(o Options) ([]*tools.Tool, error) {
	if o.Context == 0 {
		o.Context = defaultContext
	}
	var list tools.List
	list.Add(tools.New(tools.Definition{
		Name:        Search,
		Description: "What the company's documents say, such as policies, rules, contracts, manuals and minutes. Use it for rules, limits, rights and procedures.",
		Words:       "policy|policies|rules|regulation|regulations|handbook|manual|制度|规定|政策|规则|守则|手册",
		Effect:      tools.Read, Outsiders: true,
	}, o.search))
	return list.All()
}

// Found is what the documents say about a question.
type Found struct {
	Query string `json:"query"`
	// Relevant says whether anything that was found is about the question. Without it there are no passages.
	Relevant bool `json:"relevant"`
	// Passages are those that the model is shown: the most useful first, the second most useful last.
	Passages []Passage `json:"passages"`
	// WordsOnly says why the meaning was not asked for; empty: it was.
	WordsOnly string `json:"words_only,omitempty"`
	// Lost is how many documents could not be searched, since the index has lost them.
	Lost int `json:"lost,omitempty"`
}

// Passage is a piece of a document.
type Passage struct {
	// Number counts from 1, as the model is shown it.
	Number   int      `json:"number"`
	Document string   `json:"document"`
	Title    string   `json:"title"`
	Source   string   `json:"source"`
	Section  []string `json:"section,omitempty"`
	Page     int      `json:"page,omitempty"`
	Version  string   `json:"version"`
	// Position is that of its first chunk.
	Position int `json:"position"`
	// Text is what the document says, word for word.
	Text  string  `json:"text"`
	Score float64 `json:"score"`
}

func (o Options) search(ctx context.Context, in Arguments) (*Found, error) {
	caller := tools.CallerOf(ctx)
	if in.Query == "" {
		in.Query = caller.Question
	}
	if in.Query == "" {
		return nil, &tools.ArgumentError{Field: "query", Allowed: "what to look for; only an agent may leave it out, which is asked a question"}
	}
	found, err := o.Documents.Search(ctx, library.Query{Text: in.Query, Domain: caller.Agent, Limit: mostFound})
	if err != nil {
		return nil, fmt.Errorf("search the documents: %w", err)
	}
	out := &Found{Query: in.Query, Relevant: o.Relevance.Of(found).Relevant, Passages: []Passage{}, WordsOnly: found.WordsOnly, Lost: found.Lost}
	if out.Relevant {
		out.Passages = o.pack(ctx, joined(found.Passages))
	}
	return out, nil
}

// The longest texts of others in a sentence, in characters. Chunks are shorter than a passage may be; what is longer was joined of several.
const (
	longestPassage = 4000
	longestTitle   = 120
	longestQuery   = 200
)

// NotThere is the sentence of a search that has found nothing about its question.
const NotThere = "It is not in the documents"

// Sentences implements tools.Outcome. Titles and texts are quoted as those of outsiders.
func (f *Found) Sentences() []string {
	if !f.Relevant {
		return []string{fmt.Sprintf("%s: nothing in them is about %s.", NotThere, Quoted(f.Query, longestQuery))}
	}
	var titles []string
	for _, p := range f.Passages {
		if title := Quoted(p.Title, longestTitle); !slices.Contains(titles, title) {
			titles = append(titles, title)
		}
	}
	sentences := []string{fmt.Sprintf("%s of the documents may say it: %s.", wording.Counted(len(f.Passages), "passage"), strings.Join(titles, ", "))}
	for _, p := range f.Passages {
		sentences = append(sentences, p.sentence())
	}
	return sentences
}

// sentence is the passage as the model reads it.
func (p Passage) sentence() string {
	place := Quoted(documents.Place(p.Title, p.Section), longestTitle)
	if p.Page > 0 {
		place += fmt.Sprintf(" (page %d)", p.Page)
	}
	return fmt.Sprintf("[%d] %s: %s", p.Number, place, Quoted(p.Text, longestPassage))
}

// numbered is what looks like the number of a passage.
var numbered = regexp.MustCompile(`[\[【［]\s*(\^?\s*\d{1,3}(?:\s*[,，、]\s*\d{1,3})*)\s*[\]】］]`)

// Quoted is a text of others, at most so many characters of it, in which nothing looks like the number of a passage: what it writes in brackets stands in round ones. Signs that are not seen are gone before that
// is looked for.
func Quoted(text string, most int) string {
	return numbered.ReplaceAllString(wording.Quoted(text, most), "($1)")
}
