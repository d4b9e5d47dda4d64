package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"bestbox/internal/config"
	"bestbox/llmctl/catalogue"
	"bestbox/llmctl/fetch"
	"bestbox/llmctl/lockfile"
	"bestbox/llmctl/machine"
	"bestbox/llmctl/supervisor"

	"github.com/fatih/color"
)

var update = flag.Bool("update", false, "write the golden files")

func TestMain(m *testing.M) {
	flag.Parse()
	color.NoColor = true
	os.Exit(m.Run())
}

func file(content string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(content + "\n")} }

// patient is a machine, composed from what the kernel's documentation and reports of its owners say, and what runs on it.
type patient struct {
	root        fstest.MapFS
	environment map[string]string
	refused     []string // device files that the user may not use
	subject     Subject
}

const gigabyte = 1 << 30

func gpu(vram, vramUsed, gtt, gttUsed int64) []machine.GPU {
	return []machine.GPU{{Card: "card0", Vendor: "Intel"}, {Card: "card1", Vendor: "AMD", VRAMTotal: vram, VRAMUsed: vramUsed, GTTTotal: gtt, GTTUsed: gttUsed}}
}

// strixHalo is a machine of 128 GiB on which all is well and both tiers run.
func strixHalo(t *testing.T) *patient {
	t.Helper()
	c, err := config.Load("", "strix-halo")
	if err != nil {
		t.Fatal(err)
	}
	c.Path, c.Directories = "/home/anna/.config/bestbox/bestbox.yaml", config.Directories{Cache: "/home/anna/.cache/bestbox", State: "/home/anna/.local/state/bestbox"}
	device := &fstest.MapFile{Mode: fs.ModeDevice | 0o660, Sys: &syscall.Stat_t{Gid: 992}}
	p := &patient{environment: map[string]string{}, root: fstest.MapFS{
		"proc/sys/kernel/osrelease": file("6.18.9-200.fc43.x86_64"),
		"etc/group":                 file("video:x:44:anna\nrender:x:992:anna"),
		"sys/module/amdgpu/parameters/lockup_timeout":          file(""),
		"sys/module/amdgpu/parameters/gttsize":                 file("-1"),
		"sys/module/ttm/parameters/pages_limit":                file("28311552"),
		"sys/class/drm/card1/device/vendor":                    file("0x1002"),
		"sys/class/drm/card1/device/device":                    file("0x1586"),
		"sys/class/drm/card1/device/fw_version/mes_fw_version": file("0x00000080"),
		"sys/class/drm/card1/device/drm/renderD128/dev":        file("226:128"),
		"sys/class/kfd/kfd/topology/nodes/1/properties":        file("gfx_target_version 110501\ndrm_render_minor 128\ncwsr_size 12345678"),
		"sys/class/kfd/kfd/proc/4712/pasid":                    file("32769"),
		"proc/4712/comm":                                       file("llama-server"),
		"dev/kfd":                                              device,
		"dev/dri/renderD128":                                   device,
		"usr/share/vulkan/icd.d/radeon_icd.json":               file(`{"ICD": {"library_path": "libvulkan_radeon.so"}}`),
		"var/lib/dpkg/status": file("Package: linux-firmware\nStatus: install ok installed\nVersion: 20260110-1\n\n" +
			"Package: mesa-vulkan-drivers\nStatus: install ok installed\nVersion: 25.3.6-3\n"),
	}}
	verified := map[string]lockfile.Entry{}
	for name, tier := range c.Tiers {
		verified[name] = lockfile.Entry{
			At: time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC), Backend: tier.Backend, Model: tier.Model, Settings: lockfile.Settings(tier),
			Server: lockfile.Server{Name: tier.Server, Build: "11434"}, Host: lockfile.Host{Kernel: "6.18.9-200.fc43.x86_64", Mesa: "25.3.6-3", Firmware: "20260110-1", Scheduler: "0x80"},
		}
	}
	running := []supervisor.Snapshot{
		{Name: "heavy", State: supervisor.Ready, PID: 4711}, {Name: "light", State: supervisor.Ready, Container: "bestbox-light"},
		{Name: "temporal", State: supervisor.Ready, PID: 4713}, {Name: "worker", State: supervisor.Ready, PID: 4714},
		{Name: "embed", State: supervisor.Ready, PID: 4715},
	}
	holders := map[int]int{8082: 4715, 8080: 4711, 7233: 4713, 8233: 4713, 8000: 4714, 8090: 4710}
	p.subject = Subject{
		Config: c, Fits: "strix-halo",
		Memory: func() (machine.Memory, error) {
			return machine.Memory{Total: 125 * gigabyte, Available: 90 * gigabyte, GPUs: gpu(gigabyte/2, gigabyte/4, 108*gigabyte, 17*gigabyte)}, nil
		},
		Artefacts: func() []Artefact {
			return []Artefact{{Name: "llama-server-vulkan", Loaded: true}, {Name: "qwen2.5-14b-instruct-q4_k_m", Loaded: true}}
		},
		Need:       func() (int64, error) { return 18 * gigabyte, nil },
		Services:   func() []supervisor.Snapshot { return running },
		Left:       func() bool { return false },
		Supervisor: func(pid int) bool { return pid == 4710 },
		Holder: func(port int) supervisor.Holder {
			if port == 8081 { // the engine's own process, which belongs to root
				return supervisor.Holder{Port: port, User: "root"}
			}
			return supervisor.Holder{Port: port, PID: holders[port], Command: "ours", User: "anna"}
		},
		Engine: func(context.Context) (string, error) { return "answers at unix:///var/run/docker.sock", nil },
		Publisher: func(_ context.Context, port int) (name, image string, ok bool) {
			return "bestbox-light", "llama.cpp@sha256:1234", port == 8081
		},
		Free:     func(string) (int64, error) { return 400 * gigabyte, nil },
		Writable: func(string) error { return nil },
		Verified: func() (map[string]lockfile.Entry, error) { return verified, nil },
	}
	p.subject.Present = func() map[string][]lockfile.Entry {
		now := map[string][]lockfile.Entry{}
		for name, entry := range verified {
			entry.Host = lockfile.HostOf(p.subject.Versions())
			now[name] = []lockfile.Entry{entry}
		}
		return now
	}
	return p
}

// nothingRuns is the machine before the first start.
func (p *patient) nothingRuns() {
	p.subject.Services = func() []supervisor.Snapshot { return nil }
	p.subject.Holder = func(port int) supervisor.Holder { return supervisor.Holder{Port: port} }
	p.subject.Publisher = func(context.Context, int) (name, image string, ok bool) { return "", "", false }
	p.subject.Verified = func() (map[string]lockfile.Entry, error) { return map[string]lockfile.Entry{}, nil }
	delete(p.root, "sys/class/kfd/kfd/proc/4712/pasid")
}

func (p *patient) tier(name string, change func(*config.Tier)) {
	tier := p.subject.Config.Tiers[name]
	change(&tier)
	p.subject.Config.Tiers[name] = tier
}

// nativeROCm lets the light tier's server be a process of the user.
func (p *patient) nativeROCm() {
	p.tier("light", func(tier *config.Tier) { tier.Backend, tier.Device = config.Native, "ROCm" })
}

func (p *patient) examine(t *testing.T) Report {
	t.Helper()
	p.subject.Versions = func() machine.Versions {
		return machine.ReadVersions(p.root, machine.User{
			Environment: func(name string) string { return p.environment[name] }, Groups: []int{44, 992},
			MayUse: func(path string) bool { return !slices.Contains(p.refused, path) },
		})
	}
	return Run(t.Context(), p.subject)
}

func (r Report) check(t *testing.T, id string) Check {
	t.Helper()
	i := slices.IndexFunc(r.Checks, func(c Check) bool { return c.ID == id })
	if i < 0 {
		t.Fatalf("no check %s", id)
	}
	return r.Checks[i]
}

func TestReportsReadWell(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		make func(*patient)
		all  bool
	}{
		{"good", func(*patient) {}, true},
		{"bare", func(p *patient) {
			p.nothingRuns()
			p.root = fstest.MapFS{"proc/sys/kernel/osrelease": file("6.12.48+deb13-amd64"), "etc/group": file("video:x:44:")}
			p.subject.Fits = "small"
			p.subject.Engine = func(context.Context) (string, error) {
				return "", errors.New("Docker is not available: no such socket")
			}
			p.subject.Memory = func() (machine.Memory, error) {
				return machine.Memory{Total: 16 * gigabyte, Available: 12 * gigabyte}, nil
			}
			p.subject.Artefacts = func() []Artefact { return []Artefact{{Name: "qwen2.5-14b-instruct-q4_k_m", Bytes: 9 * gigabyte}} }
			p.subject.Free = func(string) (int64, error) { return 5 * gigabyte, nil }
		}, false},
		{"bad", func(p *patient) {
			p.nothingRuns()
			p.nativeROCm()
			p.tier("light", func(tier *config.Tier) { tier.Flags = nil })
			delete(p.root, "sys/class/kfd/kfd/topology/nodes/1/properties")
			p.root["sys/class/kfd/kfd/topology/nodes/1/properties"] = file("gfx_target_version 110501\ndrm_render_minor 128")
			p.root["proc/sys/kernel/osrelease"] = file("7.0.0-14-generic")
			p.root["sys/class/drm/card1/device/fw_version/mes_fw_version"] = file("0x00000083")
			p.root["sys/module/amdgpu/parameters/gttsize"] = file("126976")
			p.root["sys/module/amdkcl/version"] = file("6.16.13")
			p.root["etc/vulkan/icd.d/amd_icd64.json"] = file(`{"ICD": {"library_path": "/usr/lib/amdvlk64.so"}}`)
			p.root["sys/class/kfd/kfd/proc/50/pasid"], p.root["proc/50/comm"] = file("1"), file("python3")
			p.root["sys/class/kfd/kfd/proc/51/pasid"], p.root["proc/51/comm"] = file("2"), file("ollama")
			p.environment["HSA_OVERRIDE_GFX_VERSION"] = "11.0.0"
			p.refused = []string{"/dev/kfd"}
			p.subject.Memory = func() (machine.Memory, error) {
				return machine.Memory{Total: 125 * gigabyte, Available: 90 * gigabyte, GPUs: gpu(gigabyte/2, 0, 16*gigabyte, 0)}, nil
			}
			p.subject.Holder = func(port int) supervisor.Holder {
				switch port {
				case 8080:
					return supervisor.Holder{Port: port, PID: 991, User: "anna", Command: "llama-server -m 14b.gguf --port 8080"}
				case 8081:
					return supervisor.Holder{Port: port, User: "root"}
				case 7233:
					return supervisor.Holder{Port: port, User: "bert"}
				}
				return supervisor.Holder{Port: port}
			}
			p.subject.Publisher = func(_ context.Context, port int) (name, image string, ok bool) {
				return "llm-light", "llama.cpp:server-rocm", port == 8081
			}
			p.subject.Verified = func() (map[string]lockfile.Entry, error) {
				return map[string]lockfile.Entry{"light": {At: time.Date(2026, 9, 5, 8, 0, 0, 0, time.UTC), Host: lockfile.Host{Kernel: "6.18.9", Firmware: "20260110-1"}}}, nil
			}
			p.subject.Present = func() map[string][]lockfile.Entry {
				return map[string][]lockfile.Entry{"light": {{Server: lockfile.Server{Build: "10729"}, Host: lockfile.Host{Kernel: "7.0.0-14-generic", Firmware: "20260110-1"}}}}
			}
			p.subject.Artefacts = func() []Artefact {
				return []Artefact{{Name: "a-model", Loaded: true, Missing: []string{"a-00002-of-00003.gguf"}}, {Name: "other", Loaded: true}}
			}
			p.subject.Writable = func(folder string) error {
				if strings.Contains(folder, "state") {
					return errors.New(folder + ": not writable by this user: permission denied")
				}
				return nil
			}
		}, false},
		{"no-configuration", func(p *patient) {
			p.nothingRuns()
			p.subject.Config, p.subject.ConfigError = nil, errors.New(`bestbox.yaml line 3: unknown key "prot"; did you mean "port"?`)
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := strixHalo(t)
			c.make(p)
			var got bytes.Buffer
			if err := p.examine(t).Print(&got, c.all); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", c.name+".txt")
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != string(want) {
				t.Errorf("run with -update after reading this:\n%s", got.String())
			}
		})
	}
}

// TestEveryKnownCombinationIsFound changes one thing of a good machine at a time.
func TestEveryKnownCombinationIsFound(t *testing.T) {
	t.Parallel()
	set := func(name, content string) func(*patient) { return func(p *patient) { p.root[name] = file(content) } }
	env := func(name, value string) func(*patient) {
		return func(p *patient) { p.nativeROCm(); p.environment[name] = value }
	}
	kernel := func(release string) func(*patient) { return set("proc/sys/kernel/osrelease", release) }
	noExport := set("sys/class/kfd/kfd/topology/nodes/1/properties", "gfx_target_version 110501\ndrm_render_minor 128")
	noCompute := func(p *patient) { delete(p.root, "sys/class/kfd/kfd/topology/nodes/1/properties") }
	both := func(changes ...func(*patient)) func(*patient) {
		return func(p *patient) {
			for _, change := range changes {
				change(p)
			}
		}
	}
	timeout := func(release, value string) func(*patient) {
		return both(kernel(release), set("sys/module/amdgpu/parameters/lockup_timeout", value))
	}
	memory := func(total, carveOut, mapped int64) func(*patient) {
		return func(p *patient) {
			p.subject.Memory = func() (machine.Memory, error) {
				return machine.Memory{Total: total, Available: total / 2, GPUs: gpu(carveOut, 0, mapped, 0)}, nil
			}
		}
	}
	amdvlk := set("usr/share/vulkan/icd.d/amd_icd64.json", `{"ICD": {"library_path": "/usr/lib/amdvlk64.so"}}`)
	build := func(number string) func(*patient) {
		return func(p *patient) {
			p.subject.Present = func() map[string][]lockfile.Entry {
				return map[string][]lockfile.Entry{"light": {{Server: lockfile.Server{Build: number}}}}
			}
		}
	}
	flags := func(flags ...string) func(*patient) {
		return func(p *patient) { p.tier("light", func(tier *config.Tier) { tier.Flags = flags }) }
	}
	onlyFallback := func(p *patient) { // heavy on Vulkan that may fall back to ROCm
		delete(p.subject.Config.Tiers, "light")
		p.tier("heavy", func(tier *config.Tier) { tier.Fallback = &config.Fallback{Server: "llama-server-rocm", Device: "ROCm"} })
	}
	for _, c := range []struct {
		id      string
		name    string
		change  func(*patient)
		verdict Verdict
	}{
		{"kernel", "fix exported by an old number", kernel("6.11.0-29-generic"), OK},
		{"kernel", "fix not exported by a new number", both(kernel("6.19.1"), noExport), Problem},
		{"kernel", "fallback only", both(noExport, onlyFallback), Warning},
		{"kernel", "6.18.4 without a compute driver", both(kernel("6.18.4"), noCompute), OK},
		{"kernel", "6.18.3 without a compute driver", both(kernel("6.18.3-arch1"), noCompute), Problem},
		{"kernel", "7.0 without a compute driver", both(kernel("7.0.0-rc1"), noCompute), OK},
		{"kernel", "Ubuntu OEM with the fix", both(kernel("6.14.0-1018-oem"), noCompute), OK},
		{"kernel", "Ubuntu OEM without", both(kernel("6.14.0-1017-oem"), noCompute), Problem},
		{"kernel", "Ubuntu HWE with the fix", both(kernel("6.17.0-19-generic"), noCompute), OK},
		{"kernel", "Ubuntu HWE without", both(kernel("6.17.0-18-generic"), noCompute), Problem},
		{"firmware", "the bad one runs", set("sys/class/drm/card1/device/fw_version/mes_fw_version", "0x00000083"), Problem},
		{"firmware", "the bad package, not loaded yet", set("var/lib/dpkg/status", "Package: linux-firmware\nStatus: install ok installed\nVersion: 20251125.gitff6418d1-0ubuntu1"), Warning},
		{"firmware", "the bad package, and the GPU does not tell", both(
			set("var/lib/dpkg/status", "Package: linux-firmware\nStatus: install ok installed\nVersion: 20251125-2"), set("sys/class/drm/card1/device/fw_version/mes_fw_version", "")), Problem},
		{"firmware", "nothing is known", both(set("var/lib/dpkg/status", ""), set("sys/class/drm/card1/device/fw_version/mes_fw_version", "")), Warning},
		{"lockup-timeout", "the default before kernel 7", timeout("6.19.2", ""), OK},
		{"lockup-timeout", "the default of kernel 7", timeout("7.0.1", ""), Warning},
		{"lockup-timeout", "the minute on kernel 7", timeout("7.0.1", "10000,60000,10000,10000"), OK},
		{"lockup-timeout", "one value for all", timeout("7.0.1", "20000"), OK},
		{"lockup-timeout", "none at all", timeout("7.0.1", "-1"), OK},
		{"lockup-timeout", "zero is the default", timeout("7.0.1", "10000,0,10000,10000"), Warning},
		{"lockup-timeout", "short by choice", timeout("6.18.9", "10000,2000,10000,10000"), Warning},
		{"lockup-timeout", "cannot be read", both(kernel("7.1"), func(p *patient) { delete(p.root, "sys/module/amdgpu/parameters/lockup_timeout") }), Warning},
		{"driver", "dkms loaded", set("sys/module/amdkcl/version", "6.16"), Warning},
		{"driver", "dkms installed", set("var/lib/dpkg/status", "Package: amdgpu-dkms\nStatus: install ok installed\nVersion: 1:6.16"), Warning},
		{"gtt-limit", "GTT too small", memory(125*gigabyte, gigabyte/2, 16*gigabyte), Problem},
		{"gtt-limit", "GTT just enough", memory(125*gigabyte, gigabyte/2, 20*gigabyte), Warning},
		{"gtt-limit", "the carve-out is large enough", memory(31*gigabyte, 96*gigabyte, 15*gigabyte), OK},
		{"gtt-limit", "more GTT than memory", memory(62*gigabyte, 64*gigabyte, 100*gigabyte), Warning},
		{"gtt-limit", "no pools", memory(62*gigabyte, 0, 0), Warning},
		{"gttsize", "set", set("sys/module/amdgpu/parameters/gttsize", "126976"), Warning},
		{"vulkan", "AMDVLK beside RADV", amdvlk, Warning},
		{"vulkan", "AMDVLK beside RADV, which is chosen", both(amdvlk, env("AMD_VULKAN_ICD", "RADV")), OK},
		{"vulkan", "AMDVLK chosen", env("AMD_VULKAN_ICD", "AMDVLK"), Problem},
		{"vulkan", "the loader is told to take RADV", both(amdvlk, env("VK_DRIVER_FILES", "/usr/share/vulkan/icd.d/radeon_icd.json")), OK},
		{"override", "another GPU", env("HSA_OVERRIDE_GFX_VERSION", "11.0.0"), Problem},
		{"override", "the GPU that it is", env("HSA_OVERRIDE_GFX_VERSION", "11.5.1"), Warning},
		{"override", "containers do not get it", func(p *patient) { p.environment["HSA_OVERRIDE_GFX_VERSION"] = "11.0.0" }, OK},
		{"rocm-build", "before the error", build("10038"), OK},
		{"rocm-build", "with the error", build("b10162"), Problem},
		{"rocm-build", "the last one reported", build("10819"), Problem},
		{"rocm-build", "unknown", build(""), NotApplicable},
		{"mmap", "mapped", flags("-ngl", "all"), Warning},
		{"mmap", "mapped by choice", flags("-lm", "mmap"), Warning},
		{"mmap", "read, by an older flag", flags("--no-mmap"), OK},
		{"mmap", "read", flags("--load-mode=none"), OK},
		{"mmap", "mapped into managed memory", both(env("GGML_CUDA_ENABLE_UNIFIED_MEMORY", "1"), flags()), OK},
		{"second-hip", "another process", set("sys/class/kfd/kfd/proc/99/pasid", "1"), Warning},
		{"second-hip", "two tiers", func(p *patient) { p.tier("heavy", func(tier *config.Tier) { tier.Device = "ROCm" }) }, Warning},
	} {
		t.Run(c.id+"/"+c.name, func(t *testing.T) {
			t.Parallel()
			p := strixHalo(t)
			c.change(p)
			got := p.examine(t).check(t, "strix-halo."+c.id)
			if got.Verdict != c.verdict || got.Found == "" || got.Source == "" || (got.Verdict == Problem && got.Do == "") {
				t.Errorf("want %s, got %+v", c.verdict, got)
			}
		})
	}
}

func TestKnownCombinationsOfOtherMachinesAndProfilesDoNotApply(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*patient){
		"another GPU": func(p *patient) {
			p.root["sys/class/drm/card1/device/device"] = file("0x744c")
			p.root["sys/class/kfd/kfd/topology/nodes/1/properties"] = file("gfx_target_version 110000\ndrm_render_minor 128")
		},
		"another maker": func(p *patient) { p.root["sys/class/drm/card1/device/vendor"] = file("0x8086") },
		"a profile on the processor": func(p *patient) {
			for name := range p.subject.Config.Tiers {
				p.tier(name, func(tier *config.Tier) {
					tier.Server, tier.Device, tier.Backend, tier.Fallback = "llama-server", "", config.Native, nil
				})
			}
		},
	} {
		p := strixHalo(t)
		p.environment["HSA_OVERRIDE_GFX_VERSION"] = "9.0.0"
		p.root["proc/sys/kernel/osrelease"] = file("7.0.1")
		change(p)
		for _, c := range p.examine(t).Checks {
			if strings.HasPrefix(c.ID, "strix-halo.") && c.Verdict != NotApplicable {
				t.Errorf("%s: %+v", name, c)
			}
		}
	}
}

func TestChecksOfServicesDisksAndDevices(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		id, name string
		change   func(*patient)
		verdict  Verdict
		says     string
	}{
		{"services.left", "left behind", func(p *patient) { p.subject.Left = func() bool { return true } }, Warning, "still run"},
		{"services.state", "one has failed", func(p *patient) {
			p.subject.Services = func() []supervisor.Snapshot {
				return []supervisor.Snapshot{{Name: "light", State: supervisor.Degraded, Message: "its answers are wrong"}}
			}
		}, Problem, "light is degraded: its answers are wrong"},
		{"port.supervisor.metrics", "another state's supervisor", func(p *patient) { p.subject.Supervisor = func(int) bool { return false } }, Warning, "pid 4710"},
		{"port.http.listen", "a worker of a service manager", func(p *patient) {
			p.nothingRuns()
			p.subject.Holder = func(port int) supervisor.Holder { return supervisor.Holder{Port: port, User: "bestbox"} }
			p.subject.Worker = func(context.Context) bool { return true }
		}, OK, "user bestbox"},
		{"port.temporal.ui_port", "not a worker's port", func(p *patient) {
			p.nothingRuns()
			p.subject.Holder = func(port int) supervisor.Holder { return supervisor.Holder{Port: port, User: "bestbox"} }
			p.subject.Worker = func(context.Context) bool { return true }
		}, Problem, "8233"},
		{"port.profiles.strix-halo.tiers.light.port", "a container without a process on this side", func(p *patient) {
			p.nothingRuns()
			p.subject.Publisher = func(_ context.Context, port int) (name, image string, ok bool) { return "other", "image", port == 8081 }
		}, Problem, "docker stop other"},
		{"disk.state", "nearly full", func(p *patient) { p.subject.Free = func(string) (int64, error) { return gigabyte / 2, nil } }, Warning, "512 MiB"},
		{"disk.state", "full", func(p *patient) { p.subject.Free = func(string) (int64, error) { return 1 << 20, nil } }, Problem, "1 MiB"},
		{"disk.cache", "room for what is not loaded", func(p *patient) {
			p.subject.Artefacts = func() []Artefact { return []Artefact{{Name: "x", Bytes: 500 * gigabyte}} }
		}, Problem, "500.0 GiB needed"},
		{"disk.cache", "no answer", func(p *patient) {
			p.subject.Free = func(string) (int64, error) { return 0, errors.New("stale handle") }
		}, Warning, "stale handle"},
		{"artefacts", "absent", func(p *patient) { p.subject.Artefacts = func() []Artefact { return []Artefact{{Name: "x"}} } }, Warning, "x"},
		{"artefacts", "another size", func(p *patient) {
			p.subject.Artefacts = func() []Artefact { return []Artefact{{Name: "x", Loaded: true, Resized: []string{"x.gguf"}}} }
		}, Problem, "x (x.gguf)"},
		{"artefacts", "written to", func(p *patient) {
			p.subject.Artefacts = func() []Artefact { return []Artefact{{Name: "x", Loaded: true, Touched: []string{"x.gguf"}}} }
		}, Warning, "x"},
		{"docker", "only the fallback wants it", func(p *patient) {
			p.nativeROCm()
			p.tier("light", func(tier *config.Tier) { tier.Fallback = &config.Fallback{Backend: config.Docker} })
			p.subject.Engine = func(context.Context) (string, error) { return "", errors.New("no socket") }
		}, Warning, "no socket"},
		{"gpu.rocm", "no right, but the engine opens it", func(p *patient) { p.refused = []string{"/dev/kfd"} }, OK, "render (992)"},
		{"gpu.rocm", "no right", func(p *patient) { p.nativeROCm(); p.refused = []string{"/dev/kfd"} }, Problem, "/dev/kfd may not be used"},
		{"gpu.vulkan", "no right", func(p *patient) { p.refused = []string{"/dev/dri/renderD128"} }, Problem, "by embed, heavy, light"},
		{"gpu.vulkan", "no right, but the processor will do", func(p *patient) {
			p.refused = []string{"/dev/dri/renderD128"}
			for name := range p.subject.Config.Tiers {
				p.tier(name, func(tier *config.Tier) { tier.AllowCPU = true })
			}
		}, Warning, "may not be used"},
		{"gpu.driver", "none", func(p *patient) { delete(p.root, "usr/share/vulkan/icd.d/radeon_icd.json") }, Problem, "none"},
		{"gpu.driver", "another maker's only", func(p *patient) {
			p.root["usr/share/vulkan/icd.d/radeon_icd.json"] = file(`{"ICD": {"library_path": "libvulkan_intel.so"}}`)
		}, Problem, "RADV is missing"},
		{"memory.available", "too little before the start", func(p *patient) {
			p.nothingRuns()
			p.subject.Memory = func() (machine.Memory, error) {
				return machine.Memory{Total: 32 * gigabyte, Available: 10 * gigabyte}, nil
			}
		}, Problem, "need at least 18.0 GiB"},
		{"memory.available", "too little, but the GPU's own is free", func(p *patient) {
			p.nothingRuns()
			p.subject.Memory = func() (machine.Memory, error) {
				return machine.Memory{Total: 32 * gigabyte, Available: 10 * gigabyte, GPUs: gpu(96*gigabyte, gigabyte, 0, 0)}, nil
			}
		}, OK, "10.0 GiB of 32.0 GiB"},
		{"memory.available", "scarce", func(p *patient) {
			p.nothingRuns()
			p.subject.Memory = func() (machine.Memory, error) {
				return machine.Memory{Total: 32 * gigabyte, Available: 18*gigabyte + 1}, nil
			}
		}, Warning, "of it"},
		{"verified.heavy", "damaged", func(p *patient) {
			p.subject.Verified = func() (map[string]lockfile.Entry, error) {
				return nil, &lockfile.DamagedError{Path: "/x", Err: errors.New("cut")}
			}
		}, Warning, "/x is damaged"},
		{"verified.light", "another kernel", func(p *patient) { p.root["proc/sys/kernel/osrelease"] = file("6.18.10") }, Warning, "kernel was 6.18.9-200.fc43.x86_64 and is 6.18.10"},
		{"verified.light", "the fallback runs", func(p *patient) {
			first, second := lockfile.Entry{Backend: config.Docker, Server: lockfile.Server{Name: "a"}}, lockfile.Entry{Backend: config.Native, Server: lockfile.Server{Name: "b"}}
			p.subject.Verified = func() (map[string]lockfile.Entry, error) { return map[string]lockfile.Entry{"light": second}, nil }
			p.subject.Present = func() map[string][]lockfile.Entry {
				return map[string][]lockfile.Entry{"light": {first, second}}
			}
		}, Warning, "since then: it runs on its fallback (native, b)llmctl restart light"},
		{"configuration.profile", "it does not fit", func(p *patient) { p.subject.Fits = "small" }, Warning, "--profile small"},
	} {
		t.Run(c.id+"/"+c.name, func(t *testing.T) {
			t.Parallel()
			p := strixHalo(t)
			c.change(p)
			got := p.examine(t).check(t, c.id)
			if got.Verdict != c.verdict || !strings.Contains(got.Found+got.Do, c.says) {
				t.Errorf("want %s and %q, got %+v", c.verdict, c.says, got)
			}
		})
	}
}

func TestWhatHangsBecomesAWarningAndHoldsNothingUp(t *testing.T) {
	t.Parallel()
	p := strixHalo(t)
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	p.subject.Memory = func() (machine.Memory, error) { <-never; return machine.Memory{}, nil }
	p.subject.Free = func(string) (int64, error) { <-never; return 0, nil }
	p.subject.Engine = func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() }
	began := time.Now()
	report := p.examine(t)
	if took := time.Since(began); took > 10*answerTime { // generous to a busy machine; without the limit it would be for ever
		t.Errorf("it took %s", took)
	}
	for id, verdict := range map[string]Verdict{"memory.available": Warning, "strix-halo.gtt-limit": Warning, "disk.cache": Warning, "docker": Problem, "services.left": OK} {
		if got := report.check(t, id); got.Verdict != verdict {
			t.Errorf("%s: want %s, got %+v", id, verdict, got)
		}
	}
}

func TestReportIsTheSameForPrograms(t *testing.T) {
	t.Parallel()
	report := strixHalo(t).examine(t)
	text, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(back) != fmt.Sprint(report) || back.Count(OK) == 0 || back.Count(Problem) != 0 {
		t.Errorf("got %s", text)
	}
	ids := map[string]bool{}
	for _, c := range report.Checks {
		if ids[c.ID] || c.Group == "" || c.Looks == "" {
			t.Errorf("twice, or incomplete: %+v", c)
		}
		ids[c.ID] = true
	}
}

func TestArtefactsAreComparedWithTheirRecords(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(cache, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	record := func(name, kind string, files ...fetch.RecordFile) {
		text, err := json.Marshal(fetch.Record{Name: name, Kind: kind, Folder: "models/" + name, Files: files})
		if err != nil {
			t.Fatal(err)
		}
		write("lock/"+name+".json", string(text))
	}
	var same, touched fetch.RecordFile
	for name, entry := range map[string]*fetch.RecordFile{"same": &same, "touched": &touched} {
		info, err := os.Stat(write("models/m/"+name, "12345"))
		if err != nil {
			t.Fatal(err)
		}
		*entry = fetch.RecordFile{Name: name, Size: 5, Modified: info.ModTime().UnixNano()}
	}
	touched.Modified--
	write("models/m/short", "1")
	record("m", catalogue.Model, same, touched, fetch.RecordFile{Name: "short", Size: 5}, fetch.RecordFile{Name: "gone", Size: 5})
	record("other-kind", catalogue.Program, same)
	write("lock/damaged.json", "{")
	got, records := ReadArtefacts(cache, []catalogue.Artefact{
		{Name: "m", Kind: catalogue.Model}, {Name: "other-kind", Kind: catalogue.Model}, {Name: "damaged", Kind: catalogue.Model},
		{Name: "absent", Kind: catalogue.Model, Files: []catalogue.File{{Size: 7}, {Size: 8}}},
	})
	want := []Artefact{
		{Name: "m", Kind: catalogue.Model, Loaded: true, Missing: []string{"gone"}, Resized: []string{"short"}, Touched: []string{"touched"}, Bytes: 20},
		{Name: "other-kind", Kind: catalogue.Model}, {Name: "damaged", Kind: catalogue.Model}, {Name: "absent", Kind: catalogue.Model, Bytes: 15},
	}
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) || len(records) != 1 {
		t.Errorf("got  %+v\nwant %+v\n%d records", got, want, len(records))
	}
}
