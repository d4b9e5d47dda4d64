-- The documents that are found, with the version that counts: what an index holds of other versions is on its way in or out. stale is 1 until the
-- index has forgotten the version before.
CREATE TABLE documents (
    id          TEXT PRIMARY KEY,
    domain      TEXT NOT NULL,
    source      TEXT NOT NULL,
    root        TEXT NOT NULL,
    title       TEXT NOT NULL,
    format      TEXT NOT NULL,
    hash        TEXT NOT NULL,
    version     TEXT NOT NULL,
    bytes       INTEGER NOT NULL,
    pages       INTEGER NOT NULL,
    chunks      INTEGER NOT NULL,
    ingested_at TEXT NOT NULL,
    stale       INTEGER NOT NULL,
    UNIQUE (domain, source)
) STRICT;
CREATE INDEX documents_by_source ON documents (source, id);

-- Who is changing a document now, or, with the empty id, all of them. Whoever is killed holds a claim until its time has passed.
CREATE TABLE document_claims (
    document TEXT PRIMARY KEY,
    owner    TEXT NOT NULL,
    until    INTEGER NOT NULL -- Unix time in milliseconds
) STRICT;
