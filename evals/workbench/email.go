package workbench

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bestbox/tools"
)

func emailTools(s *session) []*tools.Tool {
	return []*tools.Tool{
		ordered(s, "EM:newest|latest|most recent|last", "email_search_emails", "Finds e-mails whose subject, text or sender holds all words of the query, the newest first.", searchEmails),
		reads(s, "email_get_email_information_by_id", "One field of an e-mail.", func(w *World, in emailField) (said, error) {
			return information(&w.Emails, in.EmailID, in.Field)
		}),
		writes(s, "email_send_email", "Sends a new e-mail.", func(w *World, in newEmail) (said, error) { return send(w, in.Recipient, in.Subject, in.Body) }),
		writes(s, "email_reply_email", "Answers the sender of an e-mail.", replyEmail),
		writes(s, "email_forward_email", "Passes an e-mail on to somebody.", forwardEmail),
		writes(s, "email_delete_email", "Deletes an e-mail.", func(w *World, in emailID) (said, error) { return deleted(&w.Emails, in.EmailID) }),
	}
}

type emailSearch struct {
	spelling
	Query   string `json:"query,omitempty" jsonschema_description:"Words that stand in the subject, the text or the sender's address. Not when it came, or how new it is."`
	DateMin string `json:"date_min,omitempty" jsonschema:"pattern=^[0-9]{4}-[0-9]{2}-[0-9]{2}$,example=2023-01-30" jsonschema_description:"Sent on this day or later."`
	DateMax string `json:"date_max,omitempty" jsonschema:"pattern=^[0-9]{4}-[0-9]{2}-[0-9]{2}$,example=2023-01-31" jsonschema_description:"Sent on this day or earlier."`
}

func searchEmails(world *World, in emailSearch) (said, error) {
	dateMax := in.DateMax
	if dateMax != "" {
		dateMax += " 23:59:59"
	}
	holds := func(cell func(string) string, word string) bool {
		return has(cell("subject"), word) || has(cell("body"), word) || has(cell("sender/recipient"), word)
	}
	// A word that is in no e-mail at all, as "newest", tells nothing of the one that is looked for.
	var words, unheard []string
	for word := range strings.FieldsSeq(in.Query) {
		if len(world.Emails.where(func(cell func(string) string) bool { return holds(cell, word) })) > 0 {
			words = append(words, word)
		} else {
			unheard = append(unheard, word)
		}
	}
	if len(words) == 0 {
		words, unheard = unheard, nil
	}
	found := world.Emails.where(func(cell func(string) string) bool {
		lacking := slices.ContainsFunc(words, func(word string) bool { return !holds(cell, word) })
		return !lacking && between(cell("sent_datetime"), in.DateMin, dateMax)
	})
	slices.SortStableFunc(found, func(a, b []string) int { return strings.Compare(b[4], a[4]) })
	told := listed(found, mostFound, "e-mails", func(row []string) string {
		direction := "from"
		if row[1] == "outbox" {
			direction = "to"
		}
		return fmt.Sprintf("EM-%s %s %s, sent at %s, %q", row[0], direction, row[2], row[4], row[3])
	})
	if len(unheard) > 0 {
		told = append(said{fmt.Sprintf("No e-mail holds %q, which was left out.", strings.Join(unheard, " "))}, told...)
	}
	return told, nil
}

type emailID struct {
	spelling
	EmailID string `json:"email_id" jsonschema:"pattern=^EM-[0-9]+$,example=EM-00000000"`
}

type emailField struct {
	emailID
	Field string `json:"field" jsonschema:"enum=subject,enum=body,enum=sender/recipient,enum=sent_datetime,enum=inbox/outbox"`
}

type newEmail struct {
	spelling
	Recipient string `json:"recipient" jsonschema:"minLength=1" jsonschema_extras:"x-addressees=mail" jsonschema_description:"One address."`
	Subject   string `json:"subject" jsonschema:"minLength=1"`
	Body      string `json:"body" jsonschema:"minLength=1"`
}

type emailReply struct {
	emailID
	Body string `json:"body" jsonschema:"minLength=1" jsonschema_extras:"x-said=reply|respond|response|answer|get back|write back"`
}

type emailForward struct {
	spelling
	EmailID   string `json:"email_id" jsonschema:"pattern=^EM-[0-9]+$,example=EM-00000000" jsonschema_extras:"x-said=forward|pass|share"`
	Recipient string `json:"recipient" jsonschema:"minLength=1" jsonschema_extras:"x-addressees=mail" jsonschema_description:"One address."`
}

// send appends a sent e-mail. Upstream writes it at the row whose label is the number of rows, which overwrites one after a deletion in the same
// task; no right answer does both.
func send(world *World, recipient, subject, body string) (said, error) {
	if !strings.Contains(recipient, "@") || !strings.Contains(recipient, ".") {
		return nil, wrong("recipient", recipient, "an e-mail address")
	}
	recipient = strings.ToLower(recipient)
	id := strconv.Itoa(world.Emails.largestID() + 1)
	world.Emails.Rows = append(world.Emails.Rows, []string{id, "outbox", recipient, subject, now, body})
	return said{fmt.Sprintf("The e-mail %q was sent to %s.", subject, recipient)}, nil
}

func replyEmail(world *World, in emailReply) (said, error) {
	at, err := row(&world.Emails, in.EmailID)
	if err != nil {
		return nil, err
	}
	original := world.Emails.Rows[at]
	return send(world, original[2], original[3], in.Body)
}

func forwardEmail(world *World, in emailForward) (said, error) {
	at, err := row(&world.Emails, in.EmailID)
	if err != nil {
		return nil, err
	}
	original := world.Emails.Rows[at]
	return send(world, in.Recipient, "FW: "+original[3], original[5])
}
