package plan

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"bestbox/internal/config"
	"bestbox/llmctl/machine"

	"github.com/goccy/go-yaml"
)

const (
	// minContext is the least that agents work with: their fixed prompt and one question with its results take about 1,500 tokens.
	minContext = 2048
	// promptCacheStep is how finely the prompt cache is cut, in MiB.
	promptCacheStep = 256
)

// state is the tiers as they would be started.
type state struct {
	in    Input
	tiers []tier
}

type tier struct {
	Tier
	settings settings
	where    place
	need     Need
	unknown  string
	// resized are the bytes of another quantisation, whose file is not here; 0: the model's own.
	resized int64
	// started is the need of the GPU's memory before anything is given up.
	started int64
}

func newState(in Input) (state, error) {
	s := state{in: in}
	for _, wanted := range in.Tiers {
		planned := tier{Tier: wanted}
		if err := planned.update(in); err != nil {
			return state{}, fmt.Errorf("%s: %w", wanted.Name, err)
		}
		planned.started = planned.need.Device
		s.tiers = append(s.tiers, planned)
	}
	return s, nil
}

// update computes a tier's need from its configuration.
func (t *tier) update(in Input) error {
	var err error
	if t.settings, err = readSettings(t.Config); err != nil {
		return err
	}
	if !config.Writes(t.Name) { // llmctl starts it so: a text must fit one batch
		t.settings.embed()
		if _, ok := flags(t.Config.Flags).value(microBatchFlags); !ok {
			t.settings.batch = t.settings.context
		}
	}
	t.where = placeOf(t.Config, t.settings)
	if t.where != onProcessor && len(in.Memory.GPUs) == 0 && len(in.Devices) == 0 {
		t.where = onProcessor
	}
	switch {
	case t.Model != nil:
		t.need, t.unknown = needOf(t.Model, t.settings, t.where), ""
		if t.resized > 0 {
			t.need = resized(t.need, t.Model.Weights(), t.resized)
		}
	case t.Size > 0:
		t.need, t.unknown = Need{Weights: t.Size, PromptCache: t.settings.promptCache, Process: processBase}, "kv"
		if t.where != onProcessor {
			t.need.Device = t.Size
		}
	default:
		t.need, t.unknown = Need{}, "all"
	}
	return nil
}

// resized is a need with weights of another size: the same layers in fewer bits.
func resized(need Need, weights, size int64) Need {
	smaller := func(bytes int64) int64 { return int64(float64(bytes) * float64(size) / float64(weights)) }
	before := need.Weights
	need.Weights = smaller(before)
	if need.Device > 0 {
		need.Device -= before - need.Weights
	}
	return need
}

// place puts the tiers into the machine's memory. Those on ROCm come first, since they have less choice.
func (s state) place() memory {
	var running []machine.Usage
	for _, t := range s.tiers {
		running = append(running, t.holds(s.in.Memory))
	}
	m := newMemory(s.in.Memory, s.in.Devices, running)
	for _, restricted := range []bool{true, false} {
		for _, t := range s.tiers {
			if (t.where == onROCm) == restricted {
				m.take(t.need, t.where)
			}
		}
	}
	return m
}

// holds is what its server holds now. Where another user's process hides what it has of the GPU, it is what such a server needs.
func (t tier) holds(m machine.Memory) machine.Usage {
	usage := t.Running
	if usage.Hidden && usage.VRAM+usage.GTT == 0 && len(m.GPUs) > 0 {
		usage.VRAM = min(t.started, m.GPUs[0].VRAMUsed)
		usage.GTT = min(t.started-usage.VRAM, m.GPUs[0].GTTUsed)
	}
	return usage
}

func (s state) fits() bool {
	_, over := s.place().shortest()
	return !over
}

// with returns the state with one tier's configuration changed.
func (s state) with(i int, change func(*tier)) state {
	s.tiers = slices.Clone(s.tiers)
	change(&s.tiers[i])
	if err := s.tiers[i].update(s.in); err != nil {
		panic(err) // flags that were read before and changed here
	}
	return s
}

// step is one kind of thing to give up. It returns the ways to do so for a tier, the mildest first; none where it does not apply.
type step func(s state, i int) []func(*tier)

// giveUp gives up one kind after the other until the tiers fit:
//
//  1. the prompt cache: costs time when an old prompt comes again, and never an answer;
//  2. context, halved down to the least: long questions are cut;
//  3. a KV cache in q8_0: half the size, answers hardly differ;
//  4. a smaller quantisation of the same model: answers get worse;
//  5. layers on the processor, where the GPU's memory is separate: several times slower.
//
// What a later step moves into another pool may call for more of an earlier one, so that all are gone through until nothing changes.
// In each of them the light tier comes before the heavy one: it writes labels and short texts from short prompts, while heavy reads the
// results of tools, and its answers are what users see. What turns out to be more than was needed is taken back, the dearest first.
func (s state) giveUp() (after state, enough bool) {
	after = s
	steps := []step{lessPromptCache, lessContext, quantisedCache, smallerModel, fewerLayers}
	for changed := true; changed && !after.fits(); {
		changed = false
		for _, next := range steps {
			for _, i := range s.order() {
				for _, change := range next(after, i) {
					if after.fits() {
						break
					}
					if tried := after.with(i, change); tried.missing() < after.missing() {
						after, changed = tried, true
					}
				}
			}
		}
	}
	if !after.fits() {
		return after, false
	}
	return after.takeBack(s), true
}

// missing measures how far it is from fitting. What a card lacks counts twice: layers that move to the system's memory may find it full,
// and the next round makes room there.
func (s state) missing() int64 {
	m := s.place()
	sum := m.card.short()
	for _, pool := range m.pools() {
		sum += pool.short()
	}
	return sum
}

// order lists the tiers that may change, heavy last.
func (s state) order() []int {
	var order []int
	for i, t := range s.tiers {
		if !t.Stays && t.Name != config.Heavy {
			order = append(order, i)
		}
	}
	for i, t := range s.tiers {
		if !t.Stays && t.Name == config.Heavy {
			order = append(order, i)
		}
	}
	return order
}

// takeBack undoes what a later step has made unnecessary, as far as it still fits.
func (s state) takeBack(original state) state {
	order := s.order()
	slices.Reverse(order)
	for _, i := range order {
		was := original.tiers[i]
		undo := []func(*tier){
			func(t *tier) {
				t.Config.Flags = copyFlag(t.Config.Flags, was.Config.Flags, keyFlags, valueFlags, flashFlags)
			},
		}
		for tokens := was.Config.Context; tokens > s.tiers[i].Config.Context; tokens /= 2 {
			undo = append(undo, func(t *tier) { t.Config.Context = tokens })
		}
		undo = append(undo, func(t *tier) { t.Config.Flags = copyFlag(t.Config.Flags, was.Config.Flags, promptCacheFlags) })
		for _, change := range undo {
			if changed := s.with(i, change); changed.tiers[i].Config.Context >= s.tiers[i].Config.Context && changed.fits() {
				s = changed
			}
		}
	}
	return s
}

// copyFlag sets flags to what they were.
func copyFlag(now, before []string, names ...[]string) []string {
	result := slices.Clone(now)
	for _, spellings := range names {
		if value, ok := flags(before).value(spellings); ok {
			result = flags(result).with(spellings, value)
			continue
		}
		for i := len(result) - 2; i >= 0; i-- {
			if slices.Contains(spellings, result[i]) {
				result = slices.Delete(result, i, i+2)
			}
		}
	}
	return result
}

func lessPromptCache(s state, i int) []func(*tier) {
	now := int(s.tiers[i].settings.promptCache >> 20)
	short := int(s.place().system.short()>>20) + 1
	// In one go to what is free, or to nothing.
	wanted := max(0, now-short) / promptCacheStep * promptCacheStep
	if now == 0 || short <= 1 {
		return nil
	}
	return []func(*tier){func(t *tier) { t.Config.Flags = flags(t.Config.Flags).with(promptCacheFlags, strconv.Itoa(wanted)) }}
}

func lessContext(s state, i int) []func(*tier) {
	least := minContext
	if s.in.MinContext > 0 {
		least = s.in.MinContext
	}
	if _, inFlags := flags(s.tiers[i].Config.Flags).value(contextFlags); inFlags || s.tiers[i].need.KV == 0 {
		return nil // -c among the flags wins over the setting; an embedding server keeps nothing
	}
	var ways []func(*tier)
	for tokens := s.tiers[i].Config.Context / 2; tokens >= least; tokens /= 2 {
		ways = append(ways, func(t *tier) { t.Config.Context = tokens })
	}
	return ways
}

func quantisedCache(s state, i int) []func(*tier) {
	t := s.tiers[i]
	if t.need.KV == 0 || t.settings.keys != cacheTypes["f16"] || t.settings.values != cacheTypes["f16"] {
		return nil
	}
	return []func(*tier){func(t *tier) {
		t.Config.Flags = flags(t.Config.Flags).with(flashFlags, "on").with(keyFlags, "q8_0").with(valueFlags, "q8_0")
	}}
}

func smallerModel(s state, i int) []func(*tier) {
	var ways []func(*tier)
	for _, smaller := range s.tiers[i].Smaller {
		if smaller.Model == nil && (smaller.Size == 0 || s.tiers[i].Model == nil) {
			continue
		}
		ways = append(ways, func(t *tier) {
			t.Config.Model = smaller.Name
			if t.resized = smaller.Size; smaller.Model != nil {
				t.Model, t.resized = smaller.Model, 0
			}
		})
	}
	return ways
}

func fewerLayers(s state, i int) []func(*tier) {
	t := s.tiers[i]
	if t.where == onProcessor || t.Model == nil || !s.place().separate() {
		return nil
	}
	most := min(t.settings.layers, t.Model.Layers())
	with := func(layers int) func(*tier) {
		return func(t *tier) { t.Config.Flags = flags(t.Config.Flags).with(layerFlags, strconv.Itoa(layers)) }
	}
	// As many as the card has room for; none where another tier has filled it.
	fewer := sort.Search(most, func(fewer int) bool {
		m := s.with(i, with(most-fewer)).place()
		return m.card.short() == 0 && m.backend.short() == 0
	})
	return []func(*tier){with(most - fewer)}
}

// tierPlans is the state for people.
func (s state) tierPlans() []TierPlan {
	var plans []TierPlan
	for _, t := range s.tiers {
		plans = append(plans, TierPlan{Name: t.Name, Model: t.Config.Model, Where: string(t.where), Context: t.settings.context, Slots: t.settings.slots,
			Need: t.need, Unknown: t.unknown})
	}
	return plans
}

// changes lists what differs from before, in the order of giving up.
func (s state) changes(before state) []Change {
	kinds := []func(t tier) (setting, flag, value, costs string){
		func(t tier) (setting, flag, value, costs string) {
			return "flags", promptCacheFlags[0], strconv.Itoa(int(t.settings.promptCache >> 20)), "old prompts are evaluated again"
		},
		func(t tier) (setting, flag, value, costs string) {
			return "context", "", strconv.Itoa(t.Config.Context), "long questions are cut"
		},
		func(t tier) (setting, flag, value, costs string) {
			return "flags", "-ctk and -ctv", flags(t.Config.Flags).valueOr(keyFlags, "f16"), "with -fa on; answers hardly differ"
		},
		func(t tier) (setting, flag, value, costs string) {
			return "model", "", t.Config.Model, "a smaller quantisation: answers get worse"
		},
		func(t tier) (setting, flag, value, costs string) {
			return "flags", "-ngl", flags(t.Config.Flags).valueOr(layerFlags, "auto"), "slower: the rest runs on the processor"
		},
	}
	var all []Change
	for _, kind := range kinds {
		for _, i := range s.order() {
			_, _, from, _ := kind(before.tiers[i])
			if setting, flag, to, costs := kind(s.tiers[i]); from != to {
				all = append(all, Change{Tier: s.tiers[i].Name, Setting: setting, Flag: flag, From: from, To: to, Costs: costs})
			}
		}
	}
	return all
}

// yaml writes the changes as a part of bestbox.yaml. A list of flags replaces the shipped one, so that it is written whole.
func (s state) yaml(before state) string {
	tiers := yaml.MapSlice{}
	for i, now := range s.tiers {
		was, changed := before.tiers[i], yaml.MapSlice{}
		if now.Config.Model != was.Config.Model {
			changed = append(changed, yaml.MapItem{Key: "model", Value: now.Config.Model})
		}
		if now.Config.Context != was.Config.Context {
			changed = append(changed, yaml.MapItem{Key: "context", Value: now.Config.Context})
		}
		if !slices.Equal(now.Config.Flags, was.Config.Flags) {
			changed = append(changed, yaml.MapItem{Key: "flags", Value: now.Config.Flags})
		}
		if len(changed) > 0 {
			tiers = append(tiers, yaml.MapItem{Key: now.Name, Value: changed})
		}
	}
	if len(tiers) == 0 {
		return ""
	}
	var text strings.Builder
	fmt.Fprintf(&text, "profiles:\n  %s:\n    tiers:\n", s.in.Profile)
	for _, item := range tiers {
		content, err := yaml.MarshalWithOptions(item.Value, yaml.Flow(true))
		if err != nil {
			panic(err) // texts and numbers can be written
		}
		fmt.Fprintf(&text, "      %s: %s\n", item.Key, strings.TrimSpace(string(content)))
	}
	return text.String()
}

// notes says what the figures do not show.
func (s state) notes() []string {
	var notes []string
	pools := s.place()
	for _, t := range s.tiers {
		say := func(format string, values ...any) { notes = append(notes, t.Name+": "+fmt.Sprintf(format, values...)) }
		if t.unknown == "kv" {
			say("%s is not here yet: its weights are the catalogue's figure, its KV cache is unknown until it is pulled (llmctl pull %s)", t.Config.Model, t.Config.Model)
		}
		if t.unknown == "all" {
			say("%s is not here yet, and the catalogue has no size of it (llmctl pull %s)", t.Config.Model, t.Config.Model)
		}
		for _, flag := range t.settings.unknown {
			say("what %s needs is not counted", flag)
		}
		if t.where == onProcessor && placeOf(t.Config, t.settings) != onProcessor {
			say("%s", map[bool]string{true: "no GPU is here: it will run on the processor, as the profile allows",
				false: "no GPU is here: planned on the processor, where llmctl up will not start it"}[t.Config.AllowCPU])
		}
		if t.where != onProcessor && !pools.told() && pools.separate() {
			say("the driver does not tell how much memory the GPU has: only the system's part is checked")
		}
		if limit := int64(t.Config.MemoryLimit) << 20; limit > 0 && t.unknown == "" && t.need.Private > limit {
			say("memory_limit %d is less than the %d MiB that it can come to hold; raise it, or lower --cache-ram", t.Config.MemoryLimit, t.need.Private>>20+1)
		}
		if most := trained(t); most > 0 && t.settings.context > most {
			say("context %d is more than the %d tokens its model was trained for", t.settings.context, most)
		}
	}
	return notes
}

func trained(t tier) int {
	if t.Model == nil {
		return 0
	}
	return t.Model.MaximumContext()
}

// advice says what could not be done, and why.
func (s state) advice(before state, enough bool) []string {
	var notes []string
	if slices.ContainsFunc(s.tiers, func(t tier) bool { return t.where != onProcessor }) && !s.place().separate() {
		notes = append(notes, "layers on the processor (-ngl) would free nothing: the GPU's memory is the system's own here")
	}
	if enough {
		return notes
	}
	for i, t := range s.tiers {
		if len(before.tiers[i].Smaller) == 0 && !t.Stays {
			notes = append(notes, fmt.Sprintf("%s: the catalogue has no smaller quantisation of %s%s", t.Name, before.tiers[i].Config.Model, suggestion(before.tiers[i])))
		}
	}
	return notes
}

// bits per weight of common quantisations (llama.cpp tools/quantize/README.md, Llama 3.1 8B), the largest first.
var quantisations = []struct {
	name string
	bits float64
}{
	{"f16", 16}, {"q8_0", 8.5}, {"q6_k", 6.56}, {"q5_k_m", 5.7}, {"q5_k_s", 5.57}, {"q4_k_m", 4.89}, {"q4_k_s", 4.67}, {"q3_k_m", 4.0}, {"q3_k_s", 3.64}, {"q2_k", 3.16},
}

var quantisationName = regexp.MustCompile(`(?i)[-.](f16|bf16|f32|i?q[0-9][0-9a-z_]*)$`)

// SameModel returns an artefact's name without its quantisation: names that agree in it are the same model in other sizes.
func SameModel(name string) string { return quantisationName.ReplaceAllString(name, "") }

// suggestion names the next smaller quantisation and about how large it would be.
func suggestion(t tier) string {
	match := quantisationName.FindStringSubmatch(t.Config.Model)
	if match == nil {
		return ""
	}
	i := slices.IndexFunc(quantisations, func(q struct {
		name string
		bits float64
	},
	) bool {
		return q.name == strings.ToLower(match[1])
	})
	if i < 0 || i+2 >= len(quantisations) {
		return ""
	}
	smaller := quantisations[i+2] // one step is hardly worth the loss
	size := int64(float64(t.need.Weights) * smaller.bits / quantisations[i].bits)
	return fmt.Sprintf("; %s would take about %s instead of %s", smaller.name, gigabytes(size), gigabytes(t.need.Weights))
}
