-- How sure a segment is; null: of a meter that did not say.
ALTER TABLE segment ADD COLUMN edge_ms REAL;
ALTER TABLE segment ADD COLUMN doubt_ms REAL;
ALTER TABLE segment ADD COLUMN evidence_share REAL;
ALTER TABLE segment ADD COLUMN snr_db REAL;
