-- Who may give orders at the console. Only hashes are kept: this file does not open the door.
CREATE TABLE code (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    salt BLOB NOT NULL,
    hash BLOB NOT NULL          -- scrypt
) STRICT;

CREATE TABLE session (
    token_hash BLOB PRIMARY KEY,    -- SHA-256 of a random token of 256 bits
    name       TEXT NOT NULL,
    opened_at  TEXT NOT NULL
) STRICT;
