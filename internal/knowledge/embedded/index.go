package embedded

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"bestbox/internal/knowledge"
)

// Index is one of the indexes of a file.
type Index struct {
	store *Store
	id    int64
	model knowledge.Model
}

var _ knowledge.Index = (*Index)(nil)

// Model is the one that all its points were embedded with.
func (x *Index) Model() knowledge.Model { return x.model }

// Add puts points in, all of them or none.
func (x *Index) Add(ctx context.Context, points []knowledge.Point) error {
	for _, p := range points {
		if err := x.fits(p.Dense); err != nil {
			return fmt.Errorf("add chunk %d of document %s: %w", p.Position, p.Document, err)
		}
	}
	if len(points) == 0 {
		return nil
	}
	err := x.change(ctx, func(tx *sql.Tx) error {
		remove, err := tx.PrepareContext(ctx, "DELETE FROM points WHERE index_id = ? AND document = ? AND version = ? AND position = ? RETURNING id")
		if err != nil {
			return err
		}
		defer remove.Close()
		insert, err := tx.PrepareContext(ctx, `INSERT INTO points (index_id, document, version, position, domain, terms, dense, title, section, page, language, text)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
		if err != nil {
			return err
		}
		defer insert.Close()
		for _, p := range points {
			var removed int64
			switch err := remove.QueryRowContext(ctx, x.id, p.Document, p.Version, p.Position).Scan(&removed); {
			case err == nil:
				if _, err := tx.ExecContext(ctx, "INSERT INTO removals (point) VALUES (?)", removed); err != nil {
					return err
				}
			case !errors.Is(err, sql.ErrNoRows):
				return err
			}
			section, err := json.Marshal(p.Section)
			if err != nil {
				return err
			}
			if _, err := insert.ExecContext(ctx, x.id, p.Document, p.Version, p.Position, p.Domain, encodeTerms(p.Terms), encodeVector(p.Dense),
				p.Title, string(section), p.Page, p.Language, p.Text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("add %d chunks to the index: %w", len(points), err)
	}
	return nil
}

// fits holds that an embedding was made by the model of the index.
func (x *Index) fits(dense []float32) error {
	if len(dense) != x.model.Dimension {
		return fmt.Errorf("its embedding has %d numbers and those of this index have %d: ingest all documents again with the model that is used now", len(dense), x.model.Dimension)
	}
	return nil
}

// Keep removes the points of all versions of a document but one.
func (x *Index) Keep(ctx context.Context, document, version string) error {
	err := x.change(ctx, func(tx *sql.Tx) error {
		const others = " FROM points WHERE index_id = ?1 AND document = ?2 AND (version <> ?3 OR ?3 = '')"
		if _, err := tx.ExecContext(ctx, "INSERT INTO removals (point) SELECT id"+others, x.id, document, version); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "DELETE"+others, x.id, document, version)
		return err
	})
	if err != nil {
		return fmt.Errorf("remove chunks of document %s: %w", document, err)
	}
	return nil
}

// keptRemovals is how many removals are kept for other processes. More than one has missed make it read the whole index again, which takes some seconds.
const keptRemovals = 50_000

// change changes points of the index in one transaction.
func (x *Index) change(ctx context.Context, change func(tx *sql.Tx) error) error {
	return x.noticed(x.store.write(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, "UPDATE indexes SET changes = changes + 1 WHERE id = ? AND state <> ?", x.id, gone)
		if err != nil {
			return err
		}
		if there, err := done.RowsAffected(); err != nil || there == 0 {
			return errors.Join(err, knowledge.ErrReplaced)
		}
		if err := change(tx); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM removals WHERE id <= (SELECT max(id) FROM removals) - ?", keptRemovals)
		return err
	}))
}

// noticed gives back the memory when an error says that the index was replaced.
func (x *Index) noticed(err error) error {
	if errors.Is(err, knowledge.ErrReplaced) {
		x.store.forget(x.id)
	}
	return err
}

// read reads one state of the index, and how many changes there were until then.
func (x *Index) read(ctx context.Context, queries func(tx *sql.Tx, changes int64) error) error {
	return x.noticed(x.store.read(ctx, func(tx *sql.Tx) error {
		var changes int64
		err := tx.QueryRowContext(ctx, "SELECT changes FROM indexes WHERE id = ? AND state <> ?", x.id, gone).Scan(&changes)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return knowledge.ErrReplaced
		case err != nil:
			return err
		}
		return queries(tx, changes)
	}))
}

// Chunks are those of one version of a document, in order.
func (x *Index) Chunks(ctx context.Context, document, version string) (chunks []knowledge.Chunk, err error) {
	err = x.read(ctx, func(tx *sql.Tx, _ int64) error {
		return each(ctx, tx, func(scan scanner) error {
			chunk, _, err := scanChunk(scan)
			chunks = append(chunks, chunk)
			return err
		}, "SELECT "+chunkColumns+" FROM points WHERE index_id = ? AND document = ? AND version = ? ORDER BY position", x.id, document, version)
	})
	if err != nil {
		return nil, fmt.Errorf("read the chunks of document %s: %w", document, err)
	}
	return chunks, nil
}

// Versions are those of each document of which points are there.
func (x *Index) Versions(ctx context.Context) (map[string][]string, error) {
	versions := map[string][]string{}
	err := x.read(ctx, func(tx *sql.Tx, _ int64) error {
		return each(ctx, tx, func(scan scanner) error {
			var document, version string
			err := scan(&document, &version)
			versions[document] = append(versions[document], version)
			return err
		}, "SELECT DISTINCT document, version FROM points WHERE index_id = ? ORDER BY document, version", x.id)
	})
	if err != nil {
		return nil, fmt.Errorf("read which documents the index holds: %w", err)
	}
	return versions, nil
}

// Count is how many points there are.
func (x *Index) Count(ctx context.Context) (count int, err error) {
	err = x.read(ctx, func(tx *sql.Tx, _ int64) error {
		return tx.QueryRowContext(ctx, "SELECT count(*) FROM points WHERE index_id = ?", x.id).Scan(&count)
	})
	if err != nil {
		return 0, fmt.Errorf("count the chunks of the index: %w", err)
	}
	return count, nil
}

// chunkColumns are what scanChunk reads.
const chunkColumns = "id, version, document, position, title, section, page, language, text"

type scanner func(into ...any) error

func scanChunk(scan scanner) (chunk knowledge.Chunk, row row, err error) {
	var section []byte
	if err := scan(&row.id, &row.version, &chunk.Document, &chunk.Position, &chunk.Title, &section, &chunk.Page, &chunk.Language, &chunk.Text); err != nil {
		return chunk, row, err
	}
	return chunk, row, json.Unmarshal(section, &chunk.Section)
}

// row says which one of the table a chunk is.
type row struct {
	id      int64
	version string
}

// each calls take for each row of a query.
func each(ctx context.Context, tx *sql.Tx, take func(scan scanner) error, query string, arguments ...any) (err error) {
	rows, err := tx.QueryContext(ctx, query, arguments...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := take(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
