package convert

import "fmt"

// naming is how a tensor is called in safetensors and in GGUF, without .weight and .bias.
type naming struct {
	from, to string
	shape    []uint64
}

// tensorsOf takes the model's tensors in a fixed order. Matrices become f16; what is small or added up stays f32. The pooler is left out: it belongs to another task.
func tensorsOf(found weights, size sizes) ([]tensor, error) {
	var all []tensor
	take := func(from, to string, half bool, shape ...uint64) error {
		t, err := found.tensor(from, shape...)
		t.name, t.half = to, half
		all = append(all, t)
		return err
	}
	// both takes a weight and its bias, which has as many numbers as the weight's first dimension.
	both := func(n naming) error {
		if err := take(n.from+".weight", n.to+".weight", len(n.shape) > 1, n.shape...); err != nil {
			return err
		}
		return take(n.from+".bias", n.to+".bias", false, n.shape[0])
	}
	width, wide := size.Width, size.FeedForward
	for _, n := range []struct {
		naming
		half bool
	}{
		{naming{"embeddings.word_embeddings.weight", "token_embd.weight", []uint64{size.Vocabulary, width}}, true},
		{naming{"embeddings.position_embeddings.weight", "position_embd.weight", []uint64{size.Positions, width}}, false},
		{naming{"embeddings.token_type_embeddings.weight", "token_types.weight", []uint64{size.TokenTypes, width}}, false},
	} {
		if err := take(n.from, n.to, n.half, n.shape...); err != nil {
			return nil, err
		}
	}
	if err := both(naming{"embeddings.LayerNorm", "token_embd_norm", []uint64{width}}); err != nil {
		return nil, err
	}
	for layer := range size.Layers {
		for _, n := range []naming{
			{"attention.self.query", "attn_q", []uint64{width, width}},
			{"attention.self.key", "attn_k", []uint64{width, width}},
			{"attention.self.value", "attn_v", []uint64{width, width}},
			{"attention.output.dense", "attn_output", []uint64{width, width}},
			{"attention.output.LayerNorm", "attn_output_norm", []uint64{width}},
			{"intermediate.dense", "ffn_up", []uint64{wide, width}},
			{"output.dense", "ffn_down", []uint64{width, wide}},
			{"output.LayerNorm", "layer_output_norm", []uint64{width}},
		} {
			n.from, n.to = fmt.Sprintf("encoder.layer.%d.%s", layer, n.from), fmt.Sprintf("blk.%d.%s", layer, n.to)
			if err := both(n); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}
