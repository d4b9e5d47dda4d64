-- The live index and the one that is being made are told by their state. What a switch has taken the place of is removed in parts, as its points are many.
CREATE TABLE indexes (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    state     TEXT NOT NULL CHECK (state IN ('begun', 'live', 'replaced')),
    model     TEXT NOT NULL,
    dimension INTEGER NOT NULL CHECK (dimension >= 0),
    changes   INTEGER NOT NULL DEFAULT 0 -- goes up with every change of its points, by which a process sees those of another one
) STRICT;
CREATE UNIQUE INDEX indexes_by_state ON indexes (state) WHERE state <> 'replaced';

-- A point that is replaced gets a new id: whoever knows all up to one reads only those after it.
CREATE TABLE points (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    index_id INTEGER NOT NULL REFERENCES indexes (id),
    document TEXT NOT NULL,
    version  TEXT NOT NULL,
    position INTEGER NOT NULL,
    domain   TEXT NOT NULL,
    terms    BLOB NOT NULL, -- what is read for searching comes before what is read for showing
    dense    BLOB NOT NULL, -- empty where the index has no embeddings
    title    TEXT NOT NULL,
    section  TEXT NOT NULL, -- a list in JSON
    page     INTEGER NOT NULL,
    language TEXT NOT NULL,
    text     TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX points_by_place ON points (index_id, document, version, position);
CREATE INDEX points_by_index ON points (index_id, id);

-- The last points that were removed, for those who hold them in memory. Old rows go: whoever has not read them reads the whole index again.
CREATE TABLE removals (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    point INTEGER NOT NULL
) STRICT;
