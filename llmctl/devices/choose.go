package devices

import (
	"fmt"
	"slices"
	"strings"
)

// Choice is where a server is to compute.
type Choice struct {
	// Device is the zero value where the server chooses for itself, and for the processor.
	Device Device
	// Flags go onto the server's command line.
	Flags []string
	// Note is a sentence for the user where the server computes on something else than was asked for.
	Note string
}

// OnCPU says that the processor does the work, with or without a software device in between.
func (c Choice) OnCPU() bool { return c.Device.Software || slices.Equal(c.Flags, onCPU) }

// onCPU keeps a server off the devices that it finds. Without a device no layer is offloaded anyway, but build 11434 then logs that all
// layers were, unless -ngl says none.
var onCPU = []string{"--device", "none", "-ngl", "0"}

// MissingError says that the device is not there and the profile does not allow the processor in its place.
type MissingError struct {
	Wanted string
	Found  []Device
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("no device %s: %s; %s, or set allow_cpu: true to let the tier run on the processor", e.Wanted, describe(e.Found), e.remedy())
}

// remedy is what can be done about it, beside going without.
func (e *MissingError) remedy() string {
	kind := kind(e.Wanted)
	if slices.ContainsFunc(e.Found, func(d Device) bool { return strings.EqualFold(d.Kind, kind) && !d.Software }) {
		return "set the tier's device to one of these"
	}
	access := "give this user the groups render and video and log in again"
	switch strings.ToLower(kind) {
	case "vulkan":
		return "install the GPU's Vulkan driver (Debian: mesa-vulkan-drivers), take a server that is built for Vulkan (llama-server-vulkan), " + access
	case "rocm":
		return "install the ROCm runtime, take a server that is built for it, " + access
	default:
		return "install its driver, take a server that is built for it, " + access
	}
}

func describe(devices []Device) string {
	if len(devices) == 0 {
		return "the server finds none"
	}
	names := make([]string, len(devices))
	for i, device := range devices {
		names[i] = device.String()
		if device.Software {
			names[i] += ", which is the processor"
		}
	}
	return "the server finds " + strings.Join(names, "; ")
}

// Choose decides where a native server computes.
//
//   - "" leaves it to the server.
//   - A kind ("Vulkan", "ROCm") takes the first GPU of that kind. A software device is the processor: it is taken for want of a GPU, and
//     only when allowCPU.
//   - An exact name ("Vulkan1") takes that device, also a software one, since nobody names it by accident.
//   - What is missing leads to the processor when allowCPU, which Choice.Note then says, otherwise to a MissingError.
//
// Letters' case does not matter.
func Choose(wanted string, allowCPU bool, found []Device) (Choice, error) {
	if wanted == "" {
		return Choice{}, nil
	}
	for _, device := range found {
		if strings.EqualFold(device.ID, wanted) || strings.EqualFold(device.Kind, wanted) && !device.Software {
			return on(device), nil
		}
	}
	missing := &MissingError{Wanted: wanted, Found: found}
	if !allowCPU {
		return Choice{}, missing
	}
	for _, device := range found {
		if strings.EqualFold(device.Kind, wanted) {
			choice := on(device)
			choice.Note = fmt.Sprintf("no GPU for %s: %s computes on the processor", wanted, device)
			return choice, nil
		}
	}
	return Choice{Flags: onCPU, Note: fmt.Sprintf("no device %s: running on the processor, which is slower; to change that, %s",
		wanted, missing.remedy())}, nil
}

// on puts all layers onto the device: a model that does not fit then fails at its start instead of becoming slow without a word.
func on(device Device) Choice {
	return Choice{Device: device, Flags: []string{"--device", device.ID, "-ngl", "all"}}
}
