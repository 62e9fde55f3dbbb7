"""Parts of station.toml that have rules of their own, and the words for what is wrong in it."""
