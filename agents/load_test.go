package agents_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"bestbox/agents"
	"bestbox/tools"
)

const general = "name: general\ndescription: talks\n"

// folder makes a source of files by their names.
func folder(files map[string]string) agents.Source {
	source := fstest.MapFS{}
	for name, content := range files {
		source[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return agents.Source{Files: source, Path: "own"}
}

// talker is a source with a general agent, and what a test puts beside it or in its place.
func talker(files map[string]string) agents.Source {
	all := map[string]string{"general/agent.yaml": general, "general/prompt.md": "You talk."}
	maps.Copy(all, files)
	return folder(all)
}

func TestAnAgentNeedsNoMoreThanItsNameAndItsPrompt(t *testing.T) {
	t.Parallel()
	loaded, err := agents.Load(talker(map[string]string{
		"quality_lab/agent.yaml":  "name: quality_lab\ndescription: test reports\ntools: [count]",
		"quality_lab/prompt.md":   "You know tests.",
		"quality_lab/routing.csv": "text,lang\n\"Did batch 7 pass, and when?\",en\n哪批不合格？,zh\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	lab := loaded[1]
	if lab.Workflow != "QualityLabAgent" || lab.Policy.MaxSteps == 0 || lab.Policy.AnswerTokens == 0 || len(lab.Examples) != 0 {
		t.Errorf("%+v", lab)
	}
	if !slices.Equal(lab.Routing, []string{"Did batch 7 pass, and when?", "哪批不合格？"}) {
		t.Errorf("routing %q", lab.Routing)
	}
}

func TestAnAgentOfALaterSourceTakesThePlaceOfOneOfItsName(t *testing.T) {
	t.Parallel()
	loaded, err := agents.Load(talker(nil), folder(map[string]string{"general/agent.yaml": general, "general/prompt.md": "You sing."}))
	if err != nil || len(loaded) != 1 || loaded[0].Prompt != "You sing." {
		t.Errorf("%+v, %v", loaded, err)
	}
}

func TestAWrongFolderIsRefusedNamingFileAndLine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"unknown key", map[string]string{"general/agent.yaml": general + "model: big\n"}, "own/general/agent.yaml:3: "},
		{"no YAML", map[string]string{"general/agent.yaml": "name: [\n"}, "own/general/agent.yaml:1: "},
		{"another name than the folder", map[string]string{"general/agent.yaml": "description: talks\nname: talker\n"}, `own/general/agent.yaml:2: name: "talker"`},
		{"a name that is none", map[string]string{"a b/agent.yaml": "name: a b\ndescription: d\n", "a b/prompt.md": "p"}, `own/a b/agent.yaml:1: name: "a b"`},
		{"a bound of the policy", map[string]string{"general/agent.yaml": general + "policy:\n  answer_tokens: 9\n  max_steps: 500\n"}, "own/general/agent.yaml:5: policy.max_steps: 500"},
		{"a workflow without Agent", map[string]string{"general/agent.yaml": general + "workflow: general\n"}, `own/general/agent.yaml:3: workflow: "general"`},
		{"a workflow of two", map[string]string{"x/agent.yaml": "name: x\ndescription: d\nworkflow: GeneralAgent\n", "x/prompt.md": "p"}, "own/x/agent.yaml:3: workflow"},
		{"no description", map[string]string{"general/agent.yaml": "name: general\n"}, "own/general/agent.yaml: description"},
		{"no prompt", map[string]string{"general/prompt.md": " "}, "own/general/prompt.md: it is empty"},
		{"no settings", map[string]string{"x/prompt.md": "p"}, "own/x/agent.yaml is missing"},
		{"an example with a tool it has not", map[string]string{"general/examples.yaml": "- question: q\n  calls:\n    - tool: fly\n      arguments: {}\n"},
			`own/general/examples.yaml:3: example 1 calls "fly"`},
		{"an example with calls and an answer", map[string]string{"general/examples.yaml": "- {question: q, answer: a}\n- {question: q, calls: [{tool: fly, arguments: {}}], answer: a}\n"},
			"own/general/examples.yaml:2: example 2 has calls and an answer"},
		{"routing without a heading", map[string]string{"general/routing.csv": "How much?\n"}, "own/general/routing.csv:1: "},
		{"routing that is no CSV", map[string]string{"general/routing.csv": "text\n\"open\n"}, "own/general/routing.csv:"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, err := agents.Load(talker(test.files)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
	if _, err := agents.Load(folder(nil)); err == nil || !strings.Contains(err.Error(), `no folder "general"`) {
		t.Errorf("without a general agent: %v", err)
	}
	if _, err := agents.Load(agents.Folder("/does/not/exist")); err == nil || !strings.Contains(err.Error(), "agents.folder") {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestAllWrongFoldersAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := agents.Load(talker(map[string]string{"a/agent.yaml": "name: b\n", "a/prompt.md": "p", "c/agent.yaml": "name: d\n", "c/prompt.md": "p"}))
	if err == nil || !strings.Contains(err.Error(), "own/a/") || !strings.Contains(err.Error(), "own/c/") {
		t.Errorf("got %v", err)
	}
}

func TestAToolThatDoesNotExistIsRefusedNamingFileAndLine(t *testing.T) {
	t.Parallel()
	registry, err := tools.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	for list, want := range map[string]string{
		"tools:\n  - ask_user\n  - get_weather\n": `own/general/agent.yaml:5: tools: there is no tool "get_weather"`,
		"tools:\n  - ask_user\n  - ask_user\n":    "own/general/agent.yaml:5: tools: ask_user is listed twice",
	} {
		loaded, err := agents.Load(talker(map[string]string{"general/agent.yaml": general + list}))
		if err != nil {
			t.Fatal(err)
		}
		_, err = agents.Define(loaded, registry)
		if _, ok := errors.AsType[*agents.FileError](err); !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestAPromptThatIsNoTemplateIsRefusedNamingTheFile(t *testing.T) {
	t.Parallel()
	registry, err := tools.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	for _, prompt := range []string{"{{range", "{{.Nothing}}"} {
		loaded, err := agents.Load(talker(map[string]string{"general/prompt.md": prompt}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := agents.Define(loaded, registry); err == nil || !strings.Contains(err.Error(), "own/general/prompt.md") {
			t.Errorf("%s: got %v", prompt, err)
		}
	}
}

type moved struct {
	Quantity int    `json:"quantity"`
	Note     string `json:"note,omitempty"`
}

func TestAPolicyThatSpeaksOfWhatItsToolDoesNotKnowIsRefusedWithItsPlace(t *testing.T) {
	t.Parallel()
	registry, err := tools.NewRegistry(tools.Must(tools.NewWrite(tools.Definition{Name: "move", Description: "Moves.", Effect: tools.Write, Facts: []string{"total", "supplier.new"}},
		tools.Writer[moved, found]{
			Preview: func(context.Context, moved) (tools.Change, error) { return tools.Change{Summary: "Moves."}, nil },
			Apply:   func(context.Context, string, moved) (found, error) { return found{}, nil },
		})))
	if err != nil {
		t.Fatal(err)
	}
	for rule, unknown := range map[string]string{
		"total > 5 || supplier.new":         "",
		"quantity > 5 && note contains 'x'": "",
		"len(note) > 3":                     "",
		"let twice = total * 2; twice > 10": "",
		"supplier.new == true":              "",
		"totl == 9000":                      "totl",
		"supplier.nwe || total > 9":         "supplier.nwe",
		"suplier.new":                       "suplier",
		"sometimes(1)":                      "sometimes",
		"$env.total > 1":                    "$env",
	} {
		loaded, err := agents.Load(talker(map[string]string{"mover/prompt.md": "You move.",
			"mover/agent.yaml": "name: mover\ndescription: moves\ntools: [move]\npolicy:\n  writes:\n    move: \"" + rule + "\"\n"}))
		if err == nil {
			_, err = agents.Define(loaded, registry)
		}
		want := ""
		if unknown != "" {
			want = "own/mover/agent.yaml:6: policy.writes.move: \"" + rule + "\" speaks of " + unknown + "; allowed: quantity, note, total, supplier.new"
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", rule, err)
		}
	}
}

func TestAToolThatIsToBeLeftOutMustBeThere(t *testing.T) {
	t.Parallel()
	_, err := agents.Define(nil, clocks(t), "time_now", "time_convert", agents.ToolHandOver)
	if err != nil {
		t.Error(err)
	}
	_, err = agents.Define(nil, clocks(t), "time_nwo")
	if err == nil || !strings.Contains(err.Error(), `bestbox.yaml: without_tools of the profile: there is no tool "time_nwo"; allowed: time_convert, time_now, time_set, and those of the run: ask_user, hand_over, ask_agent`) {
		t.Errorf("%v", err)
	}
}
