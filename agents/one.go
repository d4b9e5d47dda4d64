package agents

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"bestbox/tools"
)

var (
	// oneOfMany finds a thing that a question names by its place among others: "my next meeting", "the most urgent of the open tickets". What stands between may say that a time
	// is meant ("next week's meeting").
	oneOfMany = regexp.MustCompile(`(?i)\b(?:next|last|latest|newest|oldest|first|earliest|most (?:recent|urgent|important|expensive))\s+((?:[\w'’&-]+\s+){0,6}?)` +
		`(?:meeting|event|appointment|call|task|ticket|email|e-mail|mail|message|order|invoice|lead|deal|customer|document|reminder|alert|one)\b`)
	// notOne begins what is no thing but a time, or names a second thing ("the first and the second meeting").
	notOne = regexp.MustCompile(`(?i)^(?:and\b|or\b|\d|week|month|quarter|year|day|night|hour|mon|tues|wednes|thurs|fri|satur|sun|two|three|four|five|few)`)
	// several are words with which a question speaks of more than one.
	several         = regexp.MustCompile(`(?i)\b(?:all|every|each|both|any|other)\b|所有|全部|每|都|其他|第[二两三四五六七八九十\d]`)
	chineseOne      = regexp.MustCompile(`(?:下|最近|最新|最早|最紧急|最重要|第|最后)的?一(?:个|次|场|封|张|条|笔)|最(?:近|新|早|紧急|重要)的那?(?:个|次|场|封|张|条|笔)?(?:会|邮件|工单|任务|订单|发票|线索|提醒)`)
	wholeIdentifier = regexp.MustCompile(`^` + hyphenated.String() + `$`)
)

// meansOne reports whether a question wants something done with one thing that it names by its place among others.
func meansOne(question string) bool {
	if several.MatchString(question) {
		return false
	}
	if InChinese(question) {
		return len(chineseOne.FindAllString(question, -1)) == 1
	}
	found := oneOfMany.FindAllStringSubmatch(question, -1)
	return len(found) == 1 && !notOne.MatchString(found[0][1])
}

// notMeant are the identifiers that the last call which found something has listed after the first one, where the question means the first (tools.Definition.First). Small
// models answer the mail that reads best where they are to answer the newest.
func (d Definition) notMeant(turn Turn) (others []string) {
	if !meansOne(turn.Question) {
		return nil
	}
	for _, fact := range slices.Backward(turn.Facts) {
		spec, _ := d.Spec(fact.Tool)
		kind, words, _ := strings.Cut(spec.First, ":")
		if words == "" || fact.Failed || !saysOne(strings.ToLower(turn.Question), words) {
			continue
		}
		listed := slices.DeleteFunc(hyphenated.FindAllString(strings.Join(fact.Sentences, "\n"), -1), func(identifier string) bool { return !strings.HasPrefix(identifier, kind+"-") })
		if len(listed) > 0 {
			return slices.DeleteFunc(listed, func(identifier string) bool { return identifier == listed[0] })
		}
	}
	return nil
}

// OfOne leaves out writes to another thing than the one that the first write of the tool is about, where the question means one. Small models cancel all of the meetings
// that they have found when they are to cancel the next one.
func (d Definition) OfOne(turn Turn, calls []Call) []Call {
	if !meansOne(turn.Question) {
		return calls
	}
	about := map[string]string{}
	for _, fact := range turn.Facts {
		if _, known := about[fact.Tool]; !known && !fact.Failed && d.writes(fact.Tool) {
			about[fact.Tool] = firstIdentifier(json.RawMessage(fact.Arguments))
		}
	}
	return slices.DeleteFunc(slices.Clone(calls), func(call Call) bool {
		if !d.writes(call.Tool) {
			return false
		}
		thing := firstIdentifier(call.Arguments)
		first, known := about[call.Tool]
		if !known {
			about[call.Tool] = thing
			return false
		}
		return thing != first
	})
}

func (d Definition) writes(tool string) bool {
	spec, found := d.Spec(tool)
	return found && spec.Effect == tools.Write
}

// firstIdentifier is the first argument that is an identifier, in the order in which they are written, or "".
func firstIdentifier(arguments json.RawMessage) string {
	decoder := json.NewDecoder(strings.NewReader(string(arguments)))
	for {
		token, err := decoder.Token()
		if err != nil {
			return ""
		}
		if text, is := token.(string); is && wholeIdentifier.MatchString(text) {
			return text
		}
	}
}
