"""``measure``: what a recording of the return proves about what was sent. Two WAV files in, one answer out."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.format import RATE_HZ
from audio.match import Matcher, merged
from audio.segments import MatchSegment, Quality, State
from audio.uncertainty import evidence_of, stretches
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
    uncertainty_ms: int  # half-width of the 95 % interval of on_air_ms, in audible milliseconds
    evidence_share: float | None  # of the observed time in which the programme could be told from anything else
    snr_db: float | None  # mean while on air
    segments: tuple[MeasuredSegment, ...]

    def to_json(self) -> dict[str, Any]:
        """The answer as the contract of ``smartradio measure`` has it."""
        return asdict(self) | {"segments": [asdict(s) for s in self.segments]}


def measure(sent_path: Path, heard_path: Path) -> Measurement:
    """Match HEARD against SENT. Raises ``MeasureError`` for a file that is empty or no WAV."""
    with _opened(sent_path) as sent, _opened(heard_path) as heard:
        for path, wav in ((sent_path, sent), (heard_path, heard)):
            if not wav.frames_left:
                raise MeasureError(f"{path}: holds no sound")
        return _matched(sent.blocks_48k(_BLOCK_S), heard.blocks_48k(_BLOCK_S))


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
