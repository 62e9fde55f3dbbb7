"""What was sent and what returned of it: each counted for its own programme, whatever lies between them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.format import BLOCK_FRAMES, frames_to_ns
from audio.ring import Block
from firmware_py.meter.levels import LATEST_NS, Levels
from scheduler.clock import NS_PER_MS, NS_PER_S

BLOCK_NS = frames_to_ns(BLOCK_FRAMES)
BEGAN_NS = 1_000 * NS_PER_S
SOUND = np.random.default_rng(3).standard_normal(BLOCK_FRAMES)


def block(n, occurrence_id="", rms=3_000, delay_ns=0, epoch=1):
    pcm = (SOUND * rms).astype("<i2").tobytes()
    return Block(n + 1, epoch, 1, n * BLOCK_FRAMES, BEGAN_NS + n * BLOCK_NS + delay_ns, occurrence_id, pcm)


def after(blocks):
    return BEGAN_NS + blocks * BLOCK_NS


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9_000).map(lambda ms: ms * NS_PER_MS), st.integers(10, 60), st.integers(10, 60))
def test_each_programme_gets_its_own_return_to_the_frame_whatever_the_delay(delay_ns, first, second):
    """Between and after them the path roars: it counts for none."""
    levels, last = Levels("line", 1), first + 5 + second
    names = [*["a"] * first, *[""] * 5, *["b"] * second, ""]
    for n, name in enumerate(names):
        levels.sent(block(n, name))
    for n, name in enumerate([*names, *[""] * 20]):
        levels.heard(block(n, rms=1_500 if name else 12_000, delay_ns=delay_ns), delay_ns)
    told = {level.occurrence_id: level for level in levels.told(after(last + 20) + delay_ns)}
    assert {name: level.from_ns for name, level in told.items()} == {"a": BEGAN_NS, "b": after(first + 5)}
    for level in told.values():
        assert level.heard_ms == pytest.approx((level.to_ns - level.from_ns) / NS_PER_MS, abs=1)
        assert level.sent.true_peak_dbtp - level.heard.true_peak_dbtp == pytest.approx(6.02, abs=0.05)
        assert level.sent.integrated_lufs - level.heard.integrated_lufs == pytest.approx(6.02, abs=0.05)
    assert levels.told(after(last + 20) + delay_ns) == [], "each is told for the last time once"


@pytest.mark.parametrize(("missing", "parts"), [(3, 1), (30, 2)])
def test_only_an_interruption_of_more_than_a_second_parts_a_level(missing, parts):
    levels = Levels("line", 1)
    for n in (*range(20), *range(20 + missing, 60)):
        levels.sent(block(n, "a"))
    told = levels.told(after(60))
    assert len(told) == parts
    assert (told[0].from_ns, told[-1].to_ns) == (BEGAN_NS, after(60))


def test_before_the_delay_is_known_nothing_that_is_heard_is_anybodys():
    levels = Levels("line", 1)
    for n in range(100):
        levels.sent(block(n, "a"))
    for n in range(40):
        levels.heard(block(n), None)
    for n in range(40, 100):
        levels.heard(block(n), 0)
    (level,) = levels.told(after(100))
    assert level.heard_ms == pytest.approx(60 * BLOCK_NS / NS_PER_MS, abs=1)


def test_what_never_returns_is_told_and_forgotten():
    levels = Levels("line", 1)
    for n in range(20):
        levels.sent(block(n, "a"))
    (level,) = levels.told(after(20) + LATEST_NS + 1)
    assert (level.heard_ms, level.heard.true_peak_dbtp) == (0, None)
    assert levels.told(after(21) + LATEST_NS) == []


def test_a_programme_that_is_still_sent_is_told_as_far_as_it_came():
    levels = Levels("line", 1)
    lengths = []
    for n in range(30):
        levels.sent(block(n, "a"))
        lengths += [level.to_ns - level.from_ns for level in levels.told(after(n + 1))]
    assert lengths == pytest.approx([(n + 1) * BLOCK_NS for n in range(30)], abs=100)
