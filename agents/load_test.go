package agents_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
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

func TestAnAgentThatTalksHasNothingToChoose(t *testing.T) {
	t.Parallel()
	type none struct{}
	type text struct {
		Text string `json:"text"`
	}
	definition := func(name string) tools.Definition {
		return tools.Definition{Name: name, Description: "Looks.", Effect: tools.Read}
	}
	registry, err := tools.NewRegistry(tools.Must(tools.New(definition("look"), func(context.Context, none) (found, error) { return found{}, nil })),
		tools.Must(tools.New(definition("say"), func(context.Context, text) (found, error) { return found{}, nil })))
	if err != nil {
		t.Fatal(err)
	}
	for listed, want := range map[string]string{"[]": "", "[look]": "", "[say]": "has say", "[look, say]": "has look, say"} {
		loaded, err := agents.Load(talker(map[string]string{"general/agent.yaml": general + "talks: true\ntools: " + listed + "\n"}))
		if err != nil {
			t.Fatal(err)
		}
		_, err = agents.Define(loaded, registry)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "own/general/agent.yaml:3: talks: true goes with one tool")) {
			t.Errorf("%s: %v", listed, err)
		}
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
		{"a name that is none", map[string]string{"a b/agent.yaml": "name: a b\ndescription: d\n", "a b/prompt.md": "p"}, `own/a b/agent.yaml:1: the folder's name, "a b"; allowed: up to 31`},
		{"a bound of the policy", map[string]string{"general/agent.yaml": general + "policy:\n  answer_tokens: 9\n  max_steps: 500\n"}, "own/general/agent.yaml:5: policy.max_steps: 500"},
		{"a workflow without Agent", map[string]string{"general/agent.yaml": general + "workflow: general\n"}, `own/general/agent.yaml:3: workflow: "general"`},
		{"a workflow of two", map[string]string{"x/agent.yaml": "name: x\ndescription: d\nworkflow: GeneralAgent\n", "x/prompt.md": "p"}, "own/x/agent.yaml:3: workflow"},
		{"no description", map[string]string{"general/agent.yaml": "name: general\n"}, "own/general/agent.yaml: description"},
		{"no prompt", map[string]string{"general/prompt.md": " "}, "own/general/prompt.md: it is empty"},
		{"no settings", map[string]string{"x/prompt.md": "p"}, "own/x/agent.yaml: it is missing; write"},
		{"no prompt at all", map[string]string{"x/agent.yaml": "name: x\ndescription: d\n"}, "own/x/prompt.md: it is missing; write"},
		{"settings that are empty", map[string]string{"general/agent.yaml": "# nothing\n"}, "own/general/agent.yaml: it is empty; write"},
		{"two documents", map[string]string{"general/agent.yaml": general + "---\nname: other\n"}, "own/general/agent.yaml:4: it holds a second document"},
		{"a list for a text", map[string]string{"general/agent.yaml": "name: general\ndescription: [a, b]\n"}, "own/general/agent.yaml:2: [2:14] it is a list; allowed: a text\n"},
		{"a text for a number", map[string]string{"general/agent.yaml": general + "policy:\n  max_steps: many\n"}, "own/general/agent.yaml:4: [4:14] it is a text; allowed: a whole number\n"},
		{"a text for a list", map[string]string{"general/agent.yaml": general + "tools: count\n"}, "own/general/agent.yaml:3: [3:8] it is a text; allowed: a list\n"},
		{"a key that is not there", map[string]string{"general/agent.yaml": general + "tols: [count]\n"},
			"own/general/agent.yaml:3: [3:1] unknown field \"tols\"; allowed: name, workflow, description, tools, talks, policy: max_steps, max_calls_per_step, decision_tokens, answer_tokens, writes, compensate\n"},
		{"a blank description", map[string]string{"general/agent.yaml": "name: general\ndescription: '  '\n"}, "own/general/agent.yaml:2: description"},
		{"a tool without a name", map[string]string{"general/agent.yaml": general + "tools:\n  - count\n  -\n  - ''\n"}, "own/general/agent.yaml:5: tools: an entry is empty"},
		{"a folder that can be no name", map[string]string{"quality-lab/agent.yaml": "name: lab\ndescription: d\n", "quality-lab/prompt.md": "p"},
			`own/quality-lab/agent.yaml:1: the folder's name, "quality-lab"; allowed: up to 31`},
		{"settings that are not UTF-8", map[string]string{"general/agent.yaml": "name: general\ndescription: Pr\xfcfer\n"}, "own/general/agent.yaml:2: it is no text in UTF-8; save it"},
		{"a prompt that is not UTF-8", map[string]string{"general/prompt.md": "You talk\nin M\xfcnchen."}, "own/general/prompt.md:2: it is no text in UTF-8; save it"},
		{"a prompt with control characters", map[string]string{"general/prompt.md": "You talk\nto\x00all."}, "own/general/prompt.md:2: it holds the character U+0000"},
		{"a prompt that no model reads", map[string]string{"general/prompt.md": strings.Repeat("You talk. ", 4000)}, "own/general/prompt.md: it has 40000 bytes; allowed: up to 32000"},
		{"a file beyond all bounds", map[string]string{"general/routing.csv": "text\n" + strings.Repeat("q\n", 1<<20)}, "own/general/routing.csv: it has 2097157 bytes; allowed: up to 1048576"},
		{"a folder for a file", map[string]string{"x/agent.yaml": "name: x\ndescription: d\n", "x/prompt.md/p": "p"}, "own/x/prompt.md: it is no file"},
		{"a file whose name is misspelt", map[string]string{"general/example.yaml": "[]"}, "own/general/example.yaml: it is not read; an agent's files are agent.yaml, prompt.md, examples.yaml, routing.csv"},
		{"an agent that has no folder", map[string]string{"agent.yaml": general}, "own/agent.yaml: it is in no folder of its own"},
		{"an example without a question", map[string]string{"general/examples.yaml": "- question: q\n  answer: a\n- answer: a\n"}, "own/general/examples.yaml:3: example 2 has no question"},
		{"routing with a mark at its beginning that is no heading", map[string]string{"general/routing.csv": "\ufeffquestion\n"}, "own/general/routing.csv:1: "},
		{"routing that is cut at a comma", map[string]string{"general/routing.csv": "text\nq\nDid batch 7 pass, and when?\n"},
			"own/general/routing.csv:3: it has 2 columns and the heading 1; write a text that holds a comma in quotation marks"},
		{"routing with a text that is quoted half", map[string]string{"general/routing.csv": "text\nq\nDid \"batch\" 7 pass?\n"},
			`own/general/routing.csv:3: bare " in non-quoted-field; write a text that holds quotation marks in quotation marks, and each of its own twice`},
		{"an empty routing question", map[string]string{"general/routing.csv": "text,lang\nq,en\n\n\" \",en\n"}, "own/general/routing.csv:4: the question is empty"},
		{"a routing question twice", map[string]string{"general/routing.csv": "text\nq\nr\nq\n"}, "own/general/routing.csv:4: the question stands in line 2 already"},
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

// Spreadsheets and editors of Windows begin a file with a mark and end its lines with two characters.
func TestAFolderThatWasWrittenOnWindowsIsReadAsAnyOther(t *testing.T) {
	t.Parallel()
	const mark = "\ufeff"
	lab := map[string]string{
		"lab/agent.yaml": "name: lab\ndescription: d\ntools: [count]\n", "lab/prompt.md": "You know\nthe lab.\n",
		"lab/examples.yaml": "- question: How many?\n  calls: [{tool: count, arguments: {from: 1}}]\n", "lab/routing.csv": "text\n哪批不合格？\n",
	}
	var read [2]agents.Agent
	for index := range read {
		loaded, err := agents.Load(talker(lab))
		if err != nil {
			t.Fatal(err)
		}
		read[index] = loaded[1]
		for name, content := range lab {
			lab[name] = mark + strings.ReplaceAll(content, "\n", "\r\n")
		}
	}
	there, windows := read[0], read[1]
	if windows.Prompt != there.Prompt || windows.Name != there.Name || windows.Examples[0].Question != "How many?" || !slices.Equal(windows.Routing, there.Routing) {
		t.Errorf("%+v became %+v", there, windows)
	}
}

// A company's folder may be put together of links, as Kubernetes does with its ConfigMaps.
func TestALinkToAFolderIsAnAgentAndOneToNothingIsRefused(t *testing.T) {
	t.Parallel()
	own, elsewhere := t.TempDir(), t.TempDir()
	for name, content := range map[string]string{"agent.yaml": "name: lab\ndescription: d\n", "prompt.md": "You know the lab."} {
		if err := os.WriteFile(filepath.Join(elsewhere, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to, name string) {
		if err := os.Symlink(to, filepath.Join(own, name)); err != nil {
			t.Fatal(err)
		}
	}
	link(elsewhere, "lab")
	link(filepath.Join(elsewhere, "prompt.md"), "README.md")
	loaded, err := agents.Load(talker(nil), agents.Folder(own))
	if err != nil || len(loaded) != 2 || loaded[1].Name != "lab" {
		t.Errorf("%+v, %v", loaded, err)
	}
	link(filepath.Join(elsewhere, "nothing"), "gone")
	if _, err := agents.Load(talker(nil), agents.Folder(own)); err == nil || !strings.Contains(err.Error(), filepath.Join(own, "gone")+": it is a link to what is not there") {
		t.Errorf("got %v", err)
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

func TestAPromptThatIsNoTemplateIsRefusedNamingFileAndLine(t *testing.T) {
	t.Parallel()
	registry, err := tools.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	for prompt, want := range map[string]string{
		"{{range":                       "own/general/prompt.md:1: unclosed action",
		"\n\nYou talk.\n{{.Nothing}}":   `own/general/prompt.md:4: executing "prompt.md" at <.Nothing>`,
		"You talk.\nUse {{ braces }}.":  `own/general/prompt.md:2: function "braces" not defined`,
		"You talk.\n{{.Others.Nobody}}": "own/general/prompt.md:2: ",
	} {
		loaded, err := agents.Load(talker(map[string]string{"general/prompt.md": prompt}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := agents.Define(loaded, registry); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "allowed: {{range .Others}}") {
			t.Errorf("%s: got %v, want %s", prompt, err, want)
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

// What is shown to the model before every question, it copies.
func TestAWorkedExampleMustCallAToolAsItCanBeCalled(t *testing.T) {
	t.Parallel()
	registry, err := tools.NewRegistry(tools.Must(tools.New(tools.Definition{Name: "count", Description: "Counts.", Effect: tools.Read},
		func(context.Context, moved) (found, error) { return found{}, nil })))
	if err != nil {
		t.Fatal(err)
	}
	for arguments, want := range map[string]string{
		"{quantity: 3}":           "",
		"{quantty: 3}":            "own/lab/examples.yaml:4: example 2 calls count as it cannot be called: ",
		"{quantity: three}":       "own/lab/examples.yaml:4: example 2 calls count as it cannot be called: ",
		"{quantity: 3, note: []}": "own/lab/examples.yaml:4: example 2 calls count as it cannot be called: ",
	} {
		loaded, err := agents.Load(talker(map[string]string{"lab/agent.yaml": "name: lab\ndescription: d\ntools: [count]\n", "lab/prompt.md": "You know the lab.",
			"lab/examples.yaml": "- {question: q, answer: a}\n- question: q\n  calls:\n    - tool: count\n      arguments: " + arguments + "\n"}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = agents.Define(loaded, registry); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", arguments, err, want)
		}
	}
}

func TestAllAgentsWithAWrongToolAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	loaded, err := agents.Load(talker(map[string]string{"a/agent.yaml": "name: a\ndescription: d\ntools: [fly]\n", "a/prompt.md": "p", "b/agent.yaml": "name: b\ndescription: d\ntools: [swim]\n", "b/prompt.md": "p"}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := agents.Define(loaded, clocks(t)); err == nil || !strings.Contains(err.Error(), `"fly"`) || !strings.Contains(err.Error(), `"swim"`) {
		t.Errorf("got %v", err)
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
