package cite

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// named are the names that an English sentence says: words with a capital that do not begin it. In what is all capitals, or a title, every word has one, and none counts. In a Chinese one, letters with
// a capital are a name, but not a unit behind a number.
var (
	named        = regexp.MustCompile(`[\p{L}\p{N}]["”’')]*[,;]?\s+["“‘'(]*(\p{Lu}` + restOfName + `)`)
	namedChinese = regexp.MustCompile(`(?:^|[\p{Han}\p{P}])\s*(\p{Lu}` + restOfName + `)`)
	// department is the end of the name of one: 财务部. Not so 全部 and 部分.
	department = regexp.MustCompile(`([^\P{Han}全内外局各总本该一二两三四五六七八九十几每干上下中底顶])部(?:$|[^分门署件队长落位级])`)
	// party is who signs, decides or pays.
	party = regexp.MustCompile(`[甲乙丙丁买卖]方|总经理|董事长|总裁|(?:部门|人事|财务|项目|法务|行政|销售|分管|直属)(?:经理|总监|主管|上级)`)
	// exception is who is left out where rules are for the others.
	exception = regexp.MustCompile(`(?i)\bpart-time\b`)
	// coined is a name at the beginning of a sentence, told by a capital within it, as CloudLux.
	coined = regexp.MustCompile(`^\W*(\p{Lu}\p{Ll}+\p{Lu}[\p{L}\p{N}]*)`)
	// manyOf are abbreviations in the plural, as PCs.
	manyOf = regexp.MustCompile(`^(\p{Lu}{2,})s$`)
	aWord  = regexp.MustCompile(`\p{L}+`)
)

const restOfName = `(?:[^\P{L}\p{Han}]|[\p{N}&-])*`

func namesOf(sentence string) (names []string) {
	isChinese := strings.ContainsFunc(sentence, isHan)
	sentence = withoutCodes(uniform(plain(sentence)))
	if found := coined.FindStringSubmatch(sentence); found != nil {
		names = append(names, found[1])
	}
	add := func(name string) {
		if name != "I" && !weekday.MatchString(name) {
			names = append(names, manyOf.ReplaceAllString(name, "$1"))
		}
	}
	if isChinese {
		for _, found := range namedChinese.FindAllStringSubmatch(sentence, -1) {
			add(found[1])
		}
		for _, found := range department.FindAllStringSubmatch(sentence, -1) {
			add(found[1] + "部")
		}
		for _, found := range party.FindAllString(sentence, -1) {
			add(found)
		}
		return names
	}
	names = append(names, exception.FindAllString(sentence, -1)...)
	// The next name may stand right behind, with the last letter of the one before.
	for rest, at := sentence, named.FindStringSubmatchIndex(sentence); at != nil; at = named.FindStringSubmatchIndex(rest) {
		add(rest[at[2]:at[3]])
		rest = rest[at[2]:]
	}
	if all := len(aWord.FindAllString(sentence, -1)); len(names)*3 > all*2 {
		return nil
	}
	return names
}

// holdsNames reports whether a text has all names, as words of their own.
func holdsNames(names []string, text string) bool {
	lower := strings.ToLower(text)
	return !slices.ContainsFunc(names, func(name string) bool {
		if capitals[name] {
			return !holdsWord(text, name)
		}
		return !holdsWord(lower, strings.ToLower(name))
	})
}

// capitals are names that in small letters are other words.
var capitals = map[string]bool{"IT": true, "US": true, "WHO": true}

// many is what may stand behind a name that is said in the plural.
var many = regexp.MustCompile(`^e?s`)

// holdsWord reports whether a text has a word, and not only as a part of a longer word or number: Room 1 is not in Room 12. Chinese has no blanks between words, there it may be a part.
func holdsWord(text, word string) bool {
	for from := 0; word != ""; {
		at := strings.Index(text[from:], word)
		if at < 0 {
			return false
		}
		begins := from + at
		if standsAlone(text[:begins], word, text[begins+len(word):]) {
			return true
		}
		_, width := utf8.DecodeRuneInString(text[begins:])
		from = begins + width
	}
	return true
}

// standsAlone reports whether a word ends where it seems to, between what stands before it and behind.
func standsAlone(before, word, after string) bool {
	first, _ := utf8.DecodeRuneInString(word)
	last, _ := utf8.DecodeLastRuneInString(word)
	if unicode.IsDigit(last) {
		after = decimals.ReplaceAllString(after, "0")
	} else if rest := after[len(many.FindString(after)):]; !joined(last, firstOf(rest)) {
		after = rest
	}
	previous, _ := utf8.DecodeLastRuneInString(before)
	return !joined(previous, first) && !joined(last, firstOf(after))
}

// decimals go on with a number.
var decimals = regexp.MustCompile(`^[.,]\d`)

func firstOf(text string) rune {
	first, _ := utf8.DecodeRuneInString(text)
	return first
}

// joined reports whether two signs beside one another are of the same word.
func joined(one, other rune) bool { return inWord(one) && inWord(other) }

func inWord(sign rune) bool { return unicode.IsDigit(sign) || unicode.Is(unicode.Latin, sign) }

// numberedNames are the names that end in a number, such as Hall 3, of a sentence which a passage writes so, and the sentence without these numbers: they are no figures that could
// belong to something else. A day of a month is none, nor is what has a unit: "Within 3 days".
func (s *sources) numberedNames(sentence string) (names []string, without string) {
	var kept strings.Builder
	rest := 0
	for _, at := range numberedName.FindAllStringIndex(sentence, -1) {
		found := sentence[at[0]:at[1]]
		written := func(w whole) bool { return holdsWord(w.text+"\n"+w.around, found) }
		if monthName.MatchString(found) || unitFollows.MatchString(sentence[at[1]:]) || decimals.MatchString(sentence[at[1]:]) || !slices.ContainsFunc(s.wholes, written) {
			continue
		}
		names = append(names, found)
		kept.WriteString(sentence[rest:at[0]] + strings.TrimRight(found, "0123456789 "))
		rest = at[1]
	}
	return names, kept.String() + sentence[rest:]
}

var (
	numberedName = regexp.MustCompile(`\b\p{Lu}[\p{L}&-]* \d+\b`)
	monthName    = regexp.MustCompile(`^` + monthWord)
	unitFollows  = regexp.MustCompile(`(?i)^\s*(?:(?:working|business|calendar|operating)\s+)?` + unit)
)
