package demo

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

func text(day time.Time) string { return day.Format(time.DateOnly) }

// date reads a date written in this package.
func date(iso string) time.Time {
	day, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		panic(fmt.Sprintf("demo: %v", err)) // only constants and the package's own text get here
	}
	return day
}

// quarterStart returns the first day of the quarter that lies index quarters after the first one.
func quarterStart(index int) time.Time {
	return time.Date(firstYear, time.Month(1+3*index), 1, 0, 0, 0, 0, time.UTC)
}

func quarterName(index int) string { return fmt.Sprintf("%d-Q%d", firstYear+index/4, index%4+1) }

// workday moves a day off the weekend, forward.
func workday(day time.Time) time.Time {
	for day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
		day = day.AddDate(0, 0, 1)
	}
	return day
}

// cut reads "English|Chinese|price in cents".
func cut(name string) (english, local string, cents int64) {
	parts := strings.Split(name, "|")
	cents, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		panic(fmt.Sprintf("demo: %v", err)) // only the package's own text gets here
	}
	return parts[0], parts[1], cents
}
