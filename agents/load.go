package agents

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
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
			is, err := source.isAgent(folder.Name())
			if err == nil && !is {
				continue
			}
			var agent Agent
			if err == nil {
				agent, err = load(files{source, folder.Name()})
			}
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

// isAgent reports whether an entry of a source is an agent's folder, or a link to one. Hidden folders are none.
func (s Source) isAgent(entry string) (bool, error) {
	if strings.HasPrefix(entry, ".") {
		return false, nil
	}
	found, err := fs.Stat(s.Files, entry) // follows links
	switch name := path.Join(s.Path, entry); {
	case errors.Is(err, fs.ErrNotExist):
		return false, &FileError{File: name, Problem: "it is a link to what is not there; mend it or take it away"}
	case err != nil:
		return false, fmt.Errorf("read %s: %w", name, err)
	case entry == settingsFile:
		return false, &FileError{File: name, Problem: "it is in no folder of its own; put it and its prompt into one that has the agent's name"}
	}
	return found.IsDir(), nil
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

func load(f files) (Agent, error) {
	if err := f.checkNames(); err != nil {
		return Agent{}, err
	}
	agent := Agent{files: f, Policy: defaultPolicy}
	if written, err := f.yaml(settingsFile, &agent, settingsKeys); err != nil {
		return Agent{}, err
	} else if !written {
		return Agent{}, &FileError{File: f.name(settingsFile), Problem: "it is empty; write at least name and description"}
	}
	if agent.Workflow == "" {
		agent.Workflow = defaultWorkflow(agent.Name)
	}
	if _, err := f.yaml(examplesFile, &agent.Examples, ""); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Agent{}, err
	}
	prompt, err := f.read(promptFile)
	if err != nil {
		return Agent{}, err
	}
	if len(prompt) > longestPrompt {
		return Agent{}, &FileError{File: f.name(promptFile), Problem: fmt.Sprintf("it has %d bytes; allowed: up to %d, since model, question and results need room beside it", len(prompt), longestPrompt)}
	}
	agent.Prompt = strings.TrimRightFunc(string(prompt), unicode.IsSpace) // its first line stays the first: errors name lines
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

// settingsKeys are those of agent.yaml, for who has misspelt one.
const settingsKeys = "name, workflow, description, tools, talks, policy: max_steps, max_calls_per_step, decision_tokens, answer_tokens, writes, compensate"

// longestPrompt is in bytes: in English about the 8,192 tokens that the models of the shipped profiles hold at once, so that no longer one can be meant.
const longestPrompt = 32_000

// defaultPolicy holds for what agent.yaml leaves out.
var defaultPolicy = Policy{MaxSteps: 6, MaxCallsPerStep: 3, DecisionTokens: 250, AnswerTokens: 250}

var (
	agentName    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,30}$`)
	workflowName = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*Agent$`)
)

// IsWorkflow reports whether a workflow type can be that of an agent, of those that there are or of another.
func IsWorkflow(name string) bool { return workflowName.MatchString(name) }

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
	case !agentName.MatchString(a.files.folder):
		return a.files.at(settingsFile, "$.name", "the folder's name, %q; allowed: up to 31 small letters, digits and _, a letter first", a.files.folder)
	case a.Name != a.files.folder:
		return a.files.at(settingsFile, "$.name", "name: %q; allowed: the folder's name, %q", a.Name, a.files.folder)
	case !IsWorkflow(a.Workflow):
		return a.files.at(settingsFile, "$.workflow", "workflow: %q; allowed: a name such as ERPAgent", a.Workflow)
	case strings.TrimSpace(a.Description) == "" || strings.ContainsAny(a.Description, "\r\n"):
		return a.files.at(settingsFile, "$.description", "description: %q; allowed: one line that says what the agent can do", a.Description)
	case a.Prompt == "":
		return &FileError{File: a.files.name(promptFile), Problem: "it is empty; write who the agent is, in a sentence or two"}
	}
	if index := slices.Index(a.Tools, ""); index >= 0 {
		return a.files.at(settingsFile, fmt.Sprintf("$.tools[%d]", index), "tools: an entry is empty; allowed: names of tools")
	}
	if err := a.checkExamples(); err != nil {
		return err
	}
	return a.checkWrites()
}

func (a Agent) checkExamples() error {
	for number, example := range a.Examples {
		place := fmt.Sprintf("$[%d]", number)
		if strings.TrimSpace(example.Question) == "" {
			return a.files.at(examplesFile, place, "example %d has no question; write what is asked in it", number+1)
		}
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
