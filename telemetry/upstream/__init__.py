"""The server's side: the collector and its archive."""
