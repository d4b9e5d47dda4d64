// Package prefix reads fixed prompts into a model server after its start, so that the first question need not wait for them.
//
// An agent's prompt begins with some thousand tokens that never change. Evaluating them takes half a minute on a small machine; reading
// what the server made of them from a file takes less than a second. So they are evaluated once, saved, and restored at the next start of the
// same server with the same model and flags. What the server reports of each request (cache_n) proves it.
//
// It runs beside others who use the server: no request names a slot, and a slot is saved or restored only while it is idle. It judges no
// answers: warm up what package verify has found right, since a saved prompt holds what the server computed.
package prefix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"bestbox/llmctl/verify/wire"
)

// Prefix is a chat request whose prompt begins as real ones do. Its last message is where they begin to differ.
type Prefix struct {
	// Name is for people: "agent erp".
	Name string `json:"name"`
	// Body is the request, with its messages; how much is generated and how it is sent is set here.
	Body json.RawMessage `json:"body"`
}

// How a prefix came into the server.
type How string

const (
	Restored     How = "restored"      // from its file
	Evaluated    How = "evaluated"     // by the model
	AlreadyThere How = "already there" // in a slot or in the server's cache
	Failed       How = "failed"        // not at all; Note says why
)

// Report is what became of one prefix.
type Report struct {
	Name string `json:"name"`
	How  How    `json:"how"`
	// Tokens are those of the prompt; Cached of them the server took from what it held.
	Tokens int `json:"tokens"`
	Cached int `json:"cached"`
	// Saved says that the next start can restore it.
	Saved   bool    `json:"saved"`
	Seconds float64 `json:"seconds"`
	// Note says what did not go as wished; empty when all did.
	Note string `json:"note,omitempty"`
}

// enough of a prompt is cached when no more than a tenth had to be evaluated; a restored one lacks a token or two.
const enough = 0.9

// Restore reads into the server at url what an earlier start has saved of prefixes, and evaluates none. It is worth a moment before anything
// else: whoever waited for the server to come back sends one of these prompts as soon as it listens. The reports are those of what was restored;
// an error says that the server is gone or ctx ended.
func Restore(ctx context.Context, url string, files Files, prefixes []Prefix) ([]Report, error) {
	notNow := errors.New("it must be evaluated")
	var reports []Report
	for _, p := range prefixes {
		report, err := warm(ctx, url, files, p, func(context.Context) error { return notNow })
		switch {
		case err == nil && report.How == Restored:
			reports = append(reports, report)
		case err != nil && !errors.Is(err, notNow):
			return reports, err
		}
	}
	return reports, nil
}

// Warm reads prefixes into the server at url, one after the other, but for those that Restore has reported; with a --cache-ram there may be more
// of them than slots. A prefix that fails is reported and the next one tried; an error says that the server is gone or ctx ended, with the
// reports so far. Before the model must evaluate one, turn is called, which may wait until nobody else needs the server; nil: it is always
// its turn.
func Warm(ctx context.Context, url string, files Files, prefixes []Prefix, restored []Report, turn func(context.Context) error) ([]Report, error) {
	reports := make([]Report, 0, len(prefixes))
	for _, p := range prefixes {
		if i := slices.IndexFunc(restored, func(r Report) bool { return r.Name == p.Name }); i >= 0 {
			reports = append(reports, restored[i])
			continue
		}
		report, err := warm(ctx, url, files, p, turn)
		reports = append(reports, report)
		if err != nil {
			return reports, err
		}
	}
	files.removeOthers(prefixes)
	return reports, nil
}

func warm(ctx context.Context, url string, files Files, p Prefix, turn func(context.Context) error) (report Report, err error) {
	started := time.Now()
	report = Report{Name: p.Name, How: Failed}
	defer func() { report.Seconds = time.Since(started).Seconds() }()
	file := files.of(p)
	restored, err := file.restore(ctx, url)
	if err := report.noted(err); err != nil {
		return report, err
	}
	if !restored && turn != nil {
		if err := turn(ctx); err != nil {
			return report, err
		}
	}
	asked, err := ask(ctx, url, p)
	if err != nil {
		return report, report.failed(err)
	}
	report.Tokens, report.Cached = asked.Timings.Cached+asked.Timings.Evaluated, asked.Timings.Cached
	there := float64(report.Cached) >= enough*float64(report.Tokens)
	switch {
	case there && restored:
		report.How, report.Saved = Restored, true
		return report, nil
	case there:
		report.How = AlreadyThere
	default:
		report.How = Evaluated
	}
	if restored {
		file.remove()
		report.Note = "the saved prompt was restored but not used"
	}
	if file.path == "" {
		return report, nil
	}
	if file.exists() { // not restored because its slot was at work
		report.Saved = true
		return report, nil
	}
	err = file.save(ctx, url, asked, report.Tokens)
	report.Saved = err == nil
	return report, report.noted(err)
}

// noted keeps a note in the report; any other error ends the warm-up.
func (r *Report) noted(err error) error {
	if left, ok := errors.AsType[*note](err); ok {
		r.Note = left.text
		return nil
	}
	return err
}

// failed keeps a refusal in the report; anything else ends the warm-up.
func (r *Report) failed(err error) error {
	status := wire.Status(err)
	if !errors.Is(err, errNoRequest) && (status == 0 || status == http.StatusServiceUnavailable) {
		return err
	}
	r.Note = err.Error()
	return nil
}

var errNoRequest = errors.New("its body is no chat request with messages; see worker prefixes --json")

// reply is what is read of the answer to a prefix.
type reply struct {
	Timings struct {
		Cached    int `json:"cache_n"`
		Evaluated int `json:"prompt_n"`
	} `json:"timings"`
	// Verbose is the server's own account of the request; builds without it do not tell the slot.
	Verbose *struct {
		Slot int `json:"id_slot"`
	} `json:"__verbose"`
}

// ask sends the prefix as a request for one token.
func ask(ctx context.Context, url string, p Prefix) (reply, error) {
	doing := "read in the prompt of " + p.Name
	var body map[string]any
	if err := json.Unmarshal(p.Body, &body); err != nil || body["messages"] == nil {
		return reply{}, fmt.Errorf("%s: %w", doing, errNoRequest)
	}
	maps.Copy(body, map[string]any{"max_tokens": 1, "temperature": 0, "stream": false, "cache_prompt": true, "verbose": true})
	delete(body, "id_slot") // see the package comment
	var answered reply
	err := wire.Post(ctx, doing, url, "/v1/chat/completions", body, &answered)
	return answered, err
}
