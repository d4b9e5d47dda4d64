package parse

import (
	"slices"

	"github.com/xuri/excelize/v2"
)

const (
	// shortDate is how days are written: this way they cannot be misread.
	shortDate = "yyyy-mm-dd"
	yearMonth = `yyyy"年"m"月"`
	monthDay  = `m"月"d"日"`
	monthDays = "mm-dd"
	time12    = `上午/下午h"時"mm"分"`
	seconds12 = `上午/下午h"時"mm"分"ss"秒"`
)

// eastAsian is how the formats with the numbers 27 to 36 and 50 to 58 differ from those of mainland China, by the character set of the fonts. No file says what they mean:
// each East Asian Excel has its own. Whole days, also those in years of an emperor or a republic, are written as other days are. The library's own languages will not do:
// with Korean it adds 2333 to every year.
var eastAsian = map[string]map[string][]int{
	"128": {shortDate: {27, 28, 29, 31, 36, 50, 51, 54, 57, 58}, yearMonth: {34, 52, 55}, monthDay: {35, 53, 56}}, // Japanese
	"129": {shortDate: {27, 31, 34, 35, 36, 50, 52, 53, 55, 56, 57}, monthDays: {28, 29, 51, 54, 58}},             // Korean
	"134": {shortDate: {31}},                                                                                      // Chinese
	"136": {shortDate: {27, 28, 29, 31, 36, 50, 51, 54, 57, 58}, time12: {34, 52, 55}, seconds12: {35, 53, 56}},   // Chinese of Taiwan
}

// eastAsianFormats are those of the language that the workbook was written in; others than East Asian ones do not use these numbers.
func eastAsianFormats(files *officePackage) map[string][]int {
	var styles struct {
		Charsets []xmlValue `xml:"fonts>font>charset"`
	}
	// Where the styles are broken, cells are shown without them.
	_, _ = files.decode("xl/styles.xml", &styles)
	for _, charset := range styles.Charsets {
		if formats, ok := eastAsian[charset.Value]; ok {
			return formats
		}
	}
	return eastAsian["134"]
}

// defineFormats gives a workbook formats of numbers that it does not define itself.
func defineFormats(book *excelize.File, formats map[string][]int) {
	// It loads the styles; that there may be no style 0 does not matter.
	if _, _ = book.GetStyle(0); book.Styles == nil {
		return
	}
	if book.Styles.NumFmts == nil {
		setNew(&book.Styles.NumFmts)
	}
	var defined []int
	for _, format := range book.Styles.NumFmts.NumFmt {
		defined = append(defined, format.NumFmtID)
	}
	for code, numbers := range formats {
		for _, number := range numbers {
			if !slices.Contains(defined, number) {
				added := appendNew(&book.Styles.NumFmts.NumFmt)
				added.NumFmtID, added.FormatCode = number, code
			}
		}
	}
}

// setNew and appendNew make values of types that the library does not name to others.
func setNew[T any](pointer **T) { *pointer = new(T) }

func appendNew[T any](list *[]*T) *T {
	added := new(T)
	*list = append(*list, added)
	return added
}
