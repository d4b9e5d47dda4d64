// Package convert makes model files that llama-server reads (GGUF) from what a model's publisher hands out (safetensors with its settings in JSON), where no ready file can
// be had. It knows one family: encoders of the architecture BERT with a WordPiece vocabulary without capitals and with mean pooling, such as all-MiniLM-L6-v2. What it does
// not know it refuses, since a file that is nearly right gives vectors that are quietly wrong.
//
// The same archive makes the same bytes, so that the catalogue can name their SHA-256.
package convert

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// largestFile bounds one file of an archive, in bytes. The largest known is 90 MB.
const largestFile = 1 << 30

// sizes are the settings of the model, from config.json.
type sizes struct {
	ModelType      string  `json:"model_type"`
	Activation     string  `json:"hidden_act"`
	PositionType   string  `json:"position_embedding_type"`
	Width          uint64  `json:"hidden_size"`
	FeedForward    uint64  `json:"intermediate_size"`
	Positions      uint64  `json:"max_position_embeddings"`
	Heads          uint32  `json:"num_attention_heads"`
	Layers         uint32  `json:"num_hidden_layers"`
	TokenTypes     uint64  `json:"type_vocab_size"`
	Vocabulary     uint64  `json:"vocab_size"`
	LayerNormError float32 `json:"layer_norm_eps"`
}

// pooling says how the vectors of the tokens become that of the text, from 1_Pooling/config.json.
type pooling struct {
	Mean bool `json:"pooling_mode_mean_tokens"`
	CLS  bool `json:"pooling_mode_cls_token"`
	Max  bool `json:"pooling_mode_max_tokens"`
	Root bool `json:"pooling_mode_mean_sqrt_len_tokens"`
}

// tokenizer is what counts of tokenizer.json.
type tokenizer struct {
	Added []struct {
		ID      int    `json:"id"`
		Content string `json:"content"`
		Special bool   `json:"special"`
	} `json:"added_tokens"`
	Normalizer struct {
		Type      string `json:"type"`
		Lowercase bool   `json:"lowercase"`
	} `json:"normalizer"`
	Model struct {
		Type       string         `json:"type"`
		Vocabulary map[string]int `json:"vocab"`
	} `json:"model"`
}

// BERT reads an archive (.zip) with a model as sentence-transformers saves it, and writes it to out, in f16, under this name.
func BERT(archive, name, out string) (err error) {
	header, tensors, err := readBERT(archive, name)
	if err != nil {
		return fmt.Errorf("convert %s: %w", archive, err)
	}
	file, err := os.Create(out)
	if err != nil {
		return err
	}
	return errors.Join(writeGGUF(file, header, tensors), file.Close())
}

func readBERT(archive, name string) ([]pair, []tensor, error) {
	files, err := zip.OpenReader(archive)
	if err != nil {
		return nil, nil, err
	}
	defer files.Close()
	var (
		size   sizes
		pool   pooling
		tokens tokenizer
	)
	for path, into := range map[string]any{"config.json": &size, "1_Pooling/config.json": &pool, "tokenizer.json": &tokens} {
		content, err := fileOf(files, path)
		if err == nil {
			err = json.Unmarshal(content, into)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	if err := known(size, pool, tokens); err != nil {
		return nil, nil, err
	}
	header, err := headerOf(name, size, tokens)
	if err != nil {
		return nil, nil, err
	}
	content, err := fileOf(files, "model.safetensors")
	if err != nil {
		return nil, nil, err
	}
	found, err := readSafetensors(content)
	if err != nil {
		return nil, nil, err
	}
	tensors, err := tensorsOf(found, size)
	return header, tensors, err
}

func fileOf(files *zip.ReadCloser, path string) ([]byte, error) {
	file, err := files.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, largestFile+1))
	if err == nil && len(content) > largestFile {
		err = fmt.Errorf("%s has more than %d bytes", path, largestFile)
	}
	return content, err
}

// known refuses what this package, or llama-server's tokenizer for BERT, which always drops capitals and accents, would make something else of.
func known(size sizes, pool pooling, tokens tokenizer) error {
	for _, wrong := range []struct {
		is   bool
		what string
	}{
		{size.ModelType != "bert" || size.Activation != "gelu" || (size.PositionType != "" && size.PositionType != "absolute"), "the model is not BERT with gelu and absolute positions"},
		{size.Width == 0 || size.Width > 1<<14 || size.FeedForward == 0 || size.FeedForward > 1<<16 || size.Positions == 0 || size.Positions > 1<<16 || size.Heads == 0 ||
			size.Layers == 0 || size.Layers > 1<<8 || size.TokenTypes == 0 || size.TokenTypes > 1<<8 || size.Vocabulary == 0 || size.Vocabulary > 1<<20, "a size of config.json is missing or too large"},
		{!pool.Mean || pool.CLS || pool.Max || pool.Root, "the pooling is not the mean"},
		{tokens.Model.Type != "WordPiece" || tokens.Normalizer.Type != "BertNormalizer" || !tokens.Normalizer.Lowercase, "the tokenizer is not WordPiece without capitals"},
		{uint64(len(tokens.Model.Vocabulary)) != size.Vocabulary, "the vocabulary has another size than config.json says"},
	} {
		if wrong.is {
			return errors.New(wrong.what)
		}
	}
	return nil
}

// Kinds of tokens in GGUF.
const (
	tokenNormal  int32 = 1
	tokenControl int32 = 3
)

// meanPooling is GGUF's number for it.
const meanPooling uint32 = 1

func headerOf(name string, size sizes, tokens tokenizer) ([]pair, error) {
	words, kinds, special, err := vocabulary(tokens)
	if err != nil {
		return nil, err
	}
	header := []pair{
		{"general.architecture", "bert"},
		{"general.name", name},
		{"general.file_type", uint32(1)}, // mostly f16
		{"bert.block_count", size.Layers},
		{"bert.context_length", uint32(size.Positions)},        //nolint:gosec // checked when it was read
		{"bert.embedding_length", uint32(size.Width)},          //nolint:gosec // checked when it was read
		{"bert.feed_forward_length", uint32(size.FeedForward)}, //nolint:gosec // checked when it was read
		{"bert.attention.head_count", size.Heads},
		{"bert.attention.layer_norm_epsilon", size.LayerNormError},
		{"bert.attention.causal", false},
		{"bert.pooling_type", meanPooling},
		{"tokenizer.ggml.model", "bert"},
		{"tokenizer.ggml.token_type_count", uint32(size.TokenTypes)}, //nolint:gosec // checked when it was read
		{"tokenizer.ggml.tokens", words},
		{"tokenizer.ggml.token_type", kinds},
	}
	for _, token := range []struct{ key, content string }{
		{"bos", "[CLS]"}, {"cls", "[CLS]"}, {"seperator", "[SEP]"}, {"unknown", "[UNK]"}, {"padding", "[PAD]"}, {"mask", "[MASK]"}, //nolint:misspell // so it is spelt in the format
	} {
		id, there := special[token.content]
		if !there {
			return nil, fmt.Errorf("tokenizer.json has no special token %s", token.content)
		}
		header = append(header, pair{"tokenizer.ggml." + token.key + "_token_id", id})
	}
	return header, nil
}

// vocabulary writes words as llama-server's tokenizer wants them: one that begins a word has "▁" in front, one that goes on has lost its "##".
func vocabulary(tokens tokenizer) (words []string, kinds []int32, special map[string]uint32, err error) {
	words, kinds = make([]string, len(tokens.Model.Vocabulary)), make([]int32, len(tokens.Model.Vocabulary))
	for word, id := range tokens.Model.Vocabulary {
		if id < 0 || id >= len(words) || kinds[id] != 0 {
			return nil, nil, nil, fmt.Errorf("tokenizer.json numbers %q %d, twice or beyond its %d words", word, id, len(words))
		}
		words[id], kinds[id] = "▁"+word, tokenNormal
		if rest, goesOn := strings.CutPrefix(word, "##"); goesOn {
			words[id] = rest
		}
	}
	special = map[string]uint32{}
	for _, added := range tokens.Added {
		if id, there := tokens.Model.Vocabulary[added.Content]; !there || id != added.ID || !added.Special {
			return nil, nil, nil, fmt.Errorf("tokenizer.json adds %q, which is not a special token of its vocabulary", added.Content)
		}
		words[added.ID], kinds[added.ID] = added.Content, tokenControl
		special[added.Content] = uint32(added.ID) //nolint:gosec // an index of the vocabulary
	}
	return words, kinds, special, nil
}
