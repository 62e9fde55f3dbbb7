"""A whole station on a computer that has none of its equipment."""
