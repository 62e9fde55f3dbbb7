"""``measure``: what a recording of the return proves about what was sent. Two WAV files in, one answer out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from audio.format import RATE_HZ
from audio.loudness import LoudnessMeter
from audio.match import Matcher, merged
from audio.segments import Loudness, MatchSegment, Quality, State
from audio.uncertainty import evidence_of, stretches
from audio.wav import open_wav

Block = NDArray[np.int16]
T = TypeVar("T")

_BLOCK_S = 1.0
_TAIL_BLOCKS = 20  # of HEARD after the end of SENT: more than the longest delay


class Observer:
    """Sees what measuring sees, block by block: for pictures and progress. This one does nothing."""

    def begin(self, sent_frames: int, heard_frames: int) -> None:
        """Lengths in frames of 48 kHz, as the files' heads have it; of HEARD what will be read."""

    def sent(self, block: Block) -> None:
        """The next second of SENT."""

    def heard(self, block: Block) -> None:
        """The next second of HEARD."""

    def decided(self, segments: list[MatchSegment]) -> None:
        """The next decided stretches of SENT, contiguous; not yet joined with those before."""


@dataclass(frozen=True, slots=True)
class MeasuredSegment:
    """A stretch of SENT. Times in ms on SENT's own time line."""

    from_ms: float
    to_ms: float
    state: str
    quality: str
    delay_ms: float | None
    coherence: float | None


@dataclass(frozen=True, slots=True)
class Measurement:
    sent_ms: int
    on_air_ms: int
    not_on_air_ms: int
    unobserved_ms: int
    overlaid_ms: int
    delay_ms: float | None
    drift_ppm: float | None
    uncertainty_ms: int  # half-width of the 95 % interval of on_air_ms, in audible milliseconds
    evidence_share: float | None  # of the observed time in which the programme could be told from anything else
    snr_db: float | None  # mean while on air
    segments: tuple[MeasuredSegment, ...]
    sent_loudness: Loudness = field(default_factory=Loudness)
    heard_loudness: Loudness = field(default_factory=Loudness)  # of the stretch of HEARD in which SENT returned

    def to_json(self) -> dict[str, Any]:
        """The answer as the contract of ``smartradio measure`` has it."""
        return asdict(self) | {
            "segments": [asdict(s) for s in self.segments],
            "sent_loudness": self.sent_loudness.to_json(),
            "heard_loudness": self.heard_loudness.to_json(),
        }


def measure(sent_path: Path, heard_path: Path, observers: Sequence[Observer] = ()) -> Measurement:
    """Match HEARD against SENT. Raises ``WavError`` for a file that is empty, unreadable or no WAV."""
    loudness = LoudnessMeter()  # of SENT
    with open_wav(sent_path) as sent, open_wav(heard_path) as heard:
        heard_frames = min(heard.frames_48k, sent.frames_48k + _TAIL_BLOCKS * RATE_HZ)
        for observer in observers:
            observer.begin(sent.frames_48k, heard_frames)
        found = _matched(
            _seen(sent.blocks_48k(_BLOCK_S), [loudness.push, *(observer.sent for observer in observers)]),
            _seen(heard.blocks_48k(_BLOCK_S), [observer.heard for observer in observers]),
            [observer.decided for observer in observers],
        )
    return replace(found, sent_loudness=loudness.so_far(), heard_loudness=_returned_loudness(found, heard_path))


def _returned_loudness(found: Measurement, path: Path) -> Loudness:
    """HEARD counts where SENT returned, which is known only now: it is read again."""
    delays_ms = [s.delay_ms for s in found.segments if s.state == State.ON_AIR and s.delay_ms is not None] or [0.0]
    between_ms = delays_ms[0], found.sent_ms + delays_ms[-1]
    first, end = (round(max(0.0, ms) * RATE_HZ / 1_000) for ms in between_ms)
    meter, at_frame = LoudnessMeter(), 0
    with open_wav(path) as wav:
        for block in wav.blocks_48k(_BLOCK_S):
            meter.push(block[max(0, first - at_frame) : max(0, end - at_frame)])
            at_frame += len(block)
            if at_frame >= end:
                break
    return meter.so_far()


def _matched(
    sent: Iterator[Block], heard: Iterator[Block], see: Sequence[Callable[[list[MatchSegment]], None]]
) -> Measurement:
    matcher, segments = Matcher(), list[MatchSegment]()
    locked: tuple[float | None, float | None] = (None, None)
    sent_frames = 0
    for sent_block in sent:
        matcher.push_sent(sent_block, True)
        heard_block = next(heard, None)
        if heard_block is None:  # HEARD has ended
            matcher.lose_heard(len(sent_block))
        else:
            matcher.push_heard(heard_block)
        sent_frames += len(sent_block)
        segments = _joined(segments, _shown(matcher.step(), see))
        locked = _lock(matcher) or locked
    for heard_block in islice(heard, _TAIL_BLOCKS):
        matcher.push_heard(heard_block)
    segments = _joined(segments, _shown(matcher.finish(), see))
    return _summed(segments, sent_frames, _lock(matcher) or locked)


def _lock(matcher: Matcher) -> tuple[float | None, float | None] | None:
    """Delay and drift while locked."""
    live = matcher.live()
    return (live.delay_ms, live.drift_ppm) if live.locked else None


def _joined(segments: list[MatchSegment], more: list[MatchSegment]) -> list[MatchSegment]:
    """Only the last of *segments* can still grow."""
    return segments[:-1] + merged([*segments[-1:], *more])


def _seen(blocks: Iterator[Block], see: Sequence[Callable[[Block], None]]) -> Iterator[Block]:
    return (_shown(block, see) for block in blocks)


def _shown(thing: T, see: Sequence[Callable[[T], None]]) -> T:
    for eye in see:
        eye(thing)
    return thing


def _summed(segments: list[MatchSegment], sent_frames: int, locked: tuple[float | None, float | None]) -> Measurement:
    parts = tuple(_in_ms(s) for s in segments)
    on_air = _frames(segments, lambda s: s.state == State.ON_AIR)
    unobserved = _frames(segments, lambda s: s.state == State.UNOBSERVED)
    overlaid = _frames(segments, lambda s: s.state == State.ON_AIR and s.quality == Quality.OVERLAID)
    total_ms = _ms(sent_frames)
    not_on_air_ms = total_ms - _ms(on_air) - _ms(unobserved)
    evidence = evidence_of(stretches(segments))
    return Measurement(
        *(total_ms, _ms(on_air), not_on_air_ms, _ms(unobserved), _ms(overlaid)),
        *locked,
        uncertainty_ms=evidence.uncertainty_ms,
        evidence_share=evidence.evidence_share,
        snr_db=evidence.snr_db,
        segments=parts,
    )


def _frames(segments: list[MatchSegment], wanted: Any) -> int:
    return sum(s.to_frame - s.from_frame for s in segments if wanted(s))


def _ms(frames: int) -> int:
    return round(frames * 1_000 / RATE_HZ)


def _in_ms(segment: MatchSegment) -> MeasuredSegment:
    return MeasuredSegment(
        round(segment.from_frame * 1_000 / RATE_HZ, 1),
        round(segment.to_frame * 1_000 / RATE_HZ, 1),
        segment.state.value,
        segment.quality.value,
        segment.delay_ms,
        None if segment.coherence is None else round(segment.coherence, 3),
    )
