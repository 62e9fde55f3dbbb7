"""From what a process sees to conditions: each spoken once when it changes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audio.segments import Quality, State
from scheduler.clock import Reading
from telemetry.facts import Condition


@dataclass(frozen=True, slots=True)
class Heard:
    """What a channel hears at an instant, and what should be heard."""

    state: State
    quality: Quality
    due: bool  # by the plan a programme should sound now
    sending: bool  # a programme's samples are being sent now
    listening: bool  # the capture works
    locked: bool = True


WHEN_DUE = {
    "dead_air": State.SILENCE,
    "noise_on_air": State.NOISE,
    "hum_on_air": State.HUM,
    "foreign_audio": State.FOREIGN,
}


def heard_conditions(heard: Heard) -> dict[str, bool]:
    """Say of each code whether it is bad now. A channel that hears nothing knows nothing but that.

    A programme that should sound and of which nothing is heard is dead air also when nothing is sent (playout is dead).
    Nothing due and our own sound or another's heard: a stuck output, a foreign carrier, a hijack, a wrong timer. Hiss
    with nothing due is no fault: an off-air receiver hisses while our transmitter rests.
    """
    if not heard.listening:
        return {"return_device": True}
    codes = {code: heard.due and heard.state is state for code, state in WHEN_DUE.items()}
    codes["overlaid_audio"] = heard.due and heard.state is State.ON_AIR and heard.quality is Quality.OVERLAID
    idle = not heard.due and not heard.sending
    codes["sound_when_idle"] = idle and heard.state in (State.FOREIGN, State.ON_AIR)
    codes["return_device"] = False
    return codes


@dataclass
class ConditionBook:
    """Remembers what was last said of each (code, target), so that a condition is stated only when it changes."""

    _bad: dict[tuple[str, str], bool] = field(default_factory=dict)

    def changes(
        self, target: str, codes: Mapping[str, bool], at: Reading, evidence: Mapping[str, Any] | None = None
    ) -> list[Condition]:
        """The conditions to journal. The first statement of a code is journaled also when it is good: it clears."""
        said = []
        for code, bad in codes.items():
            if self._bad.get((code, target)) is bad:
                continue
            self._bad[code, target] = bad
            said.append(Condition(code, target, bad, at.boot, at.boottime_ns, dict(evidence or {})))
        return said

    def bad(self) -> list[tuple[str, str]]:
        return [key for key, bad in self._bad.items() if bad]
