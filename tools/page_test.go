package tools

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAListIsCutIntoPages(t *testing.T) {
	t.Parallel()
	rows := []int{1, 2, 3, 4, 5, 6, 7}
	tests := []struct {
		name              string
		count, size, page int
		want              []int
		title, with       string
		before, rest      int
		refused           string
	}{
		{"without a page", 7, 3, 0, []int{1, 2, 3}, "By day: ", "a day, or page 2", 0, 4, ""},
		{"the first page", 7, 3, 1, []int{1, 2, 3}, "By day: ", "a day, or page 2", 0, 4, ""},
		{"one in the middle", 7, 3, 2, []int{4, 5, 6}, "Page 2 of 3, by day: ", "a day, or page 3", 3, 1, ""},
		{"the last one", 7, 3, 3, []int{7}, "Page 3 of 3, by day: ", "a day", 6, 0, ""},
		{"a last one that is full", 6, 3, 2, []int{4, 5, 6}, "Page 2 of 2, by day: ", "a day", 3, 0, ""},
		{"beyond the last one", 7, 3, 4, nil, "", "", 0, 0, "a page from 1 to 3: the list has 7 rows, of which 3 are on a page"},
		{"beyond the only one", 3, 3, 2, nil, "", "", 0, 0, "1, the only page of the list"},
		{"all on one", 7, 20, 0, rows, "By day: ", "a day", 0, 0, ""},
		{"more rows than were kept", 900, 3, 2, []int{4, 5, 6}, "Page 2 of 300, by day: ", "a day, or page 3", 3, 894, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			asked := Paged{Page: test.page}
			kept, part, err := Cut(rows[:min(len(rows), test.count, asked.Enough(test.size))], test.count, test.size, asked)
			if test.refused != "" {
				wrong, is := errors.AsType[*ArgumentError](err)
				if !is || wrong.Field != "page" || wrong.Value != test.page || wrong.Allowed != test.refused {
					t.Errorf("got %v", err)
				}
				return
			}
			if diff := cmp.Diff(test.want, kept); diff != "" || err != nil {
				t.Error(err, diff)
			}
			if part.Title("By day: ") != test.title || part.With("a day") != test.with || part.Before() != test.before || part.Rest() != test.rest || part.Later() != (test.before > 0) {
				t.Errorf("%q, %q, %d before, %d after", part.Title("By day: "), part.With("a day"), part.Before(), part.Rest())
			}
			if told := part.Page != 0 || part.Pages != 0; told != (test.page > 0) || told && part.Page != test.page {
				t.Errorf("the data say page %d of %d", part.Page, part.Pages)
			}
		})
	}
}

func TestNothingHasAnyPage(t *testing.T) {
	t.Parallel()
	if kept, part, err := Cut([]int{}, 0, 5, Paged{Page: 9}); err != nil || len(kept) != 0 || part != (Part{}) {
		t.Errorf("%v, %+v, %v", kept, part, err)
	}
}

func TestNoPageIsNamedThatCannotBeAskedFor(t *testing.T) {
	t.Parallel()
	rows := make([]int, mostPages+5)
	for page, want := range map[int]string{mostPages - 1: "a day, or page 1000", mostPages: "a day"} {
		if _, part, err := Cut(rows, len(rows), 1, Paged{Page: page}); err != nil || part.With("a day") != want {
			t.Errorf("page %d: %q, %v", page, part.With("a day"), err)
		}
	}
}

func TestAPageIsAsLongAsTheLimitOrTheShorterList(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ page, limit, count, want int }{
		{0, 0, 10, 10}, {0, 0, 11, 5}, {1, 0, 10, 5}, {2, 0, 11, 5}, {0, 3, 10, 3}, {2, 20, 30, 20},
	} {
		if got := (Paged{Page: test.page}).Size(test.limit, 10, 5, test.count); got != test.want {
			t.Errorf("%+v: got %d", test, got)
		}
	}
}

type pagedArguments struct {
	Status string `json:"status,omitempty" jsonschema:"enum=open,enum=late"`
	Paged
}

type nothing struct{}

func (nothing) Sentences() []string { return []string{"Nothing."} }

// TestThePageIsTakenAndNotTold holds the prompt as it is: it is read again by every model server when a byte of it changes.
func TestThePageIsTakenAndNotTold(t *testing.T) {
	t.Parallel()
	var got int
	tool, err := New(Definition{Name: "get_orders", Description: "Orders.", Effect: Read}, func(_ context.Context, in pagedArguments) (nothing, error) {
		got = in.Page
		return nothing{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if parameters := tool.Parameters(); !slices.Equal(parameters, []string{"status?=open|late"}) {
		t.Errorf("got %q", parameters)
	}
	if _, err := tool.Call(t.Context(), json.RawMessage(`{"page":3}`)); err != nil || got != 3 {
		t.Errorf("page %d, %v", got, err)
	}
}
