package cite

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"bestbox/internal/knowledge/terms"
)

// Words are those by which texts are compared: stems of words, and pairs of Chinese characters. A single character counts only where it stands alone, since each stands in
// many words.
func Words(text string) map[string]int { return wordsIn(compared(text)) }

// wordsIn are those of a text as compared writes it.
func wordsIn(text string) map[string]int {
	words, single := map[string]int{}, map[string]int{}
	text = wholeTime.ReplaceAllStringFunc(boundingWord.ReplaceAllString(boundedBefore.ReplaceAllString(text, "$1 "), " "), func(time string) string { return strings.Replace(time, ":", "h", 1) }) // one word
	text = modal.ReplaceAllString(behindUnit.ReplaceAllString(text, "$1 $2"), " ")
	for _, term := range terms.Query(unscaled(sameWord.Replace(text))) {
		if first, size := utf8.DecodeRuneInString(term); size == len(term) && unicode.Is(unicode.Han, first) {
			single[term]++
			continue
		}
		if joins.MatchString(term) {
			continue
		}
		words[term]++
	}
	if len(words) == 0 {
		return single
	}
	return words
}

var (
	// modal are words of Chinese without which a sentence says the same, or denies it, which is compared by itself: they would make pairs with the characters beside them.
	modal = regexp.MustCompile(`可以|需要|必须|应当|应该|能够|不予|不得|不能|不可以?|无[需须]|须`)
	// behindUnit is what goes on behind a figure and its unit, and makes no pair with it: 158天产假.
	behindUnit = regexp.MustCompile(`(\d\s*(?:个?工作日|个月|小时|[天日元年周次人]))(\p{Han})`)
	sameWord   = strings.NewReplacer("到", "至", "与", "和")
)

// joins are pairs of characters of which one is a particle, and which are no words: 理的 and 准为 are none of 经理的住宿标准为200元.
var joins = regexp.MustCompile(`^(?:[^目]的|的[^士确]|[^还于可总]是|是[^否非]|[^因认行作成更较极]为|为[^了何止期])$`)

var (
	negates = regexp.MustCompile(`(?i)\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|forbidden|prohibited|excluded|unable)\b|n['’]t\b|[不没未无勿禁非]`)
	// neutral are words that look like a negation and bound something, say which things are meant ("days that were not taken"), or are part of another word.
	neutral = regexp.MustCompile(`(?i)` + denied + `(?:later|earlier|more|less|fewer|longer\s+than|exceed\w*)\b|\b(?:not|cannot)\s+only\b` +
		`|` + conditionDenied + `(?:\s+been)?\s+\w+|` + deniedChinese + `(?:超[过出]|多于|少于|低于|高于|晚于|迟于|早于|大于|小于)|不(?:同|仅|但|断|足|动产)|无论|不可抗力|无锡|无线|无人机|不锈钢|非洲|非常|未来`)
)

// attributive is a denial that says which things are meant: "visitors without a badge". Not so 无法 and the like.
var attributive = regexp.MustCompile(`(?i)\b(?:without|excluded)\b|未[^，。；]*?的|不合格|无[^\P{Han}法需须权]`)

// deniedAgain goes on with a denial: "neither alcohol nor tobacco", "no food and no drinks", 既不报销也不补贴.
var deniedAgain = regexp.MustCompile(`(?i)\bnor\b|\b(?:and|or)\s+(?:no|not|never|without)\b|[也又且或]\s*[不没未无非]`)

// denialsOf is how many things a text denies.
func denialsOf(text string) int {
	text = neutral.ReplaceAllString(text, " ")
	if !negates.MatchString(text) {
		return 0
	}
	return max(1, len(negates.FindAllString(deniedAgain.ReplaceAllString(text, " "), -1)))
}

// denies reports whether a text says of something that it is not so.
func denies(text string) bool { return denialsOf(text) > 0 }

var (
	// unknowing says that something is not to be found, which is no claim about the world: in English that documents say nothing of it, that nothing is there, or that nobody knows.
	unknowing = regexp.MustCompile(`(?i)\b` + told + `\b[^.]*?\b(?:do|does|did|could)(?: not|n['’]t)\s+(?:\w+\s+)?(?:say|mention|state|contain|hold|specify|include|name|provide|give|answer|tell|describe|address|cover|explain|list|define|indicate|detail)\b` +
		`|\b(?:they|it|policy|policies|manuals?|handbooks?|rules?|agreements?|contracts?)\s+(?:do|does|did)(?: not|n['’]t)\s+(?:\w+\s+)?(?:say|mention|state|specify)\b` +
		`|\b(?:is|are|was|were)(?: not|n['’]t)\s+(?:\w+\s+)?(?:mentioned|said|stated|specified|found|described|addressed|answered|listed)(?:\s+(?:anywhere\s+)?(?:in|by|within|here)\b|\W*$)` +
		`|\b(?:is|are|was|were)(?: not|n['’]t)\s+(?:\w+\s+)?` + there + `\s+(?:anywhere\s+)?(?:in|by|within)\s+(?:any\s+of\s+)?(?:\w+\s+){0,2}` + told + `\b` +
		`|\b` + facts + `\s+(?:is|are|was|were)(?: not|n['’]t)\s+(?:\w+\s+)?` + there + `(?:\s+(?:anywhere\s+)?(?:in|by|within|here)\b|\W*$)` +
		`|\bnot\s+(?:\w+\s+)?in (?:the|these|any of the) ` + told + `\b` +
		`|\b(?:there (?:is|are|was|were)|(?:i|we) (?:have|found|find|see)|` + told + `\s+(?:\w+\s+)?(?:contain|have|hold|give|provide|offer|include|make)s?)\s+no ` + lacked + `\b` +
		`|\bno ` + lacked + `\b[^.]*?(?:\b(?:found|available|provided|given)(?:\s+(?:in|here|about|on|for|regarding)\b|\W*$)|\bin (?:the|these|any of the) ` + told + `\b)` +
		`|\b(?:i|we) (?:do not|don['’]t|cannot|can['’]t|could not|couldn['’]t) (?:know|find|say|answer|tell)\b|\b(?:i|we)(?:['’]m|['’]re| am| are| was| were) unable to (?:find|answer)\b` +
		`|(?:文件|文档|资料|段落|结果|信息|知识库)[^。]*?(?:没有|未能|未|并未|不)(?:[^。得应可许准要能按照经]{0,4})(?:提到|提及|说明|规定|包含|找到|写明|记载|给出|涉及)|没有(?:找到|查到|相关(?:内容|信息|规定|资料|文件|文档|说明))|未(?:找到|查到)` +
		`|(?:^|[，,；;：:。]|我们?|因此|所以|目前|现在|` + toldChinese + `[里中内上]?)\s*(?:[也还仍都暂并]|暂时|目前)?(?:无法(?:回答|确定|得知)|不知道)`)
	// handedIn are papers of others, which are not what was searched, and conditional is a case that a rule is for: "价格无法确定的，由双方协商" says that of no document.
	handedIn    = regexp.MustCompile(`(?:申请|申报|报名|投标|报销|送审|提交|客户|个人|保密|涉密|机密)的?(?:文件|文档|资料|信息)`)
	conditional = regexp.MustCompile(`[^，,；;。]*[的者][，,]`)
	// accordingTo names the documents as those that say what follows, and notSaid follows where they do not.
	accordingTo      = regexp.MustCompile(`(?i)^[^\p{L}\p{N}]*(?:(?:according\s+to|based\s+on|as\s+per|per)\b[^,]*,\s*|(?:根据|按照|依据)[^，,]*[，,]\s*)`)
	documentsChinese = regexp.MustCompile(toldChinese)
	notSaid          = regexp.MustCompile(`^[并也还]*(?:没有|未能?|并未|不)(?:[^。得应可许准要能按照经]{0,4})(?:提到|提及|说明|规定|包含|找到|写明|记载|给出|涉及)`)
	// relative says which things a rule is for: "Costs that are not listed in the annex are paid".
	relative = regexp.MustCompile(`(?i)\b(?:that|which|who)\s+(?:is|are|was|were)(?: not|n['’]t)\s[^.,;]*?\s((?:is|are|must|may|shall|should|can|will|has|have)\b)`)
	// polite are words that keep a conversation going.
	polite = regexp.MustCompile(`(?i)\b(?:let me know|feel free to (?:ask|contact|reach|let|tell|write|call|share|get|do so)|happy to help|glad to help|anything else|hope this helps|you['’]re welcome|thank you|thanks for|please (?:contact|ask) (?:me|us))\b|请随时(?:联系|告诉|告知|询问|提问|问我|与我|和我|向我)|随时(?:联系|告诉|问)我|希望.*帮助|不客气|谢谢|还有(?:什么|其他)[^，。]*(?:问题|疑问|需要|帮助)`)
	// sorry begins what is not known.
	sorry = regexp.MustCompile(`(?i)^\W*(?:(?:i['’]m|i am|we['’]re|we are)\s+(?:\w+\s+)?sorry|unfortunately|sorry|抱歉|很抱歉|对不起|很遗憾)`)
	// on begins what is said only so that something polite can follow: "If you need more, let me know".
	on = regexp.MustCompile(`(?i)^\W*(?:if|should|when|whenever|in case|for|to)\b|^\W*(?:如|若|要是|假如)`)
	// forThese begins a rule as well: "For hotels the limit is $160".
	forThese = regexp.MustCompile(`(?i)^\W*(?:for|to)\b`)
	// clauseEnd is where another thing begins to be said.
	clauseEnd = regexp.MustCompile(`(?i)[;；]|[,，]?\s*\b(?:but|however|yet)\b[,，]?|[,，]\s*(?:and|so|therefore|thus)\b|[,，]?\s*(?:但是|但|不过|然而|所以|因此)`)
	// although is a first clause that stands behind its conjunction.
	although = regexp.MustCompile(`(?i)^\W*(?:although|though|while|虽然|尽管)[^,，]*[,，]`)
	// spliced is a rule that goes on behind a denial with a comma, or an "and". Where the denial says what is asked, or the rest goes on with that, it is none.
	spliced = regexp.MustCompile(`(?i)^(.*?)(?:\s*[,，]\s*|\s+and\s+)(.*(?:\b(?:must|shall|may|should|can|has to|have to)\b|不得|不可|禁止|可以|必须|应当|[须需应][经由在]).*)$`)
	// advises sends somebody elsewhere, behind what is not known.
	advises = regexp.MustCompile(`^(?:如需|如有|建议|请|您?(?:可以|可能|也许)?(?:需要?)?(?:咨询|联系|查询|查阅|参考|了解|确认|询问|提供))`)
	// behindComma goes on in the same way, with a figure.
	behindComma = regexp.MustCompile(`^(.*?)\s*[,，]\s*(.*)$`)
	// announces is what ends with a colon and says nothing, and states what does all the same: "Employees get 5 days under these conditions:". A question says something before its last comma.
	announces   = regexp.MustCompile(`(?i)^\W*(?:here|the\s+following|these|as\s+follows|based|according)\b|^\W*(?:以下|如下)`)
	states      = regexp.MustCompile(`(?i)\b(?:may|must|can|shall|should|will|is|are|has|have|gets?|receives?)\b|[可须应为有]|不得`)
	inverted    = regexp.MustCompile(`(?i)^\W*(?:do|does|did|is|are|can|could|would|will|should|may|must|shall|have|has|was|were)\b|吗`)
	lastComma   = regexp.MustCompile(`[,，][^,，]*$`)
	asked       = regexp.MustCompile(`(?i)\b(?:how|when|whether|who|what|which|where|why|if)\b|是否|如何|何时|多少|哪|什么|谁|几`)
	alternative = regexp.MustCompile(`(?i)\b(?:or|nor)\b|[也或]`)
	goesOn      = regexp.MustCompile(`(?i)^(?:or|nor|and)\b|^(?:也|或|和|以及|还有)`)
	figure      = regexp.MustCompile(`\d`)
)

const (
	// told is what can say something, or not.
	told        = `(?:documents?|passages?|sources?|results?|texts?|information|knowledge base)`
	toldChinese = `(?:文件|文档|资料|段落|结果|信息|知识库)`
	// there is what a document's content may not be, and many other things as well: that parking is not available is a rule.
	there = `(?:included|provided|given|available|covered|there)`
	// facts are what only a text can lack.
	facts = `(?:(?:information|answers?|details?)\b[^.,;]*?|the ` + told + `|(?:exact|specific|precise|further)\s+\w+|date|figure|amount|number|reason)`
	// lacked is what there may be none of.
	lacked = `(?:information|answer|mention|passages?|documents?|details?)`
)

// saysUnknown reports whether a text says that something is not to be found.
func saysUnknown(text string) bool {
	rest := conditional.ReplaceAllString(accordingTo.ReplaceAllString(text, ""), "")
	if source := accordingTo.FindString(text); documentsChinese.MatchString(source) && notSaid.MatchString(rest) {
		return true
	}
	rest = relative.ReplaceAllString(rest, "$1")
	return unknowing.MatchString(handedIn.ReplaceAllString(rest, ""))
}

// claimed is what a sentence says that could be wrong; empty where it is nothing. A question says nothing, nor does a greeting, an introduction of what follows, or that nothing was found. What
// else stands in the same sentence may.
func claimed(sentence string) string {
	text := strings.TrimRight(sentence, " \t\n*_\"”’')）」")
	switch last, _ := utf8.DecodeLastRuneInString(text); last {
	case '?', '？':
		if text = lastComma.ReplaceAllString(text, ""); strings.ContainsAny(text, "?？") || !isMeasured(text) || asked.MatchString(text) || inverted.MatchString(text) {
			return ""
		}
		return text
	case ':', '：':
		if !isMeasured(text) || announces.MatchString(text) || !states.MatchString(text) {
			return ""
		}
	}
	claim := sentence
	if saysUnknown(text) || polite.MatchString(text) {
		var kept []string
		for _, clause := range clauses(text) {
			if at := polite.FindStringIndex(clause); at != nil {
				behind := clause[at[1]:]
				if parts := behindComma.FindStringSubmatch(behind); parts != nil {
					behind = parts[2]
				}
				if hasFigure(behind) && !on.MatchString(behind) {
					kept = append(kept, behind)
				}
				if clause = clause[:at[0]]; on.MatchString(clause) && (!forThese.MatchString(clause) || !hasFigure(clause)) {
					continue
				}
			}
			if parts := behindComma.FindStringSubmatch(clause); parts != nil && hasFigure(parts[2]) && (isMeasured(parts[2]) || wholeTime.MatchString(compared(parts[2])) || states.MatchString(parts[2])) && saysUnknown(parts[1]) && !asked.MatchString(parts[1]) && !alternative.MatchString(parts[2]) {
				clause = parts[2]
			}
			if parts := spliced.FindStringSubmatch(clause); parts != nil && saysUnknown(parts[1]) && !asked.MatchString(parts[1]) && !goesOn.MatchString(parts[2]) && !advises.MatchString(parts[2]) {
				clause = parts[2]
			}
			if !saysUnknown(clause) {
				kept = append(kept, sorry.ReplaceAllString(clause, ""))
			}
		}
		claim = strings.TrimSpace(strings.Join(kept, "; ")) // which parts them in pieces as well, so that each stands in the sentence
	}
	const few = 2 // "Yes." and "Dear colleague," say nothing
	if figure.MatchString(InDigits(claim)) || len(Words(claim)) >= few {
		return claim
	}
	return ""
}

func hasFigure(text string) bool { return figure.MatchString(compared(text)) }

// isMeasured reports whether a text has a figure of something.
func isMeasured(text string) bool {
	text = compared(text)
	return len(measuresOf(text))+len(moneyOf(text)) > 0
}

// clauses are the parts of a sentence that say something each, without what joins them.
func clauses(sentence string) (parts []string) {
	if first := although.FindString(sentence); first != "" {
		parts, sentence = append(parts, first), sentence[len(first):]
	}
	return append(parts, clauseEnd.Split(sentence, -1)...)
}
