package verify_test

import (
	"testing"

	"bestbox/llmctl/verify"
)

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
