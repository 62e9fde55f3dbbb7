"""How an item behaves at the edges of its slot: when it is too long or too short, and after something cut it. Pure."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LONGEST_GRACE_MS = 600_000
USUAL_GRACE_MS = 60_000  # where a sheet says "phát hết" and not how far
LOUDEST_LUFS, SOFTEST_LUFS = -12.0, -30.0  # of an item's own target, as of the station's


class EndRule(enum.StrEnum):
    """What happens at the end of a slot."""

    CUT = "cut"  # what is longer is cut there, what is shorter leaves silence
    FINISH = "finish"  # what is longer by at most the grace is played to its end, and its session moves on
    FILL = "fill"  # what is shorter is followed by a filler


class AfterCut(enum.StrEnum):
    """What becomes of it when something of higher class has taken its place."""

    JOIN = "join"  # it is joined at its place
    DROP = "drop"  # it is not heard again: half a notice is worse than none


@dataclass(frozen=True, slots=True)
class Conduct:
    """An item's own rules. ``grace_ms`` belongs to FINISH, ``filler`` (a file; empty: the station's) to FILL."""

    end_rule: EndRule = EndRule.CUT
    grace_ms: int = 0
    filler: str = ""
    after_cut: AfterCut = AfterCut.JOIN
    target_lufs: float | None = None  # the library's copy is made as loud as this; None: as the station's other files

    def __post_init__(self) -> None:
        """Raises ValueError where the parts contradict one another."""
        if not (0 < self.grace_ms <= LONGEST_GRACE_MS if self.end_rule is EndRule.FINISH else self.grace_ms == 0):
            raise ValueError(f"a grace of {self.grace_ms} ms with the end rule {self.end_rule}")
        if self.filler and self.end_rule is not EndRule.FILL:
            raise ValueError(f"a filler with the end rule {self.end_rule}")
        if self.target_lufs is not None and not SOFTEST_LUFS <= self.target_lufs <= LOUDEST_LUFS:
            raise ValueError(f"{self.target_lufs} LUFS is not between {SOFTEST_LUFS} and {LOUDEST_LUFS}")

    def to_json(self) -> dict[str, Any]:
        return {
            "end_rule": str(self.end_rule),
            "grace_ms": self.grace_ms,
            "filler": self.filler,
            "after_cut": str(self.after_cut),
            "target_lufs": self.target_lufs,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Conduct":
        """Inverse of ``to_json``, whatever else is in *data*; a record of before has none of it. Raises ValueError."""
        given = PLAIN_JSON | {key: data[key] for key in PLAIN_JSON if key in data}
        return cls(**given | {"end_rule": EndRule(given["end_rule"]), "after_cut": AfterCut(given["after_cut"])})


PLAIN = Conduct()
PLAIN_JSON = PLAIN.to_json()
