package library

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"bestbox/internal/knowledge"
	"bestbox/internal/records"
)

// mostListed is how many documents one call lists.
const mostListed = 1000

// Filter chooses documents.
type Filter struct {
	// Domain is nil for those of all; a pointer to "" means those that every agent finds.
	Domain *string
	// Root is the folder or list that they came with; empty: any.
	Root string
	// Below is a folder that their files stand in, whichever folder they came with; empty: any.
	Below string
	// After is where the page before has ended.
	After Place
	// Limit is at most 1,000, which 0 means too.
	Limit int
}

// Place is that of a document in the order of a list. It stays when the document is gone.
type Place struct{ Source, ID string }

// PlaceOf is that of a document.
func PlaceOf(d knowledge.Document) Place { return Place{d.Source, d.ID} }

const columns = "id, domain, source, root, title, format, hash, version, bytes, pages, chunks, ingested_at, lost, stale"

// Documents lists documents in the order of their sources.
func (l *Library) Documents(ctx context.Context, filter Filter) ([]knowledge.Document, error) {
	var where strings.Builder
	var arguments []any
	only := func(condition string, values ...any) {
		where.WriteString("AND " + condition + " ")
		arguments = append(arguments, values...)
	}
	if filter.Domain != nil {
		only("domain = ?", *filter.Domain)
	}
	if filter.Root != "" {
		only("root = ?", filter.Root)
	}
	if filter.Below != "" {
		folder := strings.TrimSuffix(filter.Below, "/") + "/"
		only("(source = ? OR substr(source, 1, ?) = ?)", filter.Below, utf8.RuneCountInString(folder), folder)
	}
	if filter.After != (Place{}) {
		only("(source, id) > (?, ?)", filter.After.Source, filter.After.ID)
	}
	limit := filter.Limit
	if limit < 1 || limit > mostListed {
		limit = mostListed
	}
	documents, err := l.list(ctx, where.String()+"ORDER BY source, id LIMIT ?", append(arguments, limit)...)
	if err != nil {
		return nil, fmt.Errorf("list the documents: %w", err)
	}
	return documents, nil
}

// counts is the condition that a row is of a document, and not of one whose removal was begun: of that only what the index still holds is to go.
const counts = "version <> ''"

// removing is that it is of such a removal.
const removing = "version = ''"

// list reads the documents that the end of a query chooses, behind a condition; without one all.
func (l *Library) list(ctx context.Context, end string, arguments ...any) (documents []knowledge.Document, err error) {
	err = l.db.Read(ctx, func(tx *sql.Tx) error {
		documents = nil
		return records.NewView(ctx, tx).Each("SELECT "+columns+" FROM documents WHERE "+counts+" "+end, arguments, func(read func(into ...any) error) error {
			document, _, err := scan(read)
			documents = append(documents, document)
			return err
		})
	})
	return documents, err
}

// beginning is that of an id, long enough that few documents share one, as searches print it.
var beginning = regexp.MustCompile(`^[0-9a-f]{8,31}$`)

// Document is one document with its chunks, of which there are none where it is lost. It is named by its id, or by what the id begins with where no other one does: at least eight characters. ErrUnknownDocument: there is none.
func (l *Library) Document(ctx context.Context, id string) (knowledge.Document, []knowledge.Chunk, error) {
	named := id
	if beginning.MatchString(id) {
		var err error
		if named, err = l.whole(ctx, counts, id); err != nil {
			return knowledge.Document{}, nil, fmt.Errorf("document %q: %w", id, err)
		}
	}
	for read := 1; ; read++ {
		document, chunks, err := l.read(ctx, named)
		if errors.Is(err, ErrUnknownDocument) {
			return document, nil, fmt.Errorf("document %q: %w", id, err)
		}
		// Between row and index it may have been replaced, or a reindex has switched.
		changed := errors.Is(err, knowledge.ErrReplaced) || err == nil && !document.Lost && len(chunks) != document.Chunks
		if !changed || read == mostSearches || ctx.Err() != nil {
			if err != nil {
				return document, nil, fmt.Errorf("read the text of the document %s: %w", id, err)
			}
			document.Lost = document.Lost || len(chunks) != document.Chunks
			return document, chunks, nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(betweenSearches):
		}
	}
}

// read reads the row of a document and what the index holds of that version. Without an index it is lost.
func (l *Library) read(ctx context.Context, id string) (document knowledge.Document, chunks []knowledge.Chunk, err error) {
	if document, _, err = l.row(ctx, id); err != nil {
		return document, nil, err
	}
	index, err := l.store.Live(ctx)
	if errors.Is(err, knowledge.ErrNoIndex) {
		document.Lost = true
		return document, nil, nil
	}
	if err == nil {
		chunks, err = index.Chunks(ctx, document.ID, document.Version)
	}
	return document, chunks, err
}

// whole is the only id with a beginning among the rows that a condition chooses; else the beginning, which is nobody's id.
func (l *Library) whole(ctx context.Context, condition, begins string) (string, error) {
	ids, err := l.ids(ctx, condition+" AND id >= ? AND id < ? LIMIT 2", begins, begins+"g")
	if err != nil || len(ids) != 1 {
		return begins, err
	}
	return ids[0], nil
}

// row reads the row of a document; stale: the index may still hold the version before.
func (l *Library) row(ctx context.Context, id string) (document knowledge.Document, stale bool, err error) {
	err = l.db.Read(ctx, func(tx *sql.Tx) error {
		document, stale, err = scan(tx.QueryRowContext(ctx, "SELECT "+columns+" FROM documents WHERE id = ? AND "+counts, id).Scan)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrUnknownDocument
	}
	return document, stale, err
}

func scan(read func(into ...any) error) (d knowledge.Document, stale bool, err error) {
	var ingested string
	if err := read(&d.ID, &d.Domain, &d.Source, &d.Root, &d.Title, &d.Format, &d.Hash, &d.Version, &d.Bytes, &d.Pages, &d.Chunks, &ingested, &d.Lost, &stale); err != nil {
		return knowledge.Document{}, false, err
	}
	d.Ingested, err = time.Parse(time.RFC3339, ingested)
	return d, stale, err
}

// write makes a version of a document the one that is found.
func (l *Library) write(ctx context.Context, claim *claimed, d knowledge.Document) error {
	return l.db.Write(ctx, func(tx *sql.Tx) error {
		if err := claim.holds(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO documents ("+columns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 1)
			ON CONFLICT (id) DO UPDATE SET root = excluded.root, title = excluded.title, format = excluded.format, hash = excluded.hash, version = excluded.version,
			bytes = excluded.bytes, pages = excluded.pages, chunks = excluded.chunks, ingested_at = excluded.ingested_at, lost = 0, stale = 1`,
			d.ID, d.Domain, d.Source, d.Root, d.Title, d.Format, d.Hash, d.Version, d.Bytes, d.Pages, d.Chunks, d.Ingested.Format(time.RFC3339))
		return err
	})
}

// forget has the row of the claimed document stand for none, after which it is no longer found. It stays until the index holds nothing of it, so that whoever is killed before leaves a trace.
func (l *Library) forget(ctx context.Context, claim *claimed) (existed bool, err error) {
	err = l.db.Write(ctx, func(tx *sql.Tx) error {
		if err := claim.holds(ctx, tx); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, "UPDATE documents SET version = '', lost = 0 WHERE id = ?", claim.document)
		if err != nil {
			return err
		}
		rows, err := result.RowsAffected()
		existed = rows > 0
		return err
	})
	return existed, err
}

// bury takes away the row of a document that was forgotten.
func (l *Library) bury(ctx context.Context, id string) error {
	_, err := l.db.SQL().ExecContext(ctx, "DELETE FROM documents WHERE id = ? AND "+removing, id)
	return err
}

// forgotten are the ids of documents whose removal was begun and has not ended.
func (l *Library) forgotten(ctx context.Context) ([]string, error) {
	return l.ids(ctx, removing+" ORDER BY id")
}

// ids are those of the rows that a condition chooses.
func (l *Library) ids(ctx context.Context, condition string, arguments ...any) (ids []string, err error) {
	err = l.db.Read(ctx, func(tx *sql.Tx) error {
		ids = nil // for when it is tried again
		return records.NewView(ctx, tx).Each("SELECT id FROM documents WHERE "+condition, arguments, func(read func(into ...any) error) error {
			var id string
			err := read(&id)
			ids = append(ids, id)
			return err
		})
	})
	return ids, err
}

// lose notes whether the index lacks the claimed document.
func (l *Library) lose(ctx context.Context, claim *claimed, lost bool) error {
	return l.db.Write(ctx, func(tx *sql.Tx) error {
		if err := claim.holds(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE documents SET lost = CASE WHEN ? THEN 1 ELSE 0 END WHERE id = ?", lost, claim.document)
		return err
	})
}

// loseAll notes that the index lacks all documents, as a new one does.
func (l *Library) loseAll(ctx context.Context) error {
	_, err := l.db.SQL().ExecContext(ctx, "UPDATE documents SET lost = 1 WHERE "+counts)
	return err
}

// lost is how many documents a search would look at that the index lacks.
func (l *Library) lost(ctx context.Context, query Query) (lost int, err error) {
	err = l.db.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM documents WHERE lost = 1 AND (? OR domain IN ('', ?))", query.AllDomains, query.Domain).Scan(&lost)
	})
	return lost, err
}

// fresh notes that the index holds no other version of the document any more.
func (l *Library) fresh(ctx context.Context, d knowledge.Document) error {
	_, err := l.db.SQL().ExecContext(ctx, "UPDATE documents SET stale = 0 WHERE id = ? AND version = ?", d.ID, d.Version)
	return err
}

// rows reads the rows of some documents, by id.
func (l *Library) rows(ctx context.Context, ids []string) (map[string]knowledge.Document, error) {
	found := map[string]knowledge.Document{}
	if len(ids) == 0 {
		return found, nil
	}
	arguments := make([]any, len(ids))
	for i, id := range ids {
		arguments[i] = id
	}
	documents, err := l.list(ctx, "AND id IN (?"+strings.Repeat(", ?", len(ids)-1)+")", arguments...)
	for _, document := range documents {
		found[document.ID] = document
	}
	return found, err
}

// Forgotten is the id and the domain of a document whose removal was begun and has not ended, which Remove ends. It is named as for Document. ErrUnknownDocument: there is none.
func (l *Library) Forgotten(ctx context.Context, id string) (named, domain string, err error) {
	named = id
	if beginning.MatchString(id) {
		if named, err = l.whole(ctx, removing, id); err != nil {
			return named, "", err
		}
	}
	err = l.db.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "SELECT domain FROM documents WHERE id = ? AND "+removing, named).Scan(&domain)
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrUnknownDocument
	}
	return named, domain, err
}
