"""Frame clock: which frame of a card sounds when, from the times at which its blocking writes (or reads) return.

A return may be late by any time (the scheduler, a busy core) but hardly early, so the true line lies *low* among the
points: its offset is their lower fifth over the last four seconds. Not the very lowest: the turns of a null sink wobble
by 5 … 15 ms in a saw tooth, and the earliest of them is no truth either. The slope is the median slope (Theil and Sen)
between the lowest points of five-second spans, within the ±500 ppm that any card keeps. Pure: time is an argument.
"""

from collections import deque
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from audio.format import BLOCK_FRAMES, RATE_HZ

NS_PER_FRAME = 1e9 / RATE_HZ
MAX_RATE_ERROR = 500e-6
JUMP_NS = 40_000_000  # so much off the line is no jitter any more, if it lasts
JUMP_POINTS = 4  # … for so many points; also what a first fit needs
RECENT_POINTS = 48  # 4 s: some teeth of a null sink's saw, which last 0.9 s
LOW_PART = 5  # a fifth of them is taken to be on time
SPAN_FRAMES = 5 * RATE_HZ
SLOPE_SPANS = 60  # 5 min
MIN_SLOPE_SPANS = 4  # before that the slope is the one handed in


@dataclass(frozen=True, slots=True)
class Jump:
    """Since the last fit the card lost *lost_ns* of sound (underrun, freeze), or gained it (negative)."""

    lost_ns: int


@dataclass(frozen=True, slots=True)
class _Point:
    frames: int  # since the origin
    late_ns: float  # boottime since the origin minus the frames' nominal duration


class FrameClock:
    """Maps frames of one open card to boottime. *delay_ns* lies between a return and the sound of the next frame.

    *rate_error* is a slope to begin with (of the same card, before it was reopened); *jump_ns*: what is no jitter.
    """

    def __init__(self, delay_ns: int = 0, rate_error: float = 0.0, jump_ns: int = JUMP_NS) -> None:
        self.delay_ns = delay_ns
        self._jump_ns = jump_ns
        self.rate_error = rate_error  # 100e-6: the card needs 1.0001 s for a second of frames
        self._origin: tuple[int, int] | None = None  # (frames, boottime ns)
        self._last: tuple[int, int] | None = None
        self._offset_ns = 0.0
        self._recent: deque[_Point] = deque(maxlen=RECENT_POINTS)
        self._suspects: list[_Point] = []
        self._lowest: deque[_Point] = deque(maxlen=SLOPE_SPANS)

    @property
    def ready(self) -> bool:
        """Whether there is a fit to ask."""
        return bool(self._recent)

    @property
    def settled(self) -> bool:
        """Ready, and the latest return fits the line."""
        return self.ready and not self._suspects

    def sink_ns(self, frame: int) -> int:
        """The boottime at which *frame* sounds. Raises ValueError before the first point."""
        origin_frame, origin_ns = self._known_origin()
        elapsed = (frame - origin_frame) * NS_PER_FRAME * (1.0 + self.rate_error)
        return origin_ns + round(elapsed + self._offset_ns) + self.delay_ns

    def frame_at(self, sink_ns: int) -> int:
        """The frame that sounds at a boottime: the inverse of ``sink_ns``. Raises ValueError before the first point."""
        origin_frame, origin_ns = self._known_origin()
        elapsed = sink_ns - self.delay_ns - origin_ns - self._offset_ns
        return origin_frame + round(elapsed / (NS_PER_FRAME * (1.0 + self.rate_error)))

    def add(self, frames_after: int, boottime_ns: int) -> Jump | None:
        """A write (read) returned at *boottime_ns*, with *frames_after* handed over since the card's first frame.

        Returns the jump when the line broke; the new fit then stands already.
        """
        previous, self._last = self._last, (frames_after, boottime_ns)
        if self._origin is None:
            self._origin = (frames_after, boottime_ns)
        if previous is None or not _was_paced(previous, self._last):
            return None
        point = self._point(frames_after, boottime_ns)
        if self.ready and abs(self._residual(point)) < self._jump_ns:
            self._suspects.clear()
            self._fit(point)
            return None
        self._suspects.append(point)
        return self._break() if len(self._suspects) >= JUMP_POINTS else None

    # -- inside -------------------------------------------------------------------------------------------------

    def _known_origin(self) -> tuple[int, int]:
        if self._origin is None:
            raise ValueError("the frame clock has no point yet")
        return self._origin

    def _point(self, frames_after: int, boottime_ns: int) -> _Point:
        origin_frame, origin_ns = self._known_origin()
        frames = frames_after - origin_frame
        return _Point(frames, boottime_ns - origin_ns - frames * NS_PER_FRAME)

    def _residual(self, point: _Point) -> float:
        """How late the point is on the fitted line."""
        return point.late_ns - point.frames * NS_PER_FRAME * self.rate_error - self._offset_ns

    def _fit(self, point: _Point) -> None:
        self._recent.append(point)
        if self._lowest and point.frames // SPAN_FRAMES == self._lowest[-1].frames // SPAN_FRAMES:
            self._lowest[-1] = min(self._lowest[-1], point, key=lambda p: p.late_ns)
        else:
            self._fit_slope()
            self._lowest.append(point)
        slope = NS_PER_FRAME * self.rate_error
        tilts = sorted([p.late_ns - p.frames * slope for p in self._recent])  # 12 times a second, twice: kept cheap
        self._offset_ns = tilts[len(tilts) // LOW_PART]

    def _fit_slope(self) -> None:
        if len(self._lowest) < MIN_SLOPE_SPANS:
            return
        slope = median((b.late_ns - a.late_ns) / (b.frames - a.frames) for a, b in combinations(self._lowest, 2))
        self.rate_error = max(-MAX_RATE_ERROR, min(MAX_RATE_ERROR, slope / NS_PER_FRAME))

    def _break(self) -> Jump | None:
        """Begin a new fit with the suspects, which were right. None for the very first fit."""
        lost = Jump(round(min(map(self._residual, self._suspects)))) if self.ready else None
        self._recent.clear()
        self._lowest.clear()
        for point in self._suspects:
            self._fit(point)
        self._suspects.clear()
        return lost


def _was_paced(previous: tuple[int, int], now: tuple[int, int]) -> bool:
    """Whether the return waited for the card. One that fills an empty buffer returns at once and tells nothing."""
    frames, took_ns = now[0] - previous[0], now[1] - previous[1]
    return took_ns > min(frames, BLOCK_FRAMES) * NS_PER_FRAME / 2
