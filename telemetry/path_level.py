"""How loud the path returns what is sent, programme by programme, against what was learnt as its normal. Pure.

A horn that ages, or a cable that corrodes, loses a little each week, and no single programme shows it. So the gain of
the newest programmes (heard less sent, integrated LU) is held against that of those it was learnt from. Medians,
because one programme with a fault in it must neither spoil the normal nor raise an alarm.
"""

from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from telemetry.airtime import AirtimeRecord

LEARNT_FROM = 20  # programmes
JUDGED_BY = 5  # the newest
LOW_LU = 6.0  # below normal: half the amplitude
GOOD_LU = 4.0  # no more than this below is good again
LEAST_HEARD_MS = 10_000
LEAST_ON_AIR = 0.9  # of the slot: else what was heard was not only the programme
MOST_OVERLAID = 0.05


@dataclass(frozen=True, slots=True)
class PathLevel:
    """The gains of the programmes that were learnt from, and of the newest after them, in LU."""

    learnt: tuple[float, ...] = ()
    newest: tuple[float, ...] = ()
    low: bool = False

    @property
    def normal_lu(self) -> float | None:
        """None until enough was learnt."""
        return round(median(self.learnt), 2) if len(self.learnt) == LEARNT_FROM else None

    @property
    def now_lu(self) -> float | None:
        """None until enough came after what was learnt."""
        return round(median(self.newest), 2) if len(self.newest) == JUDGED_BY else None

    def after(self, gain_lu: float) -> "PathLevel":
        """One more programme was heard."""
        if self.normal_lu is None:
            return replace(self, learnt=(*self.learnt, gain_lu))
        grown = replace(self, newest=(*self.newest, gain_lu)[-JUDGED_BY:])
        return replace(grown, low=_is_low(grown))

    def to_json(self) -> dict[str, Any]:
        return {"learnt": list(self.learnt), "newest": list(self.newest), "low": self.low}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "PathLevel":
        """Inverse of ``to_json``. Raises KeyError."""
        return cls(tuple(data["learnt"]), tuple(data["newest"]), data["low"])


def _is_low(level: PathLevel) -> bool:
    """What is low stays so until it has come back clearly."""
    if level.normal_lu is None or level.now_lu is None:
        return False
    fallen_lu = level.normal_lu - level.now_lu
    return fallen_lu > (GOOD_LU if level.low else LOW_LU)


def gain_of(record: AirtimeRecord) -> float | None:
    """What the path did to the programme's loudness, in LU; None where something else was heard too, or too little."""
    loudness, whole = record.loudness, record.whole
    if loudness is None or loudness.heard_ms < LEAST_HEARD_MS:
        return None
    sent, heard = loudness.sent.integrated_lufs, loudness.heard.integrated_lufs
    pure = whole.on_air_ms >= LEAST_ON_AIR * whole.planned_ms and whole.overlaid_ms <= MOST_OVERLAID * whole.on_air_ms
    return round(heard - sent, 2) if sent is not None and heard is not None and pure else None
