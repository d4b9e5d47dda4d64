package verify

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"bestbox/llmctl/verify/wire"
)

// IsolationReport is what Isolation found.
type IsolationReport struct {
	Verdict  Verdict `json:"verdict"`
	Sentence string  `json:"sentence"`
	// Requests ran at once. Leaked is how many held the text of another, Differ how many were not what the server says when it is asked alone.
	Requests int `json:"requests"`
	Leaked   int `json:"leaked"`
	Differ   int `json:"differ"`
	// Tokens were evaluated and generated in all.
	Tokens  int     `json:"tokens"`
	Seconds float64 `json:"seconds"`
}

// secret is what one of several users may read and no other.
type secret struct {
	owner string
	words string
}

// secretTokens is how many tokens an answer may have: three words and the full stop, for the least able tokenizer.
const secretTokens = 12

// secrets returns different ones: no two share their words, so that a mixed answer names its source.
func secrets(count int) []secret {
	all := make([]secret, count)
	for i := range all {
		all[i] = secret{
			owner: fmt.Sprintf("%s %d", owners[i%len(owners)], i+1),
			words: colours[i%len(colours)] + " " + things[i%len(things)] + " " + places[i%len(places)],
		}
	}
	return all
}

// prompt states the secret some times and begins once more; a model that is asked so goes on with the words. All prompts begin alike, as
// those of an agent do, so that the server's reuse of a common beginning is part of the test; they differ in length, so that they do not
// move in step.
func (s secret) prompt(number int) string {
	return "Each user has a word that no other may read.\n" + strings.Repeat(s.owner+" has "+s.words+".\n", 2+number%3) + s.owner + " has"
}

// asking is one request for a secret.
type asking struct {
	secret secret
	body   map[string]any
	text   string
	tokens int
	err    error
}

func (s Server) askSecret(ctx context.Context, a *asking) {
	var reply completion
	a.err = wire.Post(ctx, "ask several questions at once", s.URL, "/completion", a.body, &reply)
	a.text, a.tokens = strings.TrimSpace(reply.Text), reply.Tokens+reply.Generated
}

// newAskings makes one request for each secret.
func newAskings(count int, cache bool) []*asking {
	all := make([]*asking, count)
	for i, s := range secrets(count) {
		all[i] = &asking{secret: s, body: map[string]any{
			"prompt": s.prompt(i), "n_predict": secretTokens, "temperature": 0, "cache_prompt": cache, "stop": []string{".", "\n"},
		}}
	}
	return all
}

// atOnce sends all of them side by side and waits for the last.
func (s Server) atOnce(ctx context.Context, all []*asking) error {
	var users sync.WaitGroup
	for _, a := range all {
		users.Go(func() { s.askSecret(ctx, a) })
	}
	users.Wait()
	return firstError(all)
}

func firstError(all []*asking) error {
	for _, a := range all {
		if a.err != nil {
			return a.err
		}
	}
	return nil
}

// foreign returns the owner of another's secret in the answer, or "".
func foreign(answer string, own int, all []*asking) string {
	for i, other := range all {
		if i != own && strings.Contains(answer, other.secret.words) {
			return other.secret.owner
		}
	}
	return ""
}

// Isolation asks more questions at once than the server has slots. Every answer must hold its own text and nobody else's, and be what the
// server says to the same question alone. It costs a short answer for each request; run it where the build and the flags are new.
func Isolation(ctx context.Context, s Server) (IsolationReport, error) {
	started := time.Now()
	count, err := s.requests(ctx)
	if err != nil {
		return IsolationReport{}, err
	}
	check := isolationOfTexts
	switch {
	case s.Embedding:
		check = isolationOfVectors
	case s.Reranking:
		check = isolationOfScores
	}
	report, err := check(ctx, s, count)
	report.Seconds = time.Since(started).Seconds()
	return report, err
}

// requests are twice the slots and one: some wait for a slot that another has just left.
func (s Server) requests(ctx context.Context) (int, error) {
	slots := s.Slots
	if slots < 1 {
		found, err := s.properties(ctx)
		if err != nil {
			return 0, err
		}
		slots = max(1, found.Slots)
	}
	return 2*slots + 1, nil
}

// isolationOfTexts asks alone only where the answer is not exactly the text that belongs there: what else could it say alone?
func isolationOfTexts(ctx context.Context, s Server, count int) (IsolationReport, error) {
	together, alone := newAskings(count, true), newAskings(count, false)
	if err := s.atOnce(ctx, together); err != nil {
		return IsolationReport{}, err
	}
	for i, a := range together {
		if a.text == a.secret.words {
			alone[i].text = a.text
			continue
		}
		if s.askSecret(ctx, alone[i]); alone[i].err != nil {
			return IsolationReport{}, alone[i].err
		}
	}
	return judgeIsolation(together, alone), nil
}

func judgeIsolation(together, alone []*asking) IsolationReport {
	report := IsolationReport{Verdict: Right, Requests: len(together), Sentence: fmt.Sprintf("%d requests at once did not mix", len(together))}
	for i, a := range together {
		report.Tokens += a.tokens + alone[i].tokens
		reader := foreign(a.text, i, together)
		switch {
		case reader != "":
			report.Leaked++
			report.Sentence = fmt.Sprintf("requests mix: the answer for %s holds what belongs to %s (%q)", a.secret.owner, reader, a.text)
		case a.text != alone[i].text:
			report.Differ++
			if report.Leaked == 0 {
				report.Sentence = fmt.Sprintf("answers change beside others: %q alone, %q among %d requests", alone[i].text, a.text, len(together))
			}
		}
	}
	if report.Leaked+report.Differ > 0 {
		report.Verdict = Wrong
	}
	return report
}
