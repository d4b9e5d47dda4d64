package verify

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// IDSlotReport is what a build does when some requests name a slot.
type IDSlotReport struct {
	// IDSlotLeaks says that answers were wrong or another's. It is a property of the build, and no fault as long as nobody names a slot.
	IDSlotLeaks bool   `json:"id_slot_leaks"`
	Sentence    string `json:"sentence"`
	// Wrong of Answers answers to requests that named no slot, while another client named one.
	Wrong   int     `json:"wrong"`
	Answers int     `json:"answers"`
	Seconds float64 `json:"seconds"`
}

// idSlotRounds found the defect of build 11434 on every try; it ends at the first wrong answer.
const idSlotRounds = 8

// IDSlot provokes a known defect (seen in build 11434): beside a client that names a slot (id_slot), answers to others come out wrong or
// hold its text. The server exchanges what the named slot holds with its cache of prompts (--cache-ram) before it looks whether that slot is
// at work for somebody; with --cache-ram 0 it was not seen. It may leave a server that answers wrongly until its slots are used again, so run it where nobody else asks, and never as a
// condition of a start.
func IDSlot(ctx context.Context, s Server) (IDSlotReport, error) {
	started := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	slots, err := s.requests(ctx)
	if err != nil {
		return IDSlotReport{}, err
	}
	slots /= 2
	busy, stop := context.WithCancel(ctx)
	var clients sync.WaitGroup
	for slot := range slots {
		clients.Go(func() { s.nameSlot(busy, slot) })
	}
	report, err := s.besideThem(ctx)
	stop()
	clients.Wait()
	report.Seconds = time.Since(started).Seconds()
	return report, err
}

// nameSlot is a client that names a slot until ctx ends. What it gets is of no interest: its errors are part of the defect.
func (s Server) nameSlot(ctx context.Context, slot int) {
	for ctx.Err() == nil {
		a := newAskings(slot+2, true)[slot+1] // the first secret is for those who name none
		a.body["id_slot"] = slot
		a.body["n_predict"] = 2 * secretTokens
		s.askSecret(ctx, a)
	}
}

// besideThem asks without naming a slot.
func (s Server) besideThem(ctx context.Context) (IDSlotReport, error) {
	var report IDSlotReport
	for range idSlotRounds {
		a := newAskings(1, false)[0]
		s.askSecret(ctx, a)
		if ctx.Err() != nil {
			return report, fmt.Errorf("ask beside a client that names a slot: %w", context.Cause(ctx))
		}
		report.Answers++
		right := a.err == nil && strings.Contains(a.text, a.secret.words)
		if !right { // also where the server fails: the defect can end it
			report.Wrong++
			report.IDSlotLeaks = true
			report.Sentence = fmt.Sprintf("this build spoils answers to others when a request names a slot (id_slot): %q came instead of %q", a.text, a.secret.words)
			return report, nil
		}
	}
	report.Sentence = fmt.Sprintf("%d answers beside clients that name a slot were right", report.Answers)
	return report, nil
}
