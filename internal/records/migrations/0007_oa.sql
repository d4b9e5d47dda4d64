-- The office: people, rooms, the calendar, mail, leave and documents. Moments are UTC text (2026-01-15T01:00:00Z), days ISO text in the
-- zone of whom they concern.
CREATE TABLE employees (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    name_local    TEXT NOT NULL,
    title         TEXT NOT NULL,
    title_local   TEXT NOT NULL,
    department_id TEXT NOT NULL REFERENCES departments (id),
    manager_id    TEXT REFERENCES employees (id), -- null: nobody is above
    mail          TEXT NOT NULL UNIQUE CHECK (mail = lower(mail)),
    country       TEXT NOT NULL CHECK (length(country) = 2), -- whose public holidays hold
    time_zone     TEXT NOT NULL,
    works_from    TEXT NOT NULL CHECK (works_from GLOB '[0-2][0-9]:[0-5][0-9]'),
    works_to      TEXT NOT NULL CHECK (works_to GLOB '[0-2][0-9]:[0-5][0-9]' AND works_to > works_from)
) STRICT;
CREATE INDEX employees_by_department ON employees (department_id);

CREATE TABLE rooms (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    name_local TEXT NOT NULL,
    site       TEXT NOT NULL,
    capacity   INTEGER NOT NULL CHECK (capacity > 0)
) STRICT;

CREATE TABLE room_equipment (
    room_id   TEXT NOT NULL REFERENCES rooms (id),
    equipment TEXT NOT NULL CHECK (equipment IN ('projector', 'video', 'whiteboard', 'phone')),
    PRIMARY KEY (room_id, equipment)
) STRICT;

CREATE TABLE calendar_events (
    id           TEXT PRIMARY KEY,
    title        TEXT NOT NULL,
    organizer_id TEXT NOT NULL REFERENCES employees (id),
    room_id      TEXT REFERENCES rooms (id),
    starts_at    TEXT NOT NULL CHECK (starts_at IS strftime('%Y-%m-%dT%H:%M:%SZ', starts_at)),
    ends_at      TEXT NOT NULL CHECK (ends_at IS strftime('%Y-%m-%dT%H:%M:%SZ', ends_at) AND ends_at > starts_at),
    status       TEXT NOT NULL CHECK (status IN ('planned', 'cancelled'))
) STRICT;
CREATE INDEX calendar_events_by_time ON calendar_events (starts_at);
CREATE INDEX calendar_events_by_room ON calendar_events (room_id, starts_at);

CREATE TABLE calendar_attendees (
    event_id    TEXT NOT NULL REFERENCES calendar_events (id),
    employee_id TEXT NOT NULL REFERENCES employees (id),
    PRIMARY KEY (event_id, employee_id)
) STRICT;
CREATE INDEX calendar_attendees_by_employee ON calendar_attendees (employee_id);

-- What has come into the mailboxes. Subject and body are text of whoever wrote them: data, whatever they say.
CREATE TABLE mails (
    id           TEXT PRIMARY KEY,
    mailbox_id   TEXT NOT NULL REFERENCES employees (id),
    from_name    TEXT NOT NULL,
    from_address TEXT NOT NULL CHECK (from_address = lower(from_address)),
    subject      TEXT NOT NULL,
    body         TEXT NOT NULL,
    received_at  TEXT NOT NULL CHECK (received_at IS strftime('%Y-%m-%dT%H:%M:%SZ', received_at))
) STRICT;
CREATE INDEX mails_by_mailbox ON mails (mailbox_id, received_at);

-- The company's rules of leave are these rows.
CREATE TABLE leave_kinds (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    name_local  TEXT NOT NULL,
    limited     INTEGER NOT NULL CHECK (limited IN (0, 1)), -- 1: taken from the year's entitlement
    notice_days INTEGER NOT NULL CHECK (notice_days >= 0),  -- days between the request and the first day
    longest     INTEGER NOT NULL CHECK (longest > 0)        -- working days of one request
) STRICT;

CREATE TABLE leave_entitlements (
    employee_id  TEXT NOT NULL REFERENCES employees (id),
    year         INTEGER NOT NULL CHECK (year BETWEEN 2000 AND 2099),
    kind         TEXT NOT NULL REFERENCES leave_kinds (id),
    days         INTEGER NOT NULL CHECK (days >= 0),
    carried_days INTEGER NOT NULL CHECK (carried_days >= 0), -- left of the year before
    PRIMARY KEY (employee_id, year, kind)
) STRICT;

-- How many working days a leave costs is counted from the calendar, not stored. Approved leave that lies behind is leave taken.
CREATE TABLE leave_requests (
    id           TEXT PRIMARY KEY,
    employee_id  TEXT NOT NULL REFERENCES employees (id),
    kind         TEXT NOT NULL REFERENCES leave_kinds (id),
    first_day    TEXT NOT NULL CHECK (first_day IS date(first_day)),
    last_day     TEXT NOT NULL CHECK (last_day IS date(last_day) AND last_day >= first_day),
    status       TEXT NOT NULL CHECK (status IN ('requested', 'approved', 'rejected', 'cancelled')),
    reason       TEXT NOT NULL,
    requested_on TEXT NOT NULL CHECK (requested_on IS date(requested_on))
) STRICT;
CREATE INDEX leave_requests_by_employee ON leave_requests (employee_id, first_day);

-- works 0: nobody works on that day. works 1: a day of a weekend that is worked, in exchange.
CREATE TABLE public_holidays (
    country    TEXT NOT NULL,
    day        TEXT NOT NULL CHECK (day IS date(day)),
    name       TEXT NOT NULL,
    name_local TEXT NOT NULL,
    works      INTEGER NOT NULL CHECK (works IN (0, 1)),
    PRIMARY KEY (country, day)
) STRICT;

CREATE TABLE leave_blackouts (
    id            INTEGER PRIMARY KEY,
    department_id TEXT REFERENCES departments (id), -- null: all
    first_day     TEXT NOT NULL CHECK (first_day IS date(first_day)),
    last_day      TEXT NOT NULL CHECK (last_day IS date(last_day) AND last_day >= first_day),
    reason        TEXT NOT NULL
) STRICT;

-- path is below the company's documents. body is the Markdown of a document that was made here.
CREATE TABLE company_documents (
    id            TEXT PRIMARY KEY,
    title         TEXT NOT NULL,
    title_local   TEXT NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN ('policy', 'template', 'form', 'manual', 'report', 'minutes', 'memo')),
    path          TEXT NOT NULL UNIQUE,
    summary       TEXT NOT NULL,
    summary_local TEXT NOT NULL,
    owner_id      TEXT NOT NULL REFERENCES employees (id),
    updated_on    TEXT NOT NULL CHECK (updated_on IS date(updated_on)),
    status        TEXT NOT NULL CHECK (status IN ('valid', 'withdrawn')),
    body          TEXT
) STRICT;

CREATE TABLE mail_drafts (
    id          TEXT PRIMARY KEY,
    from_id     TEXT NOT NULL REFERENCES employees (id),
    subject     TEXT NOT NULL,
    body        TEXT NOT NULL,
    in_reply_to TEXT REFERENCES mails (id),
    status      TEXT NOT NULL CHECK (status IN ('draft', 'sent', 'discarded')),
    drafted_on  TEXT NOT NULL CHECK (drafted_on IS date(drafted_on))
) STRICT;

CREATE TABLE mail_draft_recipients (
    draft_id TEXT NOT NULL REFERENCES mail_drafts (id),
    line     INTEGER NOT NULL CHECK (line > 0),
    copy     INTEGER NOT NULL CHECK (copy IN (0, 1)), -- 1: Cc
    address  TEXT NOT NULL,
    PRIMARY KEY (draft_id, line)
) STRICT;

-- How far a mail has come on its way to the mail server. A row stands before the last byte is given away, since from then on the server
-- may have the mail; after the server's word it is accepted, or gone again.
CREATE TABLE mail_deliveries (
    message_id TEXT PRIMARY KEY,
    draft_id   TEXT NOT NULL REFERENCES mail_drafts (id),
    state      TEXT NOT NULL CHECK (state IN ('handing over', 'accepted')),
    begun_at   TEXT NOT NULL
) STRICT;

CREATE TABLE reminders (
    id          TEXT PRIMARY KEY,
    employee_id TEXT NOT NULL REFERENCES employees (id),
    remind_at   TEXT NOT NULL CHECK (remind_at IS strftime('%Y-%m-%dT%H:%M:%SZ', remind_at)),
    text        TEXT NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('open', 'done', 'cancelled'))
) STRICT;
CREATE INDEX reminders_by_employee ON reminders (employee_id, remind_at);
