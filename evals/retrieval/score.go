package retrieval

import (
	"math"
	"slices"
	"strings"
)

// depth is how many files of a ranking count.
const depth = 10

// Figures are the means over questions.
type Figures struct {
	Questions int     `json:"questions"`
	NDCG      float64 `json:"ndcg_at_10"`
	Recall    float64 `json:"recall_at_10"`
	MRR       float64 `json:"mrr_at_10"`
	Hit       float64 `json:"hit_at_1"`
}

// score is that of one ranking of files: nDCG with gain 1 and discount 1/log2(rank+1), of the ideal over as many relevant files as fit.
func score(ranked, relevant []string) Figures {
	figures := Figures{Questions: 1}
	var gain, ideal, found float64
	for index, path := range ranked[:min(depth, len(ranked))] {
		if !slices.Contains(relevant, path) {
			continue
		}
		if found++; found == 1 {
			figures.MRR = 1 / float64(index+1)
		}
		gain += discount(index)
		if index == 0 {
			figures.Hit = 1
		}
	}
	for index := range min(depth, len(relevant)) {
		ideal += discount(index)
	}
	figures.NDCG, figures.Recall = gain/ideal, found/float64(len(relevant))
	return figures
}

func discount(index int) float64 { return 1 / math.Log2(float64(index+2)) }

// mean is that of the figures of single questions.
func mean(scores []Figures) Figures {
	sum := Figures{Questions: len(scores)}
	for _, one := range scores {
		sum.NDCG += one.NDCG
		sum.Recall += one.Recall
		sum.MRR += one.MRR
		sum.Hit += one.Hit
	}
	of := float64(max(1, len(scores)))
	sum.NDCG, sum.Recall, sum.MRR, sum.Hit = sum.NDCG/of, sum.Recall/of, sum.MRR/of, sum.Hit/of
	return sum
}

// all is the group of every question.
const all = "all"

// Summary is what one way to search has reached for one group of questions.
type Summary struct {
	Way    string `json:"way"`
	Corpus string `json:"corpus"`
	Figures
}

// summarise sums the rankings of all questions up, together and by corpus.
func summarise(way string, questions []Question, rankings [][]string) []Summary {
	groups := map[string][]Figures{}
	names := []string{}
	for index, question := range questions {
		one := score(rankings[index], question.Relevant)
		groups[all] = append(groups[all], one)
		if question.Corpus == "" {
			continue
		}
		if !slices.Contains(names, question.Corpus) {
			names = append(names, question.Corpus)
		}
		groups[question.Corpus] = append(groups[question.Corpus], one)
	}
	slices.SortFunc(names, strings.Compare)
	if len(names) == 1 {
		names = nil
	}
	summaries := []Summary{{Way: way, Corpus: all, Figures: mean(groups[all])}}
	for _, name := range names {
		summaries = append(summaries, Summary{Way: way, Corpus: name, Figures: mean(groups[name])})
	}
	return summaries
}

// byBest ranks files by their best chunk: the first in which each one comes.
func byBest(chunks []string) []string {
	var files []string
	seen := map[string]bool{}
	for _, file := range chunks {
		if !seen[file] {
			seen[file] = true
			files = append(files, file)
		}
	}
	return files
}
