// Package supervisor keeps services running: model servers, the Temporal development server, the worker.
//
// One background process per state directory owns them. It knows services only as data (Spec): what to run, when it is ready, how it
// stops. It survives the command that started it, and its services survive it: the next supervisor adopts what still runs. It stops
// only what it started and never a stranger.
package supervisor

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"bestbox/llmctl/engine"
	"bestbox/llmctl/lockfile"
	"bestbox/llmctl/prefix"
)

// Spec is everything the supervisor needs to know about one service.
type Spec struct {
	Name string `json:"name"`
	// Backend is config.Native (also when empty) or config.Docker; Container is what the latter runs.
	Backend   string            `json:"backend,omitempty"`
	Container *engine.Container `json:"container,omitempty"`
	// Argv is the program (absolute path) and its arguments; Environment is added to the supervisor's own.
	Argv        []string `json:"argv"`
	Environment []string `json:"environment,omitempty"`
	// Stamp identifies the program's contents, so that a rebuilt program is restarted by the next up.
	Stamp string `json:"stamp,omitempty"`
	// Files must exist before the start: models, above all.
	Files []string `json:"files,omitempty"`
	// Host and Ports are what the service listens on: free before the start, proven free after the stop.
	Host  string `json:"host"`
	Ports []int  `json:"ports"`
	// Ready is the address polled until it answers 200. Address is what users open or call; About says what runs there.
	Ready   string `json:"ready"`
	Address string `json:"address"`
	About   string `json:"about,omitempty"`
	// MemoryLimit is in bytes, 0: none. A native process gets it as the limit of its private writable memory.
	MemoryLimit int64 `json:"memory_limit,omitempty"`
	// Model is what makes the service a model server; nil: it is none. Metrics is then its metrics address.
	Model   *Model `json:"model,omitempty"`
	Metrics string `json:"metrics,omitempty"`
	// LoadTimeout is how long the service may take to be ready; TermTimeout how long after the first SIGTERM.
	LoadTimeout time.Duration `json:"load_timeout"`
	TermTimeout time.Duration `json:"term_timeout"`
}

// Model is what the supervisor knows of a model server beyond its command line.
type Model struct {
	// SHA256 is the first model file's, which the reference for its answers belongs to.
	SHA256 string `json:"sha256"`
	// Slots is how many requests it answers side by side. Batch and MicroBatch are tokens evaluated at a time.
	Slots      int  `json:"slots"`
	Batch      int  `json:"batch"`
	MicroBatch int  `json:"micro_batch"`
	Embedding  bool `json:"embedding,omitempty"`
	Reranking  bool `json:"reranking,omitempty"`
	// GPU says that it computes on a GPU, whose work is not always seen.
	GPU bool `json:"gpu,omitempty"`
	// Unchecked leaves the checks of its answers out.
	Unchecked bool `json:"unchecked,omitempty"`
	// PromptSpeed is what was measured at an earlier start, in tokens per second; 0: unknown.
	PromptSpeed float64 `json:"prompt_speed,omitempty"`
	// WayBack is what to do when the answers are wrong.
	WayBack string `json:"way_back,omitempty"`
	// Prefixes are prompts to hold ready; Slotfiles is the folder, on this machine, where the server keeps them across restarts.
	Prefixes  []prefix.Prefix `json:"prefixes,omitempty"`
	Slotfiles string          `json:"slot_files,omitempty"`
	// Lock is what a verified start is remembered as; its verdicts are filled in.
	Lock lockfile.Entry `json:"lock"`
}

// same tells whether a running service already is what is asked for.
func (s Spec) same(other Spec) bool {
	return s.Digest() == other.Digest() && s.Backend == other.Backend
}

// containerName is the name of the service's container; empty: it is a process.
func (s Spec) containerName() string {
	if s.Container == nil {
		return ""
	}
	return s.Container.Name
}

// wayBack is what to do when the answers are wrong.
func (s Spec) wayBack() string {
	if s.Model == nil || s.Model.WayBack == "" {
		return "do not use it: choose another server or device for this tier in bestbox.yaml, then llmctl up"
	}
	return s.Model.WayBack
}

// State is where a service is in its life.
type State string

const (
	Stopped   State = "stopped"   // not wanted, not running
	Pulling   State = "pulling"   // a command loads what it needs
	Planning  State = "planning"  // a command looks whether it fits the memory
	Starting  State = "starting"  // ports and files are being checked, the process or container is being made
	Loading   State = "loading"   // it runs and does not answer 200 yet
	Verifying State = "verifying" // it answers, and its answers are being checked; fixed prompts are read in
	Ready     State = "ready"     // it has answered 200 since it was started, rightly where that is checked
	Degraded  State = "degraded"  // it answers wrongly: nobody should use it
	Backoff   State = "backoff"   // it ended by itself; the next start waits
	Failed    State = "failed"    // it will not be started again until asked
	Draining  State = "draining"  // it may finish what it has begun, then it is stopped
	Stopping  State = "stopping"  // it is told to end
)

// Work is what a model server said of itself when it was last asked (its page /metrics).
type Work struct {
	At time.Time `json:"at"`
	// Running and Waiting are requests.
	Running int `json:"running"`
	Waiting int `json:"waiting"`
	// PromptTokens and GeneratedTokens count from the server's start; the speeds, in tokens per second, are those of the time since
	// the asking before, 0 when nothing was done.
	PromptTokens    int64   `json:"prompt_tokens"`
	GeneratedTokens int64   `json:"generated_tokens"`
	PromptSpeed     float64 `json:"prompt_tokens_per_second"`
	GenerationSpeed float64 `json:"generated_tokens_per_second"`
}

// Snapshot is what a service's owner published last.
type Snapshot struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	// Digest changes with the settings that the service runs with.
	Digest  string `json:"digest,omitempty"`
	PID     int    `json:"pid,omitempty"`
	Address string `json:"address"`
	About   string `json:"about,omitempty"`
	// Container is the name of the container, where it is one. Model says that it is a model server.
	Container string `json:"container,omitempty"`
	Model     bool   `json:"model,omitempty"`
	// Work is nil until a model server has been asked. Checks are those of its last start; Warmed says which prompts it holds ready.
	Work   *Work   `json:"work,omitempty"`
	Checks *Checks `json:"checks,omitempty"`
	Warmed string  `json:"warmed,omitempty"`
	// Hung counts how often it was ended because it no longer worked.
	Hung int `json:"hung,omitempty"`
	// Since is when the state was entered. Seconds is what the last start took until ready.
	Since   time.Time `json:"since"`
	Seconds float64   `json:"seconds,omitempty"`
	// Restarts counts starts after a crash since the service was last asked for. Adopted: an earlier supervisor started it.
	Restarts int  `json:"restarts"`
	Adopted  bool `json:"adopted,omitempty"`
	// Cause, Message and Tail explain the last unexpected end: its kind, one sentence with the way out, the log's last lines.
	Cause   Cause    `json:"cause,omitempty"`
	Message string   `json:"message,omitempty"`
	Tail    []string `json:"tail,omitempty"`
	Holder  *Holder  `json:"holder,omitempty"`
	Log     string   `json:"log"`
	// Answering is whether a ready service answered just now; nil when it was not asked.
	Answering *bool `json:"answering,omitempty"`
}

// Usable says that the service is ready and, if it was asked, that it answered.
func (s Snapshot) Usable() bool {
	return s.State == Ready && (s.Answering == nil || *s.Answering)
}

// Err returns why a failed or degraded service cannot be used: a *PortError where a stranger holds its port, else a *FailedError.
func (s Snapshot) Err() error {
	switch {
	case s.State == Degraded:
		return &FailedError{Service: s.Name, Cause: s.Cause, Message: s.Message, Log: s.Log}
	case s.State != Failed:
		return nil
	case s.Holder != nil:
		return &PortError{Service: s.Name, Holder: *s.Holder}
	default:
		return &FailedError{Service: s.Name, Cause: s.Cause, Message: s.Message, Tail: s.Tail, Log: s.Log}
	}
}

// FailedError says that a service does not run and will not be tried again by itself.
type FailedError struct {
	Service string
	Cause   Cause
	Message string
	Tail    []string
	Log     string
}

func (e *FailedError) Error() string {
	text := fmt.Sprintf("%s failed: %s", e.Service, e.Message)
	if len(e.Tail) > 0 {
		text += "\n  last lines of " + e.Log + ":\n    " + strings.Join(e.Tail, "\n    ")
	}
	return text
}

// Proof is what was observed when a service was stopped.
type Proof struct {
	Name string `json:"name"`
	// PID is the process that was ended; 0: none ran. Container is its container's name.
	PID       int    `json:"pid,omitempty"`
	Container string `json:"container,omitempty"`
	// Drained is false when requests were still running at the limit. Signals are those that were needed.
	Drained bool     `json:"drained"`
	Signals []string `json:"signals,omitempty"`
	Gone    bool     `json:"process_gone"`
	// FreedBytes is the memory it held that came back with its end: its own and the GPU's, without mapped files.
	FreedBytes int64 `json:"freed_bytes,omitempty"`
	// FreePorts could be bound after the stop; TakenPorts could not.
	FreePorts  []int   `json:"free_ports"`
	TakenPorts []int   `json:"taken_ports,omitempty"`
	Seconds    float64 `json:"seconds"`
}

// Ran tells whether there was something to stop.
func (p Proof) Ran() bool { return p.PID != 0 || p.Container != "" }

// Complete says that nothing of the service is left.
func (p Proof) Complete() bool { return p.Gone && len(p.TakenPorts) == 0 }

func (s Spec) listenAddress(port int) string {
	return net.JoinHostPort(s.Host, strconv.Itoa(port))
}
