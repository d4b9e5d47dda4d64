package crash

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"

	"bestbox/internal/programs"
	"bestbox/internal/records/recordstest"
)

// fewest is how many points must be tried with each kind of database.
const fewest = 60

// shortly is which of the points `go test -short` tries: one in so many.
const shortly = 12

var every = flag.Bool("every", false, "kill at every point with both databases; without it, where the database has no part, with one of the two")

// TestARunWhoseWorkerIsKilledAnywhereHasEachEffectOnce sees one run through that nobody disturbs, and then one for each moment of it, whose worker is killed
// at that moment and started again.
func TestARunWhoseWorkerIsKilledAnywhereHasEachEffectOnce(t *testing.T) {
	if err := programs.Look("bestbox/worker"); err != nil {
		t.Fatal(err)
	}
	systems := elsewhere{startMailServer(t), startCalendarServer(t)}
	for turn, store := range recordstest.Stores() {
		t.Run(store.Name, func(t *testing.T) {
			t.Parallel()
			left := &table{}
			var seen []string
			if !t.Run("never", func(t *testing.T) {
				whole := newCompany(t, store, systems, "")
				left.add("never", whole.check(whole.seeThrough()))
				seen = whole.points.all()
			}) {
				t.Fatal("a run that nobody disturbs fails")
			}
			tried := turns(seen, turn)
			if len(tried) < fewest {
				t.Errorf("there are %d points, want %d or more: %s", len(tried), fewest, strings.Join(tried, "\n"))
			}
			eachPoint(t, tried, func(t *testing.T, point string) *points {
				killed := newCompany(t, store, systems, point)
				left.add(point, killed.check(killed.seeThrough()))
				return killed.points
			})
			t.Logf("%d of %d points were tried: %v\n%s", len(tried), len(seen), counted(seen), left)
		})
	}
}

// turns are the points that one of two databases is tried at: those inside of its own transactions, those where nobody knows whether the mail was sent, and every
// other one of all the rest.
func turns(seen []string, turn int) (tried []string) {
	rest := 0
	for _, point := range slices.Sorted(slices.Values(seen)) { // in an order that two runs have in common
		_, doubtful := unsure[point]
		own := doubtful || strings.HasPrefix(point, "records: ") || strings.HasPrefix(point, "transcript: ")
		if own || *every || rest%2 == turn {
			tried = append(tried, point)
		}
		if !own {
			rest++
		}
	}
	return tried
}

// counted are the points by what the worker was saying, or was told, and by whom.
func counted(points []string) map[string]int {
	kinds := map[string]int{}
	for _, point := range points {
		kind, _, _ := strings.Cut(point, ":")
		switch {
		case slices.Contains([]string{"records", "transcript", "mail", "calendars"}, kind):
		case strings.HasPrefix(point, "the model"):
			kind = "model"
		default:
			kind = "temporal"
		}
		kinds[kind]++
	}
	return kinds
}

// table is what runs have left, by the points at which their workers were killed.
type table struct {
	mutex sync.Mutex
	rows  [][2]string
}

func (t *table) add(point, left string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.rows = append(t.rows, [2]string{point, left})
}

func (t *table) String() string {
	var text strings.Builder
	out := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	slices.SortFunc(t.rows, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	for _, row := range t.rows {
		fmt.Fprintf(out, "%s\t%s\n", row[0], row[1])
	}
	_ = out.Flush()
	return text.String()
}
