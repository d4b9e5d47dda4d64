package agents

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTimesOfDayAreReadFromTheQuestion(t *testing.T) {
	t.Parallel()
	for question, want := range map[string][]string{
		"Remind me tomorrow at 14:00.": {"14:00"},
		"Meet from 9:30 to 11:00.":     {"09:30", "11:00"},
		"Call at 2 pm, or at 11:15 am": {"11:15", "14:00"},
		"at 12 am or 12pm":             {"00:00", "12:00"},
		"lunch at noon":                {"12:00"},
		"明天下午两点半开会":                    {"14:30"},
		"上午10点到11点15分":                 {"10:00", "11:15"},
		"晚上8点提醒我":                      {"20:00"},
		"中午1点":                         {"13:00"},
		"十二点":                          {"12:00"},
		"It costs 14.00 and takes 25:70 of PO-2025-0309 25 pm.": nil,
		"几点开会？":            nil,
		"in the afternoon": nil,
	} {
		got, _ := timesOf(question)
		sorted := map[string]bool{}
		for _, time := range got {
			sorted[time] = true
		}
		expected := map[string]bool{}
		for _, time := range want {
			expected[time] = true
		}
		if diff := cmp.Diff(expected, sorted); diff != "" {
			t.Errorf("%s: %s", question, diff)
		}
	}
}

func TestATimeOfDayOrADurationIsTheQuestionsOrNone(t *testing.T) {
	t.Parallel()
	const optional = `{"properties":{"text":{"type":"string"},"time":{"type":"string","x-time":"named"}},"type":"object","required":["text"]}`
	const required = `{"properties":{"time":{"type":"string","x-time":"named"}},"type":"object","required":["time"]}`
	const minutes = `{"properties":{"minutes":{"type":"integer","minimum":15,"maximum":480,"x-time":"minutes"}},"type":"object"}`
	for _, test := range []struct{ question, schema, want string }{
		{"Meet for an hour and a half.", minutes, `{"properties":{"minutes":{"type":"integer","enum":[90],"maximum":480,"minimum":15}},"type":"object","required":["minutes"]}`},
		{"Meet for 5 minutes.", minutes, `{"properties":{},"type":"object"}`},
		{"Meet for two hours.", `{"properties":{"long":{"type":"string","pattern":"^[0-9]+$","x-time":"minutes"}},"type":"object","required":["long"]}`,
			`{"properties":{"long":{"type":"string","enum":["120"]}},"type":"object","required":["long"]}`},
		{"Remind me at 14:00.", optional, `{"properties":{"text":{"type":"string"},"time":{"type":"string","enum":["14:00"]}},"type":"object","required":["text","time"]}`},
		{"Remind me on Friday.", optional, `{"properties":{"text":{"type":"string"}},"type":"object","required":["text"]}`},
		{"Remind me in the afternoon.", optional, `{"properties":{"text":{"type":"string"},"time":{"type":"string"}},"type":"object","required":["text"]}`},
		{"Meet at 14:00.", required, `{"properties":{"time":{"type":"string","enum":["14:00"]}},"type":"object","required":["time"]}`},
		{"Meet on Friday.", required, `{"properties":{"time":{"type":"string"}},"type":"object","required":["time"]}`},
	} {
		got, possible, err := Turn{Question: test.question}.known().narrow(json.RawMessage(test.schema))
		if err != nil || !possible || string(got) != written(t, test.want) {
			t.Errorf("%s: %s, %t, %v", test.question, got, possible, err)
		}
	}
}
