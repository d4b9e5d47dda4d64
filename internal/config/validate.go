package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// FieldError says that a field's value cannot be used, and what could.
type FieldError struct {
	Field   string
	Value   any
	Allowed string
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("%s is %#v; allowed: %s", e.Field, e.Value, e.Allowed)
}

// APIKeyVariable is the environment variable whose value is the HTTP trigger's key; it wins over the key file.
const APIKeyVariable = "BESTBOX_API_KEY" //nolint:gosec // a name, no key

// minAPIKeyBytes is the least length of a key: 16 random bytes written in base64 have 22 characters.
const minAPIKeyBytes = 16

// catalogueName is the form of the names of models and servers; it also keeps them harmless as file names.
var catalogueName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,99}$`)

// variableName is the name of an environment variable.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// tenantName also names a file and a schema of a database.
var tenantName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,30}$`)

// DefaultTenant is the tenant whose records are those of the key records.
const DefaultTenant = "default"

var employeeID = regexp.MustCompile(`^[A-Z]+-[0-9]+$`)

// deviceName is a device of llama-server's list, or a kind of them.
var deviceName = regexp.MustCompile(`^([A-Za-z][A-Za-z]*[0-9]*)?$`)

const deviceAllowed = "empty, a kind of device such as Vulkan, or one that llama-server --list-devices names, such as Vulkan0"

// validate reports every field that cannot work, not only the first.
func (c *Config) validate() error {
	var found []error
	refuse := func(ok bool, field string, value any, allowed string) {
		if !ok {
			found = append(found, &FieldError{Field: field, Value: value, Allowed: allowed})
		}
	}
	refuse(splits(c.Temporal.Address), "temporal.address", c.Temporal.Address, "host:port, for example 127.0.0.1:7233")
	refuse(!c.Temporal.Managed || isLoopback(c.Temporal.Host()), "temporal.address", c.Temporal.Address,
		"a loopback address such as 127.0.0.1:7233 while temporal.managed is true (the development server has no access control)")
	refuse(c.Temporal.Namespace != "", "temporal.namespace", c.Temporal.Namespace, "a name, for example default")
	refuse(validPort(c.Temporal.UIPort), "temporal.ui_port", c.Temporal.UIPort, "1 to 65535")
	refuse(splits(c.HTTP.Listen), "http.listen", c.HTTP.Listen, "host:port, for example 127.0.0.1:8000")
	c.validateRecords(refuse)
	c.validateMCP(refuse)
	c.Knowledge.validate(refuse)
	refuse(c.Access.Employee == "" || employeeID.MatchString(c.Access.Employee), "access.employee", c.Access.Employee, "an id of the records such as EMP-002, or none")
	metrics := c.Supervisor.Metrics
	host, _, _ := net.SplitHostPort(metrics)
	refuse(metrics == MetricsOff || (splits(metrics) && isLoopback(host)), "supervisor.metrics", metrics, "a loopback host:port such as 127.0.0.1:8090, or off")
	_, hasHeavy := c.Tiers[Heavy]
	tiers := "profiles." + c.Profile + ".tiers"
	refuse(hasHeavy, tiers, slices.Sorted(maps.Keys(c.Tiers)), "heavy (needed), light, embed, rerank")
	for _, name := range slices.Sorted(maps.Keys(c.Tiers)) {
		c.Tiers[name].validate(tiers+"."+name, refuse)
		refuse(slices.Contains([]string{Heavy, Light, Embed, Rerank}, name), tiers, name, "heavy, light, embed and rerank")
		refuse(name != Rerank || c.Tiers[name].Context >= leastReranked, tiers+"."+name+".context", c.Tiers[name].Context, fmt.Sprintf("%d or more: a question and a passage are read together", leastReranked))
	}
	c.Connections.validate(refuse)
	found = append(found, c.sharedPorts()...)
	if err := c.checkAPIKey(); err != nil {
		found = append(found, err)
	}
	if len(found) > 0 && c.Path != "" {
		return fmt.Errorf("%s: %w", c.Path, errors.Join(found...))
	}
	return errors.Join(found...)
}

// leastReranked holds a question of 400 characters, and a passage of 256 tokens with the longest title and section, also in Chinese.
const leastReranked = 1024

func (t Tier) validate(field string, refuse refusal) {
	refuse(t.Backend == Native || t.Backend == Docker, field+".backend", t.Backend, "native, docker")
	refuse(catalogueName.MatchString(t.Model), field+".model", t.Model, "a model of the catalogue: llmctl pull --list")
	refuse(catalogueName.MatchString(t.Server), field+".server", t.Server, "a server of the catalogue: llmctl pull --list")
	refuse(isLoopback(t.Host) && validHTTPURL(t.URL()), field+".host", t.Host, "a loopback address: the server asks for no key")
	refuse(validPort(t.Port), field+".port", t.Port, "1 to 65535")
	refuse(t.Slots >= 1 && t.Slots <= 64, field+".slots", t.Slots, "1 to 64")
	refuse(t.Context >= 512 && t.Context <= 1<<20, field+".context", t.Context, "512 to 1048576 tokens per slot")
	refuse(t.Threads >= 0 && t.Threads <= 1024, field+".threads", t.Threads, "0 (all physical cores) to 1024")
	refuse(deviceName.MatchString(t.Device), field+".device", t.Device, deviceAllowed)
	for _, name := range slices.Sorted(maps.Keys(t.Environment)) {
		refuse(variableName.MatchString(name) && !strings.ContainsRune(t.Environment[name], 0), field+".environment."+name, t.Environment[name],
			"a variable of letters, digits and _, with a text")
	}
	refuse(t.MemoryLimit >= 0, field+".memory_limit", t.MemoryLimit, "0 (no limit) or MiB")
	if f := t.Fallback; f != nil {
		refuse(f.Backend == "" || f.Backend == Native || f.Backend == Docker, field+".fallback.backend", f.Backend, "native, docker")
		refuse(f.Server == "" || catalogueName.MatchString(f.Server), field+".fallback.server", f.Server, "a server of the catalogue: llmctl pull --list")
		refuse(deviceName.MatchString(f.Device), field+".fallback.device", f.Device, deviceAllowed)
	}
	for i, flag := range t.Flags {
		refuse(flag != "" && !strings.ContainsRune(flag, 0), fmt.Sprintf("%s.flags[%d]", field, i), flag, "a non-empty argument")
	}
}

// sharedPorts finds two services on one port of this machine.
func (c *Config) sharedPorts() []error {
	owners := map[int]string{}
	var found []error
	claim := func(port int, field string) {
		if other, taken := owners[port]; taken && port != 0 {
			found = append(found, &FieldError{Field: field, Value: port, Allowed: "a port that " + other + " does not use"})
			return
		}
		owners[port] = field
	}
	claim(portOf(c.HTTP.Listen), "http.listen")
	claim(portOf(c.Supervisor.Metrics), "supervisor.metrics")
	if c.Temporal.Managed {
		claim(c.Temporal.Port(), "temporal.address")
		claim(c.Temporal.UIPort, "temporal.ui_port")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Tiers)) {
		claim(c.Tiers[name].Port, "profiles."+c.Profile+".tiers."+name+".port")
	}
	return found
}

// checkAPIKey refuses to open the HTTP trigger to a network without a key.
func (c *Config) checkAPIKey() error {
	host, _, err := net.SplitHostPort(c.HTTP.Listen)
	if err != nil || isLoopback(host) || c.Access.UsersFile != "" { // users have keys of their own
		return nil //nolint:nilerr // validate reports an address of the wrong form
	}
	key, err := c.HTTP.APIKey()
	if err != nil {
		return err
	}
	if key == "" {
		return &FieldError{Field: "http.listen", Value: c.HTTP.Listen,
			Allowed: "a loopback address, or any with a key in http.api_key_file or " + APIKeyVariable + ", or with access.users_file"}
	}
	return nil
}

// APIKey returns the key that clients must send, from BESTBOX_API_KEY or the key file; empty when neither is set.
func (h HTTP) APIKey() (string, error) {
	key, field := os.Getenv(APIKeyVariable), APIKeyVariable
	if key == "" && h.APIKeyFile != "" {
		content, err := os.ReadFile(absolute(h.APIKeyFile))
		if err != nil {
			return "", fmt.Errorf("read http.api_key_file: %w", err)
		}
		key, field = strings.TrimSpace(string(content)), "the key in "+filepath.Clean(h.APIKeyFile)
		if key == "" {
			return "", fmt.Errorf("%s is empty; write at least %d characters", field, minAPIKeyBytes)
		}
	}
	if key != "" && len(key) < minAPIKeyBytes {
		return "", fmt.Errorf("%s has %d characters; at least %d are needed", field, len(key), minAPIKeyBytes)
	}
	return key, nil
}

func validPort(port int) bool { return port >= 1 && port <= 65535 }

func splits(address string) bool {
	host, port, err := net.SplitHostPort(address)
	number, wrong := strconv.Atoi(port)
	return err == nil && wrong == nil && validPort(number) && !strings.ContainsAny(host, "/@?# ")
}
