package ingests

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"bestbox/internal/knowledge"
	"bestbox/internal/records"
)

const fileColumns = "position, source, name, size, state, tries, reason, advice"

func scanFile(scan func(into ...any) error) (file File, err error) {
	return file, scan(&file.Position, &file.Source, &file.Name, &file.Size, &file.State, &file.Tries, &file.Reason, &file.Advice)
}

// Next gives the first file that waits, with its content where it is an upload, and counts that it is begun. There is none where found is false.
func (r *Registry) Next(ctx context.Context, id string) (file File, found bool, err error) {
	err = r.db.Write(ctx, func(tx *sql.Tx) error {
		row := tx.QueryRowContext(ctx, "SELECT "+fileColumns+" FROM ingest_files WHERE ingest = ? AND state = ? ORDER BY position LIMIT 1", id, Pending)
		var err error
		if file, err = scanFile(row.Scan); errors.Is(err, sql.ErrNoRows) {
			found = false
			return nil
		} else if err != nil {
			return err
		}
		found = true
		file.Tries++
		if err := tx.QueryRowContext(ctx, "SELECT content FROM ingest_files WHERE ingest = ? AND position = ?", id, file.Position).Scan(&file.Content); err != nil {
			return err
		}
		changed, err := tx.ExecContext(ctx, "UPDATE ingest_files SET tries = ? WHERE ingest = ? AND position = ?", file.Tries, id, file.Position)
		return one(changed, err)
	})
	if err != nil {
		return File{}, false, fmt.Errorf("take the next file of the ingest %s: %w", id, err)
	}
	return file, found, nil
}

// longestReason is how many characters of a reason are noted.
const longestReason = 500

// AsNoted is a reason, or an advice, as it is noted. It may quote a file or an answer, however long and in whatever bytes, and PostgreSQL takes only UTF-8 without NUL.
func AsNoted(reason string) string {
	reason = strings.ReplaceAll(strings.ToValidUTF8(reason, "\uFFFD"), "\x00", "\uFFFD")
	if characters := []rune(reason); len(characters) > longestReason {
		reason = string(characters[:longestReason-1]) + "…"
	}
	return reason
}

// Note notes how a file has fared. A file that has an outcome keeps it. Unless it was given up, the ingest waits for nothing any more: after one that was, the next is not waited for
// as long again.
func (r *Registry) Note(ctx context.Context, id string, file File) error {
	return r.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE ingest_files SET state = ?, size = ?, reason = ?, advice = ?, content = NULL WHERE ingest = ? AND position = ? AND state = ?",
			file.State, file.Size, AsNoted(file.Reason), AsNoted(file.Advice), id, file.Position, Pending); err != nil {
			return fmt.Errorf("note how the file %d of the ingest %s has fared: %w", file.Position, id, err) // the query of its address may hold a key
		}
		if file.State == NotIn {
			return nil
		}
		return goOn(ctx, tx, id)
	})
}

// GoOn notes that an ingest waits for nothing any more.
func (r *Registry) GoOn(ctx context.Context, id string) error {
	return r.db.Write(ctx, func(tx *sql.Tx) error { return goOn(ctx, tx, id) })
}

func goOn(ctx context.Context, tx *sql.Tx, id string) error {
	_, err := tx.ExecContext(ctx, "UPDATE ingests SET reason = '', waits_since = '' WHERE id = ? AND waits_since <> ''", id)
	return err
}

// NoteRest gives every file that waits the same outcome.
func (r *Registry) NoteRest(ctx context.Context, id string, state FileState, reason, advice string) error {
	return r.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE ingest_files SET state = ?, reason = ?, advice = ?, content = NULL WHERE ingest = ? AND state = ?", state, AsNoted(reason), AsNoted(advice), id, Pending)
		return err
	})
}

// Wait notes what an ingest waits for before it can go on with a file, and gives since when it does: from now on where it waits anew. The file counts as not begun this time;
// the times before, which may have ended the worker, count still.
func (r *Registry) Wait(ctx context.Context, id string, file File, reason string, anew bool) (since time.Time, err error) {
	err = r.db.Write(ctx, func(tx *sql.Tx) error {
		var text string
		if err := tx.QueryRowContext(ctx, "SELECT waits_since FROM ingests WHERE id = ?", id).Scan(&text); err != nil {
			return err
		}
		if text == "" || anew {
			text = written(time.Now())
		}
		if since, err = time.Parse(form, text); err != nil {
			return err
		}
		if err := untry(ctx, tx, id, file); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE ingests SET reason = ?, waits_since = ? WHERE id = ? AND state = ?", AsNoted(reason), text, id, Running)
		return err
	})
	return since, err
}

// Untry notes that a file was not begun after all.
func (r *Registry) Untry(ctx context.Context, id string, file File) error {
	return r.db.Write(ctx, func(tx *sql.Tx) error { return untry(ctx, tx, id, file) })
}

func untry(ctx context.Context, tx *sql.Tx, id string, file File) error {
	_, err := tx.ExecContext(ctx, "UPDATE ingest_files SET tries = tries - 1 WHERE ingest = ? AND position = ? AND tries > 0", id, file.Position)
	return err
}

// Sources are those of all files that were listed, whatever has become of them.
func (r *Registry) Sources(ctx context.Context, id string) (map[string]bool, error) {
	sources := map[string]bool{}
	err := r.db.Read(ctx, func(tx *sql.Tx) error {
		return records.NewView(ctx, tx).Each("SELECT source FROM ingest_files WHERE ingest = ? AND state <> ?", []any{id, Removed}, func(scan func(into ...any) error) error {
			var source string
			err := scan(&source)
			sources[source] = true
			return err
		})
	})
	return sources, err
}

// Pending are the ids of the documents whose files wait in ingests that run, but for one.
func (r *Registry) Pending(ctx context.Context, but string) (ids map[string]bool, err error) {
	err = r.db.Read(ctx, func(tx *sql.Tx) error {
		ids = map[string]bool{}
		const query = "SELECT domain, source FROM ingest_files JOIN ingests ON id = ingest WHERE ingests.state = ? AND ingest_files.state = ? AND ingest <> ?"
		return records.NewView(ctx, tx).Each(query, []any{Running, Pending, but}, func(scan func(into ...any) error) error {
			var domain, source string
			err := scan(&domain, &source)
			ids[knowledge.DocumentID(domain, source)] = true
			return err
		})
	})
	return ids, err
}

// NoteRemoved notes that the document of a source is removed, once.
func (r *Registry) NoteRemoved(ctx context.Context, id, source string) error {
	return r.db.Write(ctx, func(tx *sql.Tx) error {
		var there, last int
		err := tx.QueryRowContext(ctx, "SELECT count(*) FROM ingest_files WHERE ingest = ? AND source = ? AND state = ?", id, source, Removed).Scan(&there)
		if err != nil || there > 0 {
			return err
		}
		if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(position), 0) FROM ingest_files WHERE ingest = ?", id).Scan(&last); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO ingest_files (ingest, position, source, name, size, state, tries, reason, advice) VALUES (?, ?, ?, '', 0, ?, 0, '', '')`,
			id, last+1, source, Removed)
		return err
	})
}

// NoteKept notes that the document of a source, which was noted as removed, is there no less.
func (r *Registry) NoteKept(ctx context.Context, id, source string) error {
	return r.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM ingest_files WHERE ingest = ? AND source = ? AND state = ?", id, source, Removed)
		return err
	})
}

// Files are those of an ingest after a position, in order. States, where there are any, are those wanted.
func (r *Registry) Files(ctx context.Context, id string, after, limit int, states ...FileState) (files []File, err error) {
	query, arguments := "SELECT "+fileColumns+" FROM ingest_files WHERE ingest = ? AND position > ?", []any{id, after}
	if len(states) > 0 {
		query += " AND state IN (?" + strings.Repeat(", ?", len(states)-1) + ")"
	}
	for _, state := range states {
		arguments = append(arguments, state)
	}
	err = r.db.Read(ctx, func(tx *sql.Tx) error {
		files = nil
		return records.NewView(ctx, tx).Each(query+" ORDER BY position LIMIT ?", append(arguments, limit), func(scan func(into ...any) error) error {
			file, err := scanFile(scan)
			files = append(files, file)
			return err
		})
	})
	return files, err
}
