package cite

import (
	"regexp"
	"slices"
)

const (
	// denied and deniedChinese may have a verb before what they bound: "may not claim more than".
	denied        = `(?:\b(?:no|not|cannot|never|without)|n['’]t)(?:\s+(?:to|be|have|take|claim|spend|cost|pay|use|request|book|last|work|submitted))*\s+`
	deniedChinese = `不[得能可应会]?以?(?:报销|申请|领取|使用)?`

	denial = denied + `|` + deniedChinese
	more   = `\b(?:exceed\w*|more|later|longer|over|above|higher|greater)\b|超过|超出|多于|高于|晚于|迟于|大于`
	less   = `\b(?:less|fewer|earlier|shorter|lower|below|under)\b|低于|少于|早于|小于|不足|不满`
)

var (
	// bounding stands before its figure. What is not more than a figure is at most that.
	bounding = regexp.MustCompile(`(?i)(` + denial + `)?(?:(` + more + `)|(` + less + `)|(\b(?:at\s+most|up\s+to|maximum|within)\b|最多|至多|最高|上限)|\b(?:at\s+least|minimum)\b|至少|最少|最低|下限)`)
	// boundingWord bounds a figure, which is compared by itself.
	boundingWord  = regexp.MustCompile(`(?i)(?:` + denial + `)?(?:` + more + `|` + less + `)|\b(?:at\s+most|at\s+least)\b|最多|至多|至少|最少`)
	boundedBefore = regexp.MustCompile(`(\d[^，。；,;可]{0,4})(?:以内|之内|以下|以上)`)
	// boundBehind stands behind its figure and the unit.
	boundBehind = regexp.MustCompile(`(?i)^.{0,20}?(?:(\bor\s+(?:less|fewer|below)\b|\bat\s+most\b|以内|之内|以下)|\b(?:or|and)\s+(?:more|above|over)\b|\bat\s+least\b|以上)`)
	// carriedOver is no bound.
	carriedOver = regexp.MustCompile(`(?i)\b(carr(?:y|ies|ied|ying))\s+over\b`)
	// within stands behind its figure and the unit at once: 30天内, but not 30天后在公司内.
	within    = regexp.MustCompile(`(?i)^\s*` + unit + `\s*内`)
	firstUnit = `(?:` + unit + `s?|(?:` + codes + `)\b)?`
	// toNext stands between the ends of a range, and so does andNext where betweenTwo stands before them.
	toNext     = regexp.MustCompile(`(?i)^\s*` + firstUnit + `\s*(?:[-–—~～至到]|\bto\b)\s*[$€£¥￥]?\s*$`)
	andNext    = regexp.MustCompile(`(?i)^\s*` + firstUnit + `\s+and\s+[$€£¥￥]?$`)
	betweenTwo = regexp.MustCompile(`(?i)\bbetween\s+[$€£¥￥]?$`)
	exceeding  = regexp.MustCompile(`(?i)exceed|超[过出]`)
	aNumber    = regexp.MustCompile(`\d[\d,.]*`)
	unless     = regexp.MustCompile(`(?i)\bunless\b|除非`)
	onlyIf     = regexp.MustCompile(`(?i)\b(?:if|when|provided)\b|如果|若|只要`)
)

// The bounds of a figure.
const (
	atMost  = "at most"
	atLeast = "at least"
)

// boundsOf are the bounds that a clause sets, by their figures: empty where a figure has none. Without a figure something can be exceeded, or not.
func boundsOf(text string) map[string][]string {
	found := map[string][]string{}
	text = carriedOver.ReplaceAllString(unscaled(text), "$1")
	numbers, from, end := aNumber.FindAllStringIndex(text, -1), 0, ""
	for index, at := range numbers {
		to := len(text)
		if index+1 < len(numbers) {
			to = numbers[index+1][0]
		}
		figure := valueOf(text[at[0]:at[1]], "")
		bound := boundOf(text[from:at[0]], text[at[1]:to])
		if end != "" { // of a range that begins with the figure before
			bound, end = end, ""
		} else if index+1 < len(numbers) {
			if gap := text[at[1]:to]; toNext.MatchString(gap) || andNext.MatchString(gap) && betweenTwo.MatchString(text[from:at[0]]) {
				bound, end = atLeast, atMost
			}
		}
		found[figure] = append(found[figure], bound)
		from = at[1]
	}
	if len(numbers) == 0 && exceeding.MatchString(text) {
		found[""] = append(found[""], boundOf(text, ""))
	}
	return found
}

// boundOf is the bound between what stands before a figure and behind.
func boundOf(before, behind string) string {
	if found := bounding.FindAllStringSubmatch(before, -1); len(found) > 0 {
		last := found[len(found)-1]
		denied, isMore, isLess := last[1] != "", last[2] != "", last[3] != ""
		if isMore && denied || isLess && !denied || last[4] != "" {
			return atMost
		}
		return atLeast
	}
	switch found := boundBehind.FindStringSubmatch(behind); {
	case within.MatchString(behind):
		return atMost
	case found == nil:
		return ""
	case found[1] != "":
		return atMost
	}
	return atLeast
}

// boundedAs reports whether no figure of a clause is bounded only otherwise by others.
func (c clause) boundedAs(others ...clause) bool {
	for figure, bounds := range c.bounds {
		for _, one := range bounds {
			has, agrees := false, false
			for _, other := range others {
				has = has || len(other.bounds[figure]) > 0
				agrees = agrees || slices.ContainsFunc(other.bounds[figure], func(there string) bool { return there == one || there == "" })
			}
			if one != "" && has && !agrees {
				return false
			}
		}
	}
	return true
}

// boundsAgree reports whether no figure that is the most, or the least, is only the opposite there. "Unless" is the opposite of "if" as well.
func boundsAgree(says said, p part) bool {
	for _, one := range says.clauses {
		if !one.boundedAs(p.clauses...) {
			return false
		}
	}
	isOpposite := func(one, other string) bool {
		return unless.MatchString(one) && !unless.MatchString(other) && onlyIf.MatchString(other) && !onlyIf.MatchString(one)
	}
	return !isOpposite(says.text, p.text) && !isOpposite(p.text, says.text)
}
