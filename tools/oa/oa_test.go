package oa

import (
	"os"
	"testing"

	"bestbox/internal/records/recordstest"
	"bestbox/tools/toolstest"
)

var area = toolstest.NewArea(Options{}.Tools)

func TestMain(m *testing.M) {
	if os.Getenv(toolstest.OrderVariable) != "" {
		os.Exit(toolstest.Obey(asWorker))
	}
	code := recordstest.Run(m)
	stopRadicale()
	os.Exit(code)
}

// desk is an office of a test's own, with a folder for the documents that it makes.
type desk struct {
	toolstest.Desk
	folder string
}

func newDesk(t testing.TB, store recordstest.Store, options Options) desk {
	t.Helper()
	options.Documents = t.TempDir()
	return desk{toolstest.Over(t, store, options.Tools), options.Documents}
}

// onEachStore runs a test with an office of its own on every kind of database.
func onEachStore(t *testing.T, options Options, test func(t *testing.T, d desk)) {
	t.Helper()
	for _, store := range recordstest.Stores() {
		t.Run(store.Name, func(t *testing.T) {
			t.Parallel()
			test(t, newDesk(t, store, options))
		})
	}
}

// contents is everything in the tables that tools change, for tests that nothing has changed.
func (d desk) contents(t testing.TB) map[string][]string {
	t.Helper()
	return d.Contents(t, "calendar_events", "calendar_attendees", "leave_requests", "company_documents", "mail_drafts", "mail_draft_recipients",
		"mail_deliveries", "reminders", "effects")
}
