package fitting

import (
	"bestbox/agents/router/linear"

	"hash/fnv"
	"slices"
	"strings"
)

// foldCount is the number of parts of the cross-validation.
const foldCount = 5

// similarEnough is the share of common character trigrams above which two examples count as the same question reworded. They go
// into one fold, or the score would measure memory.
const similarEnough = 0.5

// folds gives every example a fold number. It depends on the texts only, not on their order.
func folds(examples []Example) []int {
	grams := make([]map[string]bool, len(examples))
	group := make([]int, len(examples))
	for i, example := range examples {
		grams[i], group[i] = trigrams(example.Text), i
	}
	root := func(i int) int {
		for group[i] != i {
			i = group[i]
		}
		return i
	}
	for i := range examples {
		for j := range i {
			if similarity(grams[i], grams[j]) > similarEnough {
				group[root(i)] = root(j)
			}
		}
	}
	first := map[int]string{} // the alphabetically first text names the group
	for i, example := range examples {
		if name, ok := first[root(i)]; !ok || example.Text < name {
			first[root(i)] = example.Text
		}
	}
	numbers := make([]int, len(examples))
	for i := range examples {
		hash := fnv.New64a()
		hash.Write([]byte(first[root(i)]))
		numbers[i] = int(hash.Sum64() >> 20 % foldCount)
	}
	return numbers
}

func trigrams(text string) map[string]bool {
	runes := []rune(strings.ToLower(text))
	grams := map[string]bool{}
	for i := range max(len(runes)-2, 1) {
		grams[string(runes[i:min(i+3, len(runes))])] = true
	}
	return grams
}

func similarity(a, b map[string]bool) float64 {
	common := 0
	for gram := range a {
		if b[gram] {
			common++
		}
	}
	return float64(common) / float64(len(a)+len(b)-common)
}

// split returns the rows outside and inside a fold.
func split(rows []linear.Row, fold []int, number int) (outside, inside []linear.Row) {
	for i, r := range rows {
		if fold[i] == number {
			inside = append(inside, r)
		} else {
			outside = append(outside, r)
		}
	}
	return slices.Clip(outside), slices.Clip(inside)
}
