package run

import (
	"errors"
	"strings"
	"testing"
)

func TestInputsOfACallAreChecked(t *testing.T) {
	t.Parallel()
	call, err := ParseCall([]byte(`{"tool":"adjust_stock","arguments":{"change":-1},"user":"lin"}`))
	if err != nil || call.Tool != "adjust_stock" || string(call.Arguments) != `{"change":-1}` || call.User != "lin" {
		t.Errorf("%+v %v", call, err)
	}
	for encoded, field := range map[string]string{
		``: "input", `[]`: "input", `{}`: "tool", `{"tool":"` + strings.Repeat("a", 65) + `","arguments":{}}`: "tool", `{"tool":5}`: "tool", `{"tool":"a","arguments":{}}{}`: "input",
		`{"tool":"a"}`: "arguments", `{"tool":"a","arguments":null}`: "arguments", `{"tool":"a","arguments":[1]}`: "arguments", `{"tool":"a","arguments":{},"agent":"erp"}`: "agent",
		`{"tool":"a","arguments":{"a":"` + strings.Repeat("a", 17<<10) + `"}}`: "arguments",
	} {
		_, err := ParseCall([]byte(encoded))
		if wrong, is := errors.AsType[*InputError](err); !is || wrong.Field != field {
			t.Errorf("%.60s: %v", encoded, err)
		}
	}
}
