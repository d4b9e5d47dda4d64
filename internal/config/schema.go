package config

import (
	"encoding/json"

	"github.com/invopop/jsonschema"
)

//go:generate go run ./schema -o ../../bestbox.schema.json

// Schema returns the JSON Schema of bestbox.yaml, made from File, for editors.
func Schema() ([]byte, error) {
	reflector := jsonschema.Reflector{DoNotReference: true, ExpandedStruct: true}
	schema := reflector.Reflect(&File{})
	schema.ID = ""
	schema.Title = "BestBox configuration"
	schema.Description = "bestbox.yaml. What is left out keeps the shipped value."
	content, err := json.MarshalIndent(schema, "", "  ")
	return append(content, '\n'), err
}
