-- archive.db: the ledgers of all stations, as they came in. Written by one collector.
CREATE TABLE source (  -- a station's ledger; a station that had to begin a new one has several
    id INTEGER PRIMARY KEY, province TEXT NOT NULL, station TEXT NOT NULL, ledger TEXT NOT NULL,
    first_seen_ns INTEGER NOT NULL, upto INTEGER NOT NULL,  -- all from 1 to upto are here
    UNIQUE (station, ledger)
) STRICT;
CREATE TABLE entry (
    source INTEGER NOT NULL REFERENCES source, seq INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
    prev TEXT NOT NULL, hash TEXT NOT NULL, first_day TEXT, last_day TEXT, received_ns INTEGER NOT NULL,
    PRIMARY KEY (source, seq)
) STRICT;
CREATE INDEX entry_days ON entry (source, last_day);
CREATE TRIGGER entry_is_never_changed BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'the archive is append-only'); END;
CREATE TRIGGER entry_is_never_removed BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'the archive is append-only'); END;
CREATE TABLE refused (  -- evidence: what was not taken, and why
    n INTEGER PRIMARY KEY, received_ns INTEGER NOT NULL, topic TEXT NOT NULL, seq INTEGER, reason TEXT NOT NULL,
    payload BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX refused_once ON refused (topic, seq, reason);
