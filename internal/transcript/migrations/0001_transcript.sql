-- A message is stored once under the hash of its bytes and never changed.
CREATE TABLE messages (
    hash TEXT PRIMARY KEY,
    body BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- A head names a whole conversation: its last message and, through parent, all before it.
CREATE TABLE links (
    session  TEXT NOT NULL,
    head     TEXT NOT NULL,
    parent   TEXT NOT NULL,
    message  TEXT NOT NULL REFERENCES messages (hash),
    PRIMARY KEY (session, head)
) STRICT, WITHOUT ROWID;

-- What an activity gave back, by its idempotency key: a repeated activity returns this instead of working again.
CREATE TABLE outcomes (
    run     TEXT NOT NULL,
    key     TEXT NOT NULL,
    outcome BLOB NOT NULL,
    PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;

-- What a client is told while a run goes on, in order.
CREATE TABLE events (
    session  TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    type     TEXT NOT NULL,
    body     BLOB NOT NULL,
    PRIMARY KEY (session, sequence)
) STRICT, WITHOUT ROWID;
