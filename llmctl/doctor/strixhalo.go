package doctor

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"bestbox/internal/config"
	"bestbox/llmctl/lockfile"
	"bestbox/llmctl/machine"
)

// known is a combination that somebody has seen go wrong on Strix Halo. It is looked at only where such a GPU is, and where the profile
// reaches it one of these ways.
type known struct {
	id, looks, source string
	ways              []string
	look              func(s Subject, v machine.Versions, gpu machine.Graphics) Finding
}

// docsROCm is AMD's page about this hardware.
const docsROCm = "rocm.docs.amd.com/en/docs-7.14.0/reference/system-optimization/rdna3-5.html"

// combinations are what was known in November 2026. None could be tried here: each rests on its source.
var combinations = []known{
	{"strix-halo.kernel", "kernel", docsROCm + " (commits 7f26af7 and 7445db6 of the stable kernel); github.com/ROCm/TheRock/issues/2991", []string{viaROCm}, lookAtKernel},
	{"strix-halo.firmware", "GPU firmware", "github.com/ROCm/legacy-rocm-build/issues/5724; github.com/kyuz0/amd-strix-halo-toolboxes (README)", []string{viaROCm}, lookAtFirmware},
	{"strix-halo.lockup-timeout", "amdgpu.lockup_timeout", "github.com/ggml-org/llama.cpp/issues/25664 and 27076; lists.freedesktop.org/archives/amd-gfx/2026-February/138720.html", []string{viaVulkan}, lookAtLockupTimeout},
	{"strix-halo.driver", "amdgpu driver", "AMD in github.com/ROCm/legacy-rocm-build/issues/6143; 5905", []string{viaROCm, viaVulkan}, lookAtDriver},
	{"strix-halo.gtt-limit", "limit of GPU memory", docsROCm + "; github.com/ROCm/legacy-rocm-build/issues/5595", []string{viaROCm, viaVulkan}, lookAtLimit},
	{"strix-halo.gttsize", "amdgpu.gttsize", "github.com/kyuz0/amd-strix-halo-toolboxes/issues/39; github.com/ROCm/legacy-rocm-build/issues/5595", []string{viaROCm, viaVulkan}, lookAtGTTSize},
	{"strix-halo.vulkan", "RADV or AMDVLK", "github.com/GPUOpen-Drivers/AMDVLK/issues/413 and 420", []string{viaVulkan}, lookAtVulkan},
	{"strix-halo.override", "HSA_OVERRIDE_GFX_VERSION", "github.com/ROCm/rocm-systems/pull/3461 and 5686", []string{viaROCm}, lookAtOverride},
	{"strix-halo.rocm-build", "llama.cpp build for ROCm", "github.com/ggml-org/llama.cpp/issues/28211, fixed by commit d4389a4dd (pull/28574)", []string{viaROCm}, lookAtBuild},
	{"strix-halo.mmap", "mapped model files", "github.com/ggml-org/llama.cpp/pull/26543", []string{viaROCm}, lookAtMapping},
	{"strix-halo.second-hip", "ROCm processes", "github.com/ROCm/legacy-rocm-build/issues/6683 and 6639", []string{viaROCm}, lookAtProcesses},
}

func (s Subject) strixHalo() []task {
	var all []task
	for _, k := range combinations {
		all = append(all, task{Check{ID: k.id, Group: "known on Strix Halo", Looks: k.looks, Source: k.source}, func(context.Context) Finding {
			if !slices.ContainsFunc(k.ways, func(way string) bool { return len(s.using(way)) > 0 }) {
				return notApplicable("no tier uses " + strings.Join(k.ways, " or "))
			}
			v := s.Versions()
			gpu, here := v.StrixHalo()
			if !here {
				return notApplicable("no Strix Halo")
			}
			return k.look(s, v, gpu)
		}})
	}
	return all
}

// withoutROCm is how bad it is that ROCm does not work: a tier may be on it at once, or fall back to it only.
func (s Subject) withoutROCm() Verdict {
	if len(s.onROCm()) > 0 {
		return Problem
	}
	return Warning
}

func lookAtKernel(s Subject, v machine.Versions, gpu machine.Graphics) Finding {
	switch {
	case gpu.SaveAreaExported:
		return fine("%s, with the fix (cwsr_size is exported)", v.Kernel)
	case gpu.Target == "" && kernelHasFix(v.Kernel):
		return fine("%s, which should have the fix", v.Kernel)
	default:
		return Finding{s.withoutROCm(), v.Kernel + ", without the fix for ROCm's register save area (no cwsr_size): crashes and hangs",
			"take a kernel from 6.18.4 on; Ubuntu 24.04: HWE from 6.17.0-19.19~24.04.2 or OEM from 6.14.0-1018. amdgpu.cwsr_enable=0 helps until then"}
	}
}

var ubuntuKernel = regexp.MustCompile(`^(6\.14\.0|6\.17\.0)-(\d+)-(oem|generic)$`)

// kernelHasFix goes by the number, where the compute driver cannot be asked.
func kernelHasFix(release string) bool {
	if match := ubuntuKernel.FindStringSubmatch(release); match != nil {
		build, _ := strconv.Atoi(match[2])
		return match[3] == "oem" && match[1] == "6.14.0" && build >= 1018 || match[3] == "generic" && match[1] == "6.17.0" && build >= 19
	}
	return slices.Compare(numbers(release, 3), []int{6, 18, 4}) >= 0
}

// numbers reads the first numbers of a version: 6.18.9-200.fc43 is 6, 18, 9.
func numbers(version string, count int) []int {
	found := make([]int, count)
	for i, part := range strings.SplitN(version, ".", count) {
		digits := strings.IndexFunc(part, func(r rune) bool { return r < '0' || r > '9' })
		if digits < 0 {
			digits = len(part)
		}
		found[i], _ = strconv.Atoi(part[:digits])
		if digits < len(part) {
			break
		}
	}
	return found
}

// badScheduler is the version of the scheduler's firmware that came with linux-firmware 20251125 and was taken back on 1 December 2025.
const badScheduler, badFirmware = "0x83", "20251125"

func lookAtFirmware(s Subject, v machine.Versions, gpu machine.Graphics) Finding {
	do := "install linux-firmware from 20260110 on, or one before 20251125; renew the initramfs (update-initramfs -u, dracut -f) and reboot"
	switch {
	case gpu.Scheduler == badScheduler:
		return Finding{s.withoutROCm(), "the GPU runs scheduler firmware (MES) " + badScheduler + ": memory faults and hangs under ROCm", do}
	case strings.Contains(v.Firmware, badFirmware) && gpu.Scheduler == "":
		return Finding{s.withoutROCm(), "linux-firmware " + v.Firmware + ", which holds scheduler firmware (MES) " + badScheduler + ": memory faults and hangs under ROCm", do}
	case strings.Contains(v.Firmware, badFirmware):
		return Finding{Warning, fmt.Sprintf("linux-firmware %s; the GPU runs MES %s, which is not the bad one, but may get it with the next boot", v.Firmware, gpu.Scheduler), do}
	case gpu.Scheduler == "" && v.Firmware == "" && v.FirmwareFile == "":
		return Finding{Warning, "its version cannot be read", "see sudo grep MES /sys/kernel/debug/dri/*/amdgpu_firmware_info; it must not be " + badScheduler}
	default:
		return fine("MES %s, linux-firmware %s", orElse(gpu.Scheduler, "unknown"), orElse(v.Firmware, orElse(v.FirmwareFile, "unknown")))
	}
}

// wantedTimeout gives compute queues the minute that they had before.
const wantedTimeout = "amdgpu.lockup_timeout=10000,60000,10000,10000"

func lookAtLockupTimeout(_ Subject, v machine.Versions, _ machine.Graphics) Finding {
	do := "add " + wantedTimeout + " to the kernel's command line and reboot"
	value, known := v.Amdgpu["lockup_timeout"]
	compute := computeTimeout(value)
	switch {
	case value != "" && compute >= 0 && compute < 10_000 && compute != 0:
		return Finding{Warning, fmt.Sprintf("%q: a compute job of over %d ms resets the GPU, and the server loses it", value, compute), do}
	case value != "" && compute != 0:
		return fine("%s", value)
	case slices.Compare(numbers(v.Kernel, 1), []int{7}) < 0:
		return fine("the default of kernel %s", v.Kernel)
	case !known:
		return Finding{Warning, "cannot be read (kernel " + v.Kernel + ")", do}
	default:
		return Finding{Warning, "the default of kernel " + v.Kernel + ", 2 seconds for any job: long prompts end in DeviceLost", do}
	}
}

// computeTimeout reads the second of GFX,Compute,SDMA,Video, or the only one; 0: the default; negative: none.
func computeTimeout(value string) int {
	fields := strings.Split(value, ",")
	field := fields[0]
	if len(fields) > 1 {
		field = fields[1]
	}
	milliseconds, _ := strconv.Atoi(strings.TrimSpace(field))
	return milliseconds
}

func lookAtDriver(_ Subject, v machine.Versions, _ machine.Graphics) Finding {
	if v.DriverPackaged {
		return Finding{Warning, "amdgpu-dkms: AMD recommends the kernel's own driver on Strix Halo", "sudo apt remove amdgpu-dkms (or amdgpu-install --no-dkms), then reboot"}
	}
	return fine("the kernel's own")
}

// headroom is what a server takes beside weights and cache, and what the desktop takes of the same pool.
const headroom = 4 << 30

func lookAtLimit(s Subject, v machine.Versions, _ machine.Graphics) Finding {
	m, err := s.Memory()
	if err != nil {
		return Finding{Warning, err.Error(), ""}
	}
	gpu := amd(m)
	pool := max(gpu.VRAMTotal, gpu.GTTTotal)
	need, known := s.need()
	text := fmt.Sprintf("%s in one pool (VRAM %s, GTT %s)", gib(pool), gib(gpu.VRAMTotal), gib(gpu.GTTTotal))
	if v.PagesLimit != 0 {
		text += ", ttm.pages_limit " + gib(v.PagesLimit)
	}
	wanted := (need + headroom) >> 12
	do := fmt.Sprintf("set ttm.pages_limit=%d or more (pages of 4 KiB; amd-ttm --set does it), keep the BIOS's share small, reboot", wanted)
	switch {
	case pool == 0:
		return Finding{Warning, "the GPU's pools cannot be read", ""}
	case gpu.GTTTotal > m.Total:
		return Finding{Warning, text + ": GTT is more than the memory that is there, and a server that trusts it runs out", "lower ttm.pages_limit, or the BIOS's share"}
	case known && pool < need:
		return Finding{Problem, text + "; the profile's tiers need at least " + gib(need), do}
	case known && pool < need+headroom:
		return Finding{Warning, text + "; the profile's tiers need at least " + gib(need) + " of it", do}
	default:
		return fine("%s", text)
	}
}

func lookAtGTTSize(_ Subject, v machine.Versions, _ machine.Graphics) Finding {
	if value := v.Amdgpu["gttsize"]; value != "" && value != "-1" {
		return Finding{Warning, "set to " + value + " MiB: deprecated, and at odds with ttm.pages_limit", "remove it from the kernel's command line and set ttm.pages_limit alone"}
	}
	return fine("not set")
}

func lookAtVulkan(s Subject, v machine.Versions, _ machine.Graphics) Finding {
	chosen := v.Environment["AMD_VULKAN_ICD"]
	do := "uninstall amdvlk, or set AMD_VULKAN_ICD=RADV where llmctl up is called"
	switch {
	case len(s.natively(viaVulkan)) == 0:
		return notApplicable("no server on this machine's Vulkan")
	case strings.EqualFold(chosen, "AMDVLK"):
		return Finding{Problem, "AMD_VULKAN_ICD chooses AMDVLK: discontinued, 2 GiB per buffer, slower prompts than RADV", "unset it, or set AMD_VULKAN_ICD=RADV"}
	case !slices.ContainsFunc(v.Drivers, machine.VulkanDriver.AMDVLK):
		return fine("RADV alone")
	case strings.EqualFold(chosen, "RADV"):
		return fine("RADV, chosen by AMD_VULKAN_ICD; AMDVLK is installed too")
	default:
		return Finding{Warning, "AMDVLK is installed and may be taken: discontinued, 2 GiB per buffer, slower prompts than RADV", do}
	}
}

func lookAtOverride(s Subject, v machine.Versions, gpu machine.Graphics) Finding {
	value := v.Environment["HSA_OVERRIDE_GFX_VERSION"]
	switch {
	case value == "":
		return fine("not set")
	case len(s.natively(viaROCm)) == 0:
		return fine("set to %s, which containers do not get", value)
	case value == "11.5.1":
		return Finding{Warning, "set to 11.5.1, which this GPU is anyway", "unset it: newer ROCm refuses or warns"}
	default:
		return Finding{s.withoutROCm(), fmt.Sprintf("set to %s, while the GPU is %s: wrong results or crashes", value, orElse(gpu.Target, "gfx1151")), "unset it where llmctl up is called; images for ROCm know gfx1151"}
	}
}

// Builds of llama.cpp whose answers through ROCm were reported wrong on this GPU: 10038 was still right (issue 26239), 10819 was the last
// one reported (issue 28537). The fix came on 8 September 2026.
const firstWrongBuild, lastWrongBuild = 10039, 10819

func lookAtBuild(s Subject, _ machine.Versions, _ machine.Graphics) Finding {
	var wrong, right []string
	present := s.Present()
	for _, name := range s.onROCm() {
		build := 0
		if len(present[name]) > 0 {
			build = buildOf(present[name][0])
		}
		switch {
		case build == 0:
		case build >= firstWrongBuild && build <= lastWrongBuild:
			wrong = append(wrong, fmt.Sprintf("%s runs build %d", name, build))
		default:
			right = append(right, fmt.Sprintf("%s: build %d", name, build))
		}
	}
	switch {
	case len(wrong) > 0:
		return Finding{Problem, strings.Join(wrong, ", ") + ": prompts longer than a micro-batch are answered with nonsense", "take a newer build (11434, which the catalogue names, has the fix), or let the tier run on Vulkan"}
	case len(right) > 0:
		return fine("%s", strings.Join(right, ", "))
	default:
		return notApplicable("the build is not known before the first start; the answers are checked then")
	}
}

func buildOf(e lockfile.Entry) int {
	build, _ := strconv.Atoi(strings.TrimPrefix(e.Server.Build, "b"))
	return build
}

func lookAtMapping(s Subject, v machine.Versions, _ machine.Graphics) Finding {
	managed := v.Environment["GGML_CUDA_ENABLE_UNIFIED_MEMORY"] != ""
	var mapped []string
	for _, name := range s.onROCm() {
		tier := s.Config.Tiers[name]
		if !loadsIntoMemory(tier.Flags) && (!managed || tier.Backend != config.Native) {
			mapped = append(mapped, name)
		}
	}
	if len(mapped) == 0 {
		return fine("none that the GPU reads")
	}
	return Finding{Warning, strings.Join(mapped, ", ") + ": weights that the GPU reads from a mapped file were at times wrong", "add -lm none to the tier's flags"}
}

func loadsIntoMemory(flags []string) bool {
	for i, flag := range flags {
		name, value, joined := strings.Cut(flag, "=")
		if !joined && i+1 < len(flags) {
			value = flags[i+1]
		}
		switch name {
		case "--no-mmap":
			return true
		case "-lm", "--load-mode":
			return value == "none" || value == "dio"
		}
	}
	return false
}

func lookAtProcesses(s Subject, v machine.Versions, _ machine.Graphics) Finding {
	on := s.onROCm()
	do := "keep one tier on ROCm and the others on Vulkan; end the processes that are not needed"
	switch {
	case len(on) > 1:
		return Finding{Warning, strings.Join(on, " and ") + " both use ROCm: two such processes keep the GPU at full clock when idle, 25 W more", do}
	case len(v.Compute) > 1:
		var names []string
		for _, p := range v.Compute {
			names = append(names, fmt.Sprintf("%s (pid %d)", orElse(p.Command, "unknown"), p.PID))
		}
		return Finding{Warning, strings.Join(names, " and ") + " use ROCm: two such processes keep the GPU at full clock when idle, 25 W more", do}
	default:
		return fine("%s", counted(len(v.Compute), "process")+" now")
	}
}
