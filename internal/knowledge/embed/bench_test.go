package embed_test

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkQuery is what a question costs before anything is searched.
func BenchmarkQuery(b *testing.B) {
	client := real(b)
	for i := 0; b.Loop(); i++ {
		if _, err := client.EmbedQuery(b.Context(), fmt.Sprintf("Who must approve order %d of pumps?", i)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPassages is how fast documents are read: texts of 200 tokens.
func BenchmarkPassages(b *testing.B) {
	client := real(b)
	passage := strings.Repeat("The purchase department orders pumps and valves for the plant in Suzhou. ", 14) + "It pays in"
	counts, err := client.CountTokens(b.Context(), []string{passage})
	if err != nil || counts[0] != 199 {
		b.Fatal(counts, err)
	}
	const texts = 16
	many := make([]string, texts)
	for i := range many {
		many[i] = fmt.Sprintf("%s %c", passage, 'a'+i)
	}
	rounds := 0
	for b.Loop() {
		if _, err := client.EmbedDocuments(b.Context(), many); err != nil {
			b.Fatal(err)
		}
		rounds++
	}
	perSecond := float64(rounds*texts) / b.Elapsed().Seconds()
	b.ReportMetric(perSecond, "texts/s")
	b.ReportMetric(200*perSecond, "tokens/s")
}
