package run

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// UpdateReply is the Temporal Update of a run that takes a Reply.
const UpdateReply = "reply"

// Question is what a run asks the user back.
type Question struct {
	Call string `json:"call"`
	Text string `json:"text"`
	// Outsiders says that the run has read text of outsiders, who may be behind the question.
	Outsiders bool `json:"outsiders,omitempty"`
	// Deadline is when the run goes on without a reply.
	Deadline time.Time `json:"deadline"`
}

// Reply is what the user says to a Question.
type Reply struct {
	Call string `json:"call"`
	Text string `json:"text"`
	By   string `json:"by,omitempty"`
}

// maxReply is the longest reply, in characters.
const maxReply = 2000

// Check reports the first wrong field as an *InputError.
func (r Reply) Check() error {
	const allowed = "1 to 2,000 characters of text"
	switch length := utf8.RuneCountInString(r.Text); {
	case r.Call == "":
		return &InputError{Field: "call", Problem: "it is empty", Allowed: "the call of a question, such as 2.1"}
	case strings.TrimSpace(r.Text) == "":
		return &InputError{Field: "text", Problem: "it is empty", Allowed: allowed}
	case length > maxReply:
		return &InputError{Field: "text", Problem: fmt.Sprintf("it has %d characters", length), Allowed: allowed}
	case !utf8.ValidString(r.Text) || strings.ContainsFunc(r.Text, unprintable):
		return &InputError{Field: "text", Problem: "it holds bytes that are not text", Allowed: allowed + ", in UTF-8"}
	case len(r.By) > maxName:
		return &InputError{Field: "by", Problem: "it is too long", Allowed: "who replies"}
	}
	return nil
}
