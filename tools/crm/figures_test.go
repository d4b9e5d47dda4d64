package crm

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"bestbox/tools/toolstest"
)

const mostCharacters = 2000 // about 600 tokens

func TestEveryAmountAndPercentageInASentenceIsInTheData(t *testing.T) {
	t.Parallel()
	area.Reading(t).HaveTheirFiguresInTheData(t, questions)
}

func TestOutcomesStayShortEnoughForASmallModel(t *testing.T) {
	t.Parallel()
	area.Reading(t).AreShortEnough(t, questions, mostCharacters)
}

func TestEveryCustomerCanBeToldInFewWords(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		for number := 1; number <= 42; number++ {
			arguments := `{"customer_id":"CUS-` + strconv.Itoa(1000 + number)[1:] + `"}`
			if n := utf8.RuneCountInString(strings.Join(d.Call(t, "get_customer_360", arguments, nil), " ")); n > mostCharacters {
				t.Errorf("%s: %d characters", arguments, n)
			}
		}
	})
}

func TestLimitsAreKeptAndTheRestIsCounted(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		var orders CustomerOrders
		text := strings.Join(d.Call(t, "get_customer_orders", `{"status":"delivered","limit":3}`, &orders), " ")
		if len(orders.Orders) != 3 || !strings.Contains(text, "and "+strconv.Itoa(orders.Count-3)+" more, ask with") {
			t.Errorf("listed %d of %d: %s", len(orders.Orders), orders.Count, text)
		}
		text = strings.Join(d.Call(t, "get_customer_orders", `{"status":"delivered","limit":20}`, &orders), " ")
		if want := "a period, or with ordered_to " + orders.Orders[19].OrderedOn + " for the next ones"; !strings.Contains(text, want) {
			t.Errorf("%q is not in %s", want, text)
		}
		var found Leads
		text = strings.Join(d.Call(t, "get_leads", `{"limit":2}`, &found), " ")
		if len(found.Leads) != 2 || !strings.Contains(text, "and "+strconv.Itoa(found.Count-2)+" more than listed, ask with") {
			t.Errorf("listed %d of %d: %s", len(found.Leads), found.Count, text)
		}
		if _, err := d.Tool(t, "get_leads").Call(t.Context(), json.RawMessage(`{"limit":21}`)); err == nil {
			t.Error("a limit of 21 was accepted")
		}
	})
}
