package erp

import "testing"

func TestWhoTellsWhatOutsidersHaveWrittenIsMarkedAndQuotesIt(t *testing.T) {
	t.Parallel()
	area.MarksTextOfOutsiders(t, questions, previews)
}
