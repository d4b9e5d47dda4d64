package crm

import (
	"time"

	"bestbox/tools/wording"
)

// oneOr chooses the word for one thing or for several.
func oneOr(n int, one, several string) string {
	if n == 1 {
		return one
	}
	return several
}

// maxQuoted bounds how much of a text that somebody else wrote goes into a sentence, in characters.
const maxQuoted = 160

// quoted is somebody else's text in a sentence.
func quoted(text string) string { return wording.Quoted(text, maxQuoted) }

func iso(day time.Time) string { return day.Format(time.DateOnly) }

// daysSince is the number of days from an ISO day of the records to today; negative when it lies ahead.
func (b *books) daysSince(day string) int {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return 0 // the tables' checks let only dates in
	}
	return int(b.today.Sub(at).Hours() / 24)
}

// percentOf is part of whole in whole percent, rounded half up. Neither is negative, and whole is not zero.
func percentOf(part, whole int64) int64 { return (part*200 + whole) / (2 * whole) }
