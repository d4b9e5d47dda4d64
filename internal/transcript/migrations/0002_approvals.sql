-- What a run wants to do and a person must agree to. Decided is null while it waits.
CREATE TABLE approvals (
    session      TEXT NOT NULL,
    run          TEXT NOT NULL,
    call         TEXT NOT NULL,
    request      BLOB NOT NULL,
    requested_at TEXT NOT NULL,
    decided      BLOB,
    PRIMARY KEY (run, call)
) STRICT, WITHOUT ROWID;
CREATE INDEX approvals_waiting ON approvals (requested_at) WHERE decided IS NULL;
