"""Long trials of the whole station, by ``./dev soak``, on an idle computer.

More kills in a row than a test run has time for, and sound judged to tenths of a second while other voices play.
"""
