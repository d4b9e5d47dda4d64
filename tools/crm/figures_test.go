package crm

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"bestbox/tools"
)

var (
	amounts     = regexp.MustCompile(`\$([0-9,]+\.[0-9]{2})`)
	percentages = regexp.MustCompile(`([0-9.]+)%`)
)

// TestEveryAmountAndPercentageInASentenceIsInTheData keeps the two faces of a result from drifting apart: programs and the check of answers
// rely on the data.
func TestEveryAmountAndPercentageInASentenceIsInTheData(t *testing.T) {
	t.Parallel()
	for _, q := range questions {
		var data any
		sentences := strings.Join(call(t, q.tool, q.arguments, &data), "\n")
		known := map[float64]bool{}
		collect(data, known)
		for _, m := range amounts.FindAllStringSubmatch(sentences, -1) {
			dollars, err := strconv.ParseFloat(strings.ReplaceAll(m[1], ",", ""), 64)
			if err != nil || !known[math.Round(dollars*100)] {
				t.Errorf("%s %s: the amount %s is not in the data", q.tool, q.arguments, m[0])
			}
		}
		for _, m := range percentages.FindAllStringSubmatch(sentences, -1) {
			percent, err := strconv.ParseFloat(m[1], 64)
			if err != nil || !known[percent] {
				t.Errorf("%s %s: the percentage %s is not in the data", q.tool, q.arguments, m[0])
			}
		}
	}
}

// collect gathers the size of every number in the data.
func collect(value any, into map[float64]bool) {
	switch v := value.(type) {
	case float64:
		into[math.Abs(v)] = true
	case []any:
		for _, element := range v {
			collect(element, into)
		}
	case map[string]any:
		for _, element := range v {
			collect(element, into)
		}
	}
}

func TestOutcomesStayShortEnoughForASmallModel(t *testing.T) {
	t.Parallel()
	const maxSentences, maxCharacters = 8, 2000 // about 600 tokens
	for _, q := range questions {
		sentences := call(t, q.tool, q.arguments, nil)
		if n := len(sentences); n > maxSentences {
			t.Errorf("%s %s: %d sentences", q.tool, q.arguments, n)
		}
		if n := utf8.RuneCountInString(strings.Join(sentences, " ")); n > maxCharacters {
			t.Errorf("%s %s: %d characters", q.tool, q.arguments, n)
		}
		for _, s := range sentences {
			if !strings.HasSuffix(s, ".") || strings.Contains(s, "<nil>") || strings.Contains(s, "%!") || strings.Contains(s, "  ") || strings.Contains(s, "..") {
				t.Errorf("%s %s: not a sentence: %q", q.tool, q.arguments, s)
			}
		}
	}
}

func TestEveryCustomerCanBeToldInFewWords(t *testing.T) {
	t.Parallel()
	for number := 1; number <= 42; number++ {
		arguments := `{"customer_id":"CUS-` + strconv.Itoa(1000 + number)[1:] + `"}`
		if n := utf8.RuneCountInString(strings.Join(call(t, "get_customer_360", arguments, nil), " ")); n > 2000 {
			t.Errorf("%s: %d characters", arguments, n)
		}
	}
}

func TestLimitsAreKeptAndTheRestIsCounted(t *testing.T) {
	t.Parallel()
	var orders CustomerOrders
	text := strings.Join(call(t, "get_customer_orders", `{"status":"delivered","limit":3}`, &orders), " ")
	if len(orders.Orders) != 3 || !strings.Contains(text, "and "+strconv.Itoa(orders.Count-3)+" more, ask with") {
		t.Errorf("listed %d of %d: %s", len(orders.Orders), orders.Count, text)
	}
	var found Leads
	text = strings.Join(call(t, "get_leads", `{"limit":2}`, &found), " ")
	if len(found.Leads) != 2 || !strings.Contains(text, "and "+strconv.Itoa(found.Count-2)+" more than listed, ask with") {
		t.Errorf("listed %d of %d: %s", len(found.Leads), found.Count, text)
	}
	if _, err := toolOf(t, registry(t), "get_leads").Call(t.Context(), json.RawMessage(`{"limit":21}`)); err == nil {
		t.Error("a limit of 21 was accepted")
	}
}

func TestToolsSayWhetherTheyChangeAnythingAndHoldTextsOfOutsiders(t *testing.T) {
	t.Parallel()
	outsiders := map[string]bool{"get_leads": true, "get_customer_360": true, "get_pipeline": true}
	writing := map[string]bool{"update_lead": true, "log_activity": true, "create_quote": true}
	for _, name := range registry(t).Names() {
		tool, _ := registry(t).Get(name)
		if (tool.Effect() == tools.Write) != writing[name] || tool.CanUndo() != writing[name] || tool.Outsiders() != outsiders[name] {
			t.Errorf("%s: %s, can be undone: %t, outsiders: %t", name, tool.Effect(), tool.CanUndo(), tool.Outsiders())
		}
	}
}
