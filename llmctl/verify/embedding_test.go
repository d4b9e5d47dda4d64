package verify_test

import (
	"testing"

	"bestbox/llmctl/verify"
)

func TestVectorsAreJudged(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		tensor string
		spoil  func([]byte)
		want   verify.Verdict
	}{
		{name: "healthy", want: verify.Right},
		{name: "noise in a layer", tensor: "blk.15.ffn_up.weight", spoil: noise, want: verify.Wrong},
		{name: "everything the same", tensor: "output_norm.weight", spoil: zeros, want: verify.Wrong},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			model := artefact(t, small)
			if test.tensor != "" {
				model = damage(t, model, test.tensor, test.spoil)
			}
			server := start(t, model, "--embeddings", "--pooling", "mean")
			server.Embedding = true
			if report := answers(t, server, nil); report.Verdict != test.want || report.Sentence == "" {
				t.Errorf("%+v", report)
			}
		})
	}
}
