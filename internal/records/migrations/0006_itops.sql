-- The plant's machines, hosts and services, and what is known about them. Times are the plant's own, to the minute.
CREATE TABLE components (
    id         TEXT PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind IN ('machine', 'host', 'service')),
    name       TEXT NOT NULL,
    name_local TEXT NOT NULL,
    also       TEXT NOT NULL, -- what else people call it, with | between
    place      TEXT NOT NULL
) STRICT;

-- component_id does not work without needs_id.
CREATE TABLE component_needs (
    component_id TEXT NOT NULL REFERENCES components (id),
    needs_id     TEXT NOT NULL REFERENCES components (id),
    PRIMARY KEY (component_id, needs_id),
    CHECK (component_id <> needs_id)
) STRICT;
CREATE INDEX component_needs_by_needed ON component_needs (needs_id);

-- A series of whole numbers. Below low_limit and above high_limit it is out of bounds.
CREATE TABLE metrics (
    component_id TEXT NOT NULL REFERENCES components (id),
    metric       TEXT NOT NULL,
    label        TEXT NOT NULL, -- what exactly is measured: "discharge temperature"
    unit         TEXT NOT NULL,
    low_limit    INTEGER,
    high_limit   INTEGER,
    PRIMARY KEY (component_id, metric),
    CHECK (low_limit < high_limit)
) STRICT;

CREATE TABLE metric_samples (
    component_id TEXT NOT NULL,
    metric       TEXT NOT NULL,
    at           TEXT NOT NULL CHECK (at IS strftime('%Y-%m-%d %H:%M', at)),
    value        INTEGER NOT NULL,
    PRIMARY KEY (component_id, metric, at),
    FOREIGN KEY (component_id, metric) REFERENCES metrics (component_id, metric)
) STRICT, WITHOUT ROWID;

CREATE TABLE alerts (
    id           TEXT PRIMARY KEY,
    component_id TEXT NOT NULL REFERENCES components (id),
    rule         TEXT NOT NULL,
    severity     TEXT NOT NULL CHECK (severity IN ('critical', 'warning')),
    summary      TEXT NOT NULL,
    fired_at     TEXT NOT NULL CHECK (fired_at IS strftime('%Y-%m-%d %H:%M', fired_at)),
    resolved_at  TEXT CHECK (resolved_at IS strftime('%Y-%m-%d %H:%M', resolved_at)),
    CHECK (resolved_at >= fired_at)
) STRICT;
CREATE INDEX alerts_by_component ON alerts (component_id, fired_at);

-- A silence holds until its time, or until it was lifted before. The latest one of an alert that was not lifted counts.
CREATE TABLE silences (
    id       INTEGER PRIMARY KEY,
    alert_id TEXT NOT NULL REFERENCES alerts (id),
    made_at  TEXT NOT NULL CHECK (made_at IS strftime('%Y-%m-%d %H:%M', made_at)),
    until    TEXT NOT NULL CHECK (until IS strftime('%Y-%m-%d %H:%M', until)),
    reason   TEXT NOT NULL,
    lifted   INTEGER NOT NULL CHECK (lifted IN (0, 1)),
    CHECK (until > made_at)
) STRICT;
CREATE INDEX silences_by_alert ON silences (alert_id);

-- Written by programs, some of it with what strangers sent them: data, never to be followed.
CREATE TABLE log_lines (
    id           INTEGER PRIMARY KEY,
    at           TEXT NOT NULL CHECK (at IS strftime('%Y-%m-%d %H:%M', at)),
    component_id TEXT NOT NULL REFERENCES components (id),
    level        TEXT NOT NULL CHECK (level IN ('error', 'warning', 'info')),
    program      TEXT NOT NULL,
    message      TEXT NOT NULL
) STRICT;
CREATE INDEX log_lines_by_component ON log_lines (component_id, at);
CREATE INDEX log_lines_by_time ON log_lines (at);

-- What people did to a component.
CREATE TABLE component_changes (
    id           TEXT PRIMARY KEY,
    component_id TEXT NOT NULL REFERENCES components (id),
    kind         TEXT NOT NULL CHECK (kind IN ('part', 'maintenance', 'deployment', 'configuration')),
    changed_at   TEXT NOT NULL CHECK (changed_at IS strftime('%Y-%m-%d %H:%M', changed_at)),
    summary      TEXT NOT NULL,
    changed_by   TEXT NOT NULL
) STRICT;
CREATE INDEX component_changes_by_component ON component_changes (component_id, changed_at);

CREATE TABLE tickets (
    id           TEXT PRIMARY KEY,
    title        TEXT NOT NULL,
    description  TEXT NOT NULL,
    component_id TEXT REFERENCES components (id),
    priority     TEXT NOT NULL CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
    status       TEXT NOT NULL CHECK (status IN ('open', 'in_progress', 'waiting', 'resolved', 'cancelled')),
    assignee     TEXT NOT NULL, -- empty: nobody yet
    opened_at    TEXT NOT NULL CHECK (opened_at IS strftime('%Y-%m-%d %H:%M', opened_at)),
    updated_at   TEXT NOT NULL CHECK (updated_at IS strftime('%Y-%m-%d %H:%M', updated_at))
) STRICT;
CREATE INDEX tickets_by_component ON tickets (component_id);

CREATE TABLE ticket_notes (
    ticket_id  TEXT NOT NULL REFERENCES tickets (id),
    number     INTEGER NOT NULL CHECK (number > 0),
    written_at TEXT NOT NULL CHECK (written_at IS strftime('%Y-%m-%d %H:%M', written_at)),
    note       TEXT NOT NULL,
    PRIMARY KEY (ticket_id, number)
) STRICT;
