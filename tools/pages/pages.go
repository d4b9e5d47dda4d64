// Package pages cuts long lists into parts that can be asked for one by one: what a tool finds is bounded, and yet all of it can be reached.
package pages

import (
	"fmt"
	"strings"
)

// Most is the largest limit of the tools that list rows.
const Most = 20

// Cut returns page number of a list (0 is the first, as 1 is), which holds up to size, and how many stand before it.
func Cut[T any](list []T, size, number int) (page []T, before int) {
	before = min((max(number, 1)-1)*size, len(list))
	return list[before:min(before+size, len(list))], before
}

// Listed is a sentence about a page: its beginning ("Newest first"), what stands on it, and how to ask for what stands behind it: for the next page, or for less, such as
// "a vendor_id or a period" (see Less).
func Listed(beginning, words string, count, before, shown int, less string) string {
	more := count - before - shown
	switch {
	case shown == 0:
		return fmt.Sprintf("There are not so many pages: the list ends with number %d.", count)
	case before > 0:
		beginning = fmt.Sprintf("Number %d to %d of them, %s", before+1, before+shown, strings.ToLower(beginning[:1])+beginning[1:])
	}
	if more == 0 {
		return beginning + words + "."
	}
	return fmt.Sprintf("%s%s; and %d more, ask with page %d, %s.", beginning, words, more, before/shown+2, less)
}

// Less says by which of two filters fewer are found, and where so many are not listed yet that there is a larger limit.
func Less(one, other string, shown int) string {
	if shown < Most {
		return one + ", " + other + " or a larger limit"
	}
	return one + " or " + other
}
