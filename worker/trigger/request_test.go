package trigger

import (
	"encoding/json"
	"testing"

	"bestbox/worker/api"
	"bestbox/workflows/run"
)

// FuzzParseRequest: whatever is sent, the outcome is a checked request or a problem document that can be written.
func FuzzParseRequest(f *testing.F) {
	for _, seed := range []string{`{"question":"q"}`, `{"question":"q","domain":"erp","wait":true}`, `{"question":5}`, `{"q":1}`, `[]`, `{"question":"\ud800"}`,
		"{\"question\":\"\xff\"}", `{"question":"q"} `, `{"question":"q"}}`, `nul`, ``, `{"QUESTION":"q"}`, `{"wait":{"a":[1]}}`} {
		f.Add([]byte(seed))
	}
	domains := []string{"erp", "general"}
	f.Fuzz(func(t *testing.T, body []byte) {
		request, wrong := parseRequest(body, domains)
		if wrong == nil {
			if err := (run.Input{Question: request.Question, Domain: request.Domain}).Check(domains); err != nil {
				t.Errorf("accepted %q: %v", body, err)
			}
			return
		}
		encoded, err := json.Marshal(wrong)
		if err != nil || wrong.Status < 400 || wrong.Status > 422 || len(wrong.Errors) != 1 {
			t.Errorf("%q: %v %s", body, err, encoded)
		}
		if request != (api.Request{}) {
			t.Errorf("refused %q and still gave %+v", body, request)
		}
	})
}
