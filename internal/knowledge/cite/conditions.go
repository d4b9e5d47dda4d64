package cite

import "regexp"

var (
	// deniedCondition says which things are meant, or when: "days that were not taken". What it denies is its last word, behind what only joins.
	deniedCondition = regexp.MustCompile(`(?i)` + conditionDenied + joining + `\s+(\w+)`)
	// deniedWord is a word that is denied elsewhere, right before it.
	deniedWord = regexp.MustCompile(`(?i)\b(?:not|no longer|never)` + joining + `\s+(\w+)`)
)

// conditionDenied begins a condition that something is not so.
const conditionDenied = `\b(?:that|which|who|if)\s+(?:\w+\s+)?(?:were|was|are|is|has|have|had|do|does|did)(?:\s+not|n['’]t)`

// joining are words between a denial and what it denies.
const joining = `(?:\s+(?:been|yet|on|in|at|of|under|a|an|the|any|their|its|to|be))*`

// conditionsAgree reports whether neither text sets as a condition what the other denies as one. Where one leaves the condition out, it says less, and both agree.
func conditionsAgree(one, other string) bool {
	return conditionsMet(one, other) && conditionsMet(other, one)
}

// conditionsMet reports whether no word that a condition of a text denies is only said without a denial in the other.
func conditionsMet(text, other string) bool {
	denied := wordsOf(deniedCondition, text)
	if len(denied) == 0 {
		return true
	}
	said, deniedThere, saidHere := undenied(other), wordsOf(deniedCondition, other), undenied(text)
	for word := range denied {
		if said[word] > 0 && deniedThere[word] == 0 && saidHere[word] == 0 {
			return false
		}
	}
	return true
}

// wordsOf are those that a pattern finds.
func wordsOf(pattern *regexp.Regexp, text string) map[string]int {
	words := map[string]int{}
	for _, found := range pattern.FindAllStringSubmatch(text, -1) {
		words = union(words, Words(found[1]))
	}
	return words
}

// undenied are the words of a text but those that it denies.
func undenied(text string) map[string]int {
	return Words(deniedWord.ReplaceAllString(deniedCondition.ReplaceAllString(text, " "), " "))
}
