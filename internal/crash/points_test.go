package crash

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// points are the moments of one run at which its worker can be killed. Whoever sees one come, between the worker and what it talks to, says so before it
// lets the worker go on.
type points struct {
	mutex  sync.Mutex
	armed  bool
	target string // none: all are only noted
	kill   func() // ends the worker and returns when it has gone
	seen   []string
	times  map[string]int
	killed chan struct{} // closed when the target has come
}

func newPoints(target string) *points {
	return &points{target: target, times: map[string]int{}, killed: make(chan struct{})}
}

// arm begins to look, since the worker is ready.
func (p *points) arm(kill func()) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.armed, p.kill = true, kill
}

// at says that a moment has come. It reports whether the worker is alive: what it has sent is not passed on where it is not.
func (p *points) at(format string, arguments ...any) (alive bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if !p.armed {
		return true
	}
	name := fmt.Sprintf(format, arguments...)
	p.times[name]++
	if n := p.times[name]; n > 1 {
		name = fmt.Sprintf("%s (%d)", name, n)
	}
	p.seen = append(p.seen, name)
	if name != p.target {
		return true
	}
	p.armed = false
	p.kill()
	close(p.killed)
	return false
}

// all are the moments that have come, in their order.
func (p *points) all() []string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return slices.Clone(p.seen)
}

// transaction is what one connection to a store has changed and not committed yet, by which its commit is named.
type transaction struct {
	points  *points
	store   string // records or transcript
	mutex   sync.Mutex
	begun   bool // else each statement is committed by itself
	changes []string
}

const (
	begin     = "BEGIN"
	commit    = "COMMIT"
	committed = "COMMITTED"
)

// at is a moment inside of a transaction, or right after it. Of the transcripts only the commits count: their rows belong to no write.
func (x *transaction) at(what string) (alive bool) {
	x.mutex.Lock()
	defer x.mutex.Unlock()
	switch {
	case what == begin:
		x.begun, x.changes = true, nil
		return true
	case what == committed && len(x.changes) == 0:
		return true
	case what != commit && what != committed:
		if !slices.Contains(x.changes, what) {
			x.changes = append(x.changes, what)
		}
		return x.store == "transcript" || x.points.at("%s: before %s", x.store, what)
	}
	moment := map[string]string{commit: "before the commit", committed: "after the commit"}[what]
	alive = x.points.at("%s: %s of %s", x.store, moment, strings.Join(x.changes, ", "))
	if what == committed {
		x.begun, x.changes = false, nil
	}
	return alive
}

// alone reports whether the statement that has just ended is committed by that.
func (x *transaction) alone() bool {
	x.mutex.Lock()
	defer x.mutex.Unlock()
	return !x.begun
}

// due reports whether the worker is to be killed, or was.
func (p *points) due() bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.kill != nil && p.target != ""
}

// reached reports whether the target has come.
func (p *points) reached() bool {
	select {
	case <-p.killed:
		return true
	default:
		return false
	}
}

// eachPoint runs a test for each point, side by side, which says whether its run came there.
func eachPoint(t *testing.T, tried []string, try func(t *testing.T, point string) (came *points)) {
	t.Run("killed", func(t *testing.T) {
		for i, point := range tried {
			if testing.Short() && i%shortly != 0 {
				continue
			}
			t.Run(point, func(t *testing.T) {
				t.Parallel()
				var came *points
				for turn := range mostTurns {
					if !t.Run(fmt.Sprint("turn ", turn+1), func(t *testing.T) { came = try(t, point) }) || came.reached() {
						return
					}
				}
				t.Errorf("it never came to this point, but to %s", strings.Join(came.all(), "\n"))
			})
		}
	})
}

// mostTurns is how often a point is tried that is not reached: where a person's word comes before the workflow waits for it, two points are one.
const mostTurns = 3
