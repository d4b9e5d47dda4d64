-- What was put into the library, one row for each time. Times are UTC text, to the millisecond, so that they sort.
CREATE TABLE ingests (
    id          TEXT PRIMARY KEY,
    kind        TEXT NOT NULL CHECK (kind IN ('folder', 'urls', 'upload')),
    domain      TEXT NOT NULL, -- empty: for every agent
    root        TEXT NOT NULL, -- the folder, or the name of a list; empty: what comes alone
    started_by  TEXT NOT NULL, -- empty: the local user
    workflow    TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('running', 'completed', 'failed', 'cancelled')),
    whole       INTEGER NOT NULL CHECK (whole IN (0, 1)), -- all of the root was listed, so that what is not among the files is gone
    reason      TEXT NOT NULL, -- why it has failed, or what it waits for
    waits_since TEXT NOT NULL, -- empty: it waits for nothing
    started_at  TEXT NOT NULL,
    ended_at    TEXT NOT NULL, -- empty: it runs
    CHECK ((state = 'running') = (ended_at = ''))
) STRICT;
CREATE INDEX ingests_by_time ON ingests (started_at);

-- How each of its files fares.
CREATE TABLE ingest_files (
    ingest   TEXT NOT NULL REFERENCES ingests (id) ON DELETE CASCADE,
    position INTEGER NOT NULL CHECK (position > 0),
    source   TEXT NOT NULL,
    name     TEXT NOT NULL,
    size     INTEGER NOT NULL, -- bytes; 0: not known yet
    state    TEXT NOT NULL CHECK (state IN ('pending', 'added', 'replaced', 'unchanged', 'unreadable', 'failed', 'removed')),
    tries    INTEGER NOT NULL, -- how often it was begun
    reason   TEXT NOT NULL,
    advice   TEXT NOT NULL,
    content  BLOB, -- of an upload, until it is in
    PRIMARY KEY (ingest, position)
) STRICT;
CREATE INDEX ingest_files_by_state ON ingest_files (ingest, state, position);
