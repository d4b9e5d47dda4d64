package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bestbox"
)

// Auto is the profile name that stands for the one that fits the machine.
const Auto = "auto"

// Load reads the configuration. An empty path means the first of BESTBOX_CONFIG, ./bestbox.yaml and
// $XDG_CONFIG_HOME/bestbox/bestbox.yaml, else the built-in values. An empty profile means the file's own choice; "auto" means
// the one that fits the machine.
func Load(path, profile string) (*Config, error) {
	path, own, err := readOwn(path)
	if err != nil {
		return nil, err
	}
	file, err := decode(bestbox.DefaultConfig, own, path)
	if err != nil {
		return nil, err
	}
	if profile == "" {
		profile = file.Profile
	}
	return resolve(file, path, profile, os.DirFS("/"))
}

// readOwn finds and reads the user's file. Both results are empty when there is none.
func readOwn(path string) (string, []byte, error) {
	asked := path
	if asked == "" {
		asked = os.Getenv("BESTBOX_CONFIG")
	}
	if asked != "" {
		content, err := os.ReadFile(asked)
		if err != nil {
			return "", nil, fmt.Errorf("read the configuration: %w; --config or BESTBOX_CONFIG must name a file", err)
		}
		return absolute(asked), content, nil
	}
	for _, candidate := range []string{"bestbox.yaml", filepath.Join(xdg("XDG_CONFIG_HOME", ".config"), "bestbox", "bestbox.yaml")} {
		content, err := os.ReadFile(candidate)
		switch {
		case err == nil:
			return absolute(candidate), content, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", nil, fmt.Errorf("read the configuration: %w", err)
		}
	}
	return "", nil, nil
}

// resolve chooses the profile, fills the defaults that depend on the machine, and checks everything.
func resolve(file File, path, profile string, machine fs.FS) (*Config, error) {
	if profile == "" || profile == Auto {
		profile = Detect(machine)
	}
	tiers, chosen, err := tiersOf(file, profile, machine)
	if err != nil {
		return nil, err
	}
	c := &Config{
		Path: path, Profile: profile, Directories: file.Directories,
		Temporal: file.Temporal, HTTP: file.HTTP, Records: file.Records, Tenants: file.Tenants, Agents: file.Agents, Access: file.Access, MCP: file.MCP,
		Knowledge: file.Knowledge, Supervisor: file.Supervisor, Connections: file.Connections, Tiers: tiers, Bandwidth: chosen.Bandwidth, WithoutTools: chosen.WithoutTools,
	}
	c.Connections.complete()
	c.Directories.Cache = directory("BESTBOX_CACHE_DIR", c.Directories.Cache, "XDG_CACHE_HOME", ".cache")
	c.Directories.State = directory("BESTBOX_STATE_DIR", c.Directories.State, "XDG_STATE_HOME", ".local/state")
	c.fillRecords()
	c.fillKnowledge()
	c.Agents.Folder, c.Access.UsersFile = absoluteOrEmpty(c.Agents.Folder), absoluteOrEmpty(c.Access.UsersFile)
	return c, c.validate()
}

// fillRecords says where the records and the transcripts are: in files, or in a database for all of them that say nothing else.
func (c *Config) fillRecords() {
	r := &c.Records
	if r.Database == "" {
		r.Path = absolute(orDefault(r.Path, filepath.Join(c.Directories.State, "records.db")))
		r.TranscriptPath = absolute(orDefault(r.TranscriptPath, filepath.Join(c.Directories.State, "transcript.db")))
	}
	r.PasswordFile = absoluteOrEmpty(r.PasswordFile)
	for name, tenant := range c.Tenants {
		switch {
		case tenant.Database == "" && tenant.Path == "" && r.Database != "":
			tenant.Database, tenant.PasswordFile = r.Database, orDefault(tenant.PasswordFile, r.PasswordFile)
		case tenant.Database == "":
			tenant.Path = absolute(orDefault(tenant.Path, filepath.Join(c.Directories.State, "records-"+name+".db")))
		}
		tenant.PasswordFile = absoluteOrEmpty(tenant.PasswordFile)
		c.Tenants[name] = tenant
	}
}

func absoluteOrEmpty(path string) string {
	if path == "" {
		return ""
	}
	return absolute(path)
}

// tiersOf returns the tiers of a profile and what else it says, following from once per profile.
func tiersOf(file File, name string, machine fs.FS) (tiers map[string]Tier, chosen Profile, err error) {
	tiers = map[string]Tier{}
	var chain []Profile
	seen := map[string]bool{}
	for next := name; next != ""; {
		if next == Auto {
			next = Detect(machine)
		}
		profile, known := file.Profiles[next]
		if !known {
			return nil, chosen, &FieldError{Field: "profile", Value: next, Allowed: "auto, " + strings.Join(slices.Sorted(maps.Keys(file.Profiles)), ", ")}
		}
		if seen[next] {
			return nil, chosen, &FieldError{Field: "profiles." + name + ".from", Value: profile.From, Allowed: "a profile that does not lead back to itself"}
		}
		seen[next] = true
		chain = append(chain, profile)
		next = profile.From
	}
	for _, profile := range slices.Backward(chain) {
		for _, left := range profile.Without {
			delete(tiers, left)
		}
		maps.Copy(tiers, profile.Tiers)
		if profile.Bandwidth != 0 {
			chosen.Bandwidth = profile.Bandwidth
		}
		if profile.WithoutTools != nil {
			chosen.WithoutTools = profile.WithoutTools
		}
	}
	for key, tier := range tiers {
		tier.Host = orDefault(tier.Host, "127.0.0.1")
		tier.Backend = orDefault(tier.Backend, Native)
		tiers[key] = tier
	}
	return tiers, chosen, nil
}

func orDefault(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

// directory returns the environment's choice, else the file's, else the XDG place.
func directory(variable, written, xdgVariable, home string) string {
	if chosen := orDefault(os.Getenv(variable), written); chosen != "" {
		return absolute(chosen)
	}
	return filepath.Join(xdg(xdgVariable, home), "bestbox")
}

// xdg returns a base directory of the XDG specification, which says that relative values are to be ignored.
func xdg(variable, home string) string {
	if value := os.Getenv(variable); filepath.IsAbs(value) {
		return value
	}
	base, err := os.UserHomeDir()
	if err != nil {
		base = os.TempDir()
	}
	return filepath.Join(base, home)
}

// absolute expands a leading ~/ and makes the path absolute.
func absolute(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if base, err := os.UserHomeDir(); err == nil {
			path = filepath.Join(base, rest)
		}
	}
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}
