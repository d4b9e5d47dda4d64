package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"bestbox"

	"github.com/google/go-cmp/cmp"
)

const unifiedMemory = "103079215104\n" // 96 GiB

func strixHalo() fstest.MapFS {
	return fstest.MapFS{
		"sys/class/drm/card1/device/vendor":              {Data: []byte("0x1002\n")},
		"sys/class/drm/card1/device/mem_info_vram_total": {Data: []byte("536870912\n")},
		"sys/class/drm/card1/device/mem_info_gtt_total":  {Data: []byte(unifiedMemory)},
	}
}

// load resolves a file's text as Load would, without touching the machine.
func load(t *testing.T, text, profile string, machine fstest.MapFS) (*Config, error) {
	t.Helper()
	file, err := decode(bestbox.DefaultConfig, []byte(text), "bestbox.yaml")
	if err != nil {
		return nil, err
	}
	if profile == "" {
		profile = file.Profile
	}
	return resolve(file, "bestbox.yaml", profile, machine)
}

func TestShippedValuesResolveOnAnyMachine(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, profile, want string
		machine             fstest.MapFS
		tiers               int
		heavy               string
	}{
		{"no GPU", "", "small", fstest.MapFS{}, 3, "qwen2.5-coder-1.5b-instruct-q4_k_m"},
		{"Strix Halo", "auto", "strix-halo", strixHalo(), 3, "qwen2.5-14b-instruct-q4_k_m"},
		{"chosen against the machine", "small", "small", strixHalo(), 3, "qwen2.5-coder-1.5b-instruct-q4_k_m"},
		{"heavy only, no GPU", "heavy-only", "heavy-only", fstest.MapFS{}, 2, "qwen2.5-coder-1.5b-instruct-q4_k_m"},
		{"heavy only, Strix Halo", "heavy-only", "heavy-only", strixHalo(), 2, "qwen2.5-14b-instruct-q4_k_m"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, err := load(t, "", test.profile, test.machine)
			if err != nil {
				t.Fatal(err)
			}
			if c.Profile != test.want || len(c.Tiers) != test.tiers || c.Tiers[Heavy].Model != test.heavy {
				t.Errorf("got profile %s, %d tiers, heavy %s", c.Profile, len(c.Tiers), c.Tiers[Heavy].Model)
			}
			if c.Tiers[Heavy].URL() != "http://127.0.0.1:8080" || c.Temporal.UIURL() != "http://127.0.0.1:8233" {
				t.Errorf("addresses: %s, %s", c.Tiers[Heavy].URL(), c.Temporal.UIURL())
			}
		})
	}
}

func TestDetectNeedsAnAMDCardWithMuchMemory(t *testing.T) {
	t.Parallel()
	other, little := strixHalo(), strixHalo()
	other["sys/class/drm/card1/device/vendor"] = &fstest.MapFile{Data: []byte("0x10de")}
	little["sys/class/drm/card1/device/mem_info_gtt_total"] = &fstest.MapFile{Data: []byte("16777216000")}
	for _, machine := range []fstest.MapFS{other, little, {}} {
		if got := Detect(machine); got != "small" {
			t.Errorf("got %s", got)
		}
	}
}

func TestOwnFileChangesOnlyWhatItNames(t *testing.T) {
	t.Parallel()
	c, err := load(t, "profiles: {small: {tiers: {heavy: {port: 9080, flags: [--verbose]}}}}", "small", nil)
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := load(t, "", "small", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := shipped.Tiers
	heavy := want[Heavy]
	heavy.Port, heavy.Flags = 9080, []string{"--verbose"}
	want[Heavy] = heavy
	if diff := cmp.Diff(want, c.Tiers); diff != "" {
		t.Error(diff)
	}
}

func TestUnknownKeyNamesLineAndNearestKey(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text string
		want UnknownKeyError
	}{
		{"profile: small\nprofles: {}\n", UnknownKeyError{Key: "profles", Line: 2, Nearest: "profiles"}},
		{"temporal:\n  adress: x\n", UnknownKeyError{Key: "adress", Line: 2, Nearest: "address"}},
		{"profiles:\n  small:\n    tiers:\n      heavy:\n        thread: 4\n", UnknownKeyError{Key: "thread", Line: 5, Nearest: "threads"}},
		{"http:\n  quux: 1\n", UnknownKeyError{Key: "quux", Line: 2}},
	} {
		_, err := load(t, test.text, "small", nil)
		var got *UnknownKeyError
		if !errors.As(err, &got) {
			t.Errorf("%q: %v", test.text, err)
			continue
		}
		test.want.File = "bestbox.yaml"
		if diff := cmp.Diff(&test.want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestBadValuesNameFieldValueAndWhatIsAllowed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, field, allowed string }{
		{"profile: huge", "profile", "auto, heavy-only, small, strix-halo"},
		{"profiles: {small: {tiers: {heavy: {port: 0}}}}", "profiles.small.tiers.heavy.port", "1 to 65535"},
		{"profiles: {small: {tiers: {heavy: {port: 8081}}}}", "profiles.small.tiers.light.port", "heavy"},
		{"profiles: {small: {tiers: {heavy: {host: 0.0.0.0}}}}", "tiers.heavy.host", "loopback"},
		{"profiles: {small: {tiers: {heavy: {slots: 100}}}}", "tiers.heavy.slots", "1 to 64"},
		{"profiles: {small: {tiers: {heavy: {context: 7}}}}", "tiers.heavy.context", "512"},
		{"profiles: {small: {tiers: {heavy: {backend: podman}}}}", "tiers.heavy.backend", "native, docker"},
		{"profiles: {small: {tiers: {heavy: {model: ../../etc/passwd}}}}", "tiers.heavy.model", "catalogue"},
		{"profiles: {small: {tiers: {third: {model: a, server: b, port: 1, slots: 1, context: 512}}}}", "tiers", "heavy, light, embed and rerank"},
		{"profiles: {small: {tiers: {rerank: {model: a, server: b, port: 1, slots: 1, context: 512}}}}", "profiles.small.tiers.rerank.context", "1024 or more"},
		{"profiles: {small: {without: [heavy], from: small}}", "from", "back to itself"},
		{"temporal: {address: nowhere}", "temporal.address", "host:port"},
		{"temporal: {address: '10.0.0.7:7233'}", "temporal.address", "loopback"},
		{"http: {listen: '0.0.0.0:8000'}", "http.listen", "BESTBOX_API_KEY"},
	} {
		_, err := load(t, test.text, "", fstest.MapFS{})
		var field *FieldError
		if !errors.As(err, &field) || !strings.Contains(err.Error(), test.field) || !strings.Contains(err.Error(), test.allowed) {
			t.Errorf("%s: got %v; want field %s, allowed %s", test.text, err, test.field, test.allowed)
		}
	}
}

func TestWrongTypesAndBrokenYAMLNameTheLine(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"profile: small\nhttp: 12\n", "profile: small\ntemporal: {ui_port: many}\n", "a: b\n  c: [\n", "x: &a 1\ny: *a\n"} {
		_, err := load(t, text, "", fstest.MapFS{})
		if err == nil || !strings.Contains(err.Error(), "bestbox.yaml") || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestLoadPrefersTheEnvironmentsDirectoriesAndFile(t *testing.T) {
	home := t.TempDir()
	file := filepath.Join(home, "mine.yaml")
	if err := os.WriteFile(file, []byte("profile: small\nhttp: {listen: '127.0.0.1:9000'}\ndirectories: {cache: /nowhere}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("BESTBOX_CONFIG", file)
	t.Setenv("BESTBOX_CACHE_DIR", filepath.Join(home, "cache"))
	t.Setenv("BESTBOX_STATE_DIR", "")
	t.Setenv("XDG_STATE_HOME", home)
	c, err := Load("", "")
	if err != nil {
		t.Fatal(err)
	}
	want := Directories{Cache: filepath.Join(home, "cache"), State: filepath.Join(home, "bestbox")}
	if diff := cmp.Diff(want, c.Directories); diff != "" {
		t.Error(diff)
	}
	if c.Path != file || c.HTTP.URL() != "http://127.0.0.1:9000" || c.Records.Path != filepath.Join(home, "bestbox", "records.db") {
		t.Errorf("got %+v", c)
	}
}

func TestOpenListenAddressNeedsAKeyOfSomeLength(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	text := "http: {listen: '0.0.0.0:8000', api_key_file: " + key + "}"
	for content, ok := range map[string]bool{"": false, "short": false, "0123456789abcdef\n": true} {
		if err := os.WriteFile(key, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := load(t, text, "small", nil); (err == nil) != ok {
			t.Errorf("key %q: %v", content, err)
		}
	}
}

func TestSchemaFileMatchesTheType(t *testing.T) {
	t.Parallel()
	want, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../bestbox.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("bestbox.schema.json is stale; run go generate ./internal/config\n%s", diff)
	}
}

func FuzzDecodeNeverPanicsAndNeverAcceptsAnOpenServer(f *testing.F) {
	for _, seed := range []string{string(bestbox.DefaultConfig), "profile: small", "profiles: {small: {tiers: {heavy: {host: ::1}}}}", "{", "- a", "a: *b", "? {a: b}\n: c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := load(t, text, "", fstest.MapFS{})
		if err != nil {
			return
		}
		for name, tier := range c.Tiers {
			if !isLoopback(tier.Host) {
				t.Errorf("tier %s listens on %q", name, tier.Host)
			}
		}
	})
}
