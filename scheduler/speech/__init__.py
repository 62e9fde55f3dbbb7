"""Vietnamese text as people say it: numbers, dates, abbreviations, marks. Pure; the voice is in ``audio/speech.py``."""
