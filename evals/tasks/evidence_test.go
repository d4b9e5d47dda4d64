package tasks_test

import (
	"database/sql"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/evals/tasks"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
)

// TestEveryFactIsProvenByItsEvidence runs the SQL of the tasks on the demo records. It shares nothing with the tools' own
// SQL, so that a fact copied from a wrong answer of a tool does not pass.
func TestEveryFactIsProvenByItsEvidence(t *testing.T) {
	t.Parallel()
	db := recordstest.Own(t)
	for _, task := range shipped(t) {
		if len(task.Facts) == 0 {
			continue
		}
		t.Run(task.Group+"/"+task.ID, func(t *testing.T) {
			t.Parallel()
			cells := evidence(t, db, task.Evidence)
			for _, fact := range task.Facts {
				for _, part := range unproven(cells, fact) {
					t.Errorf("%s of the fact %q is in no row of the evidence: %v", part, fact, cells)
				}
			}
		})
	}
}

func TestAFactIsProvenOnlyByTheSameFigureOrIdentifier(t *testing.T) {
	t.Parallel()
	cells := []any{int64(117), 1234575.27, 23.5, "VND-001", "2025-10-01"}
	tests := []struct {
		name       string
		fact, want []string
	}{
		{"a count", []string{"117"}, nil},
		{"a part of a count", []string{"17"}, []string{"17"}},
		{"an amount", []string{"$1,234,575.27"}, nil},
		{"a rounded amount as the primary spelling", []string{"1,234,575"}, []string{"1,234,575"}},
		{"other spellings may round", []string{"1,234,575.27", "1,234,575", "1.23 million", "1234.6k", "123.46万", "24%"}, nil},
		{"but not to another figure", []string{"117", "1.24 million", "123.47 万", "25%"}, []string{"1.24 million", "123.47 万", "25%"}},
		{"identifiers and dates", []string{"VND-001 on 2025-10-01"}, nil},
		{"another identifier", []string{"VND-002", "Kestrel Bearings"}, []string{"VND-002"}},
		{"another date", []string{"2025-10-02", "October 2"}, []string{"2025-10-02"}},
		{"words", []string{"rose", "up"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, unproven(cells, test.fact)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// shipped are the tasks of all files.
func shipped(t *testing.T) []tasks.Task {
	t.Helper()
	files, err := filepath.Glob("*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all, err := tasks.Read(files...)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// evidence returns the cells of all rows that the query finds.
func evidence(t *testing.T, db *records.DB, query string) (cells []any) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(t.Context(), query)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err reports what matters
		columns, err := rows.Columns()
		if err != nil {
			return err
		}
		for rows.Next() {
			row, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range row {
				into[i] = &row[i]
			}
			if err := rows.Scan(into...); err != nil {
				return err
			}
			cells = append(cells, row...)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("%v in the evidence:\n%s", err, query)
	}
	if len(cells) == 0 {
		t.Fatalf("the evidence has no rows:\n%s", query)
	}
	return cells
}

var (
	// exact finds what a first spelling must prove: identifiers, dates, figures.
	exact = regexp.MustCompile(`[A-Z]+(?:-\d+)+|\d{4}-\d{2}-\d{2}|\d[\d,]*(?:\.\d+)?`)
	// rounded is another spelling that is nothing but a figure.
	rounded = regexp.MustCompile(`^(\d[\d,]*)(\.\d+)?(%| ?million| ?thousand|k| ?万)?$`)
	scales  = map[string]float64{"million": 1e6, "thousand": 1e3, "k": 1e3, "万": 1e4}
)

// unproven returns what no cell proves. Each identifier, date and figure of the first spelling must be a cell; another
// spelling, when it is a figure, must be what a cell rounds to. Words are not checked.
func unproven(cells []any, fact []string) (missing []string) {
	for _, part := range exact.FindAllString(fact[0], -1) {
		figure, err := strconv.ParseFloat(strings.ReplaceAll(part, ",", ""), 64)
		if !slices.ContainsFunc(cells, func(cell any) bool { return cell == part || err == nil && within(cell, figure, 0) }) {
			missing = append(missing, part)
		}
	}
	for _, spelling := range fact[1:] {
		match := rounded.FindStringSubmatch(spelling)
		if match == nil {
			continue
		}
		scale := scales[strings.TrimSpace(match[3])]
		if scale == 0 {
			scale = 1
		}
		figure, err := strconv.ParseFloat(strings.ReplaceAll(match[1], ",", "")+match[2], 64)
		half := scale / 2 * math.Pow10(-max(0, len(match[2])-1))
		if err != nil || !slices.ContainsFunc(cells, func(cell any) bool { return within(cell, figure*scale, half) }) {
			missing = append(missing, spelling)
		}
	}
	return missing
}

// within reports whether the cell is a number at most that far from the figure. Cells are sums of cents divided by 100.
func within(cell any, figure, distance float64) bool {
	const float = 1e-6
	switch number := cell.(type) {
	case int64:
		return math.Abs(float64(number)-figure) <= distance+float
	case float64:
		return math.Abs(number-figure) <= distance+float
	}
	return false
}
