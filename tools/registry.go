package tools

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Name is a thing of the company that a question calls by its name, with the id that tools want.
type Name struct {
	ID   string `yaml:"id"`
	Name string `yaml:"name"`
	// Kind is what it is, in a word: vendor, customer, machine.
	Kind string `yaml:"kind"`
}

// Registry holds the tools by name. It does not change after NewRegistry, so it is safe for concurrent use.
type Registry struct {
	byName map[string]*Tool
}

// NewRegistry holds the given tools. Two tools of one name are an error.
func NewRegistry(list ...*Tool) (*Registry, error) {
	r := &Registry{byName: make(map[string]*Tool, len(list))}
	for _, t := range list {
		if t == nil {
			return nil, errors.New("a tool is nil")
		}
		if _, taken := r.byName[t.Name()]; taken {
			return nil, fmt.Errorf("two tools are named %s: rename one", t.Name())
		}
		r.byName[t.Name()] = t
	}
	return r, nil
}

// Get returns the tool of that name.
func (r *Registry) Get(name string) (*Tool, bool) {
	t, ok := r.byName[name]
	return t, ok
}

// Names returns the names of all tools, sorted.
func (r *Registry) Names() []string {
	names := make([]string, 0, len(r.byName))
	for name := range r.byName {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Select returns the tools of these names in the order given: the order is part of an agent's prompt and must not
// change. A name that is unknown or given twice is an error.
func (r *Registry) Select(names []string) ([]*Tool, error) {
	selected := make([]*Tool, 0, len(names))
	for i, name := range names {
		t, ok := r.byName[name]
		if !ok {
			return nil, fmt.Errorf("no tool is named %q; there are %s", name, strings.Join(r.Names(), ", "))
		}
		if slices.Contains(names[:i], name) {
			return nil, fmt.Errorf("the tool %s is listed twice", name)
		}
		selected = append(selected, t)
	}
	return selected, nil
}
