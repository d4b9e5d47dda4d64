package tools

import "encoding/json"

// Spec is what a model is told of a tool, and what a run relies on. It can be stored, so that a run finishes with the tools it began with.
type Spec struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Effect      Effect `json:"effect"`
	// Words are as in Definition.
	Words string `json:"words,omitempty"`
	// First is as in Definition.
	First string `json:"first,omitempty"`
	// Outsiders is as in Definition.
	Outsiders bool `json:"outsiders,omitempty"`
	// Version and OutsideDescription are as in Definition.
	Version            string `json:"version,omitempty"`
	OutsideDescription bool   `json:"outside_description,omitempty"`
	// Parameters describe the arguments to a model, as Tool.Parameters does.
	Parameters []string `json:"parameters"`
	// Schema is the JSON Schema of the arguments.
	Schema json.RawMessage `json:"schema"`
}

// Spec returns what a model is told of the tool.
func (t *Tool) Spec() Spec {
	return Spec{Name: t.Name(), Description: t.Description(), Effect: t.Effect(), Words: t.definition.Words, First: t.definition.First, Outsiders: t.Outsiders(),
		Version: t.definition.Version, OutsideDescription: t.definition.OutsideDescription, Parameters: t.Parameters(), Schema: t.Schema()}
}
