package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"bestbox/internal/config"
	"bestbox/llmctl/machine"
)

// The ways a server reaches a GPU.
const (
	viaROCm   = "ROCm"
	viaVulkan = "Vulkan"
)

// reach is how a tier gets to a GPU: itself, or as its fallback.
type reach struct {
	way, backend string
	fallback     bool
}

// reaches returns the ways of a tier; none for the processor. The device says it, else the server's name.
func reaches(tier config.Tier) []reach {
	var all []reach
	add := func(t config.Tier, fallback bool) {
		said := strings.ToLower(t.Device)
		if said == "" {
			said = strings.ToLower(t.Server)
		}
		switch {
		case strings.Contains(said, "rocm"), strings.Contains(said, "hip"):
			all = append(all, reach{viaROCm, t.Backend, fallback})
		case strings.Contains(said, "vulkan"):
			all = append(all, reach{viaVulkan, t.Backend, fallback})
		}
	}
	add(tier, false)
	if other, ok := tier.OnFallback(); ok {
		add(other, true)
	}
	return all
}

// where names the tiers that reach a GPU so.
func (s Subject) where(so func(reach) bool) []string {
	return slices.DeleteFunc(s.tiers(), func(name string) bool { return !slices.ContainsFunc(reaches(s.Config.Tiers[name]), so) })
}

// using names the tiers that reach a GPU that way, at once or as their fallback; onROCm those that reach it through ROCm at once; natively
// those whose server is a process of this user, which the machine's drivers and this environment matter to.
func (s Subject) using(way string) []string {
	return s.where(func(r reach) bool { return r.way == way })
}

func (s Subject) onROCm() []string {
	return s.where(func(r reach) bool { return r.way == viaROCm && !r.fallback })
}

func (s Subject) natively(way string) []string {
	return s.where(func(r reach) bool { return r.way == way && r.backend == config.Native })
}

func (s Subject) usesGPU() bool { return len(s.using(viaROCm))+len(s.using(viaVulkan)) > 0 }

// cpuAllowed says that every tier that wants a GPU may do without.
func (s Subject) cpuAllowed() bool {
	return !slices.ContainsFunc(s.tiers(), func(name string) bool {
		return len(reaches(s.Config.Tiers[name])) > 0 && !s.Config.Tiers[name].AllowCPU
	})
}

// scarce is what stays free for everything else on the machine.
const scarce = 1 << 30

func (s Subject) memory() []task {
	return []task{
		{Check{ID: "memory.available", Group: "memory", Looks: "memory"}, func(context.Context) Finding {
			m, err := s.Memory()
			if err != nil {
				return Finding{Warning, err.Error(), ""}
			}
			text := fmt.Sprintf("%s of %s available", gib(m.Available), gib(m.Total))
			need, known := s.need()
			room := m.Available
			if s.usesGPU() {
				gpu := amd(m)
				room = max(room, gpu.VRAMTotal-gpu.VRAMUsed) // a model fits into one or the other
			}
			running := len(s.Services()) > 0
			switch {
			case running || !known: // what runs has taken its part already
				return fine("%s", text)
			case room < need:
				return Finding{Problem, fmt.Sprintf("%s; the profile's tiers need at least %s", text, gib(need)),
					"close what takes it (ps --sort=-rss -eo rss,comm | head), or lower context, slots or the model; llmctl plan shows what each takes"}
			case room < need+scarce:
				return Finding{Warning, fmt.Sprintf("%s; the profile's tiers need at least %s of it", text, gib(need)), "llmctl plan shows what each takes"}
			default:
				return fine("%s; the profile's tiers need at least %s", text, gib(need))
			}
		}},
		{Check{ID: "memory.gpu", Group: "memory", Looks: "GPU memory"}, func(context.Context) Finding {
			m, err := s.Memory()
			gpu := amd(m)
			switch {
			case err != nil:
				return Finding{Warning, err.Error(), ""}
			case gpu.Card == "":
				return notApplicable("no AMD GPU")
			default:
				return fine("VRAM %s, %s used; GTT %s, %s used", gib(gpu.VRAMTotal), gib(gpu.VRAMUsed), gib(gpu.GTTTotal), gib(gpu.GTTUsed))
			}
		}},
	}
}

// amd returns the AMD GPU with the largest pool; the zero value where there is none.
func amd(m machine.Memory) (largest machine.GPU) {
	for _, gpu := range m.GPUs {
		if gpu.Vendor == "AMD" && (largest.Card == "" || max(gpu.VRAMTotal, gpu.GTTTotal) > max(largest.VRAMTotal, largest.GTTTotal)) {
			largest = gpu
		}
	}
	return largest
}

// need is what the tiers take; unknown where nobody can say.
func (s Subject) need() (int64, bool) {
	if s.Config == nil || s.Need == nil {
		return 0, false
	}
	need, err := s.Need()
	return need, err == nil && need > 0
}

func (s Subject) devices() []task {
	return []task{
		{Check{ID: "gpu.present", Group: "GPU", Looks: "GPU"}, func(context.Context) Finding {
			v := s.Versions()
			switch {
			case len(v.Graphics) > 0:
				return fine("%s", describe(v))
			case !s.usesGPU():
				return notApplicable("no tier uses one")
			case s.cpuAllowed():
				return Finding{Warning, "no AMD GPU; the tiers that want one run on the processor", ""}
			default:
				return Finding{Warning, "no AMD GPU with a driver (/sys/class/drm)", "where there should be one: lspci -k says whether the kernel's amdgpu drives it. Other makers' GPUs are not looked at"}
			}
		}},
		{Check{ID: "gpu.vulkan", Group: "GPU", Looks: "/dev/dri"}, func(context.Context) Finding { return s.access(viaVulkan, "/dev/dri/renderD") }},
		{Check{ID: "gpu.rocm", Group: "GPU", Looks: "/dev/kfd"}, func(context.Context) Finding { return s.access(viaROCm, "/dev/kfd") }},
		{Check{ID: "gpu.driver", Group: "GPU", Looks: "Vulkan driver"}, func(context.Context) Finding {
			v := s.Versions()
			switch {
			case len(s.natively(viaVulkan)) == 0:
				return notApplicable("no server on this machine's Vulkan")
			case len(v.Drivers) == 0:
				return Finding{Problem, "the Vulkan loader would find none", "install Mesa's: mesa-vulkan-drivers (Debian, Ubuntu, Fedora), vulkan-radeon (Arch); VK_DRIVER_FILES must not name a missing file"}
			case len(v.Graphics) > 0 && !slices.ContainsFunc(v.Drivers, machine.VulkanDriver.RADV):
				return Finding{Problem, "Mesa's RADV is missing", "install mesa-vulkan-drivers (Debian, Ubuntu, Fedora) or vulkan-radeon (Arch)"}
			default:
				return fine("%s, Mesa %s", counted(len(v.Drivers), "driver"), orElse(v.Mesa, "of unknown version"))
			}
		}},
	}
}

func describe(v machine.Versions) string {
	var all []string
	for _, g := range v.Graphics {
		text := orElse(g.Target, "AMD "+g.Device)
		if g.StrixHalo() {
			text += ", Strix Halo"
		}
		all = append(all, text)
	}
	text := strings.Join(all, "; ") + "; kernel " + v.Kernel
	if v.Firmware != "" {
		text += ", linux-firmware " + v.Firmware
	}
	return text
}

// access asks for the device files of a way. For a container the engine opens them, so only their being there counts; a native tier's
// server opens them itself.
func (s Subject) access(way, prefix string) Finding {
	users := s.using(way)
	if len(users) == 0 {
		return notApplicable("no tier uses " + way)
	}
	var found []machine.DeviceNode
	for _, node := range s.Versions().Devices {
		if strings.HasPrefix(node.Path, prefix) {
			found = append(found, node)
		}
	}
	usable := slices.IndexFunc(found, func(n machine.DeviceNode) bool { return n.Usable })
	needed := "needed for " + way + " by " + strings.Join(users, ", ")
	severity := Problem
	if s.cpuAllowed() || (way == viaVulkan && len(s.Versions().Graphics) == 0) {
		severity = Warning // Vulkan also reaches other makers' GPUs, which need no such file, and the processor
	}
	switch {
	case len(found) == 0:
		return Finding{severity, "missing; " + needed, "see whether amdgpu is loaded (lsmod | grep amdgpu); inside a container or a virtual machine the device must be passed on"}
	case usable >= 0 || len(s.natively(way)) == 0:
		node := found[max(usable, 0)]
		return fine("%s, group %s", node.Path, groupOf(node))
	default:
		return Finding{severity, fmt.Sprintf("%s may not be used by this user; %s", found[0].Path, needed),
			"sudo usermod -aG render,video $USER, then log in again (the file's group is " + groupOf(found[0]) + ")"}
	}
}

func groupOf(node machine.DeviceNode) string {
	return fmt.Sprintf("%s (%d)", orElse(node.Group, "without a name"), node.GID)
}
