package tools

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func plainTool(name string) *Tool {
	return Must(New(Definition{Name: name, Description: "x", Effect: Read}, func(context.Context, struct{}) (echo, error) { return echo{}, nil }))
}

func TestSelectKeepsTheOrderItIsGiven(t *testing.T) {
	t.Parallel()
	r, err := NewRegistry(plainTool("b"), plainTool("a"), plainTool("c"))
	if err != nil {
		t.Fatal(err)
	}
	selected, err := r.Select([]string{"c", "a"})
	if err != nil {
		t.Fatal(err)
	}
	if len(selected) != 2 || selected[0].Name() != "c" || selected[1].Name() != "a" {
		t.Errorf("got %v", selected)
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, r.Names()); diff != "" {
		t.Error(diff)
	}
	if _, found := r.Get("d"); found {
		t.Error("found a tool that was never registered")
	}
}

func TestRegistryRefusesWhatIsAmbiguousOrUnknown(t *testing.T) {
	t.Parallel()
	if _, err := NewRegistry(plainTool("a"), plainTool("a")); err == nil || !strings.Contains(err.Error(), "two tools are named a") {
		t.Errorf("duplicate: %v", err)
	}
	if _, err := NewRegistry(nil); err == nil {
		t.Error("a nil tool was accepted")
	}
	r, err := NewRegistry(plainTool("a"), plainTool("b"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Select([]string{"z"}); err == nil || !strings.Contains(err.Error(), `no tool is named "z"; there are a, b`) {
		t.Errorf("unknown: %v", err)
	}
	if _, err := r.Select([]string{"a", "a"}); err == nil || !strings.Contains(err.Error(), "listed twice") {
		t.Errorf("twice: %v", err)
	}
}

func TestToolsOfAGroupComeAndGo(t *testing.T) {
	t.Parallel()
	named := func(name string) *Tool {
		return Must(New(Definition{Name: name, Description: "x", Effect: Read}, func(context.Context, struct{}) (echo, error) { return echo{}, nil }))
	}
	r, err := NewRegistry(named("a"))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Declare("s", []string{"s_one", "s_two"}); err != nil {
		t.Fatal(err)
	}
	for group, name := range map[string]string{"t": "a", "u": "s_one"} {
		if err := r.Declare(group, []string{name}); err == nil || !strings.Contains(err.Error(), "two tools are named "+name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.Replace("s", []*Tool{named("s_two"), named("s_three"), named("a")}) // what was not declared is left out
	if got := strings.Join(r.Names(), " "); got != "a s_two" || !r.Declared("s_one") || r.Declared("s_three") {
		t.Errorf("got %s", got)
	}
	r.Miss("c")
	if got := strings.Join(r.Possible(), " "); got != "a c s_one s_two" {
		t.Errorf("possible %s", got)
	}
	r.Replace("s", nil)
	if got := strings.Join(r.Names(), " "); got != "a" {
		t.Errorf("got %s", got)
	}
}
