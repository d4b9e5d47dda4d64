package plan

import (
	"cmp"
	"fmt"
	"slices"

	"bestbox/llmctl/machine"
)

// margin is what stays free of the system's memory, and of a card's: the same that llama-server's own --fit-target leaves.
const margin = 1 << 30

// Device is what a server's --list-devices says of one device, in bytes.
type Device struct {
	Name        string
	Total, Free int64
	// Shared says that its memory is the system's: a processor in the shape of a GPU (mesa's lavapipe).
	Shared bool
}

// Pool is one kind of memory. A tier may take from several.
type Pool struct {
	Name string `json:"name"`
	// Total is what there is, Free what can be used of it: what runs now and is started again counts as free.
	Total int64 `json:"total"`
	Free  int64 `json:"free"`
	// Planned is what the tiers take. More than Free means that they do not fit.
	Planned int64 `json:"planned"`
	// Margin is what is left free for the rest of the machine.
	Margin int64 `json:"margin"`
}

func (p Pool) short() int64 { return max(0, p.Planned+p.Margin-p.Free) }

// memory is the machine as tiers share it: the system's memory always, and the GPU's where one is.
//
// On unified memory (an APU) the GPU has two kinds, and both are chips of the system: the carve-out that firmware took away from it, and
// memory that the GPU maps on demand, up to the GTT limit. What is mapped is missing from MemAvailable, so that it is bounded by both.
// Vulkan takes the carve-out first and then maps; ROCm's kernel part takes the larger of the two only.
// A discrete card has its own memory. Its driver may map the system's as well, which is slower by an order, and is not planned with.
type memory struct {
	system  Pool
	gpu     *machine.GPU
	card    Pool // the card's own, or the carve-out
	mapped  Pool // GTT
	backend Pool // what the server's own driver says; Total 0: nobody asked
	shared  bool // the GPU has no memory of its own
}

func newMemory(m machine.Memory, devices []Device, restarted []machine.Usage) memory {
	total := machine.Usage{}
	for _, usage := range restarted {
		total.Anonymous += usage.Anonymous
		total.VRAM += usage.VRAM
		total.GTT += usage.GTT
	}
	all := memory{system: Pool{Name: "system memory", Total: m.Total, Free: min(m.Total, m.Available+total.Anonymous), Margin: margin}}
	if len(devices) > 0 {
		d := slices.MaxFunc(devices, func(a, b Device) int { return cmp.Compare(a.Total, b.Total) })
		all.shared = d.Shared
		all.backend = Pool{Name: d.Name, Total: d.Total, Free: min(d.Total, d.Free+total.VRAM+total.GTT)}
	}
	if len(m.GPUs) == 0 {
		return all
	}
	gpu := slices.MaxFunc(m.GPUs, func(a, b machine.GPU) int { return cmp.Compare(a.VRAMTotal+a.GTTTotal, b.VRAMTotal+b.GTTTotal) })
	all.gpu, all.shared = &gpu, gpu.Unified
	name := "VRAM of " + gpu.Card
	if gpu.Unified {
		name = "carve-out of " + gpu.Card
		all.system.Free = min(m.Total, all.system.Free+total.GTT)
	}
	all.card = Pool{Name: name, Total: gpu.VRAMTotal, Free: min(gpu.VRAMTotal, gpu.VRAMTotal-gpu.VRAMUsed+total.VRAM)}
	all.mapped = Pool{Name: "GTT of " + gpu.Card, Total: gpu.GTTTotal, Free: min(gpu.GTTTotal, gpu.GTTTotal-gpu.GTTUsed+total.GTT)}
	if !gpu.Unified {
		all.card.Margin = margin
	}
	return all
}

// separate reports whether a layer moved to the processor frees memory that is short.
func (m memory) separate() bool { return !m.shared }

// told reports whether the size of the GPU's memory is known at all.
func (m memory) told() bool { return m.card.Total+m.mapped.Total+m.backend.Total > 0 }

// take plans a tier's memory.
func (m *memory) take(need Need, where place) {
	m.system.Planned += need.Host()
	if where == onProcessor || need.Device == 0 {
		return
	}
	if m.backend.Total > 0 {
		m.backend.Planned += need.Device
	}
	switch {
	case m.card.Total+m.mapped.Total == 0:
		// Only the backend's figure is known, as of an NVIDIA card, or of an integrated GPU that has nothing but the system's memory.
		if m.shared {
			m.system.Planned += need.Device
		}
	case m.separate():
		m.card.Planned += need.Device
	case where == onROCm && m.card.Total >= m.mapped.Total:
		m.card.Planned += need.Device
	case where == onROCm:
		m.mapped.Planned += need.Device
		m.system.Planned += need.Device
	default:
		inCard := min(need.Device, max(0, m.card.Free-m.card.Planned))
		m.card.Planned += inCard
		m.mapped.Planned += need.Device - inCard
		m.system.Planned += need.Device - inCard
	}
}

// pools lists what is known, for people.
func (m memory) pools() []Pool {
	pools := []Pool{m.system}
	for _, pool := range []Pool{m.card, m.mapped, m.backend} {
		// What the driver may map of the system's memory beside a card is not planned with.
		if pool.Total > 0 && (pool.Name != m.mapped.Name || !m.separate()) {
			pools = append(pools, pool)
		}
	}
	return pools
}

// shortest returns the pool that most is missing from; ok is false when everything fits.
func (m memory) shortest() (Pool, bool) {
	worst := slices.MaxFunc(m.pools(), func(a, b Pool) int { return cmp.Compare(a.short(), b.short()) })
	return worst, worst.short() > 0
}

// gigabytes prints bytes for people.
func gigabytes(bytes int64) string {
	if bytes < 100e6 {
		return fmt.Sprintf("%.0f MB", float64(bytes)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(bytes)/1e9)
}
