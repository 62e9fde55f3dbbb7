"""A repeat is told by what a file holds, not by its name: how much of it was aired in the days before. Pure.

Judged when an account is closed, from what was really played, so that it does not depend on the period that is added
up: months sum to quarters. Where no content is known (a relay, a live programme), the plan's word holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from audio.format import frames_to_ms
from scheduler.occurrence import Kind, Occurrence
from telemetry.playouts import Playout


@dataclass(frozen=True, slots=True)
class Airing:
    """How much of a content an occurrence played. ``whole_ms``: how long the content is; None: nobody said."""

    occurrence_id: str
    content: str  # digest of its samples
    played_ms: int
    whole_ms: int | None = None


def airing_of(occurrence_id: str, attempts: Sequence[Playout]) -> Airing | None:
    """What *attempts*, all of one occurrence, played most of (a file may be exchanged between two); None: unknown."""
    played: dict[str, Airing] = {}
    for attempt in attempts:
        if (content := attempt.began.detail.get("content")) is not None:
            before_ms = played[content].played_ms if content in played else 0
            whole_ms = attempt.began.detail.get("content_ms")
            played[content] = Airing(occurrence_id, content, before_ms + frames_to_ms(attempt.frames), whole_ms)
    return max(played.values(), key=lambda airing: airing.played_ms, default=None)


def as_aired(occurrence: Occurrence, mine: Airing | None, earlier: Sequence[Airing]) -> tuple[Occurrence, int]:
    """The occurrence as the kind that it turned out to be, and how many ms of it are programme time at most.

    *earlier*: airings of the same content in the days before, the oldest first. It is a repeat when more than half of
    what it can play was aired by then; else only what was not aired yet is new.
    """
    planned_ms = occurrence.planned_ms
    if mine is None or occurrence.kind in (Kind.LIVE, Kind.FILLER):
        return occurrence, 0 if occurrence.kind in (Kind.REPEAT, Kind.FILLER) else planned_ms
    whole_ms = min(planned_ms, mine.whole_ms or planned_ms)
    aired_ms = sum(airing.played_ms for airing in earlier)
    if 2 * aired_ms > whole_ms:
        return _repeat(occurrence, [airing.occurrence_id for airing in earlier]), 0
    return _first(occurrence), whole_ms - aired_ms


def _repeat(occurrence: Occurrence, originals: Sequence[str]) -> Occurrence:
    repeat_of = occurrence.repeat_of if occurrence.repeat_of in originals else originals[0]
    return replace(occurrence, kind=Kind.REPEAT, repeat_of=repeat_of)


def _first(occurrence: Occurrence) -> Occurrence:
    if occurrence.kind is not Kind.REPEAT:
        return occurrence
    return replace(occurrence, kind=Kind.RELAY if occurrence.origin else Kind.OWN, repeat_of=None)
