// Package access says who may use which agent and which tool, and who may agree to what a run wants to change. It is asked at the edge, so that
// a person hears no at once, and again in every activity, which trusts nobody.
//
// Without a file of users everybody who reaches BestBox is the local user, who may do everything; that is one person at one machine.
package access

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"bestbox/internal/config"
	"bestbox/internal/place"
)

// Local is the id of the user where no file of users is set.
const Local = "local"

// DeniedError says that somebody may not do something.
type DeniedError struct {
	// Who is a user's id, What what they wanted: "use the agent crm".
	Who, What string
}

func (e *DeniedError) Error() string {
	return fmt.Sprintf("%s may not %s; whoever keeps the file of users can allow it", e.Who, e.What)
}

// Role is what its bearers may do. Every entry is a name or a pattern with *, such as get_*.
type Role struct {
	// Agents are those whose bearers may ask.
	Agents []string `yaml:"agents"`
	// Tools are those that agents may call for them. Reads and writes alike: a write needs an approval besides, as the agent's policy says.
	Tools []string `yaml:"tools"`
	// Approve are the tools whose writes they may agree to, of every run of their tenant.
	Approve []string `yaml:"approve"`
	// Ingest are the agents for which they may put documents in, list, show and delete them. Documents for every agent need "*".
	Ingest []string `yaml:"ingest"`
	// Runs lets them see all runs of their tenant; without it their own, and what waits for their approval.
	Runs bool `yaml:"runs"`
}

// User is somebody who asks.
type User struct {
	ID string `yaml:"-"`
	// Name is for people.
	Name string `yaml:"name"`
	// Employee is the person's id in the records, EMP-010: who "I" and "my" mean. Empty: nobody.
	Employee string `yaml:"employee"`
	// Tenant is whose records they work with.
	Tenant string   `yaml:"tenant"`
	Roles  []string `yaml:"roles"`
	// KeySHA256 is the hash of the key that they send over HTTP, in hexadecimal digits; empty: they have none.
	KeySHA256 string `yaml:"key_sha256"`

	granted []Role
}

// Users are those of a file, or the local user alone.
type Users struct {
	byID     map[string]User
	fourEyes []string
	roles    map[string]Role
	local    bool
	// name and content are those of the file, for errors.
	name    string
	content []byte
}

// file is a file of users.
type file struct {
	Roles map[string]Role `yaml:"roles"`
	Users map[string]User `yaml:"users"`
	// FourEyes are the writes to which the one who has asked may not agree.
	FourEyes []string `yaml:"four_eyes"`
}

// LocalUsers is the local user alone, who works with the default tenant's records as an employee ("" for none) of that name.
func LocalUsers(employee, name string) *Users {
	everything := Role{Agents: []string{"*"}, Tools: []string{"*"}, Approve: []string{"*"}, Ingest: []string{"*"}, Runs: true}
	return &Users{local: true, byID: map[string]User{Local: {ID: Local, Name: cmp.Or(name, "local user"), Employee: employee, Tenant: config.DefaultTenant, granted: []Role{everything}}}}
}

// Read reads a file of users. Tenants are those that exist.
func Read(name string, tenants []string) (*Users, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("access.users_file: %w", err)
	}
	users, err := parse(name, content, tenants)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return users, nil
}

func parse(name string, content []byte, tenants []string) (*Users, error) {
	var read file
	if err := yaml.UnmarshalWithOptions(content, &read, yaml.Strict()); err != nil {
		return nil, errors.New(yaml.FormatError(err, false, false)) // without the source: hashes of keys stand there
	}
	users := &Users{byID: map[string]User{}, fourEyes: read.FourEyes, roles: read.Roles, name: name, content: content}
	problems := patterns("four_eyes", read.FourEyes)
	for _, bearers := range slices.Sorted(maps.Keys(read.Roles)) {
		role := read.Roles[bearers]
		field := "roles." + bearers
		problems = append(problems, patterns(field+".agents", role.Agents)...)
		problems = append(problems, patterns(field+".tools", role.Tools)...)
		problems = append(problems, patterns(field+".approve", role.Approve)...)
		problems = append(problems, patterns(field+".ingest", role.Ingest)...)
	}
	keys := map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(read.Users)) {
		user := read.Users[id]
		user.ID = id
		if user.Tenant == "" {
			user.Tenant = config.DefaultTenant
		}
		problems = append(problems, user.check(read.Roles, tenants)...)
		if other, taken := keys[user.KeySHA256]; taken && user.KeySHA256 != "" {
			problems = append(problems, fmt.Errorf("users.%s.key_sha256: it is that of %s; allowed: a key of their own", id, other))
		}
		keys[user.KeySHA256] = id
		for _, role := range user.Roles {
			user.granted = append(user.granted, read.Roles[role])
		}
		users.byID[id] = user
	}
	if len(read.Users) == 0 {
		problems = append(problems, errors.New("users: there are none; allowed: at least one"))
	}
	return users, errors.Join(problems...)
}

var (
	userID     = regexp.MustCompile(`^[a-z0-9][a-z0-9._@-]{0,63}$`)
	hashText   = regexp.MustCompile(`^[0-9a-f]{64}$`)
	employeeID = regexp.MustCompile(`^[A-Z]+-[0-9]+$`)
)

func (u User) check(roles map[string]Role, tenants []string) (problems []error) {
	refuse := func(ok bool, field, value, allowed string) {
		if !ok {
			problems = append(problems, fmt.Errorf("users.%s%s: %q; allowed: %s", u.ID, field, value, allowed))
		}
	}
	refuse(userID.MatchString(u.ID), "", u.ID, "a name of small letters, digits, and . _ @ -")
	refuse(u.Employee == "" || employeeID.MatchString(u.Employee), ".employee", u.Employee, "an id of the records such as EMP-010, or none")
	refuse(slices.Contains(tenants, u.Tenant), ".tenant", u.Tenant, "a tenant of bestbox.yaml: "+fmt.Sprint(tenants))
	refuse(u.KeySHA256 == "" || hashText.MatchString(u.KeySHA256), ".key_sha256", "…", "64 hexadecimal digits, as `worker key` prints them")
	for _, role := range u.Roles {
		_, found := roles[role]
		refuse(found, ".roles", role, fmt.Sprintf("roles of this file: %v", slices.Sorted(maps.Keys(roles))))
	}
	refuse(len(u.Roles) > 0, ".roles", "", "at least one role")
	return problems
}

func patterns(field string, all []string) (problems []error) {
	for _, pattern := range all {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
			problems = append(problems, fmt.Errorf("%s: %q; allowed: names, and patterns such as get_*", field, pattern))
		}
	}
	return problems
}

// Check refuses names and patterns that no agent and no tool has, and those of tools that only read where nobody is asked for these: a typing error in four_eyes would let
// everybody agree to their own writes. Writes are the tools that write, or may.
func (u *Users) Check(agents, tools, writes []string) error {
	problems := u.unmatched("four_eyes", u.fourEyes, tools, writes)
	for _, name := range slices.Sorted(maps.Keys(u.roles)) {
		role := u.roles[name]
		field := "roles." + name
		problems = append(problems, u.unmatched(field+".agents", role.Agents, agents, agents)...)
		problems = append(problems, u.unmatched(field+".tools", role.Tools, tools, tools)...)
		problems = append(problems, u.unmatched(field+".approve", role.Approve, tools, writes)...)
		problems = append(problems, u.unmatched(field+".ingest", role.Ingest, agents, agents)...)
	}
	return errors.Join(problems...)
}

// unmatched are the patterns that match none of the allowed names. A name that exists and is not allowed is one of a tool that only reads.
func (u *Users) unmatched(field string, patterns, names, allowed []string) (problems []error) {
	for index, pattern := range patterns {
		matched := func(name string) bool { return matches([]string{pattern}, name) }
		if pattern == "*" || slices.ContainsFunc(allowed, matched) {
			continue
		}
		why := "is none"
		if slices.ContainsFunc(names, matched) {
			why = "only reads, so that nobody is asked"
		}
		at := place.Named(u.name, place.Line(u.content, fmt.Sprintf("$.%s[%d]", field, index)))
		problems = append(problems, fmt.Errorf("%s: %s: %q %s; allowed: %s, and patterns of these", at, field, pattern, why, strings.Join(allowed, ", ")))
	}
	return problems
}

// Local reports whether there is no file of users.
func (u *Users) Local() bool { return u.local }

// Find returns the user of an id. An empty id is the local user, where there is no file; with a file it is nobody.
func (u *Users) Find(id string) (User, error) {
	if u.local {
		return u.byID[Local], nil
	}
	user, found := u.byID[id]
	if !found {
		if id == "" {
			id = "somebody without a name"
		}
		return User{}, &DeniedError{Who: id, What: "use BestBox: there is no such user"}
	}
	return user, nil
}

// ByKey returns the user whose key somebody has sent.
func (u *Users) ByKey(key string) (User, bool) {
	sum := sha256.Sum256([]byte(key))
	sent := []byte(hex.EncodeToString(sum[:]))
	for _, user := range u.byID {
		if user.KeySHA256 != "" && subtle.ConstantTimeCompare([]byte(user.KeySHA256), sent) == 1 {
			return user, true
		}
	}
	return User{}, false
}

// MayAsk is nil where the user may use the agent.
func (u User) MayAsk(agent string) error {
	return u.may("use the agent "+agent, agent, func(role Role) []string { return role.Agents })
}

// MayCall is nil where agents may call the tool for the user.
func (u User) MayCall(tool string) error {
	return u.may("have the tool "+tool+" called", tool, func(role Role) []string { return role.Tools })
}

// MayIngest is nil where the user may put documents in for an agent, and list, show and delete them. An empty name means documents for every agent.
func (u User) MayIngest(agent string) error {
	what := "put in or look through documents for the agent " + agent
	if agent == "" {
		what = "put in or look through documents for every agent"
	}
	return u.may(what, agent, func(role Role) []string { return role.Ingest })
}

// MayIngestFor is nil where the documents of a tenant are the user's to put in and look through, as far as MayIngest allows.
func (u User) MayIngestFor(tenant string) error {
	if u.Tenant == tenant {
		return nil
	}
	return &DeniedError{Who: u.ID, What: "put in or look through documents for the tenant " + tenant}
}

// MayApprove is nil where the user may agree to a write of the tool, in a run that asker has begun.
func (u *Users) MayApprove(user, asker User, tool string) error {
	what := "agree to " + tool
	if user.Tenant != asker.Tenant {
		return &DeniedError{Who: user.ID, What: what + " for another tenant"}
	}
	if user.ID == asker.ID && matches(u.fourEyes, tool) {
		return &DeniedError{Who: user.ID, What: what + " in a run of their own: it takes four eyes"}
	}
	return user.may(what, tool, func(role Role) []string { return role.Approve })
}

// MaySee is nil where the user may look at a run of asker.
func (u User) MaySee(asker User) error {
	all := slices.ContainsFunc(u.granted, func(role Role) bool { return role.Runs })
	if u.ID == asker.ID || all && u.Tenant == asker.Tenant {
		return nil
	}
	return &DeniedError{Who: u.ID, What: "see this run"}
}

func (u User) may(what, name string, list func(Role) []string) error {
	if slices.ContainsFunc(u.granted, func(role Role) bool { return matches(list(role), name) }) {
		return nil
	}
	return &DeniedError{Who: u.ID, What: what}
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		matched, _ := path.Match(pattern, name) // Read has checked the patterns
		return matched
	})
}
