package embed

import (
	"context"
	"unicode/utf8"
)

// countBatch is how many texts one request for counting holds, in number and in bytes: the server reads a request whole before it begins.
const (
	countBatch = 128
	countBytes = 256 << 10
)

// mostTokensPerByte is more than any tokenizer makes: one that takes signs apart first makes 18 letters of the three bytes of one Arabic ligature.
const mostTokensPerByte = 6

// bytesPerToken is what a token has at least in ordinary text: a Chinese sign, or a short English word. It serves where the server cannot count.
const bytesPerToken = 3

// CountTokens returns how many tokens each text has, without what the server puts around it: what MaximumTokens is compared with. Where the server has no /tokenize, which
// only llama-server and a few others have, it is an estimate that is rather too high: one for every three bytes.
func (c *Client) CountTokens(ctx context.Context, texts []string) ([]int, error) {
	counts := make([]int, 0, len(texts))
	for len(counts) < len(texts) {
		from, bytes := len(counts), 0
		end := from
		for end < len(texts) && end < from+countBatch && (end == from || bytes+len(texts[end]) <= countBytes) {
			bytes += len(texts[end])
			end++
		}
		some, err := c.count(ctx, texts[from:end])
		if err != nil {
			return nil, err
		}
		counts = append(counts, some...)
	}
	return counts, nil
}

func (c *Client) count(ctx context.Context, texts []string) ([]int, error) {
	if !c.uncounted.Load() {
		counts, err := retry(ctx, c, func(ctx context.Context) ([]int, error) { return c.tier.CountTokensOf(ctx, texts) })
		if err == nil || !absent(err) {
			return counts, err
		}
		c.uncounted.Store(true)
	}
	counts := make([]int, len(texts))
	for i, text := range texts {
		counts[i] = (len(text) + bytesPerToken - 1) / bytesPerToken
	}
	return counts, nil
}

// cut shortens the texts that have more tokens than the server takes. The number of tokens of a beginning is not known before it is counted, so a text is cut in
// proportion and counted again until it fits.
func (c *Client) cut(ctx context.Context, texts []string) error {
	var long []int
	for i, text := range texts {
		if len(text)*mostTokensPerByte > c.MaximumTokens() {
			long = append(long, i)
		}
	}
	for len(long) > 0 {
		some := make([]string, len(long))
		for i, at := range long {
			some[i] = texts[at]
		}
		counts, err := c.CountTokens(ctx, some)
		if err != nil {
			return err
		}
		var still []int
		for i, at := range long {
			if counts[i] > c.MaximumTokens() {
				texts[at] = beginning(texts[at], len(texts[at])*c.MaximumTokens()/counts[i])
				still = append(still, at)
			}
		}
		long = still
	}
	return nil
}

// beginning is the first bytes of a text, at most size and always fewer than it has, without half a character at the end.
func beginning(text string, size int) string {
	size = min(size, len(text)-1)
	for size > 0 && !utf8.RuneStart(text[size]) {
		size--
	}
	return text[:size]
}
