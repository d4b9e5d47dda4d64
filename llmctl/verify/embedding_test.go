package verify_test

import (
	"testing"

	"bestbox/llmctl/verify"
)

// standIn is a model for embeddings, whose scores happen to be right about the texts of the check: no small model for reranking can be had here. It has no layer for scores, so that
// the server takes another number of the embedding in each slot, and must have one slot.
const standIn = "all-minilm-l6-v2-f16"

func TestWhatServersThatOnlyReadMakeOfTextsIsJudged(t *testing.T) {
	t.Parallel()
	embedding, reranking := []string{"--embeddings", "--pooling", "mean"}, []string{"--reranking", "-kvu"}
	for _, test := range []struct {
		name   string
		model  string
		flags  []string
		tensor string
		spoil  func([]byte)
		want   verify.Verdict
	}{
		{name: "healthy vectors", model: small, flags: embedding, want: verify.Right},
		{name: "vectors, noise in a layer", model: small, flags: embedding, tensor: "blk.15.ffn_up.weight", spoil: noise, want: verify.Wrong},
		{name: "vectors, everything the same", model: small, flags: embedding, tensor: "output_norm.weight", spoil: zeros, want: verify.Wrong},
		{name: "healthy scores", model: standIn, flags: reranking, want: verify.Right},
		{name: "scores, everything the same", model: standIn, flags: reranking, tensor: "blk.5.layer_output_norm.weight", spoil: zeros, want: verify.Wrong},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			model := artefact(t, test.model)
			if test.tensor != "" {
				model = damage(t, model, test.tensor, test.spoil)
			}
			server := start(t, model, test.flags...)
			server.Embedding, server.Reranking = test.flags[0] == "--embeddings", test.flags[0] == "--reranking"
			if report := answers(t, server, nil); report.Verdict != test.want || report.Sentence == "" {
				t.Errorf("%+v", report)
			}
		})
	}
}
