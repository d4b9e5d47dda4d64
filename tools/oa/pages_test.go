package oa

import (
	"fmt"
	"strings"
	"testing"

	"bestbox/tools/toolstest"
)

func TestAllMailsAreReachedPageByPage(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		mails, count := map[string]bool{}, 1
		for page := 1; len(mails) < count && page < 100; page++ {
			var found Mails
			text := strings.Join(d.Call(t, "search_email", fmt.Sprintf(`{"page":%d}`, page), &found), " ")
			for _, mail := range found.Mails {
				mails[mail.ID] = true
			}
			count = found.Count
			if len(mails)+found.More != count || strings.Contains(text, "the newest is") != (page == 1) || strings.Contains(text, fmt.Sprintf("ask with page %d, ", page+1)) != (found.More > 0) {
				t.Fatalf("after page %d there are %d mails and %d more: %s", page, len(mails), found.More, text)
			}
		}
		if len(mails) < 100 {
			t.Errorf("%d of %d mails", len(mails), count)
		}
		if text := strings.Join(d.Call(t, "search_email", `{"page":200}`, nil), " "); !strings.Contains(text, "There are not so many pages") {
			t.Errorf("behind the end: %s", text)
		}
		if text := strings.Join(d.Call(t, "search_email", `{"mail_id":"MAIL-0121","page":2}`, nil), " "); !strings.Contains(text, "MAIL-0121") {
			t.Errorf("one mail: %s", text)
		}
	})
}
