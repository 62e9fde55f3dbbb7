"""The playout process: decides what sounds, journals what was done."""
