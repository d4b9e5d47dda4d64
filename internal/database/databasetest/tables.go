package databasetest

import (
	"database/sql"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/database"
)

// SameTables holds that what open makes of an empty database is the same in each kind: tables, columns with their types, keys, references,
// indexes, and how many conditions the rows must meet.
func SameTables(t *testing.T, open func(t testing.TB, location database.Location) *sql.DB) {
	t.Helper()
	described := map[string][]string{}
	for _, kind := range Kinds() {
		location := kind.Empty(t)
		pool := open(t, location)
		queries := ofFiles
		if location.URL != "" {
			queries = ofSchemas
		}
		for _, query := range queries {
			described[kind.Name] = append(described[kind.Name], lines(t, pool, query)...)
		}
		slices.Sort(described[kind.Name])
	}
	if diff := cmp.Diff(described["sqlite"], described["postgresql"]); diff != "" || len(described["sqlite"]) < 4 {
		t.Errorf("SQLite (-) and PostgreSQL (+) differ: %s", diff)
	}
}

func lines(t testing.TB, pool *sql.DB, query string) (all []string) {
	t.Helper()
	rows, err := pool.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		all = append(all, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// The queries describe one thing per line, in the same words.
var ofFiles = []string{
	`SELECT m.name || '.' || c.name || ' ' || c.type || CASE WHEN c."notnull" OR c.pk > 0 THEN ' not null' ELSE '' END || CASE WHEN c.pk > 0 THEN ' key ' || c.pk ELSE '' END
		FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'`,
	`SELECT name || ' (' || group_concat("from", ', ') || ') refers to ' || "table" || ' (' || group_concat("to", ', ') || ')'
		FROM (SELECT m.name, f.* FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq) GROUP BY name, id`,
	`SELECT name || CASE origin WHEN 'c' THEN ' index ' || "index" ELSE '' END || CASE "unique" WHEN 1 THEN ' unique' ELSE '' END || ' (' || group_concat(column, ', ') || ')'
		|| CASE partial WHEN 1 THEN ' partial' ELSE '' END
		FROM (SELECT m.name, i.name AS "index", i."unique", i.origin, i.partial, c.name AS column FROM sqlite_schema m JOIN pragma_index_list(m.name) i
			JOIN pragma_index_info(i.name) c WHERE m.type = 'table' AND i.origin <> 'pk' ORDER BY m.name, i.name, c.seqno) GROUP BY name, "index"`,
	`SELECT name || ' checks ' || ((length(sql) - length(replace(sql, 'CHECK (', ''))) / 7) FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%CHECK (%'`,
}

var ofSchemas = []string{
	`SELECT c.relname || '.' || a.attname || ' ' || CASE a.atttypid::regtype::text WHEN 'bigint' THEN 'INTEGER' WHEN 'bytea' THEN 'BLOB' ELSE upper(a.atttypid::regtype::text) END
		|| CASE WHEN a.attnotnull THEN ' not null' ELSE '' END || coalesce(' key ' || array_position(i.indkey::int2[], a.attnum) + 1, '')
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
		WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname <> 'bestbox_migrations'`,
	`SELECT t.relname || ' (' || string_agg(a.attname, ', ' ORDER BY n) || ') refers to ' || o.relname || ' (' || string_agg(b.attname, ', ' ORDER BY n) || ')'
		FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class o ON o.oid = k.confrelid CROSS JOIN generate_subscripts(k.conkey, 1) n
		JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.conkey[n] JOIN pg_attribute b ON b.attrelid = o.oid AND b.attnum = k.confkey[n]
		WHERE k.contype = 'f' AND k.connamespace = current_schema()::regnamespace GROUP BY k.oid, t.relname, o.relname`,
	`SELECT t.relname || CASE WHEN k.oid IS NULL THEN ' index ' || x.relname ELSE '' END || CASE WHEN i.indisunique THEN ' unique' ELSE '' END
		|| ' (' || string_agg(a.attname, ', ' ORDER BY n) || ')' || CASE WHEN i.indpred IS NULL THEN '' ELSE ' partial' END
		FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid LEFT JOIN pg_constraint k ON k.conindid = x.oid AND k.contype = 'u'
		CROSS JOIN generate_subscripts(i.indkey, 1) n JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[n]
		WHERE t.relnamespace = current_schema()::regnamespace AND NOT i.indisprimary GROUP BY i.indexrelid, t.relname, k.oid, x.relname, i.indisunique, i.indpred`,
	`SELECT t.relname || ' checks ' || count(*) FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid
		WHERE k.contype = 'c' AND k.connamespace = current_schema()::regnamespace GROUP BY t.relname`,
}
