"""Long trials of the whole station, by ``./dev soak``: more kills in a row than a test run has time for."""
