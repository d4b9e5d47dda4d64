package tools

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Name is a thing of the company that a question calls by its name, with the id that tools want.
type Name struct {
	ID   string `yaml:"id"`
	Name string `yaml:"name"`
	// Kind is what it is, in a word: vendor, customer, machine.
	Kind string `yaml:"kind"`
}

// Registry holds the tools by name. Those of a group come and go, as the server does that offers them; the others stay. It is safe for concurrent use.
type Registry struct {
	mu     sync.RWMutex
	byName map[string]*Tool
	groups map[string][]string
	absent []string
}

// NewRegistry holds the given tools. Two tools of one name are an error.
func NewRegistry(list ...*Tool) (*Registry, error) {
	r := &Registry{byName: make(map[string]*Tool, len(list)), groups: map[string][]string{}}
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

// Declare says which tools a group may have; Replace gives them. Their names must be free.
func (r *Registry) Declare(group string, names []string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range names {
		if _, taken := r.byName[name]; taken || r.declared(name) {
			return fmt.Errorf("two tools are named %s: rename the one of %s", name, group)
		}
	}
	r.groups[group] = slices.Clone(names)
	return nil
}

// Miss says that there could be a tool of that name if what it needs were connected: agents may list it, and have it where it is.
func (r *Registry) Miss(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.absent = append(r.absent, name)
}

// Replace makes list the present tools of a group. Tools that the group may not have are left out.
func (r *Registry) Replace(group string, list []*Tool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range r.groups[group] {
		delete(r.byName, name)
	}
	for _, t := range list {
		if slices.Contains(r.groups[group], t.Name()) {
			r.byName[t.Name()] = t
		}
	}
}

// WithGroups returns the registry with those tools of its groups that it lacks and another one has: what there is for anybody. It does not follow later
// changes.
func (r *Registry) WithGroups(others ...*Registry) *Registry {
	r.mu.RLock()
	whole := &Registry{byName: maps.Clone(r.byName), groups: maps.Clone(r.groups), absent: slices.Clone(r.absent)}
	r.mu.RUnlock()
	for _, names := range whole.groups {
		for _, name := range names {
			for _, other := range others {
				if t, found := other.Get(name); found && whole.byName[name] == nil {
					whole.byName[name] = t
				}
			}
		}
	}
	return whole
}

// Group returns the names of the tools that a group may have, whether they are there now or not.
func (r *Registry) Group(group string) ([]string, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	names, found := r.groups[group]
	return slices.Clone(names), found
}

// Groups returns the names of all groups, sorted.
func (r *Registry) Groups() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Sorted(maps.Keys(r.groups))
}

// Declared reports whether there may be a tool of that name: a group has it at times, or what it needs is not connected.
func (r *Registry) Declared(name string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.declared(name)
}

func (r *Registry) declared(name string) bool {
	for _, names := range r.groups {
		if slices.Contains(names, name) {
			return true
		}
	}
	return slices.Contains(r.absent, name)
}

// Get returns the tool of that name.
func (r *Registry) Get(name string) (*Tool, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	t, ok := r.byName[name]
	return t, ok
}

// Possible returns the names of all tools that are there or may come (see Declared), sorted.
func (r *Registry) Possible() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	names := slices.Concat(slices.Collect(maps.Keys(r.byName)), r.absent)
	for _, group := range r.groups {
		names = append(names, group...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Names returns the names of all tools, sorted.
func (r *Registry) Names() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
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
		t, ok := r.Get(name)
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
