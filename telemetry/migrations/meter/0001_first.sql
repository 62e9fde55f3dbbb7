-- meter.db: what was heard of what was sent. Written by the meter process alone.
CREATE TABLE about (id INTEGER PRIMARY KEY CHECK (id = 1), journal TEXT NOT NULL) STRICT;
INSERT INTO about VALUES (1, lower(hex(randomblob(8))));  -- a file begun anew is another journal

-- "change" grows with every insert and update: readers ask for what is newer than what they know.
CREATE TABLE segment (
    n INTEGER PRIMARY KEY, change INTEGER NOT NULL, channel TEXT NOT NULL, boot INTEGER NOT NULL,
    from_ns INTEGER NOT NULL, to_ns INTEGER NOT NULL, state TEXT NOT NULL, quality TEXT NOT NULL, delay_ms REAL,
    coherence REAL, heard_dbfs REAL
) STRICT;
CREATE UNIQUE INDEX segment_change ON segment (change);
CREATE INDEX segment_time ON segment (boot, to_ns);
CREATE TABLE condition (
    n INTEGER PRIMARY KEY, code TEXT NOT NULL, target TEXT NOT NULL, bad INTEGER NOT NULL, boot INTEGER NOT NULL,
    since_ns INTEGER NOT NULL, evidence TEXT NOT NULL
) STRICT;
CREATE INDEX condition_subject ON condition (code, target, n);
CREATE TABLE run (  -- a row each life of the process; its watermark is moved in place
    n INTEGER PRIMARY KEY, boot INTEGER NOT NULL, from_ns INTEGER NOT NULL, to_ns INTEGER NOT NULL,
    from_wall_ns INTEGER NOT NULL, to_wall_ns INTEGER NOT NULL
) STRICT;
CREATE TABLE delay (channel TEXT PRIMARY KEY, delay_ms REAL NOT NULL, learnt_ns INTEGER NOT NULL) STRICT;
