package llm_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/tmc/langchaingo/llms"

	"bestbox/internal/llm"
)

const unionSchema = `{"oneOf":[
	{"type":"object","properties":{"tool":{"const":"inventory_levels"},"arguments":{"type":"object","properties":
		{"item":{"type":"string","pattern":"^[A-Z]-[0-9]{3}$"}},"required":["item"],"additionalProperties":false}},
		"required":["tool","arguments"],"additionalProperties":false},
	{"type":"object","properties":{"tool":{"const":"answer"}},"required":["tool"],"additionalProperties":false}]}`

var stockQuestion = []llms.MessageContent{
	llm.System(`Reply with JSON. To look up stock: {"tool":"inventory_levels","arguments":{"item":"A-100"}}. To stop: {"tool":"answer"}.`),
	llm.User("How much stock of B-220 is left?"),
}

func TestDecisionHoldsToTheSchema(t *testing.T) {
	t.Parallel()
	decision, usage, err := shared.Tier(t).Decide(context.Background(), stockQuestion, json.RawMessage(unionSchema), 60)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Tool      string
		Arguments struct{ Item string }
	}
	if err := json.Unmarshal(decision, &got); err != nil || (got.Tool != "inventory_levels" && got.Tool != "answer") {
		t.Errorf("got %s (%v), want one of the schema's two shapes", decision, err)
	}
	if usage.GeneratedTokens == 0 {
		t.Errorf("usage is not filled: %+v", usage)
	}
}

func TestDecisionCutAtItsLimitIsAnErrorWithUsage(t *testing.T) {
	t.Parallel()
	schema := json.RawMessage(`{"type":"object","properties":{"text":{"type":"string","minLength":200}},"required":["text"]}`)
	decision, usage, err := shared.Tier(t).Decide(context.Background(), stockQuestion, schema, 5)
	var failure *llm.Error
	if !errors.As(err, &failure) || failure.Kind != llm.Cut || failure.Retryable() {
		t.Errorf("got %s and %v, want kind cut, not retryable", decision, err)
	}
	if usage.GeneratedTokens != 5 {
		t.Errorf("got %d generated tokens, want 5", usage.GeneratedTokens)
	}
}

func TestSchemaTheServerCannotUseIsRefused(t *testing.T) {
	t.Parallel()
	schema := json.RawMessage(`{"type":"object","properties":{"a":{"$ref":"#/definitions/missing"}}}`)
	_, _, err := shared.Tier(t).Decide(context.Background(), stockQuestion, schema, 20)
	var failure *llm.Error
	if !errors.As(err, &failure) || failure.Kind != llm.Refused {
		t.Errorf("got %v, want kind refused", err)
	}
}

func TestDecisionsOfOneConversationReuseThePrefix(t *testing.T) {
	t.Parallel()
	tier := shared.Tier(t)
	most := 0
	for range 3 { // the server may give the second request to the other slot
		_, usage, err := tier.Decide(context.Background(), stockQuestion, json.RawMessage(unionSchema), 60)
		if err != nil {
			t.Fatal(err)
		}
		most = max(most, usage.CachedTokens)
	}
	if most == 0 {
		t.Error("no prompt token was reused in three equal requests")
	}
}
