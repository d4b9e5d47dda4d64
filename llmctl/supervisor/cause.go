package supervisor

import (
	"slices"
	"strings"
	"syscall"
)

// Cause is the kind of an unexpected end.
type Cause string

const (
	PortTaken      Cause = "port taken"
	MissingProgram Cause = "missing program"
	MissingModel   Cause = "missing model"
	CorruptModel   Cause = "corrupt model"
	BadFlag        Cause = "bad flag"
	OutOfMemory    Cause = "out of memory"
	DeviceLost     Cause = "device lost"
	NoEngine       Cause = "no container engine"
	NoDevice       Cause = "no device"
	Killed         Cause = "killed"
	Hung           Cause = "hung"
	WrongAnswers   Cause = "wrong answers"
	NotReady       Cause = "not ready in time"
	Unknown        Cause = "unknown"
)

// lasting causes do not go away by starting again.
func (c Cause) lasting() bool {
	switch c {
	case PortTaken, MissingProgram, MissingModel, CorruptModel, BadFlag, NoEngine, NoDevice:
		return true
	default:
		return false
	}
}

// advice is what the user can do.
func (c Cause) advice() string {
	switch c {
	case PortTaken:
		return "stop the program that holds the port, or choose another port in bestbox.yaml"
	case MissingProgram:
		return "load it again: llmctl up"
	case MissingModel, CorruptModel:
		return "load the model again: llmctl up checks it and replaces it"
	case BadFlag:
		return "correct the tier's flags in bestbox.yaml; the server's --help lists them"
	case OutOfMemory:
		return "lower context or slots of the tier in bestbox.yaml, or choose a smaller model"
	case DeviceLost:
		return "the GPU's driver gave up: see dmesg and llmctl doctor; restarting often helps, a newer kernel or driver for good"
	case NoEngine:
		return "start the container engine, or run the tier natively (backend: native)"
	case NoDevice:
		return "llmctl doctor says what the machine has; another device or backend for the tier is set in bestbox.yaml"
	case Hung:
		return "it is restarted; if this comes again, see the log, dmesg and llmctl doctor"
	case Killed:
		return "if nobody killed it, memory may have run out: see dmesg"
	case NotReady:
		return "see the log; a slow disk may need a second try"
	default:
		return "see the log"
	}
}

// sign is what a program writes when something went wrong.
type sign struct {
	text  string
	cause Cause
}

// lostSigns are of a GPU that no longer computes for this process. A server on Vulkan goes on after it and answers every request with 500,
// while its health stays well: so these are looked for while it runs, too.
// Seen with build 11434 on a device made to fail; the last four are from reports of ROCm.
var lostSigns = []sign{
	{"device lost on", DeviceLost},
	{"ErrorDeviceLost", DeviceLost},
	{"vk::DeviceLostError", DeviceLost},
	{"the context is lost", DeviceLost},
	{"HW Exception by GPU node", DeviceLost},
	{"Memory access fault by GPU node", DeviceLost},
	{"ROCm error: unspecified launch failure", DeviceLost},
	{"ROCm error: the operation cannot be performed in the present state", DeviceLost},
}

// signs are what programs write before they end, first match first. Those of llama-server are of build 11434.
var signs = append(slices.Clone(lostSigns), []sign{
	{"couldn't bind HTTP server socket", PortTaken},
	{"address already in use", PortTaken},
	{"failed to open GGUF file", MissingModel},
	{"invalid magic characters", CorruptModel},
	{"failed to read magic", CorruptModel},
	{"model is corrupted or incomplete", CorruptModel},
	{"error: invalid argument", BadFlag},
	{"error: unknown argument", BadFlag},
	{"invalid device:", NoDevice},
	{"Invalid device index", NoDevice},
	{"no ROCm-capable device is detected", NoDevice},
	{"error while handling argument", BadFlag},
	{"unknown flag", BadFlag},
	{"insufficient memory (attempted to allocate", OutOfMemory},
	{"GGML_ASSERT(ctx->mem_buffer != NULL) failed", OutOfMemory},
	{"memory allocation of size", OutOfMemory},
	{"ErrorOutOfDeviceMemory", OutOfMemory},
	{"No suitable memory type found", OutOfMemory},
	{"failed to allocate", OutOfMemory},
	{"unable to allocate", OutOfMemory},
	{"failed to create_context", OutOfMemory},
	{"out of memory", OutOfMemory},
	{"std::bad_alloc", OutOfMemory},
}...)

// firstSign returns the cause of the first sign that a log holds.
func firstSign(log string, signs []sign) (Cause, bool) {
	lower := strings.ToLower(log)
	for _, sign := range signs {
		if strings.Contains(lower, strings.ToLower(sign.text)) {
			return sign.cause, true
		}
	}
	return "", false
}

// classify reads the cause from the end and from what the service wrote since its start.
func classify(end exit, log string) Cause {
	if cause, found := firstSign(log, signs); found {
		return cause
	}
	switch {
	case end.OutOfMemory:
		return OutOfMemory
	case end.Known && end.Signal == syscall.SIGKILL:
		return Killed
	}
	return Unknown
}
