"""The meter process: a witness of its own, that hears what is on air and compares it with what was sent."""
