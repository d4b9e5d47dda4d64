package parse

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"bestbox/internal/knowledge"
)

// A PDF says where characters stand, not what is a heading or a paragraph: that is told from how the lines look. Where it is told wrongly the text is still the file's.
const (
	// headingSize is how many times larger than the body a heading is.
	headingSize = 1.15
	// maxHeading is how many characters one has at most.
	maxHeading = 200
	// maxHeadings is how much of a text may be headings; in one with more, size means something else.
	maxHeadings = 0.3
	// maxLevels of headings are told apart.
	maxLevels = 4
	// paragraphGap is how many times the usual distance of lines parts paragraphs.
	paragraphGap = 1.3
)

// pdfLook is how a document is set.
type pdfLook struct {
	body     float64   // the size of most characters
	distance float64   // of most lines to the next, in parts of their size
	headings []float64 // the sizes of headings, the largest first
}

// lookOf finds out how a document is set.
func lookOf(pages []pdfPage) pdfLook {
	sizes, distances := map[float64]int{}, map[float64]int{}
	for _, page := range pages {
		for at, line := range page.lines {
			sizes[rounded(line.size)] += len(line.text)
			if at > 0 && line.size > 0 && sameSize(line, page.lines[at-1]) {
				if distance := (page.lines[at-1].bottom - line.bottom) / line.size; distance > 0.5 && distance < 4 {
					distances[math.Round(distance*20)/20]++
				}
			}
		}
	}
	look := pdfLook{body: mostOften(sizes), distance: mostOften(distances)}
	if look.distance == 0 {
		look.distance = 1.2
	}
	all, large := 0, 0
	for size, chars := range sizes {
		all += chars
		if size >= look.body*headingSize {
			large += chars
			look.headings = append(look.headings, size)
		}
	}
	if float64(large) > maxHeadings*float64(all) {
		look.headings = nil
	}
	slices.SortFunc(look.headings, func(a, b float64) int { return int(math.Copysign(1, b-a)) })
	return look
}

// rounded makes sizes that differ by little the same.
func rounded(size float64) float64 {
	return math.Round(size*2) / 2
}

// mostOften is the key with the highest count, the smallest of several.
func mostOften(counts map[float64]int) float64 {
	best := 0.0
	for key, count := range counts {
		if count > counts[best] || count == counts[best] && key < best {
			best = key
		}
	}
	return best
}

func sameSize(a, b pdfLine) bool {
	return math.Abs(a.size-b.size) <= 0.08*max(a.size, b.size)
}

// level is that of a heading, 0 for all other text.
func (l pdfLook) level(line pdfLine) int {
	at := slices.Index(l.headings, rounded(line.size))
	if at < 0 || len(line.text) > maxHeading || leader.MatchString(string(line.text)) || !slices.ContainsFunc(line.text, unicode.IsLetter) {
		return 0
	}
	return min(at+1, maxLevels)
}

// leader is the row of dots in a table of contents, whose lines are as large as headings.
var leader = regexp.MustCompile(`(?:\.\s?){4,}|(?:…\s?){2,}`)

// blocks are the headings and paragraphs of a page.
func (l pdfLook) blocks(page []pdfLine) []knowledge.Block {
	var blocks []knowledge.Block
	for start := 0; start < len(page); {
		end := start + 1
		for end < len(page) && !l.parts(page[end-1], page[end]) {
			end++
		}
		text := joined(page[start:end])
		if level := l.level(page[start]); level > 0 && len([]rune(text)) <= maxHeading {
			blocks = append(blocks, knowledge.Block{Kind: knowledge.Heading, Level: level, Text: strings.ReplaceAll(text, "\n", " ")})
		} else {
			blocks = append(blocks, knowledge.Block{Kind: knowledge.Paragraph, Text: text})
		}
		start = end
	}
	return blocks
}

// parts reports whether a new paragraph begins with a line: it is of another size, further down than usual, further up as in a new column, or indented.
func (l pdfLook) parts(before, line pdfLine) bool {
	if before.size <= 0 || line.size <= 0 {
		return false
	}
	down := (before.bottom - line.bottom) / line.size
	return !sameSize(before, line) || l.level(before) != l.level(line) || down > l.distance*paragraphGap || down < -0.5 || line.left-before.left > 0.9*line.size
}

// item begins a line that is one of a list.
var item = regexp.MustCompile(`^\s*(?:[•●○▪■◦·‣–—-]\s|\d{1,3}[.)、]\s?|[(（][0-9a-z一二三四五六七八九十]{1,3}[)）])`)

// joined makes one text of the lines of a paragraph. Lines that end far before the widest one, and items of lists, stay lines: they are rows rather than broken text.
func joined(all []pdfLine) string {
	widest := 0.0
	for _, line := range all {
		widest = max(widest, line.right)
	}
	var text strings.Builder
	for at, line := range all {
		said := strings.ReplaceAll(string(line.text), string(rune(symbolBullet)), "•")
		if at > 0 {
			before := all[at-1].text
			short := widest-all[at-1].right > 0.2*(widest-all[at-1].left)
			switch {
			case short || item.MatchString(said):
				text.WriteRune(lineBreak)
			case !endsInHyphen(before):
				text.WriteByte('\n')
			}
		}
		text.WriteString(said)
	}
	return tidy(unhyphenated(text.String()))
}

// endsInHyphen reports whether a line ends with a hyphen in a name or number, such as PO-2025-, that goes on in the next.
func endsInHyphen(line []rune) bool {
	last := len(line) - 1
	return last > 0 && line[last] == '-' && (unicode.IsLetter(line[last-1]) || unicode.IsDigit(line[last-1]))
}

// softHyphen is what PDFium makes of a hyphen at the end of a line.
var softHyphen = regexp.MustCompile("(.)[\x02\ufffe]\\s*(.)")

// unhyphenated puts words together that a hyphen parts at the end of a line. Between digits and capitals the hyphen stays, since it is part of a name or number.
func unhyphenated(text string) string {
	return softHyphen.ReplaceAllStringFunc(text, func(found string) string {
		chars := []rune(found)
		before, after := chars[0], chars[len(chars)-1]
		if unicode.IsLower(before) && unicode.IsLower(after) {
			return string([]rune{before, after})
		}
		return string([]rune{before, '-', after})
	})
}
