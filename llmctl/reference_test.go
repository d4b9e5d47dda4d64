package main

import (
	"flag"
	"testing"

	"bestbox/internal/referencetest"
)

//go:generate go test -run ^TestReference . -update

var update = flag.Bool("update", false, "write docs/reference")

func TestReferenceSaysWhatTheCommandsSay(t *testing.T) {
	t.Parallel()
	referencetest.Check(t, newRoot(), "../docs/reference", *update)
}
