-- playout.db: the plan, what was done, and what the clock was. Written by the playout process alone.
CREATE TABLE about (id INTEGER PRIMARY KEY CHECK (id = 1), journal TEXT NOT NULL) STRICT;
INSERT INTO about VALUES (1, lower(hex(randomblob(8))));  -- a file begun anew is another journal

-- "change" grows with every insert and update of a table: readers ask for what is newer than what they know.
CREATE TABLE fact (
    n INTEGER PRIMARY KEY, change INTEGER NOT NULL, kind TEXT NOT NULL, boot INTEGER NOT NULL,
    boottime_ns INTEGER NOT NULL, wall_ns INTEGER NOT NULL, quality TEXT NOT NULL, occurrence TEXT, detail TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX fact_change ON fact (change);
CREATE INDEX fact_time ON fact (boot, boottime_ns);
CREATE INDEX fact_occurrence ON fact (occurrence, n) WHERE occurrence IS NOT NULL;
CREATE INDEX fact_stop ON fact (kind, n) WHERE kind IN ('stopped', 'resumed');

CREATE TABLE plan (
    occurrence TEXT PRIMARY KEY, change INTEGER NOT NULL, body TEXT NOT NULL, starts_ns INTEGER NOT NULL,
    ends_ns INTEGER NOT NULL, withdrawn_by TEXT, withdrawn_ns INTEGER
) STRICT;
CREATE UNIQUE INDEX plan_change ON plan (change);
CREATE INDEX plan_time ON plan (ends_ns);

CREATE TABLE clock (
    n INTEGER PRIMARY KEY, boot INTEGER NOT NULL, boottime_ns INTEGER NOT NULL, offset_ns INTEGER NOT NULL,
    quality TEXT NOT NULL
) STRICT;
CREATE TABLE condition (
    n INTEGER PRIMARY KEY, code TEXT NOT NULL, target TEXT NOT NULL, bad INTEGER NOT NULL, boot INTEGER NOT NULL,
    since_ns INTEGER NOT NULL, evidence TEXT NOT NULL
) STRICT;
CREATE INDEX condition_subject ON condition (code, target, n);
CREATE TABLE run (  -- a row each life of the process; its watermark is moved in place
    n INTEGER PRIMARY KEY, boot INTEGER NOT NULL, from_ns INTEGER NOT NULL, to_ns INTEGER NOT NULL,
    from_wall_ns INTEGER NOT NULL, to_wall_ns INTEGER NOT NULL
) STRICT;
CREATE TABLE timetable (
    n INTEGER PRIMARY KEY, adopted_ns INTEGER NOT NULL, by TEXT NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE TABLE stop (
    id INTEGER PRIMARY KEY CHECK (id = 1), by TEXT NOT NULL, why TEXT NOT NULL, since_ns INTEGER NOT NULL,
    until_ns INTEGER
) STRICT;
