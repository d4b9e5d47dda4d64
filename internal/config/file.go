package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxFileBytes bounds what is parsed: the shipped file has 3 kB; anything near this is not a configuration.
const maxFileBytes = 1 << 20

// File is bestbox.yaml as written: nothing resolved yet. bestbox.schema.json is generated from it.
type File struct {
	Profile     string               `yaml:"profile" json:"profile,omitempty" jsonschema:"description=Profile that runs when --profile is not given. auto: chosen by the machine's GPU and memory."`
	Directories Directories          `yaml:"directories" json:"directories,omitzero"`
	Temporal    Temporal             `yaml:"temporal" json:"temporal,omitzero"`
	HTTP        HTTP                 `yaml:"http" json:"http,omitzero"`
	Records     Records              `yaml:"records" json:"records,omitzero"`
	Tenants     map[string]Tenant    `yaml:"tenants" json:"tenants,omitempty" jsonschema:"description=Further companies by name; each has records of its own. The first one is called default and is that of records."`
	Agents      Agents               `yaml:"agents" json:"agents,omitzero"`
	Access      Access               `yaml:"access" json:"access,omitzero"`
	MCP         map[string]MCPServer `yaml:"mcp" json:"mcp,omitempty" jsonschema:"description=Servers of the Model Context Protocol whose tools agents may use; by a short name (docs/mcp.md)."`
	Knowledge   Knowledge            `yaml:"knowledge" json:"knowledge,omitzero" jsonschema:"description=The company's documents (docs/knowledge.md)."`
	Supervisor  Supervisor           `yaml:"supervisor" json:"supervisor,omitzero"`
	Connections Connections          `yaml:"connections" json:"connections,omitzero" jsonschema:"description=Systems of the company's own; each in the place of a part of the demo company."`
	Profiles    map[string]Profile   `yaml:"profiles" json:"profiles,omitempty" jsonschema:"description=Profiles by name. A shipped profile keeps the values that are not written here."`
}

// Profile is a named set of tiers, its own or another profile's.
type Profile struct {
	From    string          `yaml:"from" json:"from,omitempty" jsonschema:"description=Profile whose tiers this one starts with; auto: the one that fits the machine."`
	Without []string        `yaml:"without" json:"without,omitempty" jsonschema:"description=Tiers of from that are left out."`
	Tiers   map[string]Tier `yaml:"tiers" json:"tiers,omitempty" jsonschema:"description=Model servers by name: heavy (needed); light; embed; rerank."`
	// WithoutTools are for small models, which use some tools without need.
	WithoutTools []string `yaml:"without_tools" json:"without_tools,omitempty" jsonschema:"description=Tools that agents have not in this profile although their agent.yaml lists them; for models that use them without need."`
	// Bandwidth of the memory that the models lie in, for the roofline of llmctl bench.
	Bandwidth float64 `yaml:"bandwidth" json:"bandwidth,omitempty" jsonschema:"minimum=0,description=GB/s that the machine's model memory delivers, for llmctl bench. 0: measured on the processor."`
}

// decode reads one file strictly over the shipped values, so that a user writes only what differs.
func decode(shipped, own []byte, path string) (File, error) {
	if err := checkStrictly(own, path); err != nil {
		return File{}, err
	}
	base, over := map[string]any{}, map[string]any{}
	if err := yaml.Unmarshal(shipped, &base); err != nil {
		return File{}, fmt.Errorf("the built-in bestbox.yaml: %w", err)
	}
	if err := yaml.Unmarshal(own, &over); err != nil {
		return File{}, describe(err, own, path)
	}
	merged, err := yaml.Marshal(merge(base, over))
	if err != nil {
		return File{}, fmt.Errorf("%s: %w", path, err)
	}
	var file File
	if err := yaml.UnmarshalWithOptions(merged, &file, yaml.Strict()); err != nil {
		return File{}, describe(err, own, path)
	}
	return file, nil
}

// checkStrictly decodes the user's bytes alone, so that an error names a line of that file.
func checkStrictly(own []byte, path string) error {
	if len(own) > maxFileBytes {
		return &FormError{fmt.Sprintf("%s has %d bytes; a configuration has at most %d", path, len(own), maxFileBytes)}
	}
	parsed, err := parser.ParseBytes(own, 0)
	if err != nil {
		return describe(err, own, path)
	}
	if len(parsed.Docs) > 1 {
		return &FormError{fmt.Sprintf("%s holds %d YAML documents; write one", path, len(parsed.Docs))}
	}
	for _, document := range parsed.Docs {
		if err := refuseIndirection(document, path); err != nil {
			return err
		}
	}
	var file File
	if err := yaml.UnmarshalWithOptions(own, &file, yaml.Strict()); err != nil {
		return describe(err, own, path)
	}
	return nil
}

// refuseIndirection keeps the file plain: anchors and aliases can make a small file expand without bound, and a configuration of
// this size has no use for them.
func refuseIndirection(document *ast.DocumentNode, path string) error {
	var found ast.Node
	if document.Body == nil {
		return nil
	}
	ast.Walk(visitor(func(node ast.Node) bool {
		switch node.Type() {
		case ast.AnchorType, ast.AliasType, ast.MergeKeyType, ast.TagType:
			found = node
		default:
		}
		return found == nil
	}), document.Body)
	if found != nil {
		return &FormError{fmt.Sprintf("%s line %d: anchors, aliases and tags are not used here; write the value out",
			path, found.GetToken().Position.Line)}
	}
	return nil
}

type visitor func(ast.Node) bool

func (v visitor) Visit(node ast.Node) ast.Visitor {
	if !v(node) {
		return nil
	}
	return v
}

// merge lays over on base, mapping by mapping. A key without a value changes nothing.
func merge(base, over map[string]any) map[string]any {
	for key, value := range over {
		inner, isMap := value.(map[string]any)
		old, wasMap := base[key].(map[string]any)
		switch {
		case value == nil:
		case isMap && wasMap:
			base[key] = merge(old, inner)
		default:
			base[key] = value
		}
	}
	return base
}

// describe turns goccy's error into one line: file, line, what is wrong, and the nearest key where one was mistyped.
func describe(err error, source []byte, path string) error {
	if unknown, ok := errors.AsType[*yaml.UnknownFieldError](err); ok {
		return &UnknownKeyError{
			File: path, Key: unknown.Token.Value, Line: unknown.Token.Position.Line,
			Nearest: nearest(unknown.Token.Value, siblings(source, unknown.Token.Position.Line, unknown.Token.Position.Column)),
		}
	}
	var positioned yaml.Error
	if errors.As(err, &positioned) && positioned.GetToken() != nil {
		token := positioned.GetToken()
		return &FormError{fmt.Sprintf("%s line %d: %s (at %q)", path, token.Position.Line, positioned.GetMessage(), token.Value)}
	}
	return &FormError{fmt.Sprintf("%s: %s", path, strings.TrimSpace(err.Error()))}
}

// FormError says that a file is not what a configuration looks like, and where.
type FormError struct{ text string }

func (e *FormError) Error() string { return e.text }

// UnknownKeyError says that a file has a key nothing reads.
type UnknownKeyError struct {
	File, Key string
	Line      int
	// Nearest is the valid key at that place most like the one written; empty when none is like it.
	Nearest string
}

func (e *UnknownKeyError) Error() string {
	if e.Nearest == "" {
		return fmt.Sprintf("%s line %d: unknown key %q; docs/configuration.md lists the keys", e.File, e.Line, e.Key)
	}
	return fmt.Sprintf("%s line %d: unknown key %q; did you mean %q?", e.File, e.Line, e.Key, e.Nearest)
}
