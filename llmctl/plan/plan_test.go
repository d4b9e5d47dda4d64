package plan

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bestbox/internal/config"
	"bestbox/llmctl/machine"
)

var update = flag.Bool("update", false, "write testdata")

func tierOf(server string, context, slots int, flags ...string) config.Tier {
	return config.Tier{Backend: config.Native, Model: "model", Server: server, Context: context, Slots: slots, Flags: flags}
}

// models are the headers of the profiles' models, by catalogue name.
func models(t *testing.T) map[string]*Model {
	t.Helper()
	half := shape{name: "qwen2.5-0.5b", layers: 24, width: 1024, feedForward: 4864, heads: 16, kvHeads: 2, vocabulary: 151936, embedding: q5k, output: q8, large: q5k, small: q6k}
	one := shape{name: "qwen2.5-1.5b", layers: 28, width: 1536, feedForward: 8960, heads: 12, kvHeads: 2, vocabulary: 151936, embedding: q4k, output: q6k, large: q4k, small: q6k}
	return map[string]*Model{
		"qwen2.5-14b-instruct-q4_k_m": qwen14.model(t), "qwen2.5-14b-instruct-q3_k_m": qwen14small.model(t), "qwen2.5-7b-instruct-q5_k_m": qwen7.model(t),
		"qwen2.5-coder-0.5b-instruct-q4_k_m": half.model(t), "qwen2.5-coder-1.5b-instruct-q4_k_m": one.model(t),
	}
}

func inputOf(t *testing.T, all map[string]*Model, folder, profile string) Input {
	t.Helper()
	memory, err := machine.ReadMemory(os.DirFS("../machine/testdata/" + folder))
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(emptyConfig(t), profile)
	if err != nil {
		t.Fatal(err)
	}
	in := Input{Profile: profile, Memory: memory}
	for _, name := range []string{config.Heavy, config.Light} {
		tier := c.Tiers[name]
		in.Tiers = append(in.Tiers, Tier{Name: name, Config: tier, Model: all[tier.Model]})
	}
	return in
}

func emptyConfig(t *testing.T, content ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bestbox.yaml")
	if err := os.WriteFile(path, []byte(strings.Join(content, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Every recorded machine with every shipped profile, as people see it. Whatever is given up can be written into bestbox.yaml and is
// what the plan says; and a plan made from that fits as it is.
func TestPlansOfRecordedMachines(t *testing.T) {
	t.Parallel()
	all := models(t)
	for _, folder := range []string{"strix-halo-96g", "strix-halo-512m", "discrete-24g", "discrete-8g", "intel-8g", "no-gpu"} {
		for _, profile := range []string{"small", "strix-halo"} {
			t.Run(folder+" "+profile, func(t *testing.T) {
				t.Parallel()
				p, err := Make(inputOf(t, all, folder, profile))
				if err != nil {
					t.Fatal(err)
				}
				var text bytes.Buffer
				if err := p.Print(&text); err != nil {
					t.Fatal(err)
				}
				if err := p.Err(); err != nil {
					text.WriteString("\nerror: " + err.Error() + "\n")
				}
				golden(t, folder+"."+profile+".txt", text.Bytes())
				if p.Enough {
					againWith(t, all, folder, profile, p)
				}
			})
		}
	}
}

// againWith plans with the changes written into a configuration file.
func againWith(t *testing.T, all map[string]*Model, folder, profile string, p Plan) {
	t.Helper()
	c, err := config.Load(emptyConfig(t, p.YAML), profile)
	if err != nil {
		t.Fatalf("%v\n%s", err, p.YAML)
	}
	in := inputOf(t, all, folder, profile)
	for i := range in.Tiers {
		in.Tiers[i].Config = c.Tiers[in.Tiers[i].Name]
		in.Tiers[i].Model = all[in.Tiers[i].Config.Model]
	}
	again, err := Make(in)
	if err != nil || !again.Fits {
		t.Errorf("it does not fit with what the plan says: %v %v\n%s", err, again.Err(), p.YAML)
	}
	for i, tier := range again.Tiers {
		if tier.Need != p.After[i].Need {
			t.Errorf("%s: %+v; the plan said %+v", tier.Name, tier.Need, p.After[i].Need)
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", strings.ReplaceAll(name, " ", "-"))
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v\n%s\nwant (%s; -update writes it)\n%s", err, got, path, want)
	}
}
