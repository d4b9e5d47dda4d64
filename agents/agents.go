// Package agents holds who answers: one folder per agent with its definition (agent.yaml), what it is told (prompt.md) and
// worked examples (examples.yaml). Nothing outside of an agent's folder knows its name; adding a folder adds an agent.
//
// It turns definitions and results into the messages a model reads. It calls no model and no tool.
package agents

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/goccy/go-yaml"
)

//go:embed */agent.yaml */prompt.md */examples.yaml
var shipped embed.FS

// General is the name of the agent that takes what belongs to no other.
const General = "general"

// Agent is one definition, complete and checked.
type Agent struct {
	// Name is the folder's name and the domain label that routes to this agent.
	Name string `yaml:"name"`
	// Workflow is the Temporal workflow type that starts this agent without the router, such as ERPAgent.
	Workflow string `yaml:"workflow"`
	// Description says in one line what the agent can do, for people and for the general agent.
	Description string `yaml:"description"`
	// Tools are the names of the tools the agent may call, in the order the model reads them.
	Tools  []string `yaml:"tools"`
	Policy Policy   `yaml:"policy"`

	// Prompt is what the agent is told in every step.
	Prompt string `yaml:"-"`
	// Examples are worked decisions, shown to the model before the question.
	Examples []Example `yaml:"-"`
	// Version is a hash over the folder and the shared templates: two agents of one version ask the same.
	Version string `yaml:"-"`
}

// Policy bounds what one run of an agent may take.
type Policy struct {
	// MaxSteps is how many decisions a run makes before it must answer from what it has.
	MaxSteps int `yaml:"max_steps" json:"max_steps"`
	// MaxCallsPerStep is how many calls one decision may ask for; they run side by side.
	MaxCallsPerStep int `yaml:"max_calls_per_step" json:"max_calls_per_step"`
	// DecisionTokens and AnswerTokens bound what the model generates for one decision and for the answer.
	DecisionTokens int `yaml:"decision_tokens" json:"decision_tokens"`
	AnswerTokens   int `yaml:"answer_tokens" json:"answer_tokens"`
	// Writes says, for each tool of the agent that changes something, when a person is asked: "always" (also what holds for a tool that is
	// not listed), "never", "forbidden", or an expression over the arguments and the facts of the change, such as
	// `total > 5000 || supplier.new`, which asks where it is true.
	Writes map[string]string `yaml:"writes" json:"writes,omitempty"`
}

// Example is one worked decision: with these results for this question, these calls; none means that it is time to answer, and
// Answer may then show how.
type Example struct {
	Question string `yaml:"question"`
	Results  []Fact `yaml:"results"`
	Calls    []Call `yaml:"calls"`
	Answer   string `yaml:"answer"`
}

// Call is one tool call a model asked for.
type Call struct {
	Tool      string          `yaml:"tool" json:"tool"`
	Arguments json.RawMessage `yaml:"-" json:"arguments"`
}

// UnmarshalYAML reads the arguments of an example as YAML and keeps them as compact JSON, as a model would write them.
func (c *Call) UnmarshalYAML(decode func(any) error) error {
	var written struct {
		Tool      string        `yaml:"tool"`
		Arguments yaml.MapSlice `yaml:"arguments"`
	}
	if err := decode(&written); err != nil {
		return err
	}
	var arguments bytes.Buffer
	arguments.WriteByte('{')
	for index, item := range written.Arguments {
		value, err := json.Marshal(item.Value)
		if err != nil {
			return fmt.Errorf("arguments of %s: %w", written.Tool, err)
		}
		if index > 0 {
			arguments.WriteByte(',')
		}
		fmt.Fprintf(&arguments, "%q:%s", fmt.Sprint(item.Key), value)
	}
	arguments.WriteByte('}')
	c.Tool, c.Arguments = written.Tool, arguments.Bytes()
	return nil
}

// Shipped returns the agents that are part of the program, ordered by name.
func Shipped() ([]Agent, error) { return Load(shipped) }

// Load reads every agent folder at the root of files. An error names the file.
func Load(files fs.FS) ([]Agent, error) {
	definitions, err := fs.Glob(files, "*/agent.yaml")
	if err != nil {
		return nil, err
	}
	var loaded []Agent
	for _, definition := range definitions {
		agent, err := load(files, path.Dir(definition))
		if err != nil {
			return nil, err
		}
		loaded = append(loaded, agent)
	}
	if !slices.ContainsFunc(loaded, func(agent Agent) bool { return agent.Name == General }) {
		return nil, fmt.Errorf("agents: no folder %q: the agent that takes what no other does is needed", General)
	}
	return loaded, introduce(loaded)
}

// introduce writes into prompts that ask for it what the other agents can do: {{range .Others}}{{.Name}}: {{.Description}}{{end}}.
func introduce(loaded []Agent) error {
	prompts := make([]string, len(loaded))
	for i, agent := range loaded {
		parsed, err := template.New(agent.Name + "/prompt.md").Option("missingkey=error").Parse(agent.Prompt)
		if err != nil {
			return fmt.Errorf("agent file %w", err)
		}
		others := slices.DeleteFunc(slices.Clone(loaded), func(other Agent) bool { return other.Name == agent.Name })
		if prompts[i], err = render(parsed, map[string]any{"Others": others}); err != nil {
			return fmt.Errorf("agent file %s/prompt.md: %w", agent.Name, err)
		}
	}
	for i := range loaded {
		if loaded[i].Prompt != prompts[i] { // it now also says what others can do
			loaded[i].Version = digest(loaded[i].Version + prompts[i])
		}
		loaded[i].Prompt = prompts[i]
	}
	return nil
}

func load(files fs.FS, folder string) (Agent, error) {
	var agent Agent
	if err := readYAML(files, path.Join(folder, "agent.yaml"), &agent); err != nil {
		return Agent{}, err
	}
	if err := readYAML(files, path.Join(folder, "examples.yaml"), &agent.Examples); err != nil {
		return Agent{}, err
	}
	prompt, err := fs.ReadFile(files, path.Join(folder, "prompt.md"))
	if err != nil {
		return Agent{}, fmt.Errorf("agent %s: %w", folder, err)
	}
	agent.Prompt = strings.TrimSpace(string(prompt))
	if err := agent.check(folder); err != nil {
		return Agent{}, fmt.Errorf("agent %s/agent.yaml: %w", folder, err)
	}
	agent.Version, err = version(files, folder)
	return agent, err
}

func readYAML(files fs.FS, name string, into any) error {
	content, err := fs.ReadFile(files, name)
	if err != nil {
		return fmt.Errorf("agent file %s: %w", name, err)
	}
	if err := yaml.UnmarshalWithOptions(content, into, yaml.Strict()); err != nil {
		return fmt.Errorf("agent file %s: %s", name, yaml.FormatError(err, false, true))
	}
	return nil
}

var workflowName = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*Agent$`)

func (a Agent) check(folder string) error {
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
			return fmt.Errorf("%s: %d; allowed: 1 to %d", bound.field, bound.value, bound.upper)
		}
	}
	switch {
	case a.Name != folder:
		return fmt.Errorf("name: %q; allowed: the folder's name, %q", a.Name, folder)
	case !workflowName.MatchString(a.Workflow):
		return fmt.Errorf("workflow: %q; allowed: a name such as ERPAgent", a.Workflow)
	case a.Description == "":
		return errors.New("description: empty; allowed: one line that says what the agent can do")
	case a.Prompt == "":
		return errors.New("prompt.md is empty")
	}
	for number, example := range a.Examples {
		if example.Answer != "" && len(example.Calls) > 0 {
			return fmt.Errorf("examples.yaml: example %d has calls and an answer; allowed: one of them", number+1)
		}
		for _, call := range example.Calls {
			if !slices.Contains(a.Tools, call.Tool) {
				return fmt.Errorf("examples.yaml: example %d calls %q, which is not among the agent's tools", number+1, call.Tool)
			}
		}
	}
	return a.checkWrites()
}

// version hashes the files that decide what a model is asked.
func version(files fs.FS, folder string) (string, error) {
	sum := sha256.New()
	names := []string{path.Join(folder, "agent.yaml"), path.Join(folder, "prompt.md"), path.Join(folder, "examples.yaml")}
	for _, name := range names {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s:%d:", name, len(content))
		sum.Write(content)
	}
	sum.Write([]byte(systemText))
	return hex.EncodeToString(sum.Sum(nil)[:versionBytes]), nil
}

// versionBytes of a hash are enough to tell versions apart.
const versionBytes = 6

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:versionBytes])
}
