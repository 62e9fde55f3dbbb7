"""The player on a behaving fake card: what it writes, stores and tells, whatever the card does."""

import threading
from array import array

import pytest

from audio.card import CardError
from audio.deck import END_FADE_FRAMES, FADE_FRAMES, Cue
from audio.events import Began, CardBack, CardLost, ClockJumped, EndCause, Ended
from audio.format import BLOCK_FRAMES, BYTES_PER_FRAME, RATE_HZ
from audio.player import Player
from audio.ring import RingReader, RingWriter
from tests.support.fakes import NS_PER_S, FakeCard, FakeSource, FakeTime

MS = 1_000_000


def numbered(n_frames):
    return array("h", [1 + i % 30_011 for i in range(n_frames)]).tobytes()


class Station:
    """A player in fake time. *cards* are opened one after another; ``run`` lets it write so many blocks in all."""

    def __init__(self, tmp_path, *cards_of, lost=False):
        self.time = FakeTime()
        self.cards = [make(self.time) for make in cards_of]
        self.opened = 0
        self.events = []
        self.written = 0
        self.ring_path = tmp_path / "ring"
        self.player = Player(self.open, RingWriter(self.ring_path, 1), self.events.append, self.time, lost)
        self.at_block = {}

    def open(self):
        if self.opened == len(self.cards):
            self.time.sleep_ns(0.1 * NS_PER_S)
            raise CardError("fake: none left")
        card = self.cards[self.opened]
        self.opened += 1
        self.time.sleep_ns(0.3 * NS_PER_S)
        card.after_write = self.after_write
        return card

    def after_write(self, _n):
        self.written += 1
        for act in self.at_block.pop(self.written, []):
            act()

    def run(self, blocks):
        """From the start until *blocks* were written; then the house is closed."""
        reached, go_on = threading.Event(), threading.Event()
        self.at_block.setdefault(blocks, []).extend([reached.set, lambda: go_on.wait(20.0)])
        self.player.start()
        assert reached.wait(20.0)
        assert not self.player.close(timeout_s=0.0)
        go_on.set()
        assert self.player.close(20.0)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    def blocks(self):
        return RingReader(self.ring_path).read_from(1).blocks


def heard_at(card, sink_ns, n_frames):
    """Samples that truly sounded from an instant on."""
    frame = round((sink_ns - card.sounds_at_ns(0)) * RATE_HZ / NS_PER_S)
    return card.pcm[frame * BYTES_PER_FRAME : (frame + n_frames) * BYTES_PER_FRAME]


def test_a_programme_starts_on_its_instant_to_the_frame_and_ends_by_itself(tmp_path):
    station, source = Station(tmp_path, FakeCard), FakeSource(numbered(RATE_HZ))
    start_ns = station.time() + 2 * NS_PER_S + 12_345
    station.player.cue(Cue("a", source, start_ns, start_ns + NS_PER_S))
    station.run(60)
    (card,) = station.cards
    (began,) = station.of(Began)
    assert abs(began.sink_ns - start_ns) <= NS_PER_S // RATE_HZ
    assert heard_at(card, start_ns, RATE_HZ) == source.pcm
    assert card.pcm.count(source.pcm) == 1
    (ended,) = station.of(Ended)
    assert (ended.frames, ended.cause) == (RATE_HZ, EndCause.PLANNED_END)
    assert source.closed.is_set()
    assert card.closed


def test_the_ring_holds_every_block_as_written_with_the_instant_at_which_it_sounds(tmp_path):
    station = Station(tmp_path, FakeCard)
    start_ns = station.time() + 2 * NS_PER_S
    station.player.cue(Cue("a", FakeSource(numbered(RATE_HZ)), start_ns, start_ns + NS_PER_S))
    station.run(60)
    (card,), blocks = station.cards, station.blocks()
    assert [b.pcm for b in blocks] == card.heard
    assert [b.first_frame for b in blocks] == [n * BLOCK_FRAMES for n in range(len(blocks))]
    assert all(abs(b.sink_ns - card.sounds_at_ns(b.first_frame)) < MS for b in blocks)
    named = [b.first_frame for b in blocks if b.occurrence_id == "a"]
    assert named == [b.first_frame for b in blocks if any(b.pcm)]


@pytest.mark.parametrize("unplug_at", range(40))
def test_a_cable_pulled_at_any_block_costs_what_lay_in_between_and_the_rest_is_at_its_place(tmp_path, unplug_at):
    station = Station(tmp_path, lambda time: FakeCard(time, unplug_at_block=unplug_at), FakeCard)
    source = FakeSource(numbered(5 * RATE_HZ))
    start_ns = station.time() + NS_PER_S
    station.player.cue(Cue("a", source, start_ns, start_ns + 5 * NS_PER_S))
    station.run(unplug_at + 80)
    second = station.cards[1]
    assert len(station.of(CardLost)) == len(station.of(CardBack)) == 1
    assert len(station.of(Began)) == len(station.of(Ended)) == 1
    # From one second after the card is back, what sounds is what should sound by then, up to the end.
    from_ns = max(start_ns, round(second.started_ns) + NS_PER_S)
    place = round((from_ns - start_ns) * RATE_HZ / NS_PER_S)
    frames = 5 * RATE_HZ - place
    got = array("h", heard_at(second, from_ns, frames)).tolist()
    right = array("h", source.pcm).tolist()
    offset = right.index(got[0], place - 2) - place
    assert abs(offset) <= 2  # frames of rounding
    assert got[: frames - 300] == right[place + offset :][: frames - 300]
    written = sum(any(s) for s in zip(*[iter(station.cards[0].pcm + second.pcm)] * 2, strict=True))
    assert station.of(Ended)[0].frames == written


def test_a_card_that_the_player_before_had_lost_is_told_as_back(tmp_path):
    station = Station(tmp_path, FakeCard, lost=True)
    station.run(60)
    assert len(station.of(CardBack)) == 1
    assert not station.of(CardLost)


def test_a_card_that_is_not_there_is_told_once_and_time_goes_on(tmp_path):
    station = Station(tmp_path)
    source = FakeSource(numbered(RATE_HZ))
    start_ns = station.time()
    station.player.cue(Cue("a", source, start_ns, start_ns + NS_PER_S // 5))
    station.player.start()
    assert source.closed.wait(10.0)
    assert station.player.close()
    assert len(station.of(CardLost)) == 1
    assert station.of(CardLost)[0].reason == "fake: none left"
    (ended,) = station.of(Ended)
    assert (ended.frames, ended.cause) == (0, EndCause.PLANNED_END)


@pytest.mark.parametrize("freeze_at", [20, 21, 27, 33])
@pytest.mark.parametrize("seconds", [1.0, 10.0])
def test_after_a_freeze_the_jump_is_told_and_a_file_goes_on_and_is_cut_at_its_end(tmp_path, freeze_at, seconds):
    station = Station(tmp_path, lambda time: FakeCard(time, freeze_at=(freeze_at, seconds)))
    source = FakeSource(numbered(20 * RATE_HZ))
    start_ns = station.time() + NS_PER_S
    end_ns = start_ns + 13 * NS_PER_S
    station.player.cue(Cue("a", source, start_ns, end_ns))
    station.run(190)
    (card,), (jump,), (ended,) = station.cards, station.of(ClockJumped), station.of(Ended)
    assert jump.lost_ns == pytest.approx(seconds * NS_PER_S - 0.25 * NS_PER_S, abs=0.1 * NS_PER_S)
    assert abs(ended.sink_ns - end_ns) < MS
    assert ended.cause is EndCause.PLANNED_END
    assert source.pcm[: (ended.frames - END_FADE_FRAMES) * BYTES_PER_FRAME] in card.pcm
    # The ring's dates after the freeze are the true ones, from the first block on.
    blocks = station.blocks()
    after = [b for b in blocks if b.epoch == blocks[-1].epoch]
    assert freeze_at <= after[0].first_frame // BLOCK_FRAMES <= freeze_at + 1
    assert max(abs(b.sink_ns - card.sounds_at_ns(b.first_frame)) for b in after) < MS


def test_a_stop_ends_within_a_block_and_is_told(tmp_path):
    station, source = Station(tmp_path, FakeCard), FakeSource(numbered(9 * RATE_HZ))
    start_ns = station.time() + NS_PER_S
    station.player.cue(Cue("a", source, start_ns, start_ns + 9 * NS_PER_S))
    station.at_block[30] = [lambda: station.player.stop("a")]
    station.run(40)
    (ended,) = station.of(Ended)
    assert ended.cause is EndCause.STOPPED
    (card,) = station.cards
    assert ended.sink_ns == pytest.approx(card.sounds_at_ns(30 * BLOCK_FRAMES + FADE_FRAMES), abs=MS)
    assert not any(card.heard[31])


def test_a_close_fades_and_drains_the_card_before_it_is_let_go(tmp_path):
    station, source = Station(tmp_path, FakeCard), FakeSource(numbered(9 * RATE_HZ))
    start_ns = station.time() + NS_PER_S
    station.player.cue(Cue("a", source, start_ns, start_ns + 9 * NS_PER_S))
    station.run(30)
    (ended,), (card,) = station.of(Ended), station.cards
    assert ended.cause is EndCause.SHUTDOWN
    last_sounded_ns = card.sounds_at_ns((len(card.heard) - card.BUFFER_BLOCKS) * BLOCK_FRAMES)
    assert last_sounded_ns >= ended.sink_ns
    assert source.closed.is_set()


def test_the_same_cue_twice_sounds_once_and_its_second_source_is_let_go(tmp_path):
    station = Station(tmp_path, FakeCard)
    sources = FakeSource(numbered(RATE_HZ)), FakeSource(numbered(RATE_HZ))
    start_ns = station.time() + NS_PER_S
    for source in sources:
        station.player.cue(Cue("a", source, start_ns, start_ns + NS_PER_S))
    station.run(40)
    assert len(station.of(Began)) == 1
    assert all(source.closed.is_set() for source in sources)
    assert sources[1].asked_at == []


def test_progress_tells_frames_instants_and_level(tmp_path):
    station, seen = Station(tmp_path, FakeCard), []
    start_ns = station.time() + NS_PER_S
    square = array("h", [16_384, -16_384] * RATE_HZ).tobytes()
    station.player.cue(Cue("a", FakeSource(square), start_ns, start_ns + 2 * NS_PER_S))
    assert not station.player.progress().card_ok
    station.at_block[30] = [lambda: seen.append(station.player.progress())]
    station.run(40)
    (progress,) = seen
    assert progress.card_ok
    assert progress.occurrence_id == "a"
    assert progress.next_frame == 29 * BLOCK_FRAMES
    assert progress.next_sink_ns == pytest.approx(station.cards[0].sounds_at_ns(29 * BLOCK_FRAMES), abs=MS)
    assert progress.sent_dbfs == pytest.approx(-6.02, abs=0.01)
    assert 0 < progress.last_write_ns <= station.time()
