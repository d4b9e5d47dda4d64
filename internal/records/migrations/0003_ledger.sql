-- Double entry: the lines of an entry sum to zero; a debit is positive, a credit negative.
CREATE TABLE accounts (
    id   TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('asset', 'liability', 'equity', 'revenue', 'expense'))
) STRICT;

CREATE TABLE journal_entries (
    id          TEXT PRIMARY KEY,
    posted_on   TEXT NOT NULL CHECK (posted_on IS date(posted_on)),
    description TEXT NOT NULL,
    reference   TEXT NOT NULL,
    currency    TEXT NOT NULL REFERENCES company (currency)
) STRICT;
CREATE INDEX journal_entries_by_date ON journal_entries (posted_on);

CREATE TABLE journal_lines (
    entry_id      TEXT NOT NULL REFERENCES journal_entries (id),
    line          INTEGER NOT NULL CHECK (line > 0),
    account_id    TEXT NOT NULL REFERENCES accounts (id),
    department_id TEXT REFERENCES departments (id), -- set on expenses
    amount_cents  INTEGER NOT NULL CHECK (amount_cents <> 0),
    PRIMARY KEY (entry_id, line)
) STRICT;
CREATE INDEX journal_lines_by_account ON journal_lines (account_id);

CREATE TABLE budgets (
    department_id TEXT NOT NULL REFERENCES departments (id),
    quarter       TEXT NOT NULL CHECK (quarter GLOB '20[0-9][0-9]-Q[1-4]'),
    amount_cents  INTEGER NOT NULL CHECK (amount_cents > 0),
    currency      TEXT NOT NULL REFERENCES company (currency),
    PRIMARY KEY (department_id, quarter)
) STRICT;
