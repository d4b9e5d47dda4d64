-- Which parts of the demo company a database has been given. A part that a later version adds is put into the demo company of an earlier
-- one, once, and never into a company of somebody's own.
CREATE TABLE demo_parts (
    name TEXT PRIMARY KEY
) STRICT;
INSERT INTO demo_parts SELECT 'purchasing' FROM company WHERE name = 'Yunqiao Motion Works';

-- What tools have changed, by the key of the call: run and call. A row is written in the transaction of the change itself, or, for a change in
-- another system, before it (pending); so a change is never made twice, and none is forgotten.
CREATE TABLE effects (
    key       TEXT PRIMARY KEY,
    tool      TEXT NOT NULL,
    arguments TEXT NOT NULL CHECK (json_valid(arguments)),
    state     TEXT NOT NULL CHECK (state IN ('pending', 'done', 'unknown', 'undone')),
    outcome   TEXT CHECK (json_valid(outcome)),
    begun_at  TEXT NOT NULL,
    ended_at  TEXT,
    CHECK ((state = 'done') <= (outcome IS NOT NULL))
) STRICT;
CREATE INDEX effects_by_time ON effects (begun_at);
