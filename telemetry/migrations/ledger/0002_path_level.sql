-- What is normal for a channel's path, and how its newest programmes returned (telemetry/path_level.py).
CREATE TABLE path_level (channel TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
