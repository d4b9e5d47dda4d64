package router

import (
	"testing"

	"bestbox/tools"
)

func TestTheModelIsToldWhatKindOfThingANameIsButNotOfPeople(t *testing.T) {
	t.Parallel()
	harbor, lin := tools.Name{ID: "CUS-001", Name: "Harbor Robotics", Kind: "customer"}, tools.Name{ID: "EMP-002", Name: "Lin Xiaoyan", Kind: "employee"}
	for question, names := range map[string][]tools.Name{
		"What does Harbor Robotics owe Lin Xiaoyan? (customer CUS-001, vendor VND-001)": {harbor, lin, {ID: "VND-001", Kind: "vendor"}, {ID: "X-1"}},
		"What does Harbor Robotics owe Lin Xiaoyan?":                                    {lin},
	} {
		if got := describe("What does Harbor Robotics owe Lin Xiaoyan?", names); got != question {
			t.Errorf("%+v: %q", names, got)
		}
	}
}
