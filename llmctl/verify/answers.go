package verify

import (
	"context"
	"fmt"
	"math"
	"time"
)

const (
	// copyLimit is the least mean log-probability of the right continuation. Measured: at worst -0.14 by the smallest model (135M) and -0.02 by
	// those of 0.5B and 1.5B; a server that computes another thing than the model is often, not always, far below.
	copyLimit = -1.0
	// defaultLimit bounds the difference to a reference that was recorded on the machine: the root of the mean square over the 20 likeliest
	// tokens at each position. A shipped reference has the limit of its model: 1.6 times the largest difference of a healthy server.
	//
	// Measured on build 11434, largest differences of healthy servers for the models of 135M, 0.5B, 1.5B: other micro-batch, batch, slots,
	// threads, unified cache, no repacking 0.20, 0.10, 0.15; flash attention off 0.19, 0.10, 0.15; cache in bf16 0.21, 0.15, 0.16; cache in q8_0
	// 0.24, 0.21, 0.17; Vulkan (lavapipe) 0.16, 0.11, 0.13. A cache in q4_0 differs by 0.4, 3.2, 8.1 and is meant to be found. One tensor
	// of one layer gone: 0.47 and more; the base of the positions ten times too small or large: 2.2, 0.62, 0.35 and more. A tenth of one
	// tensor gone is on either side of the limit, 0.3 to 0.5.
	defaultLimit = 0.4
)

// AnswerReport is what Answers found.
type AnswerReport struct {
	Verdict Verdict `json:"verdict"`
	// Sentence says it to people.
	Sentence string `json:"sentence"`
	// Copying is the mean log-probability of the right continuation; it needs no reference.
	Copying float64 `json:"copying"`
	// Compared is the size of the reference that was compared with; 0: there was none, and only Copying was judged.
	Compared int `json:"compared,omitempty"`
	// Difference is the root of the mean square of the differences in log-probability, which Limit bounds; Largest is the largest of them.
	Difference float64 `json:"difference"`
	Largest    float64 `json:"largest_difference"`
	Limit      float64 `json:"limit,omitempty"`
	// Positions is how many tokens of the answer could be compared: up to the first that differs.
	Positions int `json:"positions,omitempty"`
	// Tokens were evaluated and Generated written, in so many seconds.
	Tokens    int     `json:"tokens"`
	Generated int     `json:"generated"`
	Seconds   float64 `json:"seconds"`
}

// Answers asks the fixed prompt, or one that only reads for vectors or scores, and judges the answer. The reference is optional: without one for the
// server's prompt size only nonsense is found, and the report says so.
func Answers(ctx context.Context, s Server, reference *Reference) (AnswerReport, error) {
	started := time.Now()
	if !s.Writes() {
		check := vectors
		if s.Reranking {
			check = rerankings
		}
		report, err := check(ctx, s)
		report.Seconds = time.Since(started).Seconds()
		return report, err
	}
	found, err := s.properties(ctx)
	if err != nil {
		return AnswerReport{}, err
	}
	asked, reply, err := s.ask(ctx, found.Default.Context)
	if err != nil {
		return AnswerReport{}, err
	}
	report := judge(asked, reply.Probabilities, reference)
	if asked.size+beyond <= s.microBatch() {
		report.Sentence += fmt.Sprintf("; the context of %d tokens leaves no room for a prompt longer than one micro-batch", found.Default.Context)
	}
	report.Tokens, report.Generated = reply.Tokens, reply.Generated
	report.Seconds = time.Since(started).Seconds()
	return report, nil
}

// ask cuts the prompt for the server's micro-batch and context, and asks it.
func (s Server) ask(ctx context.Context, slotContext int) (canary, completion, error) {
	size := sizeFor(s.microBatch(), slotContext)
	if size == 0 {
		return canary{}, completion{}, fmt.Errorf("check the answers: a context of %d tokens is too small for the fixed prompt; set context to %d or more",
			slotContext, sizes[0]+beyond+generated)
	}
	asked, err := s.cut(ctx, size)
	if err != nil {
		return canary{}, completion{}, err
	}
	reply, err := s.complete(ctx, asked)
	return asked, reply, err
}

func judge(asked canary, answer []position, reference *Reference) AnswerReport {
	report := AnswerReport{Verdict: Wrong}
	if len(answer) == 0 {
		report.Sentence = "the answer is empty: the model ends its text where it should repeat a passage"
		return report
	}
	if !finite(answer) {
		report.Sentence = "the answer is not a number: the model's computation overflows (a damaged model file, or a backend that computes wrongly)"
		return report
	}
	report.Copying = asked.copied(answer)
	expected := reference.positions(asked.size)
	switch {
	case expected != nil: // says more than the copying, which a small model may fail at where two words are as likely
	case report.Copying < copyLimit:
		report.Sentence = fmt.Sprintf("the answer is nonsense: a passage is not repeated (mean log-probability %.2f, at least %.2f expected)",
			report.Copying, copyLimit)
		return report
	default:
		report.Verdict = Right
		report.Sentence = "the answer makes sense; there is no reference for this model at this micro-batch, so only nonsense would be found"
		return report
	}
	report.Compared, report.Limit = asked.size, reference.limit()
	report.compare(expected, answer)
	if report.Difference > report.Limit {
		report.Sentence = fmt.Sprintf("the answer differs from the reference: by %.2f in the mean, where %.2f is the limit, and by %.2f at most",
			report.Difference, report.Limit, report.Largest)
		return report
	}
	report.Verdict = Right
	report.Sentence = fmt.Sprintf("the answer agrees with the reference (difference %.2f, limit %.2f)", report.Difference, report.Limit)
	return report
}

// positions returns the expected answer of a size; nil when it is not known.
func (r *Reference) positions(size int) []Position {
	if r == nil {
		return nil
	}
	return r.Sizes[size]
}

func (r *Reference) limit() float64 {
	if r.Limit > 0 {
		return r.Limit
	}
	return defaultLimit
}

// compare fills in the differences: over all positions up to the first at which another token was chosen, since what follows that one answers
// another text.
func (r *AnswerReport) compare(expected []Position, answer []position) {
	sum, count := 0.0, 0
	for i, want := range expected {
		if i >= len(answer) {
			break
		}
		r.Positions++
		for k, token := range want.Top {
			difference := math.Abs(want.LogProbabilities[k] - logProbability(answer[i].Top, token))
			r.Largest = max(r.Largest, difference)
			sum += difference * difference
			count++
		}
		if answer[i].Token != want.Token {
			break
		}
	}
	r.Difference = math.Sqrt(sum / float64(max(count, 1)))
}
