package parse

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// docxNumber says which list a paragraph is an item of, and how deep in it, from 0.
type docxNumber struct {
	id    string
	level int
}

// from completes a number with that of the style: a paragraph may say only how deep it stands.
func (n *docxNumber) from(style *docxNumber) *docxNumber {
	if n == nil || n.id != "" || style == nil {
		return cmp.Or(n, style)
	}
	return &docxNumber{id: style.id, level: n.level}
}

// docxNumbering counts the items of lists and numbered headings as Word does, whose numbers stand nowhere in the text: "see 4.2" would lead nowhere without.
type docxNumbering struct {
	lists map[string]*docxList
	// started are the lists of which an item was counted.
	started map[string]bool
}

// docxList is a list; several ids may be the same, and count on.
type docxList struct {
	counters *[9]int
	levels   *[9]docxLevel
	// restart holds the levels that the first item with this id begins anew, with the number before.
	restart map[int]int
}

type docxLevel struct {
	start        int
	format, text string
	// figures writes the numbers of all levels as figures.
	figures bool
}

type xmlLevel struct {
	Level  int       `xml:"ilvl,attr"`
	Start  xmlValue  `xml:"start"`
	Format xmlValue  `xml:"numFmt"`
	Text   xmlValue  `xml:"lvlText"`
	Legal  *xmlValue `xml:"isLgl"`
}

func readNumbering(files *officePackage, main string) (*docxNumbering, error) {
	var all struct {
		Abstract []struct {
			ID     string     `xml:"abstractNumId,attr"`
			Levels []xmlLevel `xml:"lvl"`
			// Link names a style of lists whose levels it has; the one that has them says so with Linked.
			Link   xmlValue `xml:"numStyleLink"`
			Linked xmlValue `xml:"styleLink"`
		} `xml:"abstractNum"`
		Numbers []struct {
			ID        string   `xml:"numId,attr"`
			Abstract  xmlValue `xml:"abstractNumId"`
			Overrides []struct {
				Level int       `xml:"ilvl,attr"`
				Start *xmlValue `xml:"startOverride"`
			} `xml:"lvlOverride"`
		} `xml:"num"`
	}
	if _, err := files.decode(files.related(main, "numbering"), &all); err != nil {
		return nil, err
	}
	numbering := &docxNumbering{lists: map[string]*docxList{}, started: map[string]bool{}}
	abstract, linked := map[string]*docxList{}, map[string]*docxList{}
	for _, one := range all.Abstract {
		list := &docxList{counters: &[9]int{}, levels: &[9]docxLevel{}}
		for at := range list.levels {
			list.levels[at] = docxLevel{start: 1, format: "bullet"}
		}
		for _, level := range one.Levels {
			if level.Level < 0 || level.Level > 8 {
				continue
			}
			start, err := strconv.Atoi(level.Start.Value)
			if err != nil {
				start = 1
			}
			list.levels[level.Level] = docxLevel{start: start, format: level.Format.Value, text: level.Text.Value, figures: level.Legal != nil && level.Legal.Value != "0"}
		}
		for at := range list.counters {
			list.counters[at] = list.levels[at].start - 1
		}
		abstract[one.ID] = list
		if one.Linked.Value != "" {
			linked[one.Linked.Value] = list
		}
	}
	for _, one := range all.Abstract {
		if list, ok := linked[one.Link.Value]; ok && len(one.Levels) == 0 {
			abstract[one.ID] = list
		}
	}
	for _, one := range all.Numbers {
		shared, ok := abstract[one.Abstract.Value]
		if !ok {
			continue
		}
		list := &docxList{counters: shared.counters, levels: shared.levels, restart: map[int]int{}}
		for _, override := range one.Overrides {
			if override.Start == nil || override.Level < 0 || override.Level > 8 {
				continue
			}
			if start, err := strconv.Atoi(override.Start.Value); err == nil {
				list.restart[override.Level] = start - 1
			}
		}
		numbering.lists[one.ID] = list
	}
	return numbering, nil
}

// next counts one more item and gives its mark: "-" for bullets, empty where the paragraph is no item.
func (n *docxNumbering) next(number *docxNumber) string {
	if number == nil || number.id == "" || number.id == "0" { // 0 takes a paragraph out of the list of its style
		return ""
	}
	list, ok := n.lists[number.id]
	if !ok {
		return "-"
	}
	if !n.started[number.id] {
		n.started[number.id] = true
		for level, before := range list.restart {
			list.counters[level] = before
		}
	}
	level := list.levels[number.level]
	list.counters[number.level]++
	for below := number.level + 1; below < len(list.counters); below++ {
		list.counters[below] = list.levels[below].start - 1
	}
	switch level.format {
	case "bullet":
		return "-"
	case "none":
		return ""
	}
	text := level.text
	for at := range list.levels {
		placeholder := fmt.Sprintf("%%%d", at+1)
		if strings.Contains(text, placeholder) {
			format := list.levels[at].format
			if level.figures {
				format = "decimal"
			}
			// A level that was skipped counts as its first.
			text = strings.ReplaceAll(text, placeholder, counted(max(list.counters[at], list.levels[at].start), format))
		}
	}
	return tidy(text)
}

// counted writes a number in one of Word's formats; in one that is not known here, as a figure.
func counted(value int, format string) string {
	switch {
	case value < 1:
	case strings.HasSuffix(format, "Letter"):
		letters := strings.Repeat(string(rune('a'+(value-1)%26)), min((value-1)/26+1, 10))
		if format == "upperLetter" {
			return strings.ToUpper(letters)
		}
		return letters
	case strings.HasSuffix(format, "Roman") && value < 4000:
		if format == "upperRoman" {
			return roman(value)
		}
		return strings.ToLower(roman(value))
	case (strings.HasPrefix(format, "chineseCounting") || format == "japaneseCounting" || format == "taiwaneseCountingThousand") && value < 100:
		return chinese(value)
	case format == "decimalZero":
		return fmt.Sprintf("%02d", value)
	}
	return strconv.Itoa(value)
}

func roman(value int) string {
	var text strings.Builder
	for _, step := range []struct {
		value  int
		symbol string
	}{{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}} {
		for ; value >= step.value; value -= step.value {
			text.WriteString(step.symbol)
		}
	}
	return text.String()
}

// chinese writes a number from 1 to 99.
func chinese(value int) string {
	digits := []string{"", "一", "二", "三", "四", "五", "六", "七", "八", "九"}
	switch tens := value / 10; tens {
	case 0:
		return digits[value]
	case 1:
		return "十" + digits[value%10]
	default:
		return digits[tens] + "十" + digits[value%10]
	}
}
