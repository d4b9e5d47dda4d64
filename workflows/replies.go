package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"bestbox/internal/transcript"
	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

// replyTimeout is how long a run waits for the user's reply; then it goes on without.
const replyTimeout = 24 * time.Hour

// question is one that waits for the user's reply, or has it.
type question struct{ reply *run.Reply }

func (p *people) listenForReplies(ctx workflow.Context) error {
	return workflow.SetUpdateHandlerWithOptions(ctx, run.UpdateReply, p.reply, workflow.UpdateHandlerOptions{
		Validator:   func(_ workflow.Context, reply run.Reply) error { return p.checkReply(reply) },
		Description: "Replies to a question that the run has asked back.",
	})
}

// checkReply refuses a reply before it becomes part of the history.
func (p *people) checkReply(reply run.Reply) error {
	if err := reply.Check(); err != nil {
		return temporal.NewNonRetryableApplicationError(err.Error(), ErrorInvalidInput, nil)
	}
	asked, found := p.questions[reply.Call]
	switch {
	case !found:
		return notWaiting(reply.Call, "no such question has been asked in this run")
	case asked.reply != nil:
		return notWaiting(reply.Call, "it has been replied to already")
	}
	return nil
}

func (p *people) reply(_ workflow.Context, reply run.Reply) error {
	p.questions[reply.Call].reply = &reply
	return nil
}

// ask asks the user back and waits for the reply.
func (p *people) ask(ctx workflow.Context, call activities.ControlInput) (transcript.Head, error) {
	call.Deadline = workflow.Now(ctx).Add(replyTimeout)
	asked := &question{}
	p.questions[call.Call] = asked
	if err := workflow.ExecuteActivity(onMain(ctx, "ask the user"), calls.AskUser, call).Get(ctx, nil); err != nil {
		return "", err
	}
	if err := setStatus(ctx, statusWaiting); err != nil {
		return "", err
	}
	if _, err := workflow.AwaitWithTimeout(ctx, replyTimeout, func() bool { return asked.reply != nil }); err != nil {
		return "", err
	}
	if asked.reply == nil {
		delete(p.questions, call.Call) // a reply that comes now is too late
	}
	if err := setStatus(ctx, statusRunning); err != nil {
		return "", err
	}
	var called activities.Called
	err := workflow.ExecuteActivity(onMain(ctx, "the user's reply"), calls.Replied, activities.ReplyInput{ControlInput: call, Reply: asked.reply}).Get(ctx, &called)
	return called.Head, err
}
