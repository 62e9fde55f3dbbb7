"""The frame clock finds the true line under late returns, drift and jumps."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.format import BLOCK_FRAMES, RATE_HZ
from audio.frameclock import JUMP_NS, JUMP_POINTS, FrameClock

NS_PER_MS = 1_000_000
BLOCK_NS = BLOCK_FRAMES * 1e9 / RATE_HZ


def returns(n_blocks, rate_error=0.0, late_ns=lambda n: 0, start_ns=10**15, first_block=0):
    """(frames, boottime) of writes that return on a true line plus a lateness."""
    for n in range(first_block, first_block + n_blocks):
        on_time = start_ns + n * BLOCK_NS * (1 + rate_error)
        yield (n + 1) * BLOCK_FRAMES, round(on_time + late_ns(n))


def fed(clock, points):
    return [jump for frames, at_ns in points if (jump := clock.add(frames, at_ns))]


def test_without_points_it_says_so():
    clock = FrameClock()
    assert not clock.ready
    with pytest.raises(ValueError, match="no point"):
        clock.sink_ns(0)


def test_the_first_blocks_fill_the_buffer_and_are_no_evidence():
    clock = FrameClock(delay_ns=256 * NS_PER_MS)
    for n in range(3):
        clock.add((n + 1) * BLOCK_FRAMES, 10**15 + n * 20_000)
    assert not clock.ready
    fed(clock, returns(JUMP_POINTS, first_block=3, start_ns=10**15 + 1_700 * NS_PER_MS))
    assert clock.ready
    assert clock.sink_ns(4 * BLOCK_FRAMES) == pytest.approx(10**15 + 1_956 * NS_PER_MS + 3 * BLOCK_NS, abs=1_000)


@settings(max_examples=25, deadline=None)
@given(ppm=st.integers(-450, 450), seed=st.integers(0, 2**32), worst_ms=st.floats(0, 35))
def test_returns_that_are_late_at_random_move_the_line_by_less_than_two_milliseconds(ppm, seed, worst_ms):
    dice = random.Random(seed)
    clock = FrameClock()
    points = list(returns(700, ppm * 1e-6, lambda n: worst_ms * NS_PER_MS * dice.random() ** 4))
    assert fed(clock, points) == []
    frame = 702 * BLOCK_FRAMES
    assert abs(clock.sink_ns(frame) - (10**15 + 701 * BLOCK_NS * (1 + ppm * 1e-6))) < 2 * NS_PER_MS


@given(ppm=st.integers(-450, 450), frame=st.integers(0, 10**9))
@settings(max_examples=20, deadline=None)
def test_frame_and_time_are_inverse_to_each_other(ppm, frame):
    clock = FrameClock(delay_ns=123_456)
    fed(clock, returns(300, ppm * 1e-6))
    assert clock.frame_at(clock.sink_ns(frame)) == frame


@pytest.mark.parametrize("ppm", [-200, 100, 200])
def test_a_drifting_card_is_followed_and_its_rate_is_learnt(ppm):
    clock = FrameClock()
    worst_ms = 0.0
    for n, (frames, at_ns) in enumerate(returns(900, ppm * 1e-6, lambda n: (n % 10) * 0.5 * NS_PER_MS)):
        clock.add(frames, at_ns)
        if clock.ready:
            true_ns = 10**15 + (n + 2) * BLOCK_NS * (1 + ppm * 1e-6)
            worst_ms = max(worst_ms, abs(clock.sink_ns(frames + 2 * BLOCK_FRAMES) - true_ns) / NS_PER_MS)
    # The first four points need not hold a tooth's foot, and an unknown rate of 200 ppm costs 0.2 ms a second.
    assert worst_ms < 3.5
    assert clock.rate_error == pytest.approx(ppm * 1e-6, abs=2e-5)


def test_a_rate_beyond_any_card_is_not_believed():
    clock = FrameClock()
    fed(clock, returns(600, 2_000e-6))
    assert clock.rate_error == 500e-6


@pytest.mark.parametrize("lost_ms", [41, 85, 3_000, 10_000, -60])
def test_lost_or_gained_time_is_told_once_and_a_new_line_stands(lost_ms):
    clock = FrameClock()
    fed(clock, returns(200))
    jumps = fed(clock, returns(100, first_block=200, start_ns=10**15 + lost_ms * NS_PER_MS))
    assert [jump.lost_ns for jump in jumps] == [pytest.approx(lost_ms * NS_PER_MS, abs=NS_PER_MS)]
    expected_ns = 10**15 + lost_ms * NS_PER_MS + 300 * BLOCK_NS
    assert clock.sink_ns(301 * BLOCK_FRAMES) == pytest.approx(expected_ns, abs=NS_PER_MS)


@pytest.mark.parametrize("late_blocks", range(1, JUMP_POINTS))
def test_a_few_very_late_returns_are_no_jump(late_blocks):
    clock = FrameClock()
    late = range(100, 100 + late_blocks)
    assert fed(clock, returns(200, late_ns=lambda n: 5 * JUMP_NS if n in late else 0)) == []


def test_a_small_lasting_shift_is_followed_within_seconds_without_a_word():
    clock = FrameClock()
    fed(clock, returns(200))
    assert fed(clock, returns(60, first_block=200, start_ns=10**15 + 20 * NS_PER_MS)) == []
    assert clock.sink_ns(261 * BLOCK_FRAMES) == pytest.approx(10**15 + 20 * NS_PER_MS + 260 * BLOCK_NS, abs=NS_PER_MS)


def test_while_a_break_is_suspected_the_clock_is_not_settled():
    clock = FrameClock()
    fed(clock, returns(50))
    assert clock.settled
    fed(clock, returns(1, first_block=50, late_ns=lambda n: 2 * JUMP_NS))
    assert clock.ready
    assert not clock.settled
