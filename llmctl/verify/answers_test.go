package verify_test

import (
	"crypto/rand"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bestbox/internal/llm/llmtest"
	"bestbox/llmctl/verify"
)

var record = flag.Bool("record", false, "record the shipped references anew")

// A shipped reference was recorded with one way of computing; every healthy way agrees with it. The table's differences are what the
// limits rest on: run with -v to see them.
func TestHealthyServersAgreeWithTheReference(t *testing.T) {
	t.Parallel()
	expected := reference(t, smallSHA256)
	for _, flags := range []string{
		"-ub 64", "-ub 32", "-ub 512 -t 2", "-ub 64 -np 2 -kvu", "-ub 64 --no-repack", "-ub 64 -fa off", "-ub 64 -fa on -ctk q8_0 -ctv q8_0",
		"-ub 512 -fa on -ctk q8_0 -ctv q8_0", "-ub 64 -fa off -ctk q8_0", "-ub 64 -fa on -ctk bf16 -ctv bf16",
	} {
		t.Run(flags, func(t *testing.T) {
			t.Parallel()
			report := answers(t, start(t, artefact(t, small), strings.Fields(flags)...), expected)
			if report.Verdict != verify.Right || report.Compared == 0 {
				t.Errorf("a healthy server was judged %+v", report)
			}
		})
	}
}

func zeros(data []byte) { clear(data) }

func noise(data []byte) { _, _ = rand.Read(data) }

// swapped keeps every value of the tensor in its range, only elsewhere: nothing overflows, and what is computed is wrong.
func swapped(data []byte) {
	half := len(data) / 2 / 64 * 64
	other := append([]byte(nil), data[:half]...)
	copy(data, data[half:2*half])
	copy(data[half:], other)
}

// Each of these servers loads, says that it is healthy, and computes something else than the model.
func TestWrongServersAreFound(t *testing.T) {
	t.Parallel()
	expected := reference(t, smallSHA256)
	for _, test := range []struct {
		name   string
		tensor string
		spoil  func([]byte)
		flags  string
	}{
		{name: "a layer of noise", tensor: "blk.15.ffn_up.weight", spoil: noise},
		{name: "feed-forward gone", tensor: "blk.15.ffn_down.weight", spoil: zeros},
		{name: "attention's keys gone in the last layer", tensor: "blk.29.attn_k.weight", spoil: zeros},
		{name: "a norm gone", tensor: "blk.3.attn_norm.weight", spoil: zeros},
		{name: "halves of a tensor swapped", tensor: "blk.8.attn_output.weight", spoil: swapped},
		{name: "positions ten times coarser, seen over a long prompt", flags: "-ub 512 --rope-freq-base 10000"},
		{name: "attention's values gone in the last layer", tensor: "blk.29.attn_v.weight", spoil: zeros},
		{name: "positions ten times coarser", flags: "--rope-freq-base 10000"},
		{name: "positions ten times finer", flags: "--rope-freq-base 1000000"},
		{name: "another constant", flags: "--override-kv llama.attention.layer_norm_rms_epsilon=float:0.01"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			model := artefact(t, small)
			if test.tensor != "" {
				model = damage(t, model, test.tensor, test.spoil)
			}
			server := start(t, model, append([]string{"-ub", "64"}, strings.Fields(test.flags)...)...)
			if report := answers(t, server, expected); report.Verdict != verify.Wrong || report.Sentence == "" {
				t.Errorf("%+v", report)
			}
		})
	}
}

// Nonsense is found without a reference, and a healthy server passes.
func TestNonsenseIsFoundWithoutAReference(t *testing.T) {
	t.Parallel()
	if report := answers(t, start(t, artefact(t, small), "-ub", "64"), nil); report.Verdict != verify.Right || report.Compared != 0 ||
		!strings.Contains(report.Sentence, "no reference") {
		t.Errorf("a healthy server: %+v", report)
	}
	for tensor, spoil := range map[string]func([]byte){
		"token_embd.weight": swapped, "blk.0.attn_output.weight": zeros, "blk.20.ffn_up.weight": noise,
	} {
		if report := answers(t, start(t, damage(t, artefact(t, small), tensor, spoil), "-ub", "64"), nil); report.Verdict != verify.Wrong {
			t.Errorf("%s damaged: %+v", tensor, report)
		}
	}
}

// The models of the shipped profiles, at the micro-batches of the profiles. With -record the references are written instead.
func TestShippedReferences(t *testing.T) {
	for _, test := range []struct {
		model, sha256 string
		limit         float64 // see defaultLimit
		flags         []string
	}{
		{small, smallSHA256, 0.38, []string{"-ub 64", "-ub 512"}},
		{llmtest.LightModel, "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32", 0.33, []string{"-ub 64 -t 2", "-ub 512 -t 2"}},
		{llmtest.HeavyModel, "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046", 0.27, []string{"-ub 64 -b 64 -t 2", "-ub 512 -t 2"}},
	} {
		for _, flags := range test.flags {
			t.Run(test.model+" "+flags, func(t *testing.T) {
				if test.model != small {
					exclusive(t)
				}
				server := start(t, artefact(t, test.model), strings.Fields(flags)...)
				server.Model = test.sha256
				if *record {
					keep(t, server, test.limit)
					return
				}
				report := answers(t, server, reference(t, test.sha256))
				if report.Verdict != verify.Right || report.Compared == 0 || report.Limit != test.limit {
					t.Errorf("%+v", report)
				}
			})
		}
	}
}

// A wrong server with a larger model; those of the smallest one are in TestWrongServersAreFound.
func TestWrongPositionsOfALargerModelAreFound(t *testing.T) {
	const sha256 = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
	exclusive(t)
	server := start(t, artefact(t, llmtest.HeavyModel), "-ub", "64", "-t", "2", "--rope-freq-base", "10000000")
	if report := answers(t, server, reference(t, sha256)); report.Verdict != verify.Wrong {
		t.Errorf("%+v", report)
	}
}

// keep writes the reference of a server beside the earlier ones of other sizes.
func keep(t *testing.T, server verify.Server, limit float64) {
	t.Helper()
	recorded, err := verify.Record(t.Context(), server, "processor")
	if err != nil {
		t.Fatal(err)
	}
	recorded.Limit = limit
	state := t.TempDir()
	path := filepath.Join("references", server.Model+".json")
	if err := os.MkdirAll(filepath.Join(state, "references"), 0o700); err != nil {
		t.Fatal(err)
	}
	if earlier, err := os.ReadFile(path); err == nil { // Save merges with what is there
		if err := os.WriteFile(filepath.Join(state, path), earlier, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := verify.Save(state, recorded); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(state, path))
	if err != nil || !json.Valid(content) {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(content, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}
