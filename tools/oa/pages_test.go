package oa

import (
	"testing"

	"bestbox/tools/toolstest"
)

func TestPagesHoldWholeLists(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		d.PagesHoldWholeLists(t, []toolstest.Listing{
			{"search_email", `"sender":"Chen Wei",`, "mails", "count", "mail_id", 5},
			{"search_email", `"words":"budget",`, "mails", "count", "mail_id", 5},
			{"find_document", ``, "documents", "count", "document_id", 6},
			{"find_document", `"kind":"policy",`, "documents", "count", "document_id", 3},
		})
		d.TakesAnyPageOfNothing(t, []toolstest.Question{
			{"search_email", `{"words":"spaceship"}`},
			{"find_document", `{"words":"submarine"}`},
		})
	})
}
