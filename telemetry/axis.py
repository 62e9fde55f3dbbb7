"""An occurrence's own axis: milliseconds from its scheduled start, and how the boottimes of each boot lie on it. Pure.

A boot in which the occurrence was begun is placed by the player's anchor, so that no clock step changes a duration. Any
other boot is placed by the clock map: a step inside it makes two pieces, and the wall time that a step skipped is in
neither.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from scheduler.clock import NS_PER_MS, ClockMapRow, Reading, wall_ns_of
from scheduler.occurrence import Occurrence
from telemetry.facts import Fact, PlayoutFact
from telemetry.spans import Spans, normal

FOREVER_NS = 1 << 62  # later than any boottime
SMALL_STEP_NS = 100 * NS_PER_MS  # a clock that is slewed does not make a new piece each time it is looked at


@dataclass(frozen=True, slots=True)
class Piece:
    """From boottime *from_ns* to *to_ns* of a boot, the slot's first instant is at *zero_ns*."""

    boot: int
    from_ns: int
    to_ns: int
    zero_ns: int

    def position_ms(self, boottime_ns: int) -> int:
        return (boottime_ns - self.zero_ns) // NS_PER_MS


@dataclass(frozen=True, slots=True)
class Axis:
    """Maps boottimes to positions. ``planned_ms`` is its length."""

    starts_wall_ns: int
    planned_ms: int
    pieces: tuple[Piece, ...]

    @classmethod
    def of(cls, occurrence: Occurrence, clock: Sequence[ClockMapRow], facts: Sequence[PlayoutFact]) -> "Axis":
        """*facts* may be those of any occurrence; the anchors are taken from this one's."""
        starts = wall_ns_of(occurrence.starts_at)
        anchors = _anchors(occurrence.id, facts)
        rows = trusted_backwards(clock)
        by_clock = {boot: _zeros(rows, boot, starts) for boot in {row.boot for row in rows} - anchors.keys()}
        boots = sorted((anchors | by_clock).items())
        pieces = tuple(piece for boot, zeros in boots for piece in _pieces(boot, zeros))
        return cls(starts, occurrence.planned_ms, pieces)

    @property
    def boots(self) -> set[int]:
        """The boots that can have seen any of the slot."""
        return {boot for boot, _, _ in self.windows(0)}

    def windows(self, after_ms: int) -> list[tuple[int, int, int]]:
        """(boot, from_ns, to_ns) of each piece's share of the slot and of *after_ms* after it."""
        found = []
        for piece in self.pieces:
            start = max(piece.from_ns, piece.zero_ns, 0)
            end = min(piece.to_ns, piece.zero_ns + (self.planned_ms + after_ms) * NS_PER_MS)
            if start < end:
                found.append((piece.boot, start, end))
        return found

    def spans(self, boot: int, from_ns: int, to_ns: int) -> Spans:
        """The positions within the slot of a stretch of a boot."""
        return normal(
            (
                max(0, piece.position_ms(max(from_ns, piece.from_ns))),
                min(self.planned_ms, piece.position_ms(min(to_ns, piece.to_ns))),
            )
            for piece in self.pieces
            if piece.boot == boot and max(from_ns, piece.from_ns) < min(to_ns, piece.to_ns)
        )

    def position_ms(self, boot: int, boottime_ns: int) -> int | None:
        """Where an instant lies (negative: before the slot); None for a boot that is not on the axis."""
        mine = [p for p in self.pieces if p.boot == boot and p.from_ns <= boottime_ns < p.to_ns]
        return mine[-1].position_ms(boottime_ns) if mine else None

    def place_ms(self, at: Reading, boottime_ns: int) -> int:
        """Where an instant lies; by the wall clock it was stamped with if its boot is not on the axis."""
        position = self.position_ms(at.boot, boottime_ns)
        if position is not None:
            return position
        return (boottime_ns + at.offset_ns - self.starts_wall_ns) // NS_PER_MS

    def skipped(self) -> Spans:
        """Positions that no instant had, because the wall clock of a boot was put forward over them."""
        pairs = zip(self.pieces, self.pieces[1:], strict=False)
        return normal(
            (max(0, before.position_ms(before.to_ns)), min(self.planned_ms, after.position_ms(after.from_ns)))
            for before, after in pairs
            if before.boot == after.boot
        )


def _anchors(occurrence_id: str, facts: Sequence[PlayoutFact]) -> dict[int, list[tuple[int, int]]]:
    """By boot: (from which boottime on, boottime of the slot's first instant), as the player pinned them."""
    found: dict[int, list[tuple[int, int]]] = {}
    for fact in sorted(facts, key=lambda f: f.n):
        if fact.kind is Fact.BEGAN and fact.occurrence_id == occurrence_id:
            found.setdefault(fact.at.boot, []).append((fact.detail["sink_ns"], fact.detail["anchor_ns"]))
    return found


def trusted_backwards(clock: Sequence[ClockMapRow]) -> list[ClockMapRow]:
    """The clock map, by boot and boottime; where nobody knew the time, as it was learnt later in the same boot."""
    rows = sorted(clock, key=lambda row: (row.boot, row.boottime_ns))
    corrected: list[ClockMapRow] = []
    for row in reversed(rows):
        later = corrected[-1] if corrected else None
        if not row.quality.plays and later is not None and later.boot == row.boot and later.quality.plays:
            row = ClockMapRow(row.boot, row.boottime_ns, later.offset_ns, later.quality)
        corrected.append(row)
    return corrected[::-1]


def _zeros(rows: Sequence[ClockMapRow], boot: int, starts_wall_ns: int) -> list[tuple[int, int]]:
    return [(row.boottime_ns, starts_wall_ns - row.offset_ns) for row in rows if row.boot == boot]


def _pieces(boot: int, zeros: Sequence[tuple[int, int]]) -> list[Piece]:
    """The first holds from the beginning of the boot, each until the next, the last for ever."""
    steps = [zeros[0]]
    for from_ns, zero_ns in zeros[1:]:
        if abs(zero_ns - steps[-1][1]) >= SMALL_STEP_NS:
            steps.append((from_ns, zero_ns))
    starts = [-FOREVER_NS, *(from_ns for from_ns, _ in steps[1:])]
    ends = [*starts[1:], FOREVER_NS]
    return [Piece(boot, start, end, zero) for start, end, (_, zero) in zip(starts, ends, steps, strict=True)]
