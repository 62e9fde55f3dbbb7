"""Sound outside every slot: a voice with its pauses is one stretch, and the edges of programmes are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.segments import Segment, State
from scheduler.clock import NS_PER_MS
from telemetry.spans import total
from telemetry.unplanned import LEAST_SOUND_MS, unplanned

FIRST_SLOT, NEXT_SLOT = (10_000, 20_000), (22_000, 30_000)  # ms
END_MS = 60_000


def heard(*parts: tuple[int, int, State]) -> list[Segment]:
    """Segments (from, to, state) in ms, silent between them and until the end."""
    found, at = [], 0
    for start, end, state in [*parts, (END_MS, END_MS, State.SILENCE)]:
        for a, b, what in ((at, start, State.SILENCE), (start, end, state)):
            if b > a:
                found.append(Segment("line", 1, a * NS_PER_MS, b * NS_PER_MS, what))
        at = end
    return found


def booked(*parts, slots=(FIRST_SLOT, NEXT_SLOT)):
    """(from, to, own, foreign) in ms."""
    occupied = tuple((a * NS_PER_MS, b * NS_PER_MS) for a, b in slots)
    found, _ = unplanned(heard(*parts), occupied, 0, closed=True)
    return [(s.from_ns // NS_PER_MS, s.to_ns // NS_PER_MS, s.own_ms, s.foreign_ms) for s in found]


@pytest.mark.parametrize(("over_ms", "early_ms"), [(37, 80), (400, 500), (0, 300)])
def test_an_echo_a_pause_and_an_early_breath_of_the_next_programme_are_no_broadcast(over_ms, early_ms):
    ours = [(10_000, 20_000 + over_ms, State.ON_AIR), (22_000 - early_ms, 30_000, State.ON_AIR)]
    assert booked(*ours) == []


def test_a_voice_and_its_pauses_are_one_stretch():
    words = [(40_000, 41_500, State.FOREIGN), (42_800, 44_000, State.FOREIGN), (45_900, 47_000, State.FOREIGN)]
    assert booked(*words) == [(40_000, 47_000, 0, 3_800)]


def test_what_goes_on_after_its_slot_is_our_own_sound_unplanned():
    assert booked((10_000, 26_000, State.ON_AIR), slots=(FIRST_SLOT,)) == [(20_000, 26_000, 6_000, 0)]


def test_a_click_is_no_broadcast():
    assert booked((40_000, 40_300, State.FOREIGN)) == []


times = st.lists(st.integers(0, END_MS), min_size=2, max_size=12, unique=True).map(sorted)


@given(times, times)
def test_no_stretch_lies_in_a_slot_and_each_holds_enough_sound(sounds, slots):
    parts = [(a, b, State.FOREIGN) for a, b in zip(sounds[::2], sounds[1::2], strict=False)]
    planned = tuple(zip(slots[::2], slots[1::2], strict=False))
    for start, end, own_ms, foreign_ms in booked(*parts, slots=planned):
        assert own_ms == 0
        assert LEAST_SOUND_MS <= foreign_ms <= end - start
        assert total(tuple((max(a, start), min(b, end)) for a, b in planned if max(a, start) < min(b, end))) == 0
