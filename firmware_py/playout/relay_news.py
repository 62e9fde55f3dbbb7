"""What the sources tell the desk of a relay: which link sounds, whether the relay itself can be had, and why not."""

from dataclasses import dataclass
from typing import Any

from audio.relay import Sounding


@dataclass(frozen=True, slots=True)
class RelayNews:
    """What changed in the relay of an occurrence."""

    occurrence_id: str
    source: str
    sounding: Sounding
    changed: bool  # another link sounds
    lost: bool | None  # whether the relay itself cannot be had; None: it has not shown yet

    @property
    def detail(self) -> dict[str, Any]:
        sounding = self.sounding
        why = sounding.trouble.code if sounding.link and sounding.trouble else ""
        return {"at_ns": sounding.since_ns, "link": sounding.link, "name": sounding.name, "why": why}

    @property
    def evidence(self) -> dict[str, Any]:
        trouble = self.sounding.trouble
        known = {"why": trouble.code, "said": trouble.said} if self.lost and trouble else {}
        return {"occurrence": self.occurrence_id, **known}
