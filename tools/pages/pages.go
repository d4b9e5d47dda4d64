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

// Listed is a sentence about a page: its beginning ("Newest first"), what stands on it, and how to ask for what stands behind it: for the next page, for less by
// one filter or the other, such as "a vendor_id" and "a period", or for more at once, where that can be.
func Listed(beginning, words string, count, before, shown int, one, other string) string {
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
	less := one + " or " + other
	if shown < Most {
		less = one + ", " + other + " or a larger limit"
	}
	return fmt.Sprintf("%s%s; and %d more, ask with page %d, %s.", beginning, words, more, before/shown+2, less)
}
