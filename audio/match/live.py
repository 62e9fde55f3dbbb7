"""What is heard this moment: for meters and alarms, which may not wait for the account's look ahead."""

import math
from dataclasses import dataclass

from audio.match.evidence import Evidence
from audio.segments import Quality, State

_CERTAIN = 8.0  # nats kept at most: more would only delay an alarm
_CHANGE = 4.0  # nats that flip the state


@dataclass(frozen=True, slots=True)
class Live:
    """Levels in dBFS of the last block; None where nothing is known."""

    state: State
    quality: Quality
    locked: bool
    delay_ms: float | None
    drift_ppm: float | None
    sent_dbfs: float
    heard_dbfs: float
    heard_peak_dbfs: float
    snr_db: float | None


class Presence:
    """Two-sided cumulative sum of the evidence: is it on air now?"""

    def __init__(self) -> None:
        self._sum = 0.0
        self.on_air = False

    def add(self, evidence: Evidence) -> None:
        for nats in evidence.llr.tolist():
            self._sum = min(_CERTAIN, max(-_CERTAIN, self._sum + nats))
            if self.on_air and self._sum < -_CHANGE:
                self.on_air = False
            elif not self.on_air and self._sum > _CHANGE:
                self.on_air = True

    def forget(self) -> None:
        self._sum, self.on_air = 0.0, False


def snr_db(evidence: Evidence) -> float | None:
    """Of the looks in which the programme says something."""
    telling = evidence.weight > 1
    gain, heard, expected = evidence.gain[telling], evidence.heard_power[telling], evidence.expected_power[telling]
    if not len(gain):
        return None
    wanted = float(gain * gain @ expected)
    rest = float(heard.sum()) - wanted
    return round(10 * math.log10(max(wanted, 1e-9) / max(rest, 1e-9)), 1)
