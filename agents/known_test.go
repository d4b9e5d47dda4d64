package agents

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/invopop/jsonschema"

	"bestbox/tools"
)

func TestArgumentsAreNarrowedToWhatTheQuestionOrAResultNames(t *testing.T) {
	t.Parallel()
	const (
		vendor   = `"vendor_id":{"type":"string","pattern":"^VND-[0-9]{3}$"}`
		item     = `"item_id":{"type":"string","pattern":"^[A-Z]-[0-9]{3}$"}`
		period   = `"period":{"type":"string","pattern":"^20[0-9][0-9](-Q[1-4]|-0[1-9]|-1[0-2])?$"}`
		compared = `"compared_with":{"type":"string","pattern":"^20[0-9][0-9](-Q[1-4]|-0[1-9]|-1[0-2])?$"}`
		from     = `"from":{"type":"string","pattern":"^20[0-9][0-9]-[01][0-9]-[0-3][0-9]$"}`
		all      = `{"properties":{` + vendor + `,` + item + `,` + period + `,` + compared + `,` + from + `,"limit":{"type":"integer"}},"additionalProperties":false,"type":"object"}`
		employee = `"employee_id":{"type":"string","pattern":"^EMP-[0-9]{3}$"}`
		filters  = `{"properties":{"status":{"type":"string","enum":["late","open","paid"],"x-words":"late:late|delayed|迟;open:open;paid:paid;gone:gone"},` +
			`"below":{"type":"boolean","x-words":"true:below|short"},"limit":{"type":"integer","minimum":1,"maximum":10,"x-number":"named"},"text":{"type":"string"}},"type":"object"}`
		paged  = `{"properties":{"text":{"type":"string"},"page":{"type":"integer","maximum":1000,"minimum":1,"x-quiet":true,"x-said":"page|next|下一页"}},"type":"object"}`
		people = `{"properties":{"attendees":{"items":{"type":"string","pattern":"^EMP-[0-9]{3}$"},"type":"array"}},"type":"object"}`
		lines  = `{"properties":{"lines":{"items":{"properties":{"product_id":{"type":"string","pattern":"^[A-Z]{2}-[0-9]{3}$"},"quantity":{"type":"integer"}},"type":"object","required":["product_id"]},` +
			`"type":"array"}},"type":"object","required":["lines"]}`
		copied    = `{"properties":{"cc":{"items":{"type":"string"},"type":"array","x-addressees":"EMP|CUS","x-said":"cc|copy"}},"type":"object"}`
		mail      = `{"properties":{"to":{"items":{"type":"string"},"type":"array","minItems":1,"x-addressees":"EMP|CUS"},"cc":{"items":{"type":"string"},"type":"array","x-addressees":"EMP|CUS"}},"type":"object","required":["to"]}`
		document  = `{"properties":{"template":{"type":"string","enum":["memo","minutes"],"x-unless":"mail|邮件","x-said":"minutes|memo|纪要"}},"type":"object","required":["template"]}`
		remind    = `{"properties":{"employee_id":{"type":"string","pattern":"^EMP-[0-9]{3}$","x-asker":"otherwise"}},"type":"object","required":["employee_id"]}`
		mandatory = `{"properties":{` + vendor + `,"limit":{"type":"integer"}},"type":"object","required":["vendor_id"]}`
	)
	lin := tools.Name{ID: "EMP-002", Name: "Lin Xiaoyan"}
	tests := []struct {
		name, schema string
		turn         Turn
		want         string // empty: not possible
	}{
		{"nothing is named", all, Turn{Question: "How are we doing?"},
			`{"properties":{"limit":{"type":"integer"}},"additionalProperties":false,"type":"object"}`},
		{"one period, so none to compare with", all, Turn{Question: "Why was Q4 expensive?"},
			`{"properties":{"period":{"type":"string","enum":["2025-Q4"]},"from":{"type":"string","enum":["2025-10-01","2025-12-31"]},` +
				`"limit":{"type":"integer"}},"additionalProperties":false,"type":"object"}`},
		{"two periods", `{"properties":{` + period + `,` + compared + `},"type":"object"}`, Turn{Question: "2025 against 2024?"},
			`{"properties":{"period":{"type":"string","enum":["2025","2024"]},"compared_with":{"type":"string","enum":["2025","2024"]}},"type":"object"}`},
		{"time in words that are not understood", `{"properties":{` + period + `,` + from + `},"type":"object"}`, Turn{Question: "since the summer?"},
			`{"properties":{` + period + `,` + from + `},"type":"object"}`},
		{"identifiers in small letters and beside Chinese", `{"properties":{` + vendor + `,` + item + `},"type":"object"}`,
			Turn{Question: "vnd-001的A-100和B-200"},
			`{"properties":{"vendor_id":{"type":"string","enum":["VND-001"]},"item_id":{"type":"string","enum":["A-100","B-200"]}},"type":"object","required":["vendor_id","item_id"]}`},
		{"an identifier is not part of a longer one", `{"properties":{` + item + `},"type":"object"}`, Turn{Question: "3M-A-100 or A-1000"},
			`{"properties":{},"type":"object"}`},
		{"a name", mandatory, Turn{Question: "Moravia?", Names: []tools.Name{{ID: "VND-019", Name: "Moravia Forge"}}},
			`{"properties":{"vendor_id":{"type":"string","enum":["VND-019"]},"limit":{"type":"integer"}},"type":"object","required":["vendor_id"]}`},
		{"a result", mandatory, Turn{Question: "why?", Facts: []Fact{{Sentences: []string{"Most comes from VND-003 (Wuxi)."}}}},
			`{"properties":{"vendor_id":{"type":"string","enum":["VND-003"]},"limit":{"type":"integer"}},"type":"object","required":["vendor_id"]}`},
		{"only a result names it, so that it may be left out", `{"properties":{` + item + `},"type":"object"}`,
			Turn{Question: "A-100 or what else?", Facts: []Fact{{Sentences: []string{"B-200 is short."}}}},
			`{"properties":{"item_id":{"type":"string","enum":["A-100","B-200"]}},"type":"object"}`},
		{"a required one that nobody named", mandatory, Turn{Question: "prices?"}, ""},
		{"who asks, where somebody must be named", `{"properties":{` + employee + `},"type":"object","required":["employee_id"]}`, Turn{Question: "How much leave is left?", Asker: lin},
			`{"properties":{"employee_id":{"type":"string","enum":["EMP-002"]}},"type":"object","required":["employee_id"]}`},
		{"but not where nobody must", `{"properties":{` + employee + `},"type":"object"}`, Turn{Question: "Which leads should I focus on?", Asker: lin}, `{"properties":{},"type":"object"}`},
		{"unless the question says so", `{"properties":{` + employee + `},"type":"object"}`, Turn{Question: "Which of my leads are hot?", Asker: lin},
			`{"properties":{"employee_id":{"type":"string","enum":["EMP-002"]}},"type":"object"}`},
		{"who asks, beside somebody who is named", `{"properties":{` + employee + `},"type":"object","required":["employee_id"]}`, Turn{Question: "Write to EMP-010", Asker: lin},
			`{"properties":{"employee_id":{"type":"string","enum":["EMP-010","EMP-002"]}},"type":"object","required":["employee_id"]}`},
		{"filters that the question does not speak of", filters, Turn{Question: "Which deliveries should I look at?"}, `{"properties":{"text":{"type":"string"}},"type":"object"}`},
		{"filters that it speaks of", filters, Turn{Question: "Are the 3 largest deliveries late or still open, and below 7 days?"},
			`{"properties":{"status":{"type":"string","enum":["late","open"]},"below":{"type":"boolean","enum":[true]},"limit":{"type":"integer","enum":[3,7],"minimum":1,"maximum":10},"text":{"type":"string"}},"type":"object"}`},
		{"in Chinese, and with numbers in words", filters, Turn{Question: "最大的五张订单里哪些迟到了？"},
			`{"properties":{"status":{"type":"string","enum":["late"]},"limit":{"type":"integer","enum":[5],"minimum":1,"maximum":10},"text":{"type":"string"}},"type":"object"}`},
		{"a word is not part of a longer one, nor a number of an identifier", filters, Turn{Question: "Why is PO-2025-0003 lately opening in 2025?"}, `{"properties":{"text":{"type":"string"}},"type":"object"}`},
		{"a number with commas", `{"properties":{"amount":{"type":"number","minimum":0.01,"x-number":"named"}},"type":"object"}`, Turn{Question: "ask for $295,000 more"},
			`{"properties":{"amount":{"type":"number","enum":[295000],"minimum":0.01}},"type":"object"}`},
		{"what the question does not speak of", `{"properties":{"sender":{"type":"string","x-said":"from|来自"}},"type":"object"}`, Turn{Question: "the newest mail"}, `{"properties":{},"type":"object"}`},
		{"what it speaks of", `{"properties":{"sender":{"type":"string","x-said":"from|来自"}},"type":"object"}`, Turn{Question: "来自陈伟的邮件"}, `{"properties":{"sender":{"type":"string"}},"type":"object"}`},
		{"a page that it does not speak of", paged, Turn{Question: "Which 2 orders are late?"}, `{"properties":{"text":{"type":"string"}},"type":"object"}`},
		{"a page that it speaks of", paged, Turn{Question: "Show me page 2 of the late orders."},
			`{"properties":{"text":{"type":"string"},"page":{"type":"integer","minimum":1,"maximum":1000}},"type":"object"}`},
		{"a page that it speaks of in Chinese", paged, Turn{Question: "还有哪些？请看下一页。"},
			`{"properties":{"text":{"type":"string"},"page":{"type":"integer","minimum":1,"maximum":1000}},"type":"object"}`},
		{"a number out of bounds", filters, Turn{Question: "the top 50"}, `{"properties":{"text":{"type":"string"}},"type":"object"}`},
		{"who is named, and not who asks", remind, Turn{Question: "Remind EMP-030 to pay.", Asker: lin}, `{"properties":{"employee_id":{"type":"string","enum":["EMP-030"]}},"type":"object","required":["employee_id"]}`},
		{"who asks, for me", remind, Turn{Question: "Remind me to call EMP-030.", Asker: lin}, `{"properties":{"employee_id":{"type":"string","enum":["EMP-030","EMP-002"]}},"type":"object","required":["employee_id"]}`},
		{"who asks, where nobody is named", remind, Turn{Question: "Set a reminder.", Asker: lin, Facts: []Fact{{Sentences: []string{"EMP-007 is ill."}}}},
			`{"properties":{"employee_id":{"type":"string","enum":["EMP-007","EMP-002"]}},"type":"object","required":["employee_id"]}`},
		{"a tool that is for what the question does not speak of", `{"properties":{"name":{"type":"string","x-said":"add|加"}},"type":"object","required":["name"]}`, Turn{Question: "which customers?"}, ""},
		{"a tool that is for what it speaks of", `{"properties":{"name":{"type":"string","x-said":"add|加"}},"type":"object","required":["name"]}`, Turn{Question: "add a customer"},
			`{"properties":{"name":{"type":"string"}},"type":"object","required":["name"]}`},
		{"one addressee", `{"properties":{"to":{"type":"string","x-addressees":"mail"},"of":{"type":"string","x-addressees":"mail"}},"type":"object","required":["to"]}`,
			Turn{Question: "write to her", Names: []tools.Name{{ID: "a.b@c.de", Name: "A B"}}},
			`{"properties":{"to":{"type":"string","enum":["a.b@c.de"]},"of":{"type":"string","enum":["a.b@c.de"]}},"type":"object","required":["to"]}`},
		{"nobody to address", `{"properties":{"to":{"type":"string","x-addressees":"mail"}},"type":"object","required":["to"]}`, Turn{Question: "write to her"}, ""},
		{"a text that is a name", `{"properties":{"sender":{"type":"string","x-names":"meant"}},"type":"object"}`, Turn{Question: "What does Chen Wei write?", Names: []tools.Name{{ID: "EMP-003", Name: "Chen Wei, Head of Production"}}},
			`{"properties":{"sender":{"type":"string","enum":["Chen Wei"]}},"type":"object"}`},
		{"a text that is no known name", `{"properties":{"sender":{"type":"string","x-names":"meant"}},"type":"object"}`, Turn{Question: "What does the landlord write?"},
			`{"properties":{"sender":{"type":"string"}},"type":"object"}`},
		{"a sum is no count in words", `{"properties":{"amount":{"type":"number","minimum":0.01,"x-number":"named"}},"type":"object"}`, Turn{Question: "起草一封邮件"}, `{"properties":{},"type":"object"}`},
		{"what another tool is for", document, Turn{Question: "Draft a mail about the minutiae."}, ""},
		{"what another tool is for, in Chinese", document, Turn{Question: "起草一封邮件"}, ""},
		{"what another tool is for, where nothing brings it back", strings.Replace(document, `,"x-said":"minutes|memo|纪要"`, "", 1), Turn{Question: "Write the minutes and mail them."}, ""},
		{"for both", document, Turn{Question: "Write the minutes and mail them."}, document},
		{"for neither", document, Turn{Question: "Write that we close at noon."}, document},
		{"what must be given stays as it is", `{"properties":{"status":{"type":"string","enum":["late","open"],"x-words":"late:late"}},"type":"object","required":["status"]}`, Turn{Question: "how?"},
			`{"properties":{"status":{"type":"string","enum":["late","open"]}},"type":"object","required":["status"]}`},
		{"the elements of a list", people, Turn{Question: "EMP-001 and EMP-002"},
			`{"properties":{"attendees":{"items":{"type":"string","enum":["EMP-001","EMP-002"]},"type":"array"}},"type":"object","required":["attendees"]}`},
		{"a list of what nobody named", people, Turn{Question: "who?"}, `{"properties":{},"type":"object"}`},
		{"what the elements of a list are made of", lines, Turn{Question: "2 of LA-500"},
			`{"properties":{"lines":{"items":{"properties":{"product_id":{"type":"string","enum":["LA-500"]},"quantity":{"type":"integer"}},"type":"object","required":["product_id"]},` +
				`"type":"array"}},"type":"object","required":["lines"]}`},
		{"a mail to nobody that is known, though somebody asks", mail, Turn{Question: "Write the mail", Asker: lin}, ""},
		{"a mail to somebody whom a result names, but not to who asks", mail,
			Turn{Question: "Write the mail", Asker: lin, Facts: []Fact{{Sentences: []string{"MAIL-0003 came from EMP-003 (Chen Wei) and “Pat” <pat@paint.example>, outside of the company, to EMP-002 (Lin Xiaoyan)."}}}},
			`{"properties":{"to":{"items":{"type":"string","enum":["EMP-003","pat@paint.example"]},"type":"array","minItems":1},"cc":{"items":{"type":"string","enum":["EMP-003","pat@paint.example"]},"type":"array"}},"type":"object","required":["to"]}`},
		{"a mail to who asks, when the question says so", mail, Turn{Question: "Write a note to EMP-002", Asker: lin},
			`{"properties":{"to":{"items":{"type":"string","enum":["EMP-002"]},"type":"array","minItems":1},"cc":{"items":{"type":"string","enum":["EMP-002"]},"type":"array"}},"type":"object","required":["to"]}`},
		{"a copy that the question does not speak of", copied, Turn{Question: "Write to EMP-002"}, `{"properties":{},"type":"object"}`},
		{"a copy that it speaks of", copied, Turn{Question: "Write to CUS-004 with a copy to EMP-002"}, `{"properties":{"cc":{"items":{"type":"string","enum":["CUS-004","EMP-002"]},"type":"array"}},"type":"object"}`},
		{"a list that cannot be filled", lines, Turn{Question: "two of them"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.turn.Today = time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)
			narrowed, possible, err := test.turn.known().narrow(json.RawMessage(test.schema))
			if err != nil || possible != (test.want != "") {
				t.Fatalf("possible %v, %v", possible, err)
			}
			if possible && string(narrowed) != written(t, test.want) {
				t.Errorf("got  %s\nwant %s", narrowed, written(t, test.want))
			}
		})
	}
}

// written is the schema as it is written again: the order of the arguments stays, that of the keywords does not matter.
func written(t *testing.T, schema string) string {
	t.Helper()
	var read jsonschema.Schema
	if err := json.Unmarshal([]byte(schema), &read); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(&read)
	if err != nil {
		t.Fatal(err)
	}
	return string(again)
}
