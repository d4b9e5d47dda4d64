package cite

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// InDigits writes numbers in digits, so that five days are 5 days. A number is read whole or not at all: of twenty-five, 5 would be another figure. "One" stays a word: it counts seldom.
func InDigits(text string) string {
	text = halfWidth.Replace(text)
	text = englishNumber.ReplaceAllStringFunc(text, englishInDigits)
	text = submatches(chineseShare, text, shareInDigits)
	text = submatches(chineseDecimal, text, func(said []string) string {
		return strconv.Itoa(chineseValue(said[1])) + "." + digitByDigit(said[2]) + said[3]
	})
	text = submatches(chineseHour, text, func(said []string) string { return said[1] + strconv.Itoa(chineseValue(said[3])) + said[4] })
	return halfMore.ReplaceAllString(chineseInDigits(text), "$1.5 $2$3$4")
}

// halfWidth are the digits of full width that stand in Chinese texts.
var halfWidth = strings.NewReplacer("０", "0", "１", "1", "２", "2", "３", "3", "４", "4", "５", "5", "６", "6", "７", "7", "８", "8", "９", "9", "％", "%")

const (
	ones  = `one|two|three|four|five|six|seven|eight|nine`
	teens = `ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen`
	tens  = `twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety`
)

var (
	// englishNumber is a run of words of numbers. "And" goes on only behind a hundred or a thousand: two and three are two numbers.
	englishNumber = regexp.MustCompile(`(?i)\b(?:a\s+` + multiples + `|` + simple + `)(?:(?:\s+|-)(?:` + multiples + `|` + simple + `))*\b`)
	// below is a number below a hundred.
	below = regexp.MustCompile(`^(?:(` + tens + `)(?: (` + ones + `))?|(` + teens + `|` + ones + `))$`)
)

const (
	simple    = `(?:` + teens + `|` + tens + `|(?:` + ones + `)\b)`
	multiples = `(?:hundred|thousand)\b(?:\s+and\s+` + simple + `)?`
)

var values = map[string]int{"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13,
	"fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}

// englishInDigits is a run of words of numbers in digits, or as it was where it is no number.
func englishInDigits(run string) string {
	words := strings.Fields(strings.ReplaceAll(strings.ToLower(run), "-", " "))
	if len(words) == 1 && words[0] == "one" {
		return run
	}
	if value := englishValue(words); value > 0 {
		return strconv.Itoa(value)
	}
	return run
}

// englishValue is a number below a million; 0 where the words are none.
func englishValue(words []string) int {
	hundreds := func(text string) int { return inUnits(text, "hundred", 100, small) }
	return inUnits(strings.ReplaceAll(strings.Join(words, " "), " and ", " "), "thousand", 1000, hundreds)
}

// inUnits is a number of so many hundreds, or thousands, and what is below; 0 where it is none. Below reads both of these.
func inUnits(text, unit string, value int, below func(text string) int) int {
	before, after, has := strings.Cut(text, " "+unit)
	if !has {
		return below(text)
	}
	count := below(before)
	if after = strings.TrimSpace(after); count == 0 || after == "" {
		return count * value
	}
	if rest := below(after); rest > 0 {
		return count*value + rest
	}
	return 0
}

// small is a number below a hundred; 0 where it is none.
func small(text string) int {
	if text == "a" {
		return 1
	}
	parts := below.FindStringSubmatch(text)
	if parts == nil {
		return 0
	}
	return values[parts[1]] + values[parts[2]] + values[parts[3]]
}

// scaled is a number in thousands, ten thousands, millions or more.
var scaled = regexp.MustCompile(`(?i)(\d[\d,]*(?:\.\d+)?)\s*([万亿]|(?:thousand|million|billion)\b)`)

// unscaled writes those numbers out, so that 5万元 has the words of 50000元.
func unscaled(text string) string {
	return scaled.ReplaceAllStringFunc(text, func(found string) string {
		parts := scaled.FindStringSubmatch(found)
		return valueOf(parts[1], parts[2])
	})
}

const (
	chineseDigits = "零一二三四五六七八九"
	numerals      = `零〇一二两三四五六七八九十百千万亿`
)

var (
	chineseNumber = regexp.MustCompile(`[` + numerals + `]+`)
	// chineseUnit stands behind a single character that is a number: without it, the character may be part of a word.
	chineseUnit = regexp.MustCompile(`^\s*(?:(?:个|次)?(?:工作日|自然日|天|日|月|年|小时|分钟|秒|周|星期|倍|人|名|元|份|级|等|季度|号|层|章|页|岁|个半)|[美欧日港]元|英镑)`)
	// countedUnit does so behind all but 一, which then counts seldom: 一次性.
	countedUnit = regexp.MustCompile(`^\s*[次台件项条种]`)
	// chineseShare is a share in words: 百分之五, 万分之五. Those of a thousand have a sign as well.
	chineseShare = regexp.MustCompile(`([百千万])分之\s*(百|[` + numerals + `]+(?:点[零〇一二三四五六七八九]+)?|\d+(?:\.\d+)?)|(\d+(?:\.\d+)?)\s*‰`)
	// chineseDecimal is a number with a point in words, and halfMore one with a half: 一年半, 两个半月.
	chineseDecimal = regexp.MustCompile(`([一二两三四五六七八九十]+)点([零〇一二三四五六七八九]+)(倍|[万亿元天年个米吨]|小时|公里|公斤)`)
	halfMore       = regexp.MustCompile(`\b(\d+)\s*(?:(个)半(月|小时)|(年|天|个?小时|个?月)半)`)
	// chineseHour is an hour in words: elsewhere 三点 are three points as well.
	chineseHour = regexp.MustCompile(`(` + halfOfDay + `|[至到])([一二两三四五六七八九十]{1,3})([点时])`)
	yearFollows = regexp.MustCompile(`^\s*年`)
)

// shareInDigits is what chineseShare has found, in percent, or as it was where it is no number.
func shareInDigits(said []string) string {
	share, of := said[2]+said[3], map[string]float64{"百": 1e2, "千": 1e3, "": 1e3, "万": 1e4}[said[1]]
	if whole, decimals, isDecimal := strings.Cut(share, "点"); share[0] > '9' {
		value := chineseValue(whole)
		if share == "百" {
			value = 100
		} else if value == 0 && whole != "零" {
			return said[0]
		}
		if share = strconv.Itoa(value); isDecimal {
			share += "." + digitByDigit(decimals)
		}
	}
	value, _ := strconv.ParseFloat(share, 64) // of digits
	return strconv.FormatFloat(value*100/of, 'f', -1, 64) + "%"
}

// chineseInDigits writes those numerals in digits that are numbers: of two characters or more, or before what is counted.
func chineseInDigits(text string) string {
	var written strings.Builder
	rest := 0
	for _, at := range chineseNumber.FindAllStringIndex(text, -1) {
		if strings.HasSuffix(text[:at[0]], "统") || strings.HasSuffix(text[:at[0]], "唯") { // 统一, 唯一 are words
			continue
		}
		if digits := numeralInDigits(text[at[0]:at[1]], text[at[1]:]); digits != "" {
			written.WriteString(text[rest:at[0]] + " " + digits)
			if !strings.HasSuffix(digits, "万") && !strings.HasSuffix(digits, "亿") {
				written.WriteByte(' ')
			}
			rest = at[1]
		}
	}
	return written.String() + text[rest:]
}

// numeralInDigits is a numeral in digits, before what follows; empty where it is none. Whole 万 and 亿 stay, as they do in texts with digits.
func numeralInDigits(numeral, follows string) string {
	const yearDigits = 4
	length := utf8.RuneCountInString(numeral)
	if year := digitByDigit(numeral); length == yearDigits && year != "" && yearFollows.MatchString(follows) {
		return year
	}
	if length < 2 && !chineseUnit.MatchString(follows) && (numeral == "一" || !countedUnit.MatchString(follows)) {
		return ""
	}
	for _, scale := range []string{"万", "亿"} {
		if before, is := strings.CutSuffix(numeral, scale); is && !strings.ContainsAny(before, "万亿") {
			if value := chineseValue(before); value > 0 {
				return strconv.Itoa(value) + scale
			}
			return ""
		}
	}
	if value := chineseValue(numeral); value > 0 {
		return strconv.Itoa(value)
	}
	return ""
}

// digitByDigit is a numeral whose characters are digits each, as those of years are; empty where it is none.
func digitByDigit(numeral string) string {
	var digits strings.Builder
	for _, sign := range numeral {
		value := chineseDigit(sign)
		if value < 0 {
			return ""
		}
		digits.WriteString(strconv.Itoa(value))
	}
	return digits.String()
}

// chineseDigit is the value of a character; below 0 where it is no digit.
func chineseDigit(sign rune) int {
	switch sign {
	case '〇':
		return 0
	case '两':
		return 2
	}
	at := strings.IndexRune(chineseDigits, sign)
	if at < 0 {
		return at
	}
	return at / len("零")
}

// chineseValue is the value of a numeral; 0 where it is none, or can be read in two ways, as 一万五.
func chineseValue(numeral string) int {
	for _, scale := range []struct {
		sign  string
		value int
	}{{"亿", 1e8}, {"万", 1e4}} {
		before, after, is := strings.Cut(numeral, scale.sign)
		if !is {
			continue
		}
		value := chineseValue(before)
		if value == 0 || after == "" {
			return value * scale.value
		}
		rest := chineseValue(strings.TrimPrefix(after, "零"))
		if rest == 0 || rest < 10 && !strings.HasPrefix(after, "零") {
			return 0
		}
		return value*scale.value + rest
	}
	return belowTenThousand([]rune(numeral))
}

// belowTenThousand is the value of a numeral of thousands, hundreds, tens and ones; 0 where it is none.
func belowTenThousand(signs []rune) int {
	units := map[rune]int{'千': 1000, '百': 100, '十': 10}
	value, last, zero := 0, 10000, false
	for at := 0; at < len(signs); at++ {
		if (signs[at] == '零' || signs[at] == '〇') && at > 0 && !zero {
			zero = true
			continue
		}
		digit := max(chineseDigit(signs[at]), 0)
		switch {
		case at == 0 && signs[at] == '十':
			value, last = 10, 10
			continue
		case digit == 0:
			return 0
		case at+1 == len(signs):
			if value > 0 && last > 10 && !zero {
				return 0
			}
			return value + digit
		}
		unit := units[signs[at+1]]
		if unit == 0 || unit >= last {
			return 0
		}
		value, last = value+digit*unit, unit
		zero = false
		at++
	}
	if zero {
		return 0
	}
	return value
}
