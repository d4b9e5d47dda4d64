package embed_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/embed"
	"bestbox/internal/llm/llmtest"
)

func cosine(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// The figures are of the publisher's weights, computed in double precision by another program, with the publisher's tokenizer.
func TestVectorsAreThoseOfTheModelsReference(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]float64{
		"The invoice must be paid before Friday.": {-0.04882, 0.07419, 0.03254, -0.07079, -0.12649, -0.00167},
		"naïve café résumé":                       {-0.03888, -0.01636, 0.00302, 0.0319, 0.04707, 0.07145},
	} {
		vector, err := real(t).EmbedQuery(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		if len(vector) != 384 {
			t.Fatalf("%d dimensions", len(vector))
		}
		for i, value := range want {
			if math.Abs(float64(vector[i])-value) > 5e-4 {
				t.Errorf("%s: component %d is %.5f instead of %.5f", text, i, vector[i], value)
			}
		}
	}
}

func TestTextsOfOneMeaningAreNearerThanOthers(t *testing.T) {
	t.Parallel()
	vectors, err := real(t).EmbedDocuments(t.Context(), []string{
		"The invoice must be paid before Friday.", "Payment of the bill is due by Friday.", "Cats like to sleep in the warm sun.",
	})
	if err != nil {
		t.Fatal(err)
	}
	if near, far := cosine(vectors[0], vectors[1]), cosine(vectors[0], vectors[2]); near < 0.7 || far > 0.2 {
		t.Errorf("cosine %.3f of one meaning, %.3f of two", near, far)
	}
}

func TestManyTextsKeepTheirOrderAndEachHasLengthOne(t *testing.T) {
	t.Parallel()
	var texts []string
	for i := range 34 { // several requests
		texts = append(texts, fmt.Sprintf("Pump number %d is stored in hall %d.", i, 34-i))
	}
	client := real(t)
	vectors, err := client.EmbedDocuments(t.Context(), texts)
	if err != nil || len(vectors) != len(texts) {
		t.Fatalf("%d vectors, %v", len(vectors), err)
	}
	for _, i := range []int{0, 7, 8, 31, 32, 33} {
		alone, err := client.EmbedQuery(t.Context(), texts[i])
		if err != nil {
			t.Fatal(err)
		}
		if same := cosine(alone, vectors[i]); same < 0.9999 {
			t.Errorf("text %d has another vector among others: cosine %.5f", i, same)
		}
		if length := cosine(vectors[i], vectors[i]); math.Abs(length-1) > 1e-5 {
			t.Errorf("text %d: length %.6f", i, math.Sqrt(length))
		}
	}
	if none, err := client.EmbedDocuments(t.Context(), nil); err != nil || len(none) != 0 {
		t.Errorf("no texts: %v, %v", none, err)
	}
}

func TestAServerSaysItsModelAndDimension(t *testing.T) {
	t.Parallel()
	want := knowledge.Model{Name: llmtest.EmbedModel, Dimension: 384}
	for _, name := range []string{llmtest.EmbedModel, ""} {
		if got, err := open(t, embed.Options{URL: shared.URL, Model: name}).Describe(t.Context()); err != nil || got != want {
			t.Errorf("%q: %+v, %v", name, got, err)
		}
	}
	_, err := open(t, embed.Options{URL: shared.URL, Model: "bge-m3-q8_0"}).Describe(t.Context())
	if err == nil || !strings.Contains(err.Error(), llmtest.EmbedModel+" instead of bge-m3-q8_0") {
		t.Errorf("another model: %v", err)
	}
}

func TestATextThatIsTooLongIsCutAtTheLastTokenThatFits(t *testing.T) {
	t.Parallel()
	if got := real(t).MaximumTokens(); got != 510 {
		t.Errorf("%d tokens at most, of a server that takes 512", got)
	}
	client := open(t, embed.Options{URL: shared.URL, Context: 58})
	const sentence, cats = "The purchase department orders pumps and valves for the plant in Suzhou. ", "Cats like to sleep in the sun. "
	counts, err := client.CountTokens(t.Context(), []string{sentence, cats})
	if err != nil || counts[0] != 14 || counts[1] != 8 {
		t.Fatalf("%v, %v", counts, err)
	}
	vectors, err := client.EmbedDocuments(t.Context(), []string{
		strings.Repeat(sentence, 50),
		strings.Repeat(sentence, 4) + cats + strings.Repeat(sentence, 50),         // 56 tokens, and what does not count
		strings.Repeat(sentence, 3) + cats + strings.Repeat(sentence, 50),         // 42, and what does
		strings.Repeat(sentence, 3) + cats + "The purchase department orders pum", // what is left of it; a word may be cut
	})
	if err != nil {
		t.Fatal(err)
	}
	if same := cosine(vectors[0], vectors[1]); same < 0.9999 {
		t.Errorf("what stands behind the limit counts: cosine %.5f", same)
	}
	if near, far := cosine(vectors[2], vectors[3]), cosine(vectors[0], vectors[2]); near < 0.98 || far > 0.97 {
		t.Errorf("what stands before the limit does not count: cosine %.5f to what should be left, %.5f to a text without it", near, far)
	}
}

func TestTextsThatMakeManyTokensOfFewBytesAreCutToo(t *testing.T) {
	t.Parallel()
	o := llmtest.Embedding()
	o.Context, o.Flags = 64, append(o.Flags, "-b", "64", "-ub", "64")
	client := open(t, embed.Options{URL: llmtest.Start(t, o).URL, Context: 64})
	for what, text := range map[string]string{
		"signs":           strings.Repeat("!?", 200),
		"Chinese":         strings.Repeat("采购订单超过一万元需要经理批准。", 20),
		"one word":        strings.Repeat("x", 2000),
		"Korean":          strings.Repeat("한국어 문장입니다 ", 50),
		"Arabic ligature": strings.Repeat("ﷺ ", 70),
		"emoji":           strings.Repeat("🙂👍🏽 ", 50),
		"broken bytes":    strings.Repeat("\xff\xfe ", 90),
		"zero bytes":      "a\x00b " + strings.Repeat("\x00 c", 90),
		"control tokens":  strings.Repeat("[SEP][CLS]", 40),
		"just so long":    strings.Repeat("!", 62),
		"one more":        strings.Repeat("!", 63),
	} {
		if _, err := client.EmbedDocuments(t.Context(), []string{text}); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAnEmptyTextIsRefusedBeforeAnythingIsAsked(t *testing.T) {
	t.Parallel()
	client := open(t, embed.Options{URL: "http://127.0.0.1:1"})
	for _, text := range []string{"", " \n\t"} {
		if _, err := client.EmbedQuery(t.Context(), text); err == nil || !strings.Contains(err.Error(), "empty") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestBadOptionsAreRefused(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]embed.Options{
		"Options.BaseURL": {URL: "127.0.0.1:8082"},
		"Options.Context": {URL: "http://127.0.0.1:8082", Context: 2},
		"Options.APIKey":  {URL: "http://user:sk-secret@127.0.0.1:8082"},
	} {
		if _, err := embed.Open(o); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "sk-secret") {
			t.Errorf("%v instead of one about %s", err, want)
		}
	}
}
