package router

import (
	"slices"
	"testing"
)

func TestClausesAreThePartsThatMayBeForDifferentAgents(t *testing.T) {
	t.Parallel()
	for question, want := range map[string][]string{
		"Which customers wait for VND-003, and draft them a note.": {"Which customers wait for VND-003", "draft them a note"},
		"How much stock of A-100 is left in WH-001?":               nil,
		"检查A-100的库存，并约采购部开会讨论。":                                    {"检查A-100的库存", "约采购部开会讨论"},
		"Hello, and thanks": nil,
		"Is it up? And who fixes it? And what does it cost? And when was that? And is it late?": {"Is it up", "And who fixes it", "And what does it cost", "And when was that"},
		"version 4.8.2 of the gateway": nil,
	} {
		if got := Clauses(question); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", question, got, want)
		}
	}
}

func TestTheSecondDomainIsThatOfAnotherPart(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		clauses []map[string]float64
		want    float64
	}{
		{"one part", []map[string]float64{{"erp": .9, "crm": .1}}, .1},
		{"two parts of one domain", []map[string]float64{{"erp": .9, "crm": .1}, {"erp": .8, "oa": .2}}, .2},
		{"two domains", []map[string]float64{{"erp": .9, "crm": .1}, {"oa": .7, "erp": .3}}, .7},
		{"general is none", []map[string]float64{{"erp": .9}, {"general": .95}}, 0},
		{"nothing", nil, 0},
	}
	for _, test := range tests {
		if got := secondDomain(test.clauses); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestPartsAreClausesOfOneDomainInTheQuestionsOwnWords(t *testing.T) {
	t.Parallel()
	erp, crm, oa, none := map[string]float64{"erp": .9}, map[string]float64{"crm": .8}, map[string]float64{"oa": .7, "crm": .3}, map[string]float64{"general": .9, "oa": .1}
	for _, test := range []struct {
		question string
		clauses  []map[string]float64
		want     []Part
	}{
		{"Which customers wait for VND-003, and draft them a note.", []map[string]float64{crm, oa}, []Part{{"crm", "Which customers wait for VND-003"}, {"oa", "draft them a note."}}},
		{"Which customers wait for VND-003, and draft them a note.", []map[string]float64{crm, crm}, nil},
		{"What is the next step with Summit, and when are Ann and Bob Example free to prepare it?", []map[string]float64{crm, oa, none},
			[]Part{{"crm", "What is the next step with Summit"}, {"oa", "when are Ann and Bob Example free to prepare it?"}}},
		{"Is it so at all? What is the stock of A-100? Draft a mail to Ann.", []map[string]float64{none, erp, oa},
			[]Part{{"erp", "Is it so at all? What is the stock of A-100"}, {"oa", "Draft a mail to Ann."}}},
		{"检查A-100的库存，并约采购部开会讨论。", []map[string]float64{erp, oa}, []Part{{"erp", "检查A-100的库存"}, {"oa", "约采购部开会讨论。"}}},
		{"How much stock is left?", nil, nil},
	} {
		if got := Parts(test.question, Clauses(test.question), test.clauses); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.question, got, test.want)
		}
	}
}

func TestAQuestionThatIsCertainlyForOneAgentIsNotForSeveral(t *testing.T) {
	t.Parallel()
	clauses := []map[string]float64{{"erp": .9}, {"oa": .7}}
	for whole, want := range map[float64]bool{.95: true, .995: false} {
		if _, several := Several(map[string]float64{"erp": whole}, clauses); several != want {
			t.Errorf("%v: for several %v", whole, several)
		}
	}
	if _, several := Several(map[string]float64{"erp": .5}, []map[string]float64{{"erp": .9}, {"oa": .4}}); several {
		t.Error("a part that says little counted")
	}
}

func TestTheLabelsAreThoseOfThePrompt(t *testing.T) {
	t.Parallel()
	if want := []string{"erp", "crm", "itops", "oa", "general"}; !slices.Equal(Labels, want) {
		t.Errorf("labels %q, want %q: their order is part of every fitted head", Labels, want)
	}
}
