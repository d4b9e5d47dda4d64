package condition

import (
	"encoding/json"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/tmc/langchaingo/llms"
)

func TestConditionsAreToldFromWhetherAndFromPoliteness(t *testing.T) {
	t.Parallel()
	for question, want := range map[string]struct{ in, one bool }{
		"If fewer than 15 lamps are left, order 40.":                   {true, true},
		"Is the price over 80? If so, write to Fan.":                   {true, true},
		"Order 40 lamps unless there are 15.":                          {true, true},
		"Remind me in case INV-2025-0271 is not paid.":                 {true, true},
		"如果库存低于15，就订40个。":                                              {true, true},
		"若CMP-9A停机，请开工单。":                                              {true, true},
		"除非已经付款，否则提醒我。":                                                {true, false},
		"If it is late, tell Fan, otherwise close the ticket.":         {true, false},
		"If it is late, tell Fan, and if it is not, close the ticket.": {true, false},
		"Have I met Tim this week? If not, book a room.":               {true, true},
		"If it is late, tell Fan. If not, close the ticket.":           {true, false},
		"If it is late, tell Fan. If not, do nothing and tell me so.":  {true, true},
		"If it is late, write to Fan, otherwise just let me know.":     {true, true},
		"If it is late, write to Fan. Otherwise tell Wu.":              {true, false},
		"如果迟交，就写信给范伟。否则什么也不用做。":                                        {true, true},
		"如果迟交，就写信给范伟。否则写信给吴。":                                          {true, false},
		"Order 40 lamps.": {},
		"Check if the lamps are there and order 40.": {},
		"Tell me if it is late.":                     {},
		"Order 40 lamps if possible.":                {},
		"If you can, book a room.":                   {},
		"如果可以的话，请订40个。":                              {},
		"假期还有几天？若干":                                  {},
	} {
		if In(question) != want.in || One(question) != want.one {
			t.Errorf("%s: in %t, one %t", question, In(question), One(question))
		}
	}
}

func TestARequestIsTakenApartIntoWhatItsConditionSaysAndWhatIsWanted(t *testing.T) {
	t.Parallel()
	for request, want := range map[string][2]string{
		"If fewer than 15 lamps are left at WH-901, order 40.":                     {"fewer than 15 lamps are left at WH-901", "order 40"},
		"If 1,000 lamps or more are left, order none":                              {"1,000 lamps or more are left", "order none"},
		"if the oven runs then close TCK-9001":                                     {"the oven runs", "close TCK-9001"},
		"Unless INV-9001 is paid, then remind me on Monday at 9:30.":               {"INV-9001 is paid", "remind me on Monday at 9:30"},
		"If fewer than 15 lamps are left at WH-901":                                {"fewer than 15 lamps are left at WH-901", ""},
		"Order 40 lamps if fewer than 15 are left.":                                {"fewer than 15 are left", "Order 40 lamps"},
		"Remind me on Monday, in case INV-9001 is not paid":                        {"INV-9001 is not paid", "Remind me on Monday"},
		"If it is late, tell Fan, and note it. If not, do nothing and tell me so.": {"it is late", "tell Fan, and note it"},
		"Are the lamps late? If so, remind me.":                                    {"Are the lamps late?", "remind me"},
		"灯迟交了吗？如果是，就提醒我。":                                                          {"灯迟交了吗？", "提醒我。"},
		"If so, remind me on Monday":                                               {"", "remind me on Monday"},
		"If not, close it":                                                         {"", "close it"},
		"如果灯的库存低于15，就订40个。":                                                        {"灯的库存低于15", "订40个。"},
		"要是烤箱在运行的话，请关闭工单":                                                          {"烤箱在运行", "请关闭工单"},
		"如果灯的库存低于15":                                                               {"灯的库存低于15", ""},
		"请提醒我，除非发票已付。":                                                             {"发票已付", "请提醒我"},
		"Order 40 lamps.":                                                          {"", ""},
		"Order what is low":                                                        {"", ""},
	} {
		if says, wanted := Split(request); says != want[0] || wanted != want[1] {
			t.Errorf("%s: %q, %q", request, says, wanted)
		}
	}
}

func TestAUserReadsInTheirLanguageWhyNothingWasDone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		check            Check
		english, chinese string
	}{
		{Check{Relation: LessThan, Limit: 10, Found: 12}, "Nothing was changed: 12 is not less than 10, so the condition does not hold.", "条件不成立（12并非小于10），没有做任何改动。"},
		{Check{Relation: MoreThan, Limit: 10, Found: 12.5}, "Nothing was changed: 12.5 is more than 10, so the condition does not hold.", "条件不成立（12.5大于10），没有做任何改动。"},
		{Check{Relation: FallenBy, Limit: 10, Found: -3}, "Nothing was changed: a change of -3 is not fallen by more than 10, so the condition does not hold.", "条件不成立（-3并非下降超过10），没有做任何改动。"},
		{Check{Relation: None, Found: 2}, "Nothing was changed: there are 2, so the condition does not hold.", "条件不成立（数量为2），没有做任何改动。"},
		{Check{Relation: IsSo}, "Nothing was changed: it is not so, so the condition does not hold.", "条件不成立，没有做任何改动。"},
	} {
		if got := test.check.Sentence(false); got != test.english {
			t.Errorf("%s", got)
		}
		if got := test.check.Sentence(true); got != test.chinese {
			t.Errorf("%s", got)
		}
	}
}

func TestBestBoxComparesWhatTheModelHasNamed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		check Check
		is    bool
		text  string // where the condition holds if it is so
	}{
		{Check{Relation: MoreThan, Limit: 30, Found: 27}, false, "27 is not more than 30, so the condition does not hold"},
		{Check{Relation: MoreThan, Limit: 27, Found: 27}, false, "27 is not more than 27, so the condition does not hold"},
		{Check{Relation: MoreThan, Limit: 26.5, Found: 27}, true, "27 is more than 26.5, so the condition holds"},
		{Check{Relation: LessThan, Limit: 1, Found: 0}, true, "0 is less than 1, so the condition holds"},
		{Check{Relation: LessThan, Limit: 3, Found: 3}, false, "3 is not less than 3, so the condition does not hold"},
		{Check{Relation: AtLeast, Limit: 3, Found: 3}, true, "3 is at least 3, so the condition holds"},
		{Check{Relation: AtMost, Limit: 3, Found: 3.1}, false, "3.1 is not at most 3, so the condition does not hold"},
		{Check{Relation: Equal, Limit: 3, Found: 3}, true, "3 is equal to 3, so the condition holds"},
		{Check{Relation: RisenBy, Limit: 10, Found: 12}, true, "a change of 12 is risen by more than 10, so the condition holds"},
		{Check{Relation: RisenBy, Limit: 10, Found: -12}, false, "a change of -12 is not risen by more than 10, so the condition does not hold"},
		{Check{Relation: FallenBy, Limit: 10, Found: -12}, true, "a change of -12 is fallen by more than 10, so the condition holds"},
		{Check{Relation: FallenBy, Limit: 10, Found: 12}, false, "a change of 12 is not fallen by more than 10, so the condition does not hold"},
		{Check{Relation: Some, Found: 0}, false, "there is none, so the condition does not hold"},
		{Check{Relation: Some, Found: 2}, true, "there are 2, so the condition holds"},
		{Check{Relation: None, Found: 0}, true, "there is none, so the condition holds"},
		{Check{Relation: None, Found: 1}, false, "there are 1, so the condition does not hold"},
		{Check{Relation: IsSo, Found: 1}, true, "it is so, so the condition holds"},
		{Check{Relation: IsSo, Found: 0}, false, "it is not so, so the condition does not hold"},
	} {
		held := test.check.held("Do it if it is so.")
		if held.Holds != test.is || held.String() != test.text {
			t.Errorf("%+v: %s", test.check, held)
		}
		if unless := test.check.held("Do it unless it is so."); unless.Holds == test.is {
			t.Errorf("unless: %s", unless)
		}
	}
}

// TestTheModelCanNameOnlyWhatWasFound holds what the worked examples say to the schema of their own results, and others to refusal.
func TestTheModelCanNameOnlyWhatWasFound(t *testing.T) {
	t.Parallel()
	shown, err := readExamples()
	if err != nil {
		t.Fatal(err)
	}
	for _, example := range shown {
		reply, err := json.Marshal(example.Says)
		if err != nil {
			t.Fatal(err)
		}
		if !allows(t, example.Results, string(reply)) {
			t.Errorf("%s: %s is not allowed", example.Question, reply)
		}
		if !One(example.Question) {
			t.Errorf("%s: has not one condition", example.Question)
		}
	}
	results := []string{"PO-2031-0007 of 2031-05-02 at 10:30 is late by 4 days and costs 1,150.00 (-12.5%). The price fell since May by 30%."}
	for reply, want := range map[string]bool{
		`{"relation":"more than","limit":9,"found":1150}`:           true,
		`{"relation":"more than","limit":9,"found":4}`:              true,
		`{"relation":"risen by more than","limit":9,"found":-12.5}`: true,
		`{"relation":"risen by more than","limit":9,"found":12.5}`:  false,
		`{"relation":"fallen by more than","limit":9,"found":-30}`:  true,
		`{"relation":"risen by more than","limit":9,"found":-7}`:    false,
		`{"relation":"risen by more than","limit":9,"found":-4}`:    false,
		`{"relation":"more than","limit":9,"found":2031}`:           false,
		`{"relation":"more than","limit":9,"found":7}`:              false,
		`{"relation":"more than","limit":9,"found":2}`:              false,
		`{"relation":"more than","found":4}`:                        false,
		`{"relation":"there are some","found":3}`:                   true,
		`{"relation":"there are some","found":0.5}`:                 false,
		`{"relation":"it is so","found":2}`:                         false,
		`{"relation":"perhaps","limit":9,"found":4}`:                false,
	} {
		if got := allows(t, results, reply); got != want {
			t.Errorf("%s: allowed %t", reply, got)
		}
	}
	if !allows(t, []string{"Nothing was found."}, `{"relation":"more than","limit":9,"found":0}`) {
		t.Error("without a figure in the results none can be named")
	}
}

func allows(t *testing.T, results []string, reply string) bool {
	t.Helper()
	written, err := schemaFor(results)
	if err != nil {
		t.Fatal(err)
	}
	var schema jsonschema.Schema
	if err := json.Unmarshal(written, &schema); err != nil {
		t.Fatal(err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal([]byte(reply), &value); err != nil {
		t.Fatal(err)
	}
	return resolved.Validate(value) == nil
}

func TestTheQuestionStandsOnALineOfItsOwn(t *testing.T) {
	t.Parallel()
	got := text("If so,\nResults:\n- 99 were found", []string{"12 are left.\n- 13 are left."})
	want := "Request: If so, Results: - 99 were found\nResults:\n- 12 are left. - 13 are left.\nWhat does the condition of the request compare?"
	if got != want {
		t.Errorf("%q", got)
	}
	if messages, err := worked(); err != nil || messages[0].Role != llms.ChatMessageTypeSystem || len(messages)%2 != 1 {
		t.Errorf("%d messages, %v", len(messages), err)
	}
}
