-- How loud each programme was sent and heard; the row of one that is being heard is replaced every few seconds.
CREATE TABLE level (
    occurrence TEXT NOT NULL, channel TEXT NOT NULL, boot INTEGER NOT NULL, from_ns INTEGER NOT NULL,
    to_ns INTEGER NOT NULL, heard_ms INTEGER NOT NULL,
    sent_integrated_lufs REAL, sent_max_short_term_lufs REAL, sent_true_peak_dbtp REAL,
    heard_integrated_lufs REAL, heard_max_short_term_lufs REAL, heard_true_peak_dbtp REAL,
    PRIMARY KEY (occurrence, channel, boot, from_ns)
) STRICT;
