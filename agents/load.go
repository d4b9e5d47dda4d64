package agents

import (
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"bestbox/internal/place"
)

//go:embed */agent.yaml */prompt.md */examples.yaml */routing.csv
var shipped embed.FS

// Source is a set of agent folders.
type Source struct {
	Files fs.FS
	// Path is where the files lie, for errors; empty for those of the program.
	Path string
}

// Shipped is the source of the agents that are part of the program.
func Shipped() Source { return Source{Files: shipped} }

// Folder is a source outside of the program.
func Folder(path string) Source { return Source{Files: os.DirFS(path), Path: path} }

// The files of an agent's folder. Examples and routing may be missing.
const (
	settingsFile = "agent.yaml"
	promptFile   = "prompt.md"
	examplesFile = "examples.yaml"
	routingFile  = "routing.csv"
)

// FileError says what is wrong in a file of an agent's folder. Line is 0 where the whole file is meant.
type FileError struct {
	File    string
	Line    int
	Problem string
}

func (e *FileError) Error() string {
	place := e.File
	if e.Line > 0 {
		place = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	return place + ": " + e.Problem
}

// Load reads the agents of all sources, ordered by name. An agent of a later source takes the place of one of that name. All that is wrong is
// reported at once, as *FileError.
func Load(sources ...Source) ([]Agent, error) {
	byName := map[string]Agent{}
	var problems []error
	for _, source := range sources {
		folders, err := fs.ReadDir(source.Files, ".")
		if err != nil {
			return nil, fmt.Errorf("read the agents of %s: %w; agents.folder must name a folder with one folder per agent", source.Path, err)
		}
		for _, folder := range folders {
			if !folder.IsDir() || strings.HasPrefix(folder.Name(), ".") {
				continue
			}
			agent, err := load(files{source, folder.Name()})
			if err != nil {
				problems = append(problems, err)
				continue
			}
			byName[agent.Name] = agent
		}
	}
	loaded := make([]Agent, 0, len(byName))
	for _, agent := range byName {
		loaded = append(loaded, agent)
	}
	slices.SortFunc(loaded, func(a, b Agent) int { return strings.Compare(a.Name, b.Name) })
	if err := errors.Join(append(problems, sharedWorkflows(loaded))...); err != nil {
		return nil, err
	}
	if _, found := byName[General]; !found {
		return nil, fmt.Errorf("agents: no folder %q: the agent that takes what no other does is needed", General)
	}
	return loaded, nil
}

// sharedWorkflows refuses two agents that are started by one name.
func sharedWorkflows(loaded []Agent) error {
	owners := map[string]string{}
	for _, agent := range loaded {
		if other, taken := owners[agent.Workflow]; taken {
			return agent.files.at(settingsFile, "$.workflow", "workflow: %q is that of the agent %s; allowed: a name of its own", agent.Workflow, other)
		}
		owners[agent.Workflow] = agent.Name
	}
	return nil
}

// files is one agent's folder.
type files struct {
	source Source
	folder string
}

func (f files) name(file string) string { return path.Join(f.source.Path, f.folder, file) }

func (f files) read(file string) ([]byte, error) {
	content, err := fs.ReadFile(f.source.Files, path.Join(f.folder, file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing: %w", f.name(file), fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", f.name(file), err)
	}
	return content, nil
}

// at makes the error for a place in a YAML file, named by a path such as $.tools[2]. An agent that was defined in code has no file.
func (f files) at(file, at, problem string, arguments ...any) error {
	if f.source.Files == nil {
		return fmt.Errorf(problem, arguments...)
	}
	content, _ := f.read(file) // it was read before
	return &FileError{File: f.name(file), Line: place.Line(content, at), Problem: fmt.Sprintf(problem, arguments...)}
}

func (f files) yaml(file string, into any) error {
	content, err := f.read(file)
	if err != nil {
		return err
	}
	if err := yaml.UnmarshalWithOptions(content, into, yaml.Strict()); err != nil {
		line := 0
		if coded, ok := errors.AsType[yaml.Error](err); ok && coded.GetToken() != nil {
			line = coded.GetToken().Position.Line
		}
		return &FileError{File: f.name(file), Line: line, Problem: yaml.FormatError(err, false, true)}
	}
	return nil
}

func load(f files) (Agent, error) {
	agent := Agent{files: f, Policy: defaultPolicy}
	if err := f.yaml(settingsFile, &agent); err != nil {
		return Agent{}, err
	}
	if agent.Workflow == "" {
		agent.Workflow = defaultWorkflow(agent.Name)
	}
	if err := f.yaml(examplesFile, &agent.Examples); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Agent{}, err
	}
	prompt, err := f.read(promptFile)
	if err != nil {
		return Agent{}, err
	}
	agent.Prompt = strings.TrimSpace(string(prompt))
	if agent.Routing, err = f.routing(); err != nil {
		return Agent{}, err
	}
	for _, example := range agent.Examples {
		if !slices.Contains(agent.Routing, example.Question) {
			agent.Routing = append(agent.Routing, example.Question)
		}
	}
	return agent, agent.check()
}

// routing reads the questions that are the agent's own: the first column of a CSV file with a heading.
func (f files) routing() ([]string, error) {
	content, err := f.read(routingFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	reader := csv.NewReader(strings.NewReader(string(content)))
	reader.FieldsPerRecord = -1
	rows, err := reader.ReadAll()
	if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
		return nil, &FileError{File: f.name(routingFile), Line: wrong.Line, Problem: wrong.Err.Error()}
	}
	if len(rows) == 0 || rows[0][0] != "text" {
		return nil, &FileError{File: f.name(routingFile), Line: 1, Problem: "the first line must be the heading, whose first column is text"}
	}
	questions := make([]string, 0, len(rows)-1)
	for _, row := range rows[1:] {
		questions = append(questions, row[0])
	}
	return questions, nil
}

// defaultPolicy holds for what agent.yaml leaves out.
var defaultPolicy = Policy{MaxSteps: 6, MaxCallsPerStep: 3, DecisionTokens: 250, AnswerTokens: 250}

var (
	agentName    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,30}$`)
	workflowName = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*Agent$`)
)

// defaultWorkflow makes QualityControlAgent of quality_control.
func defaultWorkflow(name string) string {
	var words strings.Builder
	for word := range strings.SplitSeq(name, "_") {
		if word != "" {
			words.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return words.String() + "Agent"
}

func (a Agent) check() error {
	bounds := []struct {
		field        string
		value, upper int
	}{
		{"policy.max_steps", a.Policy.MaxSteps, 100},
		{"policy.max_calls_per_step", a.Policy.MaxCallsPerStep, 10},
		{"policy.decision_tokens", a.Policy.DecisionTokens, 2000},
		{"policy.answer_tokens", a.Policy.AnswerTokens, 4000},
	}
	for _, bound := range bounds {
		if bound.value < 1 || bound.value > bound.upper {
			return a.files.at(settingsFile, "$."+bound.field, "%s: %d; allowed: 1 to %d", bound.field, bound.value, bound.upper)
		}
	}
	switch {
	case a.Name != a.files.folder:
		return a.files.at(settingsFile, "$.name", "name: %q; allowed: the folder's name, %q", a.Name, a.files.folder)
	case !agentName.MatchString(a.Name):
		return a.files.at(settingsFile, "$.name", "name: %q; allowed: up to 31 small letters, digits and _, a letter first", a.Name)
	case !workflowName.MatchString(a.Workflow):
		return a.files.at(settingsFile, "$.workflow", "workflow: %q; allowed: a name such as ERPAgent", a.Workflow)
	case a.Description == "" || strings.ContainsAny(a.Description, "\r\n"):
		return a.files.at(settingsFile, "$.description", "description: %q; allowed: one line that says what the agent can do", a.Description)
	case a.Prompt == "":
		return &FileError{File: a.files.name(promptFile), Problem: "it is empty; write who the agent is, in a sentence or two"}
	}
	if err := a.checkExamples(); err != nil {
		return err
	}
	return a.checkWrites()
}

func (a Agent) checkExamples() error {
	for number, example := range a.Examples {
		place := fmt.Sprintf("$[%d]", number)
		if example.Answer != "" && len(example.Calls) > 0 {
			return a.files.at(examplesFile, place, "example %d has calls and an answer; allowed: one of them", number+1)
		}
		for index, call := range example.Calls {
			if !a.mayList(call.Tool) {
				return a.files.at(examplesFile, fmt.Sprintf("%s.calls[%d].tool", place, index), "example %d calls %q, which is not among the agent's tools", number+1, call.Tool)
			}
		}
	}
	return nil
}
