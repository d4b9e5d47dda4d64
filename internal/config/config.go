// Package config reads bestbox.yaml: which profile runs, where its files lie, which addresses it uses.
//
// It decodes strictly, fills what a user's file leaves out with the shipped values, and refuses anything that cannot work, naming
// the field, the value and what is allowed. It starts nothing, creates no folder and does not know the catalogue of artefacts.
package config

import (
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
)

// Config is one resolved configuration: a profile has been chosen, every path is absolute and every value has been checked.
type Config struct {
	// Path is the file that was read; empty when only the built-in values apply.
	Path string
	// Profile is the name of the chosen profile; never "auto".
	Profile string

	Directories Directories
	Temporal    Temporal
	HTTP        HTTP
	Records     Records
	// Tenants are further companies. The records of the default tenant are those of Records.
	Tenants map[string]Tenant
	Agents  Agents
	Access  Access
	// MCP are servers whose tools agents may use, by name.
	MCP map[string]MCPServer
	// Knowledge is where the company's documents are and what may become one.
	Knowledge  Knowledge
	Supervisor Supervisor
	// Connections are systems of the company's own.
	Connections Connections
	// Tiers holds the model servers of the profile: "heavy" always, "light", "embed" and "rerank" optional.
	Tiers map[string]Tier
	// WithoutTools are tools that agents have not in this profile.
	WithoutTools []string
	// Bandwidth is what the machine's model memory can deliver, in GB/s (10^9 bytes); 0: unknown, measured by llmctl bench.
	Bandwidth float64
}

// Heavy, Light, Embed and Rerank name the tiers that the rest of the system asks for. Embed turns texts into vectors, and Rerank says how well a text answers a question.
const (
	Heavy  = "heavy"
	Light  = "light"
	Embed  = "embed"
	Rerank = "rerank"
)

// Writes reports whether the server of a tier writes text. One that only reads takes a text in one batch, keeps nothing of it, and computes for moments.
func Writes(tier string) bool { return tier != Embed && tier != Rerank }

// Native and Docker are the backends that can run a tier's server.
const (
	Native = "native"
	Docker = "docker"
)

// Directories are the two places BestBox writes to. Both are absolute after Load.
type Directories struct {
	Cache string `yaml:"cache" json:"cache,omitempty" jsonschema:"description=Models and programs. Empty: $XDG_CACHE_HOME/bestbox. BESTBOX_CACHE_DIR wins."`
	State string `yaml:"state" json:"state,omitempty" jsonschema:"description=Databases; logs and the supervisor's socket. Empty: $XDG_STATE_HOME/bestbox. BESTBOX_STATE_DIR wins."`
}

// Temporal says where the workflows' server is and whether llmctl runs it.
type Temporal struct {
	Address   string `yaml:"address" json:"address,omitempty" jsonschema:"description=Host and port of the frontend (gRPC).,example=127.0.0.1:7233"`
	Namespace string `yaml:"namespace" json:"namespace,omitempty" jsonschema:"minLength=1"`
	UIPort    int    `yaml:"ui_port" json:"ui_port,omitempty" jsonschema:"minimum=1,maximum=65535,description=Port of the web UI on the address's host."`
	Managed   bool   `yaml:"managed" json:"managed,omitempty" jsonschema:"description=True: llmctl runs the development server. False: somebody else runs the cluster at address."`
}

// Host returns the host of the address. Load has checked that it can be split.
func (t Temporal) Host() string {
	host, _, _ := net.SplitHostPort(t.Address)
	return host
}

// Port returns the port of the address.
func (t Temporal) Port() int {
	return portOf(t.Address)
}

// UIURL returns the address of Temporal's web UI, without a path.
func (t Temporal) UIURL() string {
	return "http://" + net.JoinHostPort(t.Host(), strconv.Itoa(t.UIPort))
}

// HTTP is the worker's HTTP trigger.
type HTTP struct {
	Listen     string `yaml:"listen" json:"listen,omitempty" jsonschema:"description=Host and port of the HTTP trigger.,example=127.0.0.1:8000"`
	APIKeyFile string `yaml:"api_key_file" json:"api_key_file,omitempty" jsonschema:"description=File holding the API key. BESTBOX_API_KEY wins. Needed when listen is not a loopback address."`
}

// URL returns the base address a client on this machine uses.
func (h HTTP) URL() string {
	host, port, _ := net.SplitHostPort(h.Listen)
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// Records are the databases of the business data and of the transcripts.
type Records struct {
	Path           string `yaml:"path" json:"path,omitempty" jsonschema:"description=SQLite file of the business records. Empty: records.db in the state directory."`
	TranscriptPath string `yaml:"transcript_path" json:"transcript_path,omitempty" jsonschema:"description=SQLite file of the transcripts. Empty: transcript.db in the state directory."`
	Database       string `yaml:"database" json:"database,omitempty" jsonschema:"description=PostgreSQL database that holds both instead of the files; without a password. Empty: the files.,example=postgres://bestbox@127.0.0.1:5432/bestbox"`
	PasswordFile   string `yaml:"password_file" json:"password_file,omitempty" jsonschema:"description=File holding the password of database. Empty: PGPASSWORD; PGPASSFILE or ~/.pgpass; as for psql."`
}

// Tenant is a company with records of its own.
type Tenant struct {
	Path         string `yaml:"path" json:"path,omitempty" jsonschema:"description=SQLite file of the tenant's records. Empty: records-NAME.db in the state directory."`
	Database     string `yaml:"database" json:"database,omitempty" jsonschema:"description=PostgreSQL database of the tenant's records; without a password. Empty (and path too): that of records. The schema is records_NAME."`
	PasswordFile string `yaml:"password_file" json:"password_file,omitempty" jsonschema:"description=File holding the password of database."`
}

// Agents are those that are not part of the program.
type Agents struct {
	Folder string `yaml:"folder" json:"folder,omitempty" jsonschema:"description=Folder with one folder per agent of your own. One with a shipped agent's name takes its place."`
}

// Access says who may do what.
type Access struct {
	UsersFile string `yaml:"users_file" json:"users_file,omitempty" jsonschema:"description=File of users and roles (docs/access.md). Empty: whoever reaches BestBox is the local user and may do everything."`
	Employee  string `yaml:"employee" json:"employee,omitempty" jsonschema:"description=Without users_file: the employee of the records that asks. I and my in a question mean this one.,example=EMP-002"`
}

// Supervisor is llmctl's background process.
type Supervisor struct {
	Metrics string `yaml:"metrics" json:"metrics,omitempty" jsonschema:"description=Host and port of llmctl's own page /metrics; must be loopback. off: none.,example=127.0.0.1:8090"`
}

// MetricsOff is the value of supervisor.metrics that opens no port.
const MetricsOff = "off"

// Tier is one model server, as data.
type Tier struct {
	Backend string `yaml:"backend" json:"backend,omitempty" jsonschema:"enum=native,enum=docker"`
	Model   string `yaml:"model" json:"model,omitempty" jsonschema:"description=Catalogue name of the model (llmctl pull --list)."`
	Server  string `yaml:"server" json:"server,omitempty" jsonschema:"description=Catalogue name of the server: a program (native) or an image (docker)."`
	Device  string `yaml:"device" json:"device,omitempty" jsonschema:"description=Where the server computes: a kind of device (Vulkan; ROCm) takes the first one that llama-server --list-devices names; Vulkan1 is that one. Empty: the server's own choice."`
	// AllowCPU is the profile's consent to run on the processor where Device is missing.
	AllowCPU bool     `yaml:"allow_cpu" json:"allow_cpu,omitempty" jsonschema:"description=Run on the processor when the device is missing; llmctl says so. False: fail."`
	Host     string   `yaml:"host" json:"host,omitempty" jsonschema:"description=Address the server binds. Empty: 127.0.0.1. Must be loopback: the server asks for no key."`
	Port     int      `yaml:"port" json:"port,omitempty" jsonschema:"minimum=1,maximum=65535"`
	Slots    int      `yaml:"slots" json:"slots,omitempty" jsonschema:"minimum=1,maximum=64,description=Requests answered side by side."`
	Context  int      `yaml:"context" json:"context,omitempty" jsonschema:"minimum=512,maximum=1048576,description=Tokens per slot."`
	Threads  int      `yaml:"threads" json:"threads,omitempty" jsonschema:"minimum=0,maximum=1024,description=Processor threads. 0: the physical cores that may be used."`
	Flags    []string `yaml:"flags" json:"flags,omitempty" jsonschema:"description=Further arguments of the server; one per element."`
	// Environment is added to the server's own, for drivers: GGML_VK_VISIBLE_DEVICES, ROCBLAS_USE_HIPBLASLT.
	Environment map[string]string `yaml:"environment" json:"environment,omitempty" jsonschema:"description=Variables for the server and its drivers; for example ROCBLAS_USE_HIPBLASLT."`
	// MemoryLimit is in MiB: the container's memory, or a native process's data (anonymous memory, without the mapped model file).
	MemoryLimit int `yaml:"memory_limit" json:"memory_limit,omitempty" jsonschema:"minimum=0,description=MiB the server may use beside the mapped model file; 0: no limit."`
	// Fallback is where the tier goes when its answers prove wrong; nil: nowhere.
	Fallback *Fallback `yaml:"fallback" json:"fallback,omitempty" jsonschema:"description=Used instead when the server's answers prove wrong after its start. What is left out stays."`
}

// Fallback is what differs from a tier when it runs elsewhere. The model, the port, the slots and the context stay.
type Fallback struct {
	Backend string   `yaml:"backend" json:"backend,omitempty" jsonschema:"enum=native,enum=docker"`
	Server  string   `yaml:"server" json:"server,omitempty" jsonschema:"description=Catalogue name of the server."`
	Device  string   `yaml:"device" json:"device,omitempty"`
	Flags   []string `yaml:"flags" json:"flags,omitempty"`
	// Environment replaces the tier's where it is given.
	Environment map[string]string `yaml:"environment" json:"environment,omitempty"`
}

// Variables returns the environment as NAME=value, sorted.
func (t Tier) Variables() []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(t.Environment)) {
		all = append(all, name+"="+t.Environment[name])
	}
	return all
}

// OnFallback returns the tier as its fallback runs it; ok is false when it has none.
func (t Tier) OnFallback() (other Tier, ok bool) {
	if t.Fallback == nil {
		return t, false
	}
	f := *t.Fallback
	t.Fallback = nil
	t.Backend, t.Server, t.Device = orDefault(f.Backend, t.Backend), orDefault(f.Server, t.Server), f.Device
	if f.Flags != nil {
		t.Flags = f.Flags
	}
	if f.Environment != nil {
		t.Environment = f.Environment
	}
	return t, true
}

// URL returns the server's base address, without a path.
func (t Tier) URL() string {
	return "http://" + net.JoinHostPort(t.Host, strconv.Itoa(t.Port))
}

// Single reports whether the profile has one model only, so that light jobs go to heavy.
func (c *Config) Single() bool {
	_, light := c.Tiers[Light]
	return !light
}

func portOf(address string) int {
	_, port, _ := net.SplitHostPort(address)
	number, _ := strconv.Atoi(port)
	return number
}

// isLoopback accepts literal loopback addresses and the one name that always means this machine.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// validHTTPURL guards against hosts that would change the meaning of URL().
func validHTTPURL(raw string) bool {
	parsed, err := url.Parse(raw)
	return err == nil && parsed.Hostname() != "" && parsed.Path == "" && parsed.RawQuery == "" && parsed.User == nil
}
