package verify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"bestbox/llmctl/verify/wire"
)

const (
	// beyond is how many tokens the prompt is longer than the micro-batch: a computation that fails only in the second one shows.
	beyond = 16
	// cueTokens of the passage's beginning are repeated at the end of the prompt: a sentence and some words. With the beginning of one sentence
	// only, the smallest models cannot tell which of several is meant.
	cueTokens = 20
	// generated tokens are compared. Each costs a pass over the whole model.
	generated = 8
	// considered is how many of the likeliest tokens are compared at each position.
	considered = 20
)

// sizes are the prompt lengths, without what goes beyond, for which references exist. A micro-batch takes the next one up.
var sizes = []int{64, 128, 256, 512, 1024, 2048}

// canary is the fixed prompt, cut to length: a passage, then its own beginning once more. Every sane model goes on with the passage, so the
// right answer is known without a reference.
type canary struct {
	size     int
	prompt   []int
	expected []int
}

var (
	colours = strings.Fields("green red blue white black yellow silver brown orange purple")
	things  = strings.Fields("ladder kettle lamp drum basket mirror rope bottle clock barrel wheel pump fork chair stamp lantern bell")
	places  = strings.Fields("market kitchen garden cellar workshop station library harbour tower chapel bakery")
	owners  = strings.Fields("Tomas Maria Omar Chen Ingrid Pavel Aisha Leila Bruno Yuki Nadia Oscar Greta")
	weights = strings.Fields("eighteen eleven twelve thirteen fourteen fifteen sixteen seventeen nineteen twenty thirty forty fifty sixty")
)

// passageSentences make more tokens than the longest prompt, whatever the tokenizer: each has 13 words.
const passageSentences = 200

// passage has sentences of one form and changing words, so that a model knows what kind of word comes next and must look back for which.
// The lists' lengths share no factor that brings the same sentence back. References hold for these very bytes: see canaryVersion.
func passage() string {
	sentences := make([]string, passageSentences)
	for i := range sentences {
		sentences[i] = fmt.Sprintf("The %s %s in the %s belongs to %s and weighs %s pounds.", colours[i*3%len(colours)], things[i*5%len(things)],
			places[i*4%len(places)], owners[i*7%len(owners)], weights[i*9%len(weights)])
	}
	return strings.Join(sentences, " ")
}

// canaryVersion names the passage and the rules by which it is cut: a reference is valid for one version.
func canaryVersion() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d %d", passage(), beyond, cueTokens, generated))
	return hex.EncodeToString(sum[:6])
}

// sizeFor returns the prompt's size for a micro-batch in a context of so many tokens; 0 where none fits.
func sizeFor(microBatch, slotContext int) (size int) {
	for _, candidate := range sizes {
		if candidate+beyond+generated > slotContext || size >= microBatch {
			break
		}
		size = candidate
	}
	return size
}

// cut makes the prompt of a size with the server's own tokenizer.
func (s Server) cut(ctx context.Context, size int) (canary, error) {
	text := passage()
	whole, err := s.tokenize(ctx, text, true)
	if err != nil {
		return canary{}, err
	}
	plain, err := s.tokenize(ctx, text, false)
	if err != nil {
		return canary{}, err
	}
	gap, err := s.tokenize(ctx, "\n\n", false)
	if err != nil {
		return canary{}, err
	}
	head := size + beyond - len(gap) - cueTokens
	if head < cueTokens+generated || len(whole) < head || len(plain) < head {
		return canary{}, fmt.Errorf("cut the fixed prompt to %d tokens: the model's tokenizer makes %d of it; llmctl cannot check this model",
			size+beyond, len(whole))
	}
	prompt := append(append(whole[:head:head], gap...), plain[:cueTokens]...)
	return canary{size: size, prompt: prompt, expected: plain[cueTokens : cueTokens+generated]}, nil
}

// complete asks for what follows the canary. Nothing is taken from the server's cache, so that everything is computed now.
func (s Server) complete(ctx context.Context, c canary) (completion, error) {
	var reply completion
	err := wire.Post(ctx, "ask the fixed prompt", s.URL, "/completion", map[string]any{
		"prompt": c.prompt, "n_predict": generated, "temperature": 0, "cache_prompt": false, "n_probs": considered,
	}, &reply)
	return reply, err
}

// copied is the mean log-probability of the tokens that repeat the passage. A token that is not even among those considered counts as
// likely as the last of them.
func (c canary) copied(positions []position) float64 {
	sum := 0.0
	for i, expected := range c.expected {
		if i >= len(positions) {
			sum += nothingSaid
			continue
		}
		sum += logProbability(positions[i].Top, expected)
	}
	return sum / float64(len(c.expected))
}

// nothingSaid stands for a position at which the model had already ended its text.
const nothingSaid = -20.0

// logProbability of a token, or an upper bound of it: the least of those listed.
func logProbability(top []candidate, token int) float64 {
	least := 0.0
	for _, c := range top {
		if c.Token == token {
			return *c.LogProbability
		}
		least = min(least, *c.LogProbability)
	}
	return least
}
