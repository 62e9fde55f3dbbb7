"""``measure``: what a recording of the return proves about what was sent. Two WAV files in, one answer out."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.format import RATE_HZ
from audio.loudness import Loudness, LoudnessMeter
from audio.match import Matcher, merged
from audio.segments import MatchSegment, Quality, State
from audio.wav import Wav, WavError, open_wav

Block = NDArray[np.int16]

_BLOCK_S = 1.0
_TAIL_BLOCKS = 20  # of HEARD after the end of SENT: more than the longest delay


class MeasureError(Exception):
    """One of the two files is no recording that could be measured. The text is for a person."""


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


def measure(sent_path: Path, heard_path: Path) -> Measurement:
    """Match HEARD against SENT. Raises ``MeasureError`` for a file that is empty or no WAV."""
    with _opened(sent_path) as sent, _opened(heard_path) as heard:
        for path, wav in ((sent_path, sent), (heard_path, heard)):
            if not wav.frames_left:
                raise MeasureError(f"{path}: holds no sound")
        found = _matched(sent.blocks_48k(_BLOCK_S), heard.blocks_48k(_BLOCK_S))
    return _with_loudness(found, sent_path, heard_path)


def _with_loudness(found: Measurement, sent_path: Path, heard_path: Path) -> Measurement:
    """HEARD counts where SENT returned, which is known only now: it is read again."""
    delays_ms = [s.delay_ms for s in found.segments if s.state == State.ON_AIR and s.delay_ms is not None] or [0.0]
    heard = _loudness(heard_path, delays_ms[0], found.sent_ms + delays_ms[-1])
    return replace(found, sent_loudness=_loudness(sent_path, 0.0, found.sent_ms), heard_loudness=heard)


def _loudness(path: Path, from_ms: float, to_ms: float) -> Loudness:
    meter, at_frame = LoudnessMeter(), 0
    first, end = (round(max(0.0, ms) * RATE_HZ / 1_000) for ms in (from_ms, to_ms))
    with _opened(path) as wav:
        for block in wav.blocks_48k(_BLOCK_S):
            meter.push(block[max(0, first - at_frame) : max(0, end - at_frame)])
            at_frame += len(block)
            if at_frame >= end:
                break
    return meter.so_far()


def _matched(sent: Iterator[Block], heard: Iterator[Block]) -> Measurement:
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
        segments = _joined(segments, matcher.step())
        live = matcher.live()
        locked = (live.delay_ms, live.drift_ppm) if live.locked else locked
    for heard_block in islice(heard, _TAIL_BLOCKS):
        matcher.push_heard(heard_block)
    return _summed(_joined(segments, matcher.finish()), sent_frames, locked)


def _joined(segments: list[MatchSegment], more: list[MatchSegment]) -> list[MatchSegment]:
    """Only the last of *segments* can still grow."""
    return segments[:-1] + merged([*segments[-1:], *more])


def _opened(path: Path) -> Wav:
    try:
        return open_wav(path)
    except WavError as error:
        raise MeasureError(f"{path}: {error}") from error


def _summed(segments: list[MatchSegment], sent_frames: int, locked: tuple[float | None, float | None]) -> Measurement:
    parts = tuple(_in_ms(s) for s in segments)
    on_air = _frames(segments, lambda s: s.state == State.ON_AIR)
    unobserved = _frames(segments, lambda s: s.state == State.UNOBSERVED)
    overlaid = _frames(segments, lambda s: s.state == State.ON_AIR and s.quality == Quality.OVERLAID)
    total_ms = _ms(sent_frames)
    return Measurement(
        total_ms, _ms(on_air), total_ms - _ms(on_air) - _ms(unobserved), _ms(unobserved), _ms(overlaid), *locked, parts
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
