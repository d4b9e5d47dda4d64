package database

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// quotedOrMark finds what a statement may hold beside parameters: texts, quoted names, comments; and the marks themselves.
var quotedOrMark = regexp.MustCompile(`'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\?[0-9]*`)

// numbered writes the parameters of a statement as PostgreSQL wants them: ? is the next one, $1, $2, and ?2 the second one wherever it stands. A text in
// E” or in $$ is known to PostgreSQL alone, so no statement has one.
func numbered(statement string) string {
	if !strings.Contains(statement, "?") {
		return statement
	}
	n := 0
	return quotedOrMark.ReplaceAllStringFunc(statement, func(found string) string {
		switch {
		case found[0] != '?':
			return found
		case found != "?":
			return "$" + found[1:]
		}
		n++
		return "$" + strconv.Itoa(n)
	})
}

// translations are what the migrations say in SQLite's words. Texts are compared byte by byte, as SQLite does, whatever the database's own order.
var translations = []struct {
	pattern *regexp.Regexp
	words   string
}{
	{regexp.MustCompile(`\bTEXT\b`), `text COLLATE "C"`},
	{regexp.MustCompile(`\bINTEGER\b`), `bigint`},
	{regexp.MustCompile(`\bBLOB\b`), `bytea`},
	{regexp.MustCompile(`\) STRICT(, WITHOUT ROWID)?;`), `);`},
	{regexp.MustCompile(`\b(\w+) IS date\((\w+)\)`), `$1 = to_char($2::date, 'YYYY-MM-DD')`},
	{regexp.MustCompile(`\b(\w+) IS strftime\('%Y-%m-%d %H:%M', (\w+)\)`), `$1 = to_char($2::timestamp, 'YYYY-MM-DD HH24:MI')`},
	{regexp.MustCompile(`\b(\w+) IS strftime\('%Y-%m-%dT%H:%M:%SZ', (\w+)\)`), `$1 = to_char($2::timestamp, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`},
	{regexp.MustCompile(`\b(\w+) GLOB '([0-9A-Z:\[\]-]+)'`), `$1 ~ '^$2$$'`},
	{regexp.MustCompile(`\bjson_valid\((\w+)\)`), `(($1::json IS NULL) = ($1 IS NULL))`},
}

// untranslated are words that only SQLite knows. A migration that holds one after its translation is refused, before the server misunderstands it.
var untranslated = regexp.MustCompile(`(?i)\b(STRICT|ROWID|AUTOINCREMENT|GLOB|strftime|julianday|datetime|unixepoch|json_valid|ifnull|REAL|INTEGER|BLOB|PRAGMA)\b|\bdate\(`)

// translate writes a migration as PostgreSQL understands it.
func translate(migration string) (string, error) {
	statements := comments.ReplaceAllString(migration, "")
	for _, t := range translations {
		statements = t.pattern.ReplaceAllString(statements, t.words)
	}
	if found := untranslated.FindString(statements); found != "" {
		return "", fmt.Errorf("PostgreSQL does not know %q: write it in words of both, or add its translation", found)
	}
	return statements, nil
}

// comments of migrations hold no quotation mark that could open a text, and texts hold no --.
var comments = regexp.MustCompile(`--[^\n]*`)
