package pages_test

import (
	"strings"
	"testing"

	"bestbox/tools/pages"
)

func TestEveryPageIsReachedAndNothingStandsOnTwo(t *testing.T) {
	t.Parallel()
	list := strings.Split("abcdefghijk", "")
	read := ""
	for number := 1; number <= 4; number++ {
		page, before := pages.Cut(list, 3, number)
		if before != len(read) {
			t.Errorf("page %d begins behind %d", number, before)
		}
		read += strings.Join(page, "")
	}
	if read != "abcdefghijk" {
		t.Errorf("read %s", read)
	}
	if page, before := pages.Cut(list, 3, 0); strings.Join(page, "") != "abc" || before != 0 {
		t.Errorf("without a number: %s behind %d", page, before)
	}
	if page, before := pages.Cut(list, 3, 9); len(page) != 0 || before != len(list) {
		t.Errorf("behind the end: %s behind %d", page, before)
	}
}

func TestAPageSaysWhereItStandsAndHowToGoOn(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		count, before, shown int
		want                 string
	}{
		{2, 0, 2, "Newest first: a; b."},
		{11, 0, 2, "Newest first: a; b; and 9 more, ask with page 2, a day, a period or a larger limit."},
		{11, 4, 2, "Number 5 to 6 of them, newest first: a; b; and 5 more, ask with page 4, a day, a period or a larger limit."},
		{6, 4, 2, "Number 5 to 6 of them, newest first: a; b."},
		{50, 20, 20, "Number 21 to 40 of them, newest first: a; b; and 10 more, ask with page 3, a day or a period."},
		{6, 6, 0, "There are not so many pages: the list ends with number 6."},
	} {
		if got := pages.Listed("Newest first: ", "a; b", test.count, test.before, test.shown, pages.Less("a day", "a period", test.shown)); got != test.want {
			t.Errorf("%s", got)
		}
	}
}
