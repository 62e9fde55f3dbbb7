"""A repeat is told by what was played, and no content counts as programme time for longer than it is."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scheduler.clock import STATION_TZ
from scheduler.occurrence import Kind, Occurrence
from telemetry.content import Airing, as_aired

FIVE = datetime(2026, 11, 23, 5, tzinfo=STATION_TZ)
WHOLE_MS = 900_000


def occurrence(kind=Kind.OWN, minutes=15.0, **more):
    return Occurrence("it", "Bản tin", FIVE, FIVE + timedelta(minutes=minutes), kind, **more)


def aired(*played_ms):
    return [Airing(f"it-{n}", "x", ms, WHOLE_MS) for n, ms in enumerate(played_ms)]


MINE = Airing("it", "x", WHOLE_MS, WHOLE_MS)


def test_what_was_aired_before_is_a_repeat_whatever_it_is_called():
    for kind in (Kind.OWN, Kind.RELAY, Kind.REPEAT):
        told, fresh_ms = as_aired(occurrence(kind), MINE, aired(WHOLE_MS, WHOLE_MS))
        assert (told.kind, told.repeat_of, fresh_ms) == (Kind.REPEAT, "it-0", 0)


def test_the_plans_word_for_the_original_holds_if_it_was_aired():
    told, _ = as_aired(occurrence(Kind.REPEAT, repeat_of="it-1"), MINE, aired(WHOLE_MS, WHOLE_MS))
    assert told.repeat_of == "it-1"


def test_what_was_not_aired_before_is_new_even_if_it_is_called_a_repeat():
    planned = occurrence(Kind.REPEAT, repeat_of="it-of-yesterday")
    assert as_aired(planned, MINE, []) == (replace(planned, kind=Kind.OWN, repeat_of=None), WHOLE_MS)
    relayed = replace(planned, origin="vov")
    assert as_aired(relayed, MINE, [])[0].kind is Kind.RELAY
    assert as_aired(occurrence(Kind.RELAY), MINE, [])[0].kind is Kind.RELAY


def test_of_a_first_airing_that_was_cut_short_the_rest_is_still_new():
    told, fresh_ms = as_aired(occurrence(Kind.REPEAT), MINE, aired(300_000))
    assert (told.kind, fresh_ms) == (Kind.OWN, 600_000)
    told, fresh_ms = as_aired(occurrence(), MINE, aired(890_000))
    assert (told.kind, fresh_ms) == (Kind.REPEAT, 0)


def test_a_long_file_of_which_a_slot_takes_the_beginning_is_repeated_by_the_next_slot():
    told, fresh_ms = as_aired(occurrence(minutes=5), MINE, aired(300_000))
    assert (told.kind, fresh_ms) == (Kind.REPEAT, 0)


def test_where_no_content_is_known_the_plan_is_believed():
    for kind in Kind:
        planned = occurrence(kind)
        assert as_aired(planned, None, []) == (planned, 0 if kind in (Kind.REPEAT, Kind.FILLER) else WHOLE_MS)
    live = occurrence(Kind.LIVE)
    assert as_aired(live, MINE, aired(WHOLE_MS)) == (live, WHOLE_MS)


@given(st.lists(st.tuples(st.sampled_from([Kind.OWN, Kind.RELAY, Kind.REPEAT]), st.integers(0, WHOLE_MS)), max_size=12))
def test_however_often_it_is_aired_it_is_never_more_programme_time_than_it_is_long(airings):
    earlier, programme_ms, names = [], 0, 0
    for kind, played_ms in airings:
        told, fresh_ms = as_aired(occurrence(kind), replace(MINE, played_ms=played_ms), earlier)
        counted_ms = min(played_ms, fresh_ms)
        assert fresh_ms >= 0
        assert (told.kind is Kind.REPEAT) <= (counted_ms == 0)
        assert (told.repeat_of is None) == (told.kind is not Kind.REPEAT)
        programme_ms += counted_ms
        earlier, names = [*earlier, Airing(f"it-{names}", "x", played_ms, WHOLE_MS)], names + 1
    assert programme_ms <= WHOLE_MS
    assert programme_ms >= min(WHOLE_MS // 2, max((ms for _, ms in airings), default=0))
