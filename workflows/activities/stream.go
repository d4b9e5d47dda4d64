package activities

import (
	"context"
	"strings"
	"time"

	"github.com/tmc/langchaingo/llms"
	"go.temporal.io/sdk/activity"

	"bestbox/internal/llm"
	"bestbox/internal/transcript"
	"bestbox/workflows/run"
)

// publishInterval is how often new text goes to those who follow a run: fast enough to read along, and one small
// transaction instead of one per token.
const publishInterval = 100 * time.Millisecond

// stream generates text and publishes it piece by piece as events of the run. Publishing is a courtesy: when it fails, the text
// still reaches everyone with the answer event.
func (a *Activities) stream(ctx context.Context, messages []llms.MessageContent, maxTokens, attempt int) (llm.Text, error) {
	a.publish(ctx, run.EventAnswerStart, run.AnswerStart{Attempt: attempt})
	var waiting strings.Builder
	published := time.Now()
	flush := func() {
		if waiting.Len() > 0 {
			a.publish(ctx, run.EventAnswerDelta, run.AnswerDelta{Text: waiting.String()})
			waiting.Reset()
			published = time.Now()
		}
	}
	defer flush()
	return a.Heavy.Stream(ctx, messages, maxTokens, func(piece string) error {
		waiting.WriteString(piece)
		if time.Since(published) >= publishInterval {
			flush()
		}
		return nil
	})
}

func (a *Activities) publish(ctx context.Context, eventType string, body any) {
	event, err := transcript.NewEvent(eventType, body)
	if err == nil {
		err = a.Transcript.Publish(ctx, session(ctx), event)
	}
	if err != nil && ctx.Err() == nil {
		activity.GetLogger(ctx).Warn("An event of the run could not be published.", "type", eventType, "error", err)
	}
}
