package toolstest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/tools"
)

// Listing is a list that a tool cuts into pages. It is an alias for the same reason as Question.
type Listing = struct {
	// Tool is called with the Filters, which are members of a JSON object and end with a comma.
	Tool, Filters string
	// Rows and Count name where the data hold the rows, and how many there are in all. Without a Count the pages alone tell.
	Rows, Count string
	// ID are the members of a row, with blanks between, by which it is told from others; of none it is the whole row.
	ID string
	// Largest is the largest limit that the tool takes; 0 where it takes none.
	Largest int
}

// PagesHoldWholeLists reads lists page by page: with any limit all rows come, each once, in the order of the list that is not paged, and each page says where it
// stands, how many rows come after it and how to go on. Every tool of the area that takes a page must be among the lists, and none tells of it in the prompt.
func (d Desk) PagesHoldWholeLists(t *testing.T, lists []Listing) {
	t.Helper()
	for _, list := range lists {
		limits := []string{""}
		if list.Largest > 0 {
			limits = []string{`"limit":1,`, "", fmt.Sprintf(`"limit":%d,`, list.Largest)}
		}
		var want []string
		for _, limit := range limits {
			got := d.readPages(t, list, limit)
			if want == nil {
				want = got
			}
			if len(want) < 2 {
				t.Errorf("%s {%s}: %d rows are no pages", list.Tool, list.Filters, len(want))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s {%s%s}: the rows of all pages: %s", list.Tool, list.Filters, limit, diff)
			}
			unpaged, _, _ := d.readPage(t, list, limit, 0)
			if len(unpaged) == 0 || !slices.Equal(unpaged, want[:min(len(unpaged), len(want))]) {
				t.Errorf("%s {%s%s}: the list without a page does not begin as the pages do: %v", list.Tool, list.Filters, limit, unpaged)
			}
		}
	}
	for _, name := range d.Names() {
		tool := d.Tool(t, name)
		paged, limited := strings.Contains(string(tool.Schema()), `"page":`), strings.Contains(string(tool.Schema()), `"limit":`)
		if listed := slices.ContainsFunc(lists, func(l Listing) bool { return l.Tool == name }); paged != listed {
			t.Errorf("%s: takes a page %t, is tested %t", name, paged, listed)
		}
		if limited && !paged && name != "find_meeting_slots" { // which goes on with a later day
			t.Errorf("%s has a limit and no page", name)
		}
		if slices.ContainsFunc(tool.Parameters(), func(parameter string) bool { return strings.HasPrefix(parameter, "page") }) {
			t.Errorf("%s tells of the page in the prompt: %v", name, tool.Parameters())
		}
	}
}

// readPages returns the rows of all pages, and holds what each says and what is refused.
func (d Desk) readPages(t *testing.T, list Listing, limit string) (rows []string) {
	t.Helper()
	count, pages := -1, 1
	for page := 1; page <= pages; page++ {
		kept, all, said := d.readPage(t, list, limit, page)
		where := fmt.Sprintf("%s {%s%s} page %d", list.Tool, list.Filters, limit, page)
		if page == 1 {
			count, pages = all.count, all.pages
		}
		rows = append(rows, kept...)
		switch rest := count - len(rows); {
		case all.page != page || all.count != count || all.pages != pages:
			t.Fatalf("%s: %+v after %d rows on %d pages", where, all, count, pages)
		case page > 1 && !strings.Contains(strings.ToLower(said), fmt.Sprintf("page %d of %d", page, pages)):
			t.Errorf("%s: does not say where it stands: %s", where, said)
		case page < pages && !strings.Contains(said, fmt.Sprintf("page %d.", page+1)) && !strings.Contains(said, fmt.Sprintf("page %d;", page+1)):
			t.Errorf("%s: does not say how to go on: %s", where, said)
		case page < pages && list.Count != "" && !strings.Contains(said, fmt.Sprintf("nd %d more", rest)):
			t.Errorf("%s: does not say that %d come after it: %s", where, rest, said)
		case page == pages && strings.Contains(said, fmt.Sprintf("page %d", page+1)):
			t.Errorf("%s: names a page that is not there: %s", where, said)
		}
	}
	if list.Count != "" && len(rows) != count {
		t.Errorf("%s {%s%s}: %d rows on %d pages, want %d rows", list.Tool, list.Filters, limit, len(rows), pages, count)
	}
	if distinct := slices.Compact(slices.Sorted(slices.Values(rows))); list.ID != "" && len(distinct) != len(rows) {
		t.Errorf("%s {%s%s}: %d rows, of which %d differ", list.Tool, list.Filters, limit, len(rows), len(distinct))
	}
	beyond := fmt.Sprintf("a page from 1 to %d: the list has", pages)
	if pages == 1 {
		beyond = "1, the only page"
	}
	for wrong, allowed := range map[string]string{
		"0": "from 1 to 1000", "-1": "from 1 to 1000", "1001": "from 1 to 1000", "1.5": "a whole number", `"next"`: "a whole number",
		strconv.Itoa(pages + 1): beyond,
	} {
		arguments := fmt.Sprintf(`{%s%s"page":%s}`, list.Filters, limit, wrong)
		_, err := d.Tool(t, list.Tool).Call(t.Context(), json.RawMessage(arguments))
		Refused(t, Mistake{list.Tool, arguments, "page", allowed}, err)
	}
	return rows
}

// place is what the data say of the page.
type place struct{ page, pages, count int }

// readPage reads one page; page 0 is the list without one.
func (d Desk) readPage(t *testing.T, list Listing, limit string, page int) (rows []string, all place, said string) {
	t.Helper()
	arguments := list.Filters + limit
	if page > 0 {
		arguments += fmt.Sprintf(`"page":%d,`, page)
	}
	var data map[string]json.RawMessage
	said = strings.Join(d.Call(t, list.Tool, "{"+strings.TrimSuffix(arguments, ",")+"}", &data), " ")
	var given []map[string]any
	Decode(t, data[list.Rows], &given)
	for _, row := range given {
		var id []any
		for name := range strings.FieldsSeq(list.ID) {
			id = append(id, row[name])
		}
		if id == nil {
			id = []any{row}
		}
		text, err := json.Marshal(id)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, string(text))
	}
	for name, into := range map[string]*int{"page": &all.page, "pages": &all.pages, list.Count: &all.count} {
		if value, found := data[name]; found {
			Decode(t, value, into)
		}
	}
	return rows, all, said
}

// TakesAnyPageOfNothing holds that calls which find nothing say so whatever page is asked for: that is the answer, and no mistake of whoever asks.
func (d Desk) TakesAnyPageOfNothing(t *testing.T, calls []Question) {
	t.Helper()
	for _, q := range calls {
		want := d.Call(t, q.Tool, q.Arguments, nil)
		if diff := cmp.Diff(want, d.Call(t, q.Tool, strings.TrimSuffix(q.Arguments, "}")+`,"page":900}`, nil)); diff != "" {
			t.Errorf("%s %s: %s", q.Tool, q.Arguments, diff)
		}
		if d.Tool(t, q.Tool).Effect() != tools.Read {
			t.Errorf("%s lists nothing", q.Tool)
		}
	}
}
