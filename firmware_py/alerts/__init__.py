"""The road of an alert: a CAP file arrives, is judged, made audible, and handed to playout as one canonical request."""
