package plan

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"bestbox/internal/config"
	"bestbox/llmctl/machine"
)

const gib = 1 << 30

// fourteen is a tier with the 14B model: 9.0 GB of weights, 192 KiB of cache per token.
func fourteen(t *testing.T, name, server string, context int, flags ...string) Tier {
	t.Helper()
	tier := tierOf(server, context, 2, append([]string{"--cache-ram", "0"}, flags...)...)
	tier.Model = "qwen2.5-14b-instruct-q4_k_m"
	return Tier{Name: name, Config: tier, Model: qwen14.model(t)}
}

func onlySystem(available int64) machine.Memory {
	return machine.Memory{Total: 64 * gib, Available: available}
}

func mustMake(t *testing.T, in Input) Plan {
	t.Helper()
	in.Profile = "mine"
	p, err := Make(in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// settings lists what changes, as tier.setting, in order.
func settingsOf(p Plan) string {
	var all []string
	for _, c := range p.Changes {
		what := c.Setting
		if c.Flag != "" {
			what = c.Flag
		}
		all = append(all, c.Tier+" "+what+" "+c.To)
	}
	return strings.Join(all, ", ")
}

// One tier of 9.0 GB weights, 3.2 GB cache at 2 x 8192 and about 0.3 GB else, on less and less memory (1 GiB stays free).
func TestWhatIsGivenUpFollowsTheOrder(t *testing.T) {
	t.Parallel()
	smaller := []Artefact{{Name: "qwen2.5-14b-instruct-q3_k_m", Size: 7_300_000_000}, {Name: "qwen2.5-14b-instruct-q2_k", Size: 5_800_000_000}}
	for _, test := range []struct {
		name      string
		available int64 // MB
		cache     string
		smaller   []Artefact
		want      string
		enough    bool
	}{
		{"enough", 14_000, "0", nil, "", false},
		{"prompt cache first", 14_000, "2048", nil, "heavy --cache-ram 256", true},
		{"then context", 13_000, "2048", nil, "heavy --cache-ram 0, heavy context 4096", true},
		{"context no further than needed", 12_000, "0", nil, "heavy context 4096", true},
		{"down to the least", 11_100, "0", nil, "heavy context 2048", true},
		{"then the cache quantised", 10_750, "0", nil, "heavy context 2048, heavy -ctk and -ctv q8_0", true},
		{"a smaller model leaves room for context", 10_400, "0", smaller, "heavy context 4096, heavy model qwen2.5-14b-instruct-q3_k_m", true},
		{"the smallest that is needed", 8_000, "0", smaller, "heavy context 2048, heavy model qwen2.5-14b-instruct-q2_k", true},
		{"nothing is enough", 5_000, "0", smaller, "heavy context 2048, heavy -ctk and -ctv q8_0, heavy model qwen2.5-14b-instruct-q2_k", false},
		{"nothing is enough, and no smaller model", 8_000, "0", nil, "heavy context 2048, heavy -ctk and -ctv q8_0", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tier := fourteen(t, config.Heavy, "llama-server", 8192, "--cache-ram", test.cache)
			tier.Smaller = test.smaller
			p := mustMake(t, Input{Memory: onlySystem(test.available * 1e6), Tiers: []Tier{tier}})
			if got := settingsOf(p); got != test.want || p.Enough != test.enough || p.Fits != (test.want == "") {
				t.Errorf("got %q, enough %v, fits %v; want %q\n%+v", got, p.Enough, p.Fits, test.want, p.Pools)
			}
			if suggests := strings.Contains(strings.Join(p.Notes, "\n"), "q3_k_m would take about 7.3 GB"); suggests != (!p.Fits && !p.Enough && test.smaller == nil) {
				t.Errorf("notes %q", p.Notes)
			}
			err := p.Err()
			if p.Fits != (err == nil) || err != nil && (!errors.Is(err, ErrDoesNotFit) || !strings.Contains(err.Error(), "heavy needs")) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestLightGivesUpBeforeHeavyAndWhatStaysGivesUpNothing(t *testing.T) {
	t.Parallel()
	tiers := []Tier{fourteen(t, config.Heavy, "llama-server", 8192), fourteen(t, config.Light, "llama-server", 8192)}
	p := mustMake(t, Input{Memory: onlySystem(24_500e6), Tiers: tiers})
	if got := settingsOf(p); got != "light context 4096" || !p.Enough {
		t.Errorf("got %q, %v %v", got, p.Enough, p.Err())
	}
	tiers[1].Stays = true
	p = mustMake(t, Input{Memory: onlySystem(24_500e6), Tiers: tiers})
	if got := settingsOf(p); got != "heavy context 4096" || !p.Enough {
		t.Errorf("light stays: got %q, %v", got, p.Enough)
	}
	tiers[0].Stays = true
	p = mustMake(t, Input{Memory: onlySystem(24_500e6), Tiers: tiers})
	if p.Enough || len(p.Changes) > 0 || !strings.Contains(p.Err().Error(), "nothing can be given up") {
		t.Errorf("both stay: %+v", p)
	}
	p = mustMake(t, Input{Memory: onlySystem(21_300e6), MinContext: 4096, Tiers: tiers})
	for _, tier := range p.After {
		if tier.Context < 4096 {
			t.Errorf("context %d is below what was asked for", tier.Context)
		}
	}
}

// What runs counts as free, on each kind of memory.
func TestRestartedServersMemoryCountsAsFree(t *testing.T) {
	t.Parallel()
	unified := machine.Memory{Total: 125 * gib, Available: 4 * gib, GPUs: []machine.GPU{{Card: "card0", Unified: true,
		VRAMTotal: 512 << 20, VRAMUsed: 512 << 20, GTTTotal: 110 * gib, GTTUsed: 106 * gib}}}
	card := machine.Memory{Total: 32 * gib, Available: 20 * gib, GPUs: []machine.GPU{{Card: "card0", VRAMTotal: 24 * gib, VRAMUsed: 20 * gib}}}
	for _, test := range []struct {
		name    string
		memory  machine.Memory
		server  string
		running machine.Usage
	}{
		{"processor", onlySystem(4 * gib), "llama-server", machine.Usage{Anonymous: 12 * gib}},
		{"unified", unified, "llama-server-vulkan", machine.Usage{GTT: 14 * gib}},
		{"card", card, "llama-server-vulkan", machine.Usage{VRAM: 13 * gib}},
		{"hidden in a container, unified", unified, "llama-server-rocm", machine.Usage{Hidden: true}},
		{"hidden in a container, card", card, "llama-server-rocm", machine.Usage{Hidden: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tier := fourteen(t, config.Heavy, test.server, 8192)
			if p := mustMake(t, Input{Memory: test.memory, Tiers: []Tier{tier}}); p.Fits {
				t.Errorf("fits where a stranger holds the memory: %+v", p.Pools)
			}
			tier.Running = test.running
			if p := mustMake(t, Input{Memory: test.memory, Tiers: []Tier{tier}}); !p.Fits {
				t.Errorf("%v\n%+v", p.Err(), p.Pools)
			}
		})
	}
}

// On unified memory the GPU's part is taken from the system's, and layers on the processor free nothing.
func TestUnifiedMemoryIsOneMemory(t *testing.T) {
	t.Parallel()
	memory := machine.Memory{Total: 32 * gib, Available: 11 * gib, GPUs: []machine.GPU{{Card: "card0", Unified: true, VRAMTotal: 512 << 20, GTTTotal: 28 * gib}}}
	p := mustMake(t, Input{Memory: memory, Tiers: []Tier{fourteen(t, config.Heavy, "llama-server-vulkan", 8192, "-ngl", "all")}})
	if p.Fits || strings.Contains(settingsOf(p), "-ngl") || !strings.Contains(strings.Join(p.Notes, "\n"), "would free nothing") {
		t.Errorf("%+v", p)
	}
	// The same on a card with room in the system's memory.
	memory = machine.Memory{Total: 32 * gib, Available: 24 * gib, GPUs: []machine.GPU{{Card: "card0", VRAMTotal: 8 * gib}}}
	p = mustMake(t, Input{Memory: memory, Tiers: []Tier{fourteen(t, config.Heavy, "llama-server-vulkan", 8192, "-ngl", "all")}})
	if !p.Enough || !strings.Contains(settingsOf(p), "heavy -ngl") || p.Changes[len(p.Changes)-1].Flag != "-ngl" {
		t.Errorf("%s %v", settingsOf(p), p.Err())
	}
	// ROCm has the larger pool only: 20 GiB of carve-out and 20 GiB to map are no 30 GiB.
	tiers := []Tier{fourteen(t, config.Heavy, "llama-server-rocm", 16384), fourteen(t, config.Light, "llama-server-rocm", 16384)}
	memory = machine.Memory{Total: 44 * gib, Available: 40 * gib, GPUs: []machine.GPU{{Card: "card0", Unified: true, VRAMTotal: 20 * gib, GTTTotal: 20 * gib}}}
	if p := mustMake(t, Input{Memory: memory, Tiers: tiers}); p.Fits {
		t.Errorf("ROCm took both pools: %+v", p.Pools)
	}
	for i := range tiers {
		tiers[i].Config.Server = "llama-server-vulkan"
	}
	if p := mustMake(t, Input{Memory: memory, Tiers: tiers}); !p.Fits {
		t.Errorf("Vulkan takes both: %v", p.Err())
	}
}

// The driver's own figure bounds as well, and is the only one where sysfs has none.
func TestFigureOfTheServersDriverBounds(t *testing.T) {
	t.Parallel()
	memory := machine.Memory{Total: 64 * gib, Available: 60 * gib, GPUs: []machine.GPU{{Card: "card0", Unified: true, VRAMTotal: 512 << 20, GTTTotal: 56 * gib}}}
	nvidia := machine.Memory{Total: 64 * gib, Available: 60 * gib, GPUs: []machine.GPU{{Card: "card0", Vendor: "NVIDIA"}}}
	tier := fourteen(t, config.Heavy, "llama-server-vulkan", 8192)
	for name, test := range map[string]struct {
		memory  machine.Memory
		devices []Device
		want    bool
	}{
		"sysfs alone":                 {memory, nil, true},
		"the driver agrees":           {memory, []Device{{Name: "Vulkan0", Total: 40 * gib, Free: 39 * gib}}, true},
		"the driver has less":         {memory, []Device{{Name: "Vulkan0", Total: 40 * gib, Free: 10 * gib}}, false},
		"only the driver knows":       {nvidia, []Device{{Name: "Vulkan0", Total: 24 * gib, Free: 23 * gib}}, true},
		"only the driver, too little": {nvidia, []Device{{Name: "Vulkan0", Total: 8 * gib, Free: 8 * gib}}, false},
		"a processor in disguise takes the system's memory": {onlySystem(8 * gib), []Device{{Name: "Vulkan0", Total: 64 * gib, Free: 64 * gib, Shared: true}}, false},
	} {
		if p := mustMake(t, Input{Memory: test.memory, Devices: test.devices, Tiers: []Tier{tier}}); p.Fits != test.want {
			t.Errorf("%s: fits %v, %v", name, p.Fits, p.Err())
		}
	}
}

func TestModelsThatAreNotHereAreSaidToBeUnknown(t *testing.T) {
	t.Parallel()
	tier := fourteen(t, config.Heavy, "llama-server", 8192)
	tier.Model, tier.Size = nil, 9_000_000_000
	p := mustMake(t, Input{Memory: onlySystem(12e9), Tiers: []Tier{tier}})
	if !p.Fits || p.Tiers[0].Unknown != "kv" || p.Tiers[0].Need.Weights != tier.Size || !strings.Contains(strings.Join(p.Notes, "\n"), "unknown until it is pulled") {
		t.Errorf("size known: %+v", p)
	}
	if p := mustMake(t, Input{Memory: onlySystem(9e9), Tiers: []Tier{tier}}); p.Fits {
		t.Errorf("the weights alone are too large: %+v", p)
	}
	tier.Size = 0
	p = mustMake(t, Input{Memory: onlySystem(60 * gib), Tiers: []Tier{tier}})
	if p.Fits || p.Err() != nil || p.Tiers[0].Unknown != "all" || !strings.Contains(strings.Join(p.Notes, "\n"), "llmctl pull") {
		t.Errorf("nothing known: %+v, %v", p, p.Err())
	}
}

func TestOnlyCachesMayBeStartedAnyway(t *testing.T) {
	t.Parallel()
	tier := fourteen(t, config.Heavy, "llama-server", 8192, "--cache-ram", "4096")
	if p := mustMake(t, Input{Memory: onlySystem(14e9), Tiers: []Tier{tier}}); p.Fits || !p.OnlyCaches() {
		t.Errorf("%s", settingsOf(p))
	}
	if p := mustMake(t, Input{Memory: onlySystem(12e9), Tiers: []Tier{tier}}); p.OnlyCaches() {
		t.Errorf("%s", settingsOf(p))
	}
}

func TestSettingsAreReadAsTheServerReadsThem(t *testing.T) {
	t.Parallel()
	for line, check := range map[string]func(settings) bool{
		"": func(s settings) bool {
			return s.batch == 512 && s.promptCache == 8<<30 && s.flash && s.mapped && s.context == 4096
		},
		"-c 6000 -np 3":                 func(s settings) bool { return s.context == 2000 && s.slots == 3 },
		"-b 64":                         func(s settings) bool { return s.batch == 64 },
		"-ub 64 -ub 128":                func(s settings) bool { return s.batch == 128 },
		"-fa off --load-mode none":      func(s settings) bool { return !s.flash && !s.mapped },
		"-kvu":                          func(s settings) bool { return s.unified },
		"-kvu -no-kvu":                  func(s settings) bool { return !s.unified },
		"--cache-type-k q4_0":           func(s settings) bool { return s.keys == cacheTypes["q4_0"] && s.values == cacheTypes["f16"] },
		"-ngl 12":                       func(s settings) bool { return s.layers == 12 },
		"--mmproj x.gguf":               func(s settings) bool { return slices.Contains(s.unknown, "--mmproj") },
		"--embeddings -nkvo --swa-full": func(s settings) bool { return s.embeddings && s.promptCache == 0 && s.onlyCache && s.wholeSWA },
	} {
		s, err := readSettings(tierOf("llama-server", 4096, 2, strings.Fields(line)...))
		if err != nil || !check(s) {
			t.Errorf("%q: %+v, %v", line, s, err)
		}
	}
	for _, line := range []string{"-ub many", "-ctk q9_9"} {
		if _, err := Make(Input{Tiers: []Tier{{Name: "heavy", Config: tierOf("llama-server", 4096, 2, strings.Fields(line)...)}}}); err == nil ||
			!strings.HasPrefix(err.Error(), "heavy: flag "+strings.Fields(line)[0]) {
			t.Errorf("%q: %v", line, err)
		}
	}
}

// A server keeps up to 8 GiB of prompts, unless it only reads.
func TestAServerThatOnlyReadsKeepsNoPrompts(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int64{config.Embed: 0, config.Rerank: 0, config.Light: 8 * gib} {
		tier := fourteen(t, name, "llama-server", 512)
		tier.Config.Flags = nil
		p := mustMake(t, Input{Memory: onlySystem(60 * gib), Tiers: []Tier{tier}})
		if got := p.Tiers[0].Need.PromptCache; got != want {
			t.Errorf("%s: a prompt cache of %d bytes, want %d", name, got, want)
		}
	}
}

func TestNotesSayWhatTheFiguresDoNotShow(t *testing.T) {
	t.Parallel()
	tier := fourteen(t, config.Heavy, "llama-server", 65536, "--mmproj", "x.gguf")
	tier.Config.MemoryLimit = 1000
	p := mustMake(t, Input{Memory: onlySystem(60 * gib), Tiers: []Tier{tier}})
	notes := strings.Join(p.Notes, "\n")
	for _, want := range []string{"--mmproj", "memory_limit 1000 is less than", "trained for"} {
		if !strings.Contains(notes, want) {
			t.Errorf("%q lacks %q", notes, want)
		}
	}
}
