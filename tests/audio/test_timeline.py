"""The axis of what was sent: contiguous whatever playout did, and true to boottime."""

from hypothesis import given
from hypothesis import strategies as st

from audio.format import BLOCK_FRAMES, frames_to_ns
from audio.timeline import GAP_NS, SentTimeline, Span

BLOCK_NS = frames_to_ns(BLOCK_FRAMES)
MS = 1_000_000


def test_blocks_that_follow_one_another_leave_no_gap():
    axis = SentTimeline(1_000)
    for n in range(100):
        assert axis.place(1_000 + n * BLOCK_NS, BLOCK_FRAMES) == [Span(BLOCK_FRAMES, sent=True)]
    assert axis.end_frame == 100 * BLOCK_FRAMES
    assert axis.ns_of(50 * BLOCK_FRAMES) == 1_000 + 50 * BLOCK_NS


def test_the_time_in_which_playout_was_dead_is_nothing_sent():
    axis = SentTimeline(0)
    axis.place(0, BLOCK_FRAMES)
    gap, block = axis.place(BLOCK_NS + 3_000 * MS, BLOCK_FRAMES)
    assert gap == Span(3 * 48_000, sent=False)
    assert block.sent
    assert axis.ns_of(BLOCK_FRAMES + gap.frames) == BLOCK_NS + 3_000 * MS


def test_a_drifting_card_is_followed_block_by_block():
    axis = SentTimeline(0)
    slow_block_ns = BLOCK_NS * 1_000_100 // 1_000_000  # the card's clock is 100 ppm slow
    for n in range(1_000):
        assert axis.place(n * slow_block_ns, BLOCK_FRAMES) == [Span(BLOCK_FRAMES, sent=True)]
    assert abs(axis.ns_of(900 * BLOCK_FRAMES) - 900 * slow_block_ns) < 1_000


@given(st.lists(st.integers(-60 * MS, 5_000 * MS), max_size=60))
def test_the_map_never_runs_backwards_and_the_axis_never_falls_behind(gaps_ns):
    axis, now = SentTimeline(0), 0
    for gap in gaps_ns:
        now = max(0, now + gap)
        axis.place(now, BLOCK_FRAMES)
        now += BLOCK_NS
        assert axis.end_ns >= now - 2 * GAP_NS
    instants = [axis.ns_of(frame) for frame in range(0, axis.end_frame, 1_000)]
    assert instants == sorted(instants)


@given(st.lists(st.integers(0, 2_000 * MS), min_size=1, max_size=40), st.integers(0, 100_000))
def test_frame_of_is_the_inverse_of_ns_of(gaps_ns, frame):
    axis, now = SentTimeline(0), 0
    for gap in gaps_ns:
        now += gap
        axis.place(now, BLOCK_FRAMES)
        now += BLOCK_NS
    frame = min(frame, axis.end_frame)
    assert abs(axis.frame_of(axis.ns_of(frame)) - frame) <= 2 + GAP_NS * 48_000 // 1_000_000_000
