"""A capture dates what it hears, tells what was lost, and never waits for its readers."""

import queue
import time
from array import array

import pytest

from audio.capture import Capture, CaptureBack, CaptureLost
from audio.card import CardError, open_input, open_output
from audio.deck import Cue
from audio.format import BLOCK_FRAMES, RATE_HZ
from audio.player import Player
from audio.ring import RingReader, RingWriter
from tests.support.fakes import NS_PER_S, FakeInput, FakeSource, FakeTime

MS = 1_000_000


def some_blocks(n, first=0):
    return [array("h", [first + i] * BLOCK_FRAMES).tobytes() for i in range(n)]


def boottime_ns():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class Listening:
    """A capture of fake inputs in fake time, run until the last of them is used up."""

    def __init__(self, *inputs, room=0):
        self.time = FakeTime()
        self.events, self.blocks, self.waiting = [], queue.Queue(room), [make(self.time) for make in inputs]
        self.inputs = list(self.waiting)
        self.used_up = queue.SimpleQueue()
        self.capture = Capture("fm", self.open, self.blocks, self.events.append, self.time)
        self.capture.start()
        self.used_up.get(timeout=10.0)
        assert self.capture.close()

    def open(self):
        if not self.waiting:
            self.used_up.put(True)
            raise CardError("fake: none left")
        self.time.sleep_ns(0.5 * NS_PER_S)
        return self.waiting.pop(0)

    def heard(self):
        return [self.blocks.get_nowait() for _ in range(self.blocks.qsize())]


def test_every_block_is_handed_on_in_order_with_the_instant_of_its_first_frame():
    listening = Listening(lambda t: FakeInput(t, some_blocks(20)))
    heard = listening.heard()
    assert [b.pcm for b in heard] == some_blocks(20)
    assert [b.first_frame for b in heard] == [n * BLOCK_FRAMES for n in range(20)]
    began_ns = 1_000.5 * NS_PER_S
    assert all(abs(b.heard_ns - began_ns - b.first_frame * NS_PER_S / RATE_HZ) < MS for b in heard)
    assert all(b.lost_frames == 0 for b in heard)


def test_a_lost_card_is_told_once_reopened_for_ever_and_the_gap_is_counted():
    listening = Listening(*(lambda t: FakeInput(t, some_blocks(9)) for _ in range(3)))
    assert [type(e) for e in listening.events] == [CaptureLost, CaptureBack] * 2 + [CaptureLost]
    heard = listening.heard()
    assert len(heard) == 27
    assert sorted({b.epoch for b in heard}) == [1, 2, 3]
    assert [b.lost_frames for b in heard if b.lost_frames] == [RATE_HZ // 2] * 2
    assert all(card.closed for card in listening.inputs)


def test_what_the_card_drops_in_silence_is_found_and_the_blocks_after_it_are_dated_right():
    listening = Listening(lambda t: FakeInput(t, some_blocks(60), gap_before=(30, 0.7)))
    heard = listening.heard()
    assert [b.pcm for b in heard] == some_blocks(60)
    (after,) = [n for n, b in enumerate(heard) if b.lost_frames]
    assert after == 30
    assert heard[30].lost_frames == pytest.approx(0.7 * RATE_HZ, abs=50)
    assert heard[30].epoch == heard[29].epoch + 1
    assert heard[30].heard_ns - heard[29].heard_ns == pytest.approx((0.7 + 4096 / RATE_HZ) * NS_PER_S, abs=MS)


def test_a_full_queue_costs_blocks_that_are_counted_and_never_stops_the_reading():
    listening = Listening(lambda t: FakeInput(t, some_blocks(40)), room=10)
    assert listening.inputs[0].given == 40
    assert len(listening.heard()) == 10


def test_the_return_of_a_real_card_is_bit_exact_and_dated_when_it_sounded(sound, tmp_path):
    """Player → null sink → monitor → capture: the same samples, and both clocks agree on when."""
    noise = array("h", [(n * 7_919) % 20_011 - 10_000 for n in range(RATE_HZ)])
    blocks, events = queue.Queue(), []
    capture = Capture("line", lambda: open_input("mon1"), blocks, events.append, boottime_ns)
    player = Player(lambda: open_output("air1"), RingWriter(tmp_path / "ring", 1), events.append, boottime_ns)
    capture.start()
    player.start()
    deadline = time.monotonic() + 10
    while player.progress().next_sink_ns is None and time.monotonic() < deadline:
        time.sleep(0.02)
    start_ns = boottime_ns() + NS_PER_S
    # Its slot is longer than the noise: by the card's clock a second may lack a sample, and what is cut is faded.
    player.cue(Cue("a", FakeSource(noise.tobytes()), start_ns, start_ns + NS_PER_S * 5 // 4))
    time.sleep(3.0)
    assert player.close()
    assert capture.close()
    heard = [blocks.get_nowait() for _ in range(blocks.qsize())]
    at = b"".join(b.pcm for b in heard).find(noise.tobytes()) // 2
    assert at > 0, "the programme did not come back bit by bit"
    block = heard[at // BLOCK_FRAMES]
    heard_ns = block.heard_ns + at % BLOCK_FRAMES * NS_PER_S // RATE_HZ
    # The capture's own buffer is in it: one block, and what a busy machine adds.
    assert -20 * MS < heard_ns - start_ns < 250 * MS
    sent = b"".join(b.pcm for b in RingReader(tmp_path / "ring").read_from(1).blocks)
    assert noise.tobytes() in sent
