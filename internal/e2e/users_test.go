package e2e_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"bestbox/internal/database"
	"bestbox/internal/records"
	"bestbox/worker/api"
)

// user asks for one place's stock of one item, and has a word that nobody else may read.
type user struct{ marker, item, warehouse, onHand string }

// stockOf reads the figure from the records, by a query of this test's own.
func stockOf(t *testing.T, item, warehouse string) string {
	t.Helper()
	database, err := records.Open(t.Context(), database.Location{Path: box.settings.Records.Path})
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	var quantity int
	err = database.SQL().QueryRowContext(t.Context(),
		"SELECT sum(quantity) FROM stock_movements WHERE item_id = ? AND warehouse_id = ?", item, warehouse).Scan(&quantity)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(quantity)
}

func TestConcurrentUsersNeverGetEachOthersFigures(t *testing.T) {
	for _, service := range []string{heavy, light, worker} {
		box.ready(t, service)
	}
	users := []user{
		{marker: "ALPACA", item: "A-101", warehouse: "WH-001"},
		{marker: "BISON", item: "B-203", warehouse: "WH-001"},
		{marker: "CAMEL", item: "C-308", warehouse: "WH-002"},
	} // one more than the heavy server has slots, so that a slot goes from one user to another
	started := make([]api.Run, len(users))
	for index := range users {
		asks := &users[index]
		asks.onHand = stockOf(t, asks.item, asks.warehouse)
		// Half of them go through the router, so that both tiers are busy.
		request := api.Request{Question: fmt.Sprintf("Order %s: how much stock of %s is left in %s?", asks.marker, asks.item, asks.warehouse)}
		if index%2 == 0 {
			request.Domain = "erp"
		}
		started[index] = start(t, request)
	}
	for index, asks := range users { // one after the other: to ask for all at once would take the time from the models
		result := wantAnswer(t, finish(t, started[index]), asks.item, asks.onHand)
		everything := result.Answer
		for _, step := range result.Steps {
			for _, call := range step.Calls {
				everything += " " + string(call.Arguments) + " " + call.Result
			}
		}
		for _, other := range users {
			if other.item == asks.item {
				continue
			}
			for _, foreign := range []string{other.marker, other.item, other.onHand} {
				if whole(foreign).MatchString(strings.ToUpper(everything)) {
					t.Errorf("%s, who asked for %s, reads %q of %s: %s", asks.marker, asks.item, foreign, other.marker, everything)
				}
			}
		}
	}
}

// whole finds a word or a figure, not a part of one.
func whole(word string) *regexp.Regexp {
	return regexp.MustCompile(`(^|[^A-Z0-9-])` + regexp.QuoteMeta(word) + `($|[^A-Z0-9])`)
}
