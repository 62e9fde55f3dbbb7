-- ledger.db: the station's accounts, and how far the ledger has read the journals. Written by the ledger process alone.
CREATE TABLE about (id INTEGER PRIMARY KEY CHECK (id = 1), station TEXT NOT NULL, ledger TEXT NOT NULL) STRICT;

CREATE TABLE entry (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL,
    first_day TEXT, last_day TEXT
) STRICT;
CREATE INDEX entry_days ON entry (last_day, kind);
CREATE TRIGGER entry_is_never_changed BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER entry_is_never_removed BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

-- All below can be derived again; it is written in the same transaction as the entries that follow from it.
CREATE TABLE cursor (stream TEXT PRIMARY KEY, journal TEXT NOT NULL, position INTEGER NOT NULL) STRICT;
CREATE TABLE slot (  -- every occurrence the ledger was told of; revision NULL: never settled
    occurrence TEXT PRIMARY KEY, body TEXT NOT NULL, starts_ns INTEGER NOT NULL, ends_ns INTEGER NOT NULL,
    withdrawn_by TEXT, begun INTEGER NOT NULL, open INTEGER NOT NULL, revision INTEGER,
    record TEXT
) STRICT;
CREATE INDEX slot_open ON slot (ends_ns) WHERE open;
CREATE INDEX slot_time ON slot (ends_ns);
CREATE TABLE slot_window (
    occurrence TEXT NOT NULL, boot INTEGER NOT NULL, from_ns INTEGER NOT NULL, to_ns INTEGER NOT NULL
) STRICT;
CREATE INDEX slot_window_time ON slot_window (boot, to_ns);
CREATE INDEX slot_window_slot ON slot_window (occurrence);
CREATE TABLE judged (boot INTEGER PRIMARY KEY, upto_ns INTEGER NOT NULL) STRICT;  -- for sound outside every slot
CREATE TABLE watch (
    code TEXT NOT NULL, target TEXT NOT NULL, state TEXT NOT NULL, raised_seq INTEGER, PRIMARY KEY (code, target)
) STRICT;
CREATE TABLE bookmark (id INTEGER PRIMARY KEY CHECK (id = 1), upto INTEGER NOT NULL) STRICT;
INSERT INTO bookmark VALUES (1, 0);
