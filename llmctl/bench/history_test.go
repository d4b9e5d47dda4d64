package bench

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// recorded is a run with the given median of the generation; its rounds differ by 2 %.
func recorded(generation float64, change ...func(*Record)) Record {
	r := Record{
		At: noon, Tier: "heavy", Sizes: Sizes{PromptTokens: 512, AnswerTokens: 64},
		Conditions: Conditions{Build: "b1", Model: "m", Backend: "native", Device: "processor", Threads: 2, Slots: 2, Context: 4096, Flags: []string{"-fa", "on"}},
		Alone:      Figures{Prompt: around(100), Generation: around(generation)},
	}
	for _, with := range change {
		with(&r)
	}
	return r
}

func around(speed float64) *Speed {
	return &Speed{Median: speed, Lowest: speed * 0.99, Highest: speed * 1.01, Rounds: 3}
}

func busy(generation float64, beside ...string) func(*Record) {
	return func(r *Record) {
		r.Busy, r.Beside = &Figures{Prompt: around(50), Generation: around(generation)}, beside
	}
}

func TestASpeedDropsOnlyBeyondTenPerCentAndBeyondTheSpread(t *testing.T) {
	t.Parallel()
	steady := []Record{recorded(20), recorded(20.2), recorded(19.8)}
	for _, test := range []struct {
		name     string
		now      Record
		earlier  []Record
		compared int
		drops    []string
	}{
		{"nothing earlier", recorded(10), nil, 0, nil},
		{"as before", recorded(20), steady, 3, nil},
		{"9 % slower", recorded(18.2), steady, 3, nil},
		{"11 % slower", recorded(17.8), steady, 3, []string{"generation alone 11 %"}},
		{"faster", recorded(30), steady, 3, nil},
		{"11 % slower, but one round was as fast", recorded(17.8, func(r *Record) { r.Alone.Generation.Highest = 20 }), steady, 3, nil},
		{"11 % slower than runs that differ as much", recorded(17.8), []Record{recorded(20, func(r *Record) { r.Alone.Generation.Lowest = 17 })}, 1, nil},
		{"one odd earlier run moves nothing", recorded(17.8), []Record{recorded(20), recorded(5), recorded(20)}, 3, []string{"generation alone 11 %"}},
		{"only the last five count", recorded(20), append(slices.Repeat([]Record{recorded(40)}, 6), slices.Repeat([]Record{recorded(20)}, 5)...), 5, nil},
		{"another build", recorded(10, func(r *Record) { r.Build = "b2" }), steady, 0, nil},
		{"another model file", recorded(10, func(r *Record) { r.ModelSHA256 = "ff" }), steady, 0, nil},
		{"other flags", recorded(10, func(r *Record) { r.Flags = []string{"-fa", "off"} }), steady, 0, nil},
		{"another device", recorded(10, func(r *Record) { r.Device = "Vulkan" }), steady, 0, nil},
		{"another backend", recorded(10, func(r *Record) { r.Backend = "docker" }), steady, 0, nil},
		{"another tier", recorded(10, func(r *Record) { r.Tier = "light" }), steady, 0, nil},
		{"other sizes", recorded(10, func(r *Record) { r.AnswerTokens = 32 }), steady, 0, nil},
		{"disturbed now", recorded(10, func(r *Record) { r.Disturbed = true }), steady, 0, nil},
		{"disturbed before", recorded(10), []Record{recorded(20, func(r *Record) { r.Disturbed = true })}, 0, nil},
		{"prompt", recorded(20, func(r *Record) { r.Alone.Prompt = around(50) }), steady, 3, []string{"prompt alone 50 %"}},
		{"all busy", recorded(20, busy(5, "light")), []Record{recorded(20, busy(10, "light"))}, 1, []string{"generation, all busy 50 %"}},
		{"all busy beside another", recorded(20, busy(5, "embed")), []Record{recorded(20, busy(10, "light"))}, 1, nil},
		{"all busy for the first time", recorded(20, busy(5, "light")), steady, 3, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			now := test.now
			now.compare(test.earlier)
			var drops []string
			for _, d := range now.Drops {
				drops = append(drops, fmt.Sprintf("%s %.0f %%", d.What, d.Share*100))
			}
			if diff := cmp.Diff(test.drops, drops); diff != "" || now.Dropped != (len(test.drops) > 0) || now.Compared != test.compared {
				t.Errorf("dropped %t, compared with %d, want %d; drops: %s", now.Dropped, now.Compared, test.compared, diff)
			}
		})
	}
}

func TestHistoryKeepsWhatWasAddedAndSkipsDamagedLines(t *testing.T) {
	t.Parallel()
	history := HistoryOf(filepath.Join(t.TempDir(), "state"))
	if records, damaged, err := history.Read(); len(records) != 0 || damaged != 0 || err != nil {
		t.Fatalf("before the first run: %v, %d, %v", records, damaged, err)
	}
	first, second := recorded(20, busy(10, "light")), recorded(21)
	if err := history.Add([]Record{first}); err != nil {
		t.Fatal(err)
	}
	damage(t, history.Path(), "\x00\x00garbage\n\n{\"tier\":\"heavy\"}\n[]\n{\"at\":\"2026-03-04T12:00") // the last line was cut by a crash
	if err := history.Add([]Record{second}); err != nil {
		t.Fatal(err)
	}
	records, damaged, err := history.Read()
	if diff := cmp.Diff([]Record{first, second}, records); diff != "" || damaged != 4 || err != nil {
		t.Errorf("damaged %d, want 4; %v %s", damaged, err, diff)
	}
	if info, err := os.Stat(history.Path()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func damage(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func TestTwoRunsNeverMeasureAtOnce(t *testing.T) {
	t.Parallel()
	history := HistoryOf(t.TempDir())
	unlock, err := history.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := history.Lock(); !errors.Is(err, ErrMeasuring) {
		t.Errorf("a second run: %v", err)
	}
	unlock()
	again, err := history.Lock()
	if err != nil {
		t.Fatalf("after the first: %v", err)
	}
	again()
}

func TestSizesAreHalvedUntilAMeasurementIsShort(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		largest, smallest int
		speed             float64
		want              int
	}{
		{512, 32, 1000, 512}, {512, 32, 103, 512}, {512, 32, 100, 256}, {512, 32, 0.1, 32}, {128, 8, 24, 64}, {128, 8, 5, 16}, {128, 8, 0, 8},
	} {
		if got := fitting(test.largest, test.smallest, test.speed); got != test.want {
			t.Errorf("%v tokens/s: got %d, want %d", test.speed, got, test.want)
		}
	}
}

func TestMedianOfEvenAndOddCounts(t *testing.T) {
	t.Parallel()
	if s := speedOf([]float64{3, 1, 2}); s.Median != 2 || s.Lowest != 1 || s.Highest != 3 || s.Rounds != 3 {
		t.Errorf("got %+v", s)
	}
	if m := median([]float64{4, 1, 2, 3}); m != 2.5 {
		t.Errorf("got %v", m)
	}
}

func FuzzHistoryReadsAnything(f *testing.F) {
	f.Add("{}\n{")
	f.Add(`{"at":"2026-03-04T12:00:00Z","tier":"heavy","alone":{"prompt":null}}`)
	f.Fuzz(func(t *testing.T, text string) {
		history := HistoryOf(t.TempDir())
		if err := os.WriteFile(history.Path(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		records, damaged, err := history.Read()
		if lines := strings.Count(text, "\n") + 1; err != nil || len(records)+damaged > lines {
			t.Errorf("%d records and %d damaged of %d lines, %v", len(records), damaged, lines, err)
		}
		now := recorded(10)
		now.compare(records)
	})
}
