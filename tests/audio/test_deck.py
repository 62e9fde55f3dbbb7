"""The deck places every frame of every cue once, at its right place, however the blocks are cut."""

from array import array
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.deck import END_FADE_FRAMES, FADE_FRAMES, Cue, Deck, expire, fill
from audio.events import Began, EndCause, Ended
from audio.format import RATE_HZ, frames_to_ms
from tests.support.fakes import FakeSource


@dataclass
class OneFrameANanosecond:
    """A frame clock for arithmetic: frame *f* sounds at *f* ns past an odd origin."""

    origin_ns: int = 7_000
    ready: bool = True

    def sink_ns(self, frame):
        return frame + self.origin_ns

    def frame_at(self, sink_ns):
        return sink_ns - self.origin_ns


def numbered(n_frames, first=1):
    """Samples that tell their own place: 1, 2, 3 … modulo 30 011, never 0."""
    return array("h", [1 + (first + i) % 30_011 for i in range(n_frames)]).tobytes()


def samples(pcm):
    return array("h", pcm).tolist()


def play(deck, clock, blocks, first=0):
    """Fill blocks of these sizes one after another: all samples and all events."""
    pcm, events = b"", []
    for n_frames in blocks:
        deck, filled = fill(deck, first, n_frames, clock)
        first += n_frames
        pcm += filled.pcm
        events += filled.events
    return deck, samples(pcm), events


def cue(name, source, start_frame, end_frame, clock, offset_ms=0):
    return Cue(name, source, clock.sink_ns(start_frame), clock.sink_ns(end_frame), offset_ms)


block_sizes = st.lists(st.integers(1, 700), min_size=1, max_size=30)


@given(
    blocks=block_sizes,
    layout=st.lists(st.tuples(st.integers(0, 900), st.integers(1, 900)), min_size=1, max_size=5),
)
def test_every_frame_of_every_cue_is_placed_once_at_its_place_for_any_split_into_blocks(blocks, layout):
    clock, deck, expected, at = OneFrameANanosecond(), Deck(), [0] * sum(blocks), 0
    for n, (gap, length) in enumerate(layout):
        at += gap
        pcm = numbered(length, first=1_000 * n)
        deck = deck.add(cue(str(n), FakeSource(pcm), at, at + length, clock))
        for i, value in enumerate(samples(pcm)):
            if at + i < len(expected):
                expected[at + i] = value
        at += length
    _, heard, events = play(deck, clock, blocks)
    assert heard == expected
    begun = [e for e in events if isinstance(e, Began)]
    assert all(e.sink_ns == e.wanted_ns and e.offset_ms == 0 for e in begun)


@given(blocks=block_sizes, start=st.integers(0, 500), length=st.integers(1, 3_000), slot=st.integers(1, 3_000))
def test_an_end_cuts_on_its_frame_and_a_short_source_says_so(blocks, start, length, slot):
    clock = OneFrameANanosecond()
    blocks = [*blocks, 8_000]
    deck = Deck().add(cue("a", FakeSource(numbered(length)), start, start + slot, clock))
    _, heard, events = play(deck, clock, blocks)
    sounded = min(length, slot)
    fade = FADE_FRAMES if slot < length else 0
    plain = max(0, sounded - fade)
    assert heard[:start] == [0] * start
    assert heard[start : start + plain] == samples(numbered(length))[:plain]
    assert not any(heard[start + sounded :])
    (ended,) = [e for e in events if isinstance(e, Ended)]
    assert (ended.frames, ended.sink_ns) == (sounded, clock.sink_ns(start + sounded))
    assert ended.cause is EndCause.PLANNED_END  # nothing here is short by more than 50 ms of this clock


def loud(n_frames):
    return array("h", [10_000] * n_frames).tobytes()


def faded(n_frames):
    """What a fade of so many frames leaves of ``loud``."""
    return [10_000 * (n_frames - i) // n_frames for i in range(n_frames)]


BIG_BLOCKS = st.lists(st.integers(1, 9_000), min_size=4, max_size=20)


@settings(max_examples=30, deadline=None)
@given(blocks=BIG_BLOCKS, start=st.integers(0, 500), more=st.integers(1, 2 * END_FADE_FRAMES))
def test_what_would_go_on_at_its_planned_end_fades_out_before_it_for_any_split_into_blocks(blocks, start, more):
    """A file with less than the fade to go all but ends there: a short one does."""
    clock, length = OneFrameANanosecond(), END_FADE_FRAMES + 5_000
    deck = Deck().add(cue("a", FakeSource(loud(length + more)), start, start + length, clock))
    _, heard, events = play(deck, clock, [*blocks, 80_000])
    fade = END_FADE_FRAMES if more > END_FADE_FRAMES else FADE_FRAMES
    assert heard[: start + length] == [0] * start + [10_000] * (length - fade) + faded(fade)
    assert not any(heard[start + length :])
    assert events[-1] == Ended("a", clock.sink_ns(start + length), length, EndCause.PLANNED_END)


def test_a_relay_fades_out_at_its_planned_end_and_a_start_is_never_faded():
    clock = OneFrameANanosecond()
    relay = FakeSource(loud(9 * RATE_HZ), live=True)
    deck = (
        Deck().add(cue("a", relay, 0, RATE_HZ, clock)).add(cue("b", FakeSource(loud(100)), RATE_HZ, 2 * RATE_HZ, clock))
    )
    _, heard, _ = play(deck, clock, [4_096] * 20)
    assert heard[: RATE_HZ + 100] == [10_000] * (RATE_HZ - END_FADE_FRAMES) + faded(END_FADE_FRAMES) + [10_000] * 100


def test_a_file_that_ends_with_its_slot_is_not_faded():
    clock = OneFrameANanosecond()
    deck = Deck().add(cue("a", FakeSource(loud(RATE_HZ)), 0, RATE_HZ, clock))
    _, heard, _ = play(deck, clock, [4_096] * 20)
    assert heard[:RATE_HZ] == [10_000] * RATE_HZ


@settings(max_examples=30, deadline=None)
@given(blocks=BIG_BLOCKS, at=st.integers(1, 2 * END_FADE_FRAMES - 1))
def test_a_stop_during_the_last_fade_goes_on_from_there_and_never_past_the_planned_end(blocks, at):
    clock, length = OneFrameANanosecond(), 2 * END_FADE_FRAMES
    deck = Deck().add(cue("a", FakeSource(loud(2 * length)), 0, length, clock))
    deck, before, _ = play(deck, clock, [at])
    deck, after, events = play(deck.stop("a", EndCause.STOPPED), clock, [*blocks, 60_000], first=at)
    heard = before + after
    steps = [a - b for a, b in pairwise(heard)]
    assert min(steps) >= 0  # it never gets louder
    assert max(steps) <= 10_000 / FADE_FRAMES + 10_000 / END_FADE_FRAMES + 2  # nor jumps
    cut = min(at + FADE_FRAMES, length)
    assert events == [Ended("a", clock.sink_ns(cut), cut, EndCause.STOPPED)]
    assert not any(heard[cut:])


def test_a_take_over_is_faded_shortly_before_it():
    clock = OneFrameANanosecond()
    deck = Deck().add(cue("a", FakeSource(loud(RATE_HZ)), 0, RATE_HZ, clock))
    deck = deck.add(cue("b", FakeSource(loud(9)), 10_000, 11_000, clock))
    _, heard, _ = play(deck, clock, [4_096] * 4)
    assert heard[:10_009] == [10_000] * (10_000 - FADE_FRAMES) + faded(FADE_FRAMES) + [10_000] * 9


@given(st.data())
def test_a_source_that_is_late_is_heard_at_the_place_where_it_would_be(data):
    clock, source = OneFrameANanosecond(), FakeSource(numbered(5_000))
    deck, first, heard, ready_at = Deck().add(cue("a", source, 100, 5_100, clock)), 0, [], []
    source.ready_until = 0
    for _ in range(10):
        source.ready_until = data.draw(st.integers(source.ready_until, 5_000))
        deck, filled = fill(deck, first, 500, clock)
        heard += samples(filled.pcm)
        ready_at.append(source.ready_until)
        first += 500
    right = [0] * 100 + samples(source.pcm)
    for n, ready in enumerate(ready_at):
        for frame in range(500 * n, 500 * n + 500):
            assert heard[frame] == (right[frame] if frame - 100 < ready else 0)


def test_what_begins_is_the_first_sound_not_the_wish():
    clock, source = OneFrameANanosecond(), FakeSource(numbered(RATE_HZ))
    source.ready_until = 0
    deck = Deck().add(cue("a", source, 0, RATE_HZ, clock))
    deck, filled = fill(deck, 0, 4_800, clock)
    assert filled.events == ()
    source.ready_until = RATE_HZ
    deck, filled = fill(deck, 4_800, 4_800, clock)
    assert filled.events == (Began("a", clock.sink_ns(4_800), clock.sink_ns(0), 100),)


def test_a_late_cue_joins_where_it_should_be_by_now():
    clock = OneFrameANanosecond()
    deck = Deck().add(cue("a", FakeSource(numbered(20_000)), 0, 20_000, clock, offset_ms=10))
    _, heard, events = play(deck, clock, [100], first=5_000)
    assert heard == samples(numbered(20_000))[5_480:5_580]
    assert events == [Began("a", clock.sink_ns(5_000), clock.sink_ns(0), frames_to_ms(5_480))]


@dataclass
class FortyEightFramesAMillisecond(OneFrameANanosecond):
    origin_ns: int = 7_008

    def sink_ns(self, frame):
        return (frame + self.origin_ns) * 1_000_000 // 48

    def frame_at(self, sink_ns):
        return sink_ns * 48 // 1_000_000 - self.origin_ns


@given(
    blocks=st.lists(st.integers(96, 960), min_size=12, max_size=30), late=st.integers(4, 9), ready_at=st.integers(0, 8)
)
def test_what_is_wanted_whole_begins_at_its_first_frame_when_it_is_ready_and_what_it_cut_sounds_until_then(
    blocks, late, ready_at
):
    clock = FortyEightFramesAMillisecond()
    blocks = [48 * (n // 48) for n in blocks]
    programme, alert = FakeSource(numbered(40_000)), FakeSource(numbered(960, first=20_000))
    alert.ready_until = 0
    deck = Deck().add(cue("sang", programme, 0, 40_000, clock))
    heard, events, first, begins = [], [], 0, 0
    for n, n_frames in enumerate([*blocks, 3_840, 3_840]):
        if n == late:
            asked = max(0, first - 240)
            whole = Cue("bao", alert, clock.sink_ns(asked), clock.sink_ns(asked + 960), whole=True)
            rest = Cue("sang-2", FakeSource(numbered(40_000)), whole.end_ns, clock.sink_ns(40_000), (asked + 960) // 48)
            deck = deck.add(whole).add(rest)
        if n >= max(late, ready_at):
            alert.ready_until = 960
            begins = begins or first + FADE_FRAMES
        deck, said, told = play(deck, clock, [n_frames], first)
        heard, events, first = heard + said, events + told, first + n_frames
    assert heard[begins : begins + 960] == samples(alert.pcm)
    assert heard[: begins - FADE_FRAMES] == samples(programme.pcm)[: begins - FADE_FRAMES]
    assert heard[begins + 960 :] == samples(programme.pcm)[begins + 960 : len(heard)]
    (began,) = [e for e in events if isinstance(e, Began) and e.occurrence_id == "bao"]
    assert (began.offset_ms, began.sink_ns, began.wanted_ns) == (0, clock.sink_ns(begins), clock.sink_ns(begins))


def test_back_to_back_cues_leave_no_gap_and_do_not_overlap():
    clock = OneFrameANanosecond()
    deck = Deck().add(cue("b", FakeSource(numbered(900, 500)), 1_000, 1_900, clock))
    deck = deck.add(cue("a", FakeSource(numbered(1_000)), 0, 1_000, clock))
    _, heard, events = play(deck, clock, [1_900])
    assert heard == samples(numbered(1_000)) + samples(numbered(900, 500))
    assert [type(e) for e in events] == [Began, Ended, Began, Ended]


def test_a_later_start_takes_over_from_what_plays():
    clock = OneFrameANanosecond()
    deck = Deck().add(cue("a", FakeSource(numbered(3_000)), 0, 3_000, clock))
    deck = deck.add(cue("b", FakeSource(numbered(500, 9_000)), 1_000, 1_500, clock))
    _, heard, events = play(deck, clock, [2_000])
    assert heard[1_000:1_500] == samples(numbered(500, 9_000))
    assert Ended("a", clock.sink_ns(1_000), 1_000, EndCause.STOPPED) in events


@pytest.mark.parametrize("block", [50, 959, 960, 961, 4_096])
def test_a_stop_fades_at_once_and_ends_after_twenty_milliseconds(block):
    clock = OneFrameANanosecond()
    deck = Deck().add(cue("a", FakeSource(numbered(30_000)), 0, 30_000, clock))
    deck, _ = fill(deck, 0, 1_000, clock)
    deck, heard, events = play(deck.stop("a", EndCause.STOPPED), clock, [block] * 20, first=1_000)
    assert events == [Ended("a", clock.sink_ns(1_960), 1_960, EndCause.STOPPED)]
    assert not any(heard[FADE_FRAMES:])
    assert deck == Deck()


def test_a_stop_of_what_waits_is_told_and_closes_its_source():
    clock, source = OneFrameANanosecond(), FakeSource(numbered(10))
    deck = Deck().add(cue("a", source, 9_000, 9_010, clock)).stop("a", EndCause.STOPPED)
    deck, filled = fill(deck, 0, 100, clock)
    assert filled.events == (Ended("a", clock.sink_ns(0), 0, EndCause.STOPPED),)
    assert filled.finished == (source,)
    assert deck == Deck()


@pytest.mark.parametrize("fails_at", [0, 300, 1_000])
def test_a_source_that_fails_ends_where_it_failed(fails_at):
    clock, source = OneFrameANanosecond(), FakeSource(numbered(2_000), fails_at=fails_at)
    _, heard, events = play(Deck().add(cue("a", source, 0, RATE_HZ, clock)), clock, [500] * 4)
    assert heard == samples(numbered(2_000))[:fails_at] + [0] * (2_000 - fails_at)
    assert events[-1] == Ended("a", clock.sink_ns(fails_at), fails_at, EndCause.SOURCE_FAILED)
    assert [type(e) for e in events] == ([Began, Ended] if fails_at else [Ended])


def test_a_source_is_short_when_more_than_the_clocks_error_is_missing():
    class RealRate(OneFrameANanosecond):
        def sink_ns(self, frame):
            return frame * 1_000_000_000 // RATE_HZ

        def frame_at(self, sink_ns):
            return round(sink_ns * RATE_HZ / 1e9)

    clock, causes = RealRate(), []
    for missing in (2_000, 2_500):  # 42 and 52 ms of a second
        source = FakeSource(numbered(RATE_HZ - missing))
        _, _, events = play(Deck().add(cue("a", source, 0, RATE_HZ, clock)), clock, [RATE_HZ])
        causes.append(events[-1].cause)
    assert causes == [EndCause.PLANNED_END, EndCause.SOURCE_SHORT]


def test_after_a_freeze_a_file_goes_on_and_a_relay_skips():
    clock = OneFrameANanosecond()
    places = []
    for live in (False, True):
        source = FakeSource(numbered(RATE_HZ * 3), live=live)
        deck = Deck().add(cue("a", source, 0, RATE_HZ * 9, clock))
        deck, _ = fill(deck, 0, 1_000, clock)
        fill(deck.jumped(1_000_000_000), 1_000, 1_000, clock)
        places.append(source.asked_at[-1])
    assert places == [1_000, 1_000 + RATE_HZ]


def test_on_a_new_card_a_file_goes_on_at_its_place_by_time():
    source = FakeSource(numbered(20_000))
    before, after = OneFrameANanosecond(7_000), OneFrameANanosecond(12_000)  # 5,000 frames of time went by
    deck, _ = fill(Deck().add(cue("a", source, 0, 20_000, before)), 0, 1_000, before)
    deck, filled = fill(deck.card_lost(before.sink_ns(900)), 1_000, 1_000, after)
    assert samples(filled.pcm) == samples(source.pcm)[6_000:7_000]
    assert filled.events == ()


def test_without_a_card_time_ends_what_plays_and_what_waits():
    clock, first, second = OneFrameANanosecond(), FakeSource(numbered(5_000)), FakeSource(numbered(100))
    deck = Deck().add(cue("a", first, 0, 5_000, clock)).add(cue("b", second, 5_000, 5_100, clock))
    deck, _ = fill(deck, 0, 1_000, clock)
    deck = deck.card_lost(clock.sink_ns(900))
    deck, expired = expire(deck, clock.sink_ns(4_999))
    assert expired.events == ()
    deck, expired = expire(deck, clock.sink_ns(5_100))
    assert set(expired.events) == {
        Ended("a", clock.sink_ns(900), 1_000, EndCause.PLANNED_END),  # what lay in the buffer never sounded
        Ended("b", clock.sink_ns(5_100), 0, EndCause.PLANNED_END),
    }
    assert set(expired.finished) == {first, second}


def test_while_the_clock_is_not_ready_nothing_sounds_and_nothing_is_lost():
    clock = OneFrameANanosecond(ready=False)
    deck = Deck().add(cue("a", FakeSource(numbered(500)), 0, 500, clock))
    assert fill(deck, 0, 100, clock)[0] == deck
    clock.ready = True
    _, heard, _ = play(deck, clock, [100], first=100)
    assert heard == samples(numbered(500))[100:200]


def test_the_same_occurrence_twice_is_refused():
    clock = OneFrameANanosecond()
    deck = Deck().add(cue("a", FakeSource(b""), 0, 10, clock))
    with pytest.raises(ValueError, match="cued already"):
        deck.add(cue("a", FakeSource(b""), 0, 10, clock))


def test_what_waits_and_is_stopped_does_not_take_the_air_from_what_began_before_it():
    clock = OneFrameANanosecond()
    programme, alert = (FakeSource(numbered(8_000, first=at)) for at in (1, 10_000))
    deck = Deck().add(cue("programme", programme, 1_000, 9_000, clock)).add(cue("alert", alert, 500, 5_000, clock))
    _, taken_over, _ = play(deck, clock, [4_000])
    assert taken_over[1_000] == samples(numbered(1))[0]  # a later start takes over: so it has to be stopped
    programme, alert = (FakeSource(numbered(8_000, first=at)) for at in (1, 10_000))
    deck = Deck().add(cue("programme", programme, 1_000, 9_000, clock)).add(cue("alert", alert, 500, 5_000, clock))
    _, heard, events = play(deck.stop("programme", EndCause.STOPPED), clock, [4_000])
    assert heard[500:4_000] == samples(numbered(8_000, first=10_000))[:3_500]
    assert [(e.occurrence_id, e.frames) for e in events if isinstance(e, Ended)] == [("programme", 0)]
