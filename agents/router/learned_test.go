package router_test

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"bestbox/agents/router"
	"bestbox/internal/llm"
)

// erpModel answers that every question that it is asked is for erp, and notes the question.
type erpModel struct{ asked []string }

func (m *erpModel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Content  string
		Messages []struct{ Content string }
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	token := func(text string) uint32 { return crc32.ChecksumIEEE([]byte(text)) >> 1 }
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/tokenize" {
		fmt.Fprintf(w, `{"tokens":[{"id":%d,"piece":"x"}]}`, token(request.Content))
		return
	}
	_, question, _ := strings.Cut(request.Messages[len(request.Messages)-1].Content, "Question: ")
	m.asked = append(m.asked, question)
	fmt.Fprintf(w, `{"choices":[{"logprobs":{"content":[{"top_probs":[{"id":%d,"prob":0.9},{"id":%d,"prob":0.1}]}]},"message":{"content":""}}]}`, token("erp"), token("general"))
}

// An agent of a company's own takes part in questions for several, as those that the prompt names do.
func TestAPartOfAQuestionMayBeForAnAgentThatWasLearned(t *testing.T) {
	t.Parallel()
	model := &erpModel{}
	server := httptest.NewServer(model)
	defer server.Close()
	tier, err := llm.New(llm.Options{Name: "light", BaseURL: server.URL, Model: "a-model-nobody-fitted"})
	if err != nil {
		t.Fatal(err)
	}
	routes, err := router.New(tier, router.Others{Several: "coordinator", Learned: router.Learn(map[string][]string{
		"lab": {"Did batch 7 pass the salt spray test?", "Which batches failed the salt spray test?", "Did batch 12 pass the hardness test?", "哪批盐雾试验不合格？"},
	}, []string{"How much stock of B-200 is left in WH-002?", "Which invoices are overdue?", "Order 40 of A-100 from VND-001.", "库存还有多少？"})})
	if err != nil {
		t.Fatal(err)
	}
	const question = "How much stock of A-100 is left in WH-001 and which purchase orders of VND-001 are late, and did batch 9 pass the salt spray test?"
	decision, err := routes.Route(t.Context(), question, nil)
	want := []router.Part{{Domain: "erp", Text: "How much stock of A-100 is left in WH-001 and which purchase orders of VND-001 are late"}, {Domain: "lab", Text: "did batch 9 pass the salt spray test?"}}
	if err != nil || decision.Domain != "coordinator" || !slices.Equal(decision.Parts, want) {
		t.Errorf("%+v, %v", decision, err)
	}
	if len(model.asked) != 3 { // the whole and the two parts that nobody has learned
		t.Errorf("the model was asked %q", model.asked)
	}
}
