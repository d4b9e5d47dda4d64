// Package verify finds out whether a running llama-server gives right answers.
//
// A server can load a model, report itself healthy and answer nonsense: a driver that computes wrongly, a damaged file, a flag that changes
// what is computed. Answers asks it one fixed question and compares what it would say next with what is known. Isolation asks several
// questions at once and looks for one in the answer to another.
//
// A report says what was found; an error says that the server could not be asked. Nothing here changes the server but what its slots hold,
// and no request names a slot, except in IDSlot, which exists to show why.
package verify

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"bestbox/llmctl/verify/wire"
)

// Server is the server to ask.
type Server struct {
	// URL without a path, for example http://127.0.0.1:8080.
	URL string
	// Slots is -np: requests answered side by side.
	Slots int
	// MicroBatch is -ub: tokens computed at once; 0 means the server's own 512. See BatchesOf.
	MicroBatch int
	// Embedding says that the server turns texts into vectors and writes none, Reranking that it scores how well texts answer a question.
	Embedding, Reranking bool
	// Model is the SHA-256 of the model's first file; it finds the reference.
	Model string
}

// Writes reports whether the server writes text.
func (s Server) Writes() bool { return !s.Embedding && !s.Reranking }

// Verdict is the outcome of a check.
type Verdict string

const (
	Right Verdict = "right"
	Wrong Verdict = "wrong" // nobody should use the server
)

// Sizes of llama-server b11434 where its arguments are silent, in tokens (common/common.h).
const (
	defaultBatch      = 2048
	defaultMicroBatch = 512
)

// BatchesOf reads from a llama-server's arguments how many tokens of a prompt it takes at a time (-b), and how many of these it computes at
// once (-ub, never more than -b).
func BatchesOf(arguments []string) (batch, micro int) {
	batch, micro = defaultBatch, defaultMicroBatch
	for i, argument := range arguments {
		name, value, joined := strings.Cut(argument, "=")
		if !joined && i+1 < len(arguments) {
			value = arguments[i+1]
		}
		number, err := strconv.Atoi(value)
		if err != nil || number < 1 {
			continue
		}
		switch name {
		case "-ub", "--ubatch-size":
			micro = number
		case "-b", "--batch-size":
			batch = number
		}
	}
	return batch, min(micro, batch)
}

func (s Server) microBatch() int {
	if s.MicroBatch < 1 {
		return defaultMicroBatch
	}
	return s.MicroBatch
}

// properties are what the server says about itself.
type properties struct {
	Slots   int    `json:"total_slots"`
	Build   string `json:"build_info"`
	Default struct {
		Context int `json:"n_ctx"`
	} `json:"default_generation_settings"`
}

func (s Server) properties(ctx context.Context) (properties, error) {
	var found properties
	err := wire.Get(ctx, "ask the server for its build and context", s.URL, "/props", &found)
	return found, err
}

func (s Server) tokenize(ctx context.Context, text string, special bool) ([]int, error) {
	var reply struct {
		Tokens []int `json:"tokens"`
	}
	body := map[string]any{"content": text, "add_special": special}
	err := wire.Post(ctx, "cut the fixed prompt into tokens", s.URL, "/tokenize", body, &reply)
	if err == nil && len(reply.Tokens) == 0 {
		err = errors.New("cut the fixed prompt into tokens: the model's tokenizer finds none; load the model again: llmctl pull")
	}
	return reply.Tokens, err
}

// completion is llama-server's reply to a prompt.
type completion struct {
	Text          string     `json:"content"`
	Tokens        int        `json:"tokens_evaluated"`
	Generated     int        `json:"tokens_predicted"`
	Probabilities []position `json:"completion_probabilities"`
}

// position is one generated token and what else the model thought of. A probability that is not a number comes as null.
type position struct {
	Token int         `json:"id"`
	Top   []candidate `json:"top_logprobs"`
}

type candidate struct {
	Token          int      `json:"id"`
	LogProbability *float64 `json:"logprob"`
}

// finite reports whether every probability is a number.
func finite(positions []position) bool {
	for _, p := range positions {
		if slices.ContainsFunc(p.Top, func(c candidate) bool { return c.LogProbability == nil || math.IsInf(*c.LogProbability, 0) }) {
			return false
		}
	}
	return true
}
