package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"bestbox/worker/api"
	"bestbox/workflows/run"
)

// linesOf reads lines in the background: who waits for one can be told to stop.
func linesOf(input io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(input); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	return lines
}

// line asks the person at the terminal for a line. It reports false where there is nobody, or nobody any more.
func (a *asking) line(ctx context.Context, prompt string) (string, bool) {
	if a.lines == nil {
		return "", false
	}
	fmt.Fprint(a.out, prompt)
	select {
	case line, open := <-a.lines:
		if !open {
			a.lines = nil
		}
		return strings.TrimSpace(line), open
	case <-ctx.Done():
		return "", false
	}
}

// decide lets the person at the terminal decide on a call, or says how to do it elsewhere.
func (a *asking) decide(ctx context.Context, id, callID string) {
	elsewhere := fmt.Sprintf("In another terminal: worker approvals approve %s %s, or deny, or edit.", id, callID)
	for {
		line, ok := a.line(ctx, "[a]pprove, [d]eny, or [l]ater? ")
		if !ok {
			a.printer.Note(elsewhere)
			return
		}
		verdict, reason, _ := strings.Cut(line, " ")
		decision := api.Decide{By: userName(), Reason: strings.TrimSpace(reason)}
		switch strings.ToLower(verdict) {
		case "a", "approve", "y", "yes":
			decision.Verdict = run.Approve
		case "d", "deny", "n", "no":
			decision.Verdict = run.Deny
		case "l", "later":
			a.printer.Note(elsewhere)
			return
		default:
			a.printer.Note("Write a, d or l; a reason may follow: d too expensive")
			continue
		}
		if _, err := a.client.Decide(ctx, id, callID, decision); err != nil {
			a.printer.Note(err.Error())
			a.printer.Note(elsewhere)
		}
		return
	}
}

// reply lets the person at the terminal reply to a question, or says how to do it elsewhere.
func (a *asking) reply(ctx context.Context, id, callID string) {
	for {
		line, ok := a.line(ctx, "> ")
		if !ok {
			a.printer.Note(fmt.Sprintf("In another terminal: worker reply %s %s TEXT", id, callID))
			return
		}
		if line == "" {
			continue
		}
		if err := a.client.Reply(ctx, id, callID, line); err != nil {
			a.printer.Note(err.Error())
			continue
		}
		return
	}
}
