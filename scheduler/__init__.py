"""What should sound, and when: programmes, timetables, occurrences, the agenda."""
