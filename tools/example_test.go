package tools_test

import (
	"context"
	"encoding/json"
	"fmt"

	"bestbox/tools"
)

type stockArguments struct {
	ItemID string `json:"item_id" jsonschema:"pattern=^[A-Z]-[0-9]{3}$,example=A-100" jsonschema_description:"The item's id."`
}

type stock struct {
	ItemID string `json:"item_id"`
	OnHand int    `json:"on_hand"`
	Below  bool   `json:"below_reorder"`
}

func (s stock) Sentences() []string {
	if s.Below {
		return []string{fmt.Sprintf("%s is below its reorder point: %d on hand.", s.ItemID, s.OnHand)}
	}
	return []string{fmt.Sprintf("There is enough of %s: %d on hand.", s.ItemID, s.OnHand)}
}

func Example() {
	tool, err := tools.New(
		tools.Definition{Name: "get_stock", Description: "Stock of one item.", Effect: tools.Read},
		func(_ context.Context, in stockArguments) (stock, error) { return stock{in.ItemID, 12, true}, nil },
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := tool.Call(context.Background(), json.RawMessage(`{"item_id": " A-100 "}`))
	fmt.Println(string(result.Data), err)
	fmt.Println(result.Sentences[0])

	_, err = tool.Call(context.Background(), json.RawMessage(`{"item_id": "motor"}`))
	fmt.Println(err)
	// Output:
	// {"item_id":"A-100","on_hand":12,"below_reorder":true} <nil>
	// A-100 is below its reorder point: 12 on hand.
	// get_stock: argument "item_id" is "motor"; allowed: text like A-100
}
