package verify_test

import (
	"testing"

	"bestbox/llmctl/verify"
)

// standIn is a model for embeddings, whose scores happen to be right about the texts of the check: no small model for reranking can be had here. It has no layer for scores, so that
// the server takes another number of the embedding in each slot, and must have one slot.
const standIn = "all-minilm-l6-v2-f16"

func TestScoresAreJudged(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		tensor string
		spoil  func([]byte)
		want   verify.Verdict
	}{
		{name: "healthy", want: verify.Right},
		{name: "everything the same", tensor: "blk.5.layer_output_norm.weight", spoil: zeros, want: verify.Wrong},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			model := artefact(t, standIn)
			if test.tensor != "" {
				model = damage(t, model, test.tensor, test.spoil)
			}
			server := start(t, model, "--reranking", "-kvu")
			server.Reranking = true
			if report := answers(t, server, nil); report.Verdict != test.want || report.Sentence == "" {
				t.Errorf("%+v", report)
			}
		})
	}
}

func TestScoresOfRequestsDoNotMix(t *testing.T) {
	t.Parallel()
	server := start(t, artefact(t, standIn), "--reranking", "-kvu")
	server.Reranking = true
	for name, test := range map[string]struct {
		server verify.Server
		want   verify.Verdict
	}{
		"healthy":         {server, verify.Right},
		"another's score": {behindFault(t, server, func(_, other []byte) []byte { return other }), verify.Wrong},
	} {
		report, err := verify.Isolation(t.Context(), test.server)
		if err != nil {
			t.Fatal(name, err)
		}
		if report.Verdict != test.want || report.Requests != 2*server.Slots+1 {
			t.Errorf("%s: %+v", name, report)
		}
	}
}
