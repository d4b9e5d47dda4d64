package agents_test

import (
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
	Quantity int             `json:"quantity"`
	Note     string          `json:"note,omitempty"`
	Way      string          `json:"way,omitempty" jsonschema:"enum=road,enum=rail"`
	Tags     []string        `json:"tags,omitempty" jsonschema:"enum=fragile,enum=cold"`
	Lines    []movedLine     `json:"lines,omitempty"`
	Marks    map[string]bool `json:"marks,omitempty"`
	Pallets  int             `json:"pallets,omitempty" jsonschema:"enum=1,enum=2,enum=12"`
}

type movedLine struct {
	Price float64  `json:"price"`
	Item  string   `json:"item" jsonschema:"enum=bolt,enum=nut"`
	Sizes []int    `json:"sizes,omitempty"`
	From  struct { // where it lies
		Hall string `json:"hall"`
	} `json:"from"`
}

func TestAPolicyThatCannotMeanItsToolIsRefusedWithItsPlace(t *testing.T) {
	t.Parallel()
	move := writer[moved](t, tools.Definition{Name: "move",
		Facts: []tools.Fact{tools.Number("total"), tools.Truth("supplier.new"), tools.Text("supplier.state", "known", "barred"), tools.Text("owner")}})
	registry, err := tools.NewRegistry(move)
	if err != nil {
		t.Fatal(err)
	}
	const names = "quantity, note, way, tags, lines, marks, pallets, total, supplier.new, supplier.state, owner"
	for rule, want := range map[string]string{
		"total > 5 || supplier.new":                              "",
		"quantity > 5 && note contains 'x'":                      "",
		"len(note) > 3":                                          "",
		"let twice = total * 2; twice > 10":                      "",
		"supplier.new == true":                                   "",
		"total > quantity":                                       "",
		"int(quantity) % 12 != 0":                                "",
		"total / quantity > 0.5":                                 "",
		"way == 'road' || way != 'rail'":                         "",
		"way in ['road', 'rail']":                                "",
		"not (way in ['road'])":                                  "",
		"(way ?? '') == ''":                                      "",
		"let w = way ?? ''; w == '' || w == 'rail'":              "",
		"(way == 'rail' ? 'a' : note) == 'b'":                    "",
		"way == note || note == owner":                           "",
		"'cold' in tags":                                         "",
		"any(tags, # == 'cold')":                                 "",
		"owner in tags":                                          "",
		"tags == ['cold']":                                       "",
		"note == nil":                                            "",
		"any(lines, .price > 5 and .item == 'nut')":              "",
		"any(lines, 5 in .sizes)":                                "",
		"sum(lines, .price * 2) > total":                         "",
		"lines[0].from.hall == 'A'":                              "",
		"filter(lines, .price > 1)[0].item == 'bolt'":            "",
		"marks.anything":                                         "",
		"'anything' in marks":                                    "",
		"lower(way) == 'ROAD'":                                   "",
		"supplier?.new ?? true":                                  "",
		"(let a = way; a == 'rail') || (let a = note; a == 'x')": "",

		"totl == 9000":                   "speaks of totl; allowed: " + names,
		"suplier.new":                    "speaks of suplier; allowed: " + names,
		"sometimes(1)":                   "speaks of sometimes; allowed: " + names,
		"$env.total > 1":                 "speaks of $env; allowed: " + names,
		"supplier.nwe || total > 9":      "speaks of supplier.nwe; allowed: supplier.new, supplier.state",
		"supplier['nwe'] == true":        "speaks of supplier.nwe; allowed: supplier.new, supplier.state",
		"supplier?.nwe ?? true":          "speaks of supplier.nwe; allowed: ",
		"'nwe' in supplier":              "speaks of supplier.nwe; allowed: ",
		"lines[0].prise > 5":             "speaks of lines[0].prise; allowed: lines[0].from, lines[0].item, lines[0].price, lines[0].sizes",
		"any(lines, .prise > 5)":         "speaks of .prise; allowed: .from, .item, .price, .sizes",
		"any(lines, #.prise > 5)":        "speaks of .prise; allowed: ",
		"any(lines, .from.hal == 'A')":   "speaks of .from.hal; allowed: .from.hall",
		"first(lines).prise > 5":         "speaks of lines[0].prise; allowed: ",
		"last(lines).from.hal == 'A'":    "speaks of lines[-1].from.hal; allowed: ",
		"get(lines[0], 'prise') > 5":     "speaks of lines[0].prise; allowed: ",
		"get(lines[0], 'price') > '5'":   "puts \"5\", which is a text, beside lines[0].price",
		"first(lines).item == 'nuts'":    "compares lines[0].item with \"nuts\", which it never is",
		"first(lines).item == 'nut'":     "",
		"let l = lines[0]; l.prise > 5":  "speaks of l.prise; allowed: ",
		"map(lines, .from)[0].hal == ''": "speaks of map(lines, .from)[0].hal; allowed: ",

		"total == '9000'":                   `puts "9000", which is a text, beside total, which is a number; allowed there: a number, such as 9000`,
		"'9000' == total":                   `puts "9000", which is a text, beside total, which is a number; allowed there: a number, such as 9000`,
		"total != 'x'":                      `puts "x", which is a text, beside total, which is a number; allowed there: a number, such as 5`,
		"total > '9000'":                    `puts "9000", which is a text, beside total, which is a number`,
		"note == 5":                         `puts 5, which is a number, beside note, which is a text; allowed there: a text, such as "x"`,
		"way > 3":                           `puts 3, which is a number, beside way, which is a text`,
		"note == quantity":                  "puts quantity, which is a number, beside note, which is a text",
		"supplier.new == 'true'":            `puts "true", which is a text, beside supplier.new, which is true or false; allowed there: true or false`,
		"supplier == true":                  "puts true, which is true or false, beside supplier, which is an object",
		"tags == 'cold'":                    `puts "cold", which is a text, beside tags, which is a list; allowed there: a list`,
		"tags == [5]":                       "puts [5], which is a list, beside tags, which is a list",
		"quantity in ['5', '6']":            `puts "5", which is a text, beside quantity, which is a number`,
		"note in ['x', 5]":                  "puts 5, which is a number, beside note, which is a text",
		"5 in tags":                         "puts 5, which is a number, beside what tags holds, which is a text",
		"any(lines, '5' in .sizes)":         `puts "5", which is a text, beside what .sizes holds, which is a number`,
		"any(lines, .price == '5')":         `puts "5", which is a text, beside .price, which is a number`,
		"any(tags, # == 5)":                 "puts 5, which is a number, beside #, which is a text",
		"(note ?? 0) == 5":                  "puts 0, which is a number, beside note, which is a text",
		"(supplier.new ? note : 0) == 5":    "puts 0, which is a number, beside note, which is a text",
		"let limit = '9000'; total > limit": "puts limit, which is a text, beside total, which is a number",
		"marks.anything == 'x'":             `puts "x", which is a text, beside marks.anything, which is true or false`,
		"supplier.new || total":             "puts total, which is a number, beside supplier.new, which is true or false",
		"total":                             "cannot be worked out: expected bool, but got float64",
		"not total":                         "cannot be worked out: invalid operation",

		"way == 'raod'":             `compares way with "raod", which it never is; allowed: rail, road`,
		"'raod' == way":             `compares way with "raod", which it never is; allowed: rail, road`,
		"way != 'Road'":             `compares way with "Road", which it never is; allowed: rail, road`,
		"way in ['road', 'rial']":   `compares way with "rial", which it never is`,
		"not (way in ['rial'])":     `compares way with "rial", which it never is`,
		"(way ?? 'none') == 'raod'": `compares way ?? "none" with "raod", which it never is; allowed: rail, road, none`,
		"let w = way; w == 'raod'":  `compares w with "raod", which it never is`,
		"pallets == 3":              "compares pallets with 3, which it never is; allowed: 1, 12, 2",
		"pallets in [1, 3]":         "compares pallets with 3, which it never is",
		"pallets == 2 || pallets == 12.0 || pallets * 2 == 6 || -pallets == -2": "",
		"'frozen' in tags":                   `looks for "frozen" in tags, which never holds it; allowed: cold, fragile`,
		"any(tags, # == 'frozen')":           `compares # with "frozen", which it never is`,
		"any(lines, .item == 'nuts')":        `compares .item with "nuts", which it never is; allowed: bolt, nut`,
		"filter(lines, true)[0].item == 'x'": `compares filter(lines, true)[0].item with "x", which it never is`,
		"supplier.state == 'bared'":          `compares supplier.state with "bared", which it never is; allowed: barred, known`,
		"any(lines, .item == way)":           `compares .item with way, which it never is`,
	} {
		loaded, err := agents.Load(talker(map[string]string{"mover/prompt.md": "You move.",
			"mover/agent.yaml": "name: mover\ndescription: moves\ntools: [move]\npolicy:\n  writes:\n    move: \"" + rule + "\"\n"}))
		if err == nil {
			_, err = agents.Define(loaded, registry)
		}
		if want != "" {
			want = "own/mover/agent.yaml:6: policy.writes.move: \"" + rule + "\" " + want
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", rule, err, want)
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
