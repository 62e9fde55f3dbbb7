"""From what a process sees to conditions: each spoken once when it changes. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from audio.segments import Quality, State
from scheduler.clock import NS_PER_MS, Reading
from telemetry.facts import Condition

VOICES = ("foreign_audio", "overlaid_audio", "sound_when_idle")
PAUSE_NS = 2_000 * NS_PER_MS  # a voice is silent for less between its words
SURE_NS = 5_000 * NS_PER_MS  # bad for so long: the fault is raised, and a pause is no news any more


FIRST_LOCK_NS = 8_000 * NS_PER_MS  # what is heard cannot be told from another's voice before the path's delay is known


@dataclass(frozen=True, slots=True)
class Heard:
    """What a channel hears at an instant, and what should be heard."""

    state: State
    quality: Quality
    due: bool  # by the plan a programme should sound now
    sending: bool  # a programme's samples are being sent now, or were so lately that the path still carries them
    listening: bool  # the capture works
    locked: bool = True  # the path's delay is known
    due_ns: int = FIRST_LOCK_NS  # for how long something has been due


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
    codes["foreign_audio"] &= heard.locked or heard.due_ns >= FIRST_LOCK_NS
    codes["overlaid_audio"] = heard.due and heard.state is State.ON_AIR and heard.quality is Quality.OVERLAID
    idle = not heard.due and not heard.sending
    codes["sound_when_idle"] = idle and heard.state in (State.FOREIGN, State.ON_AIR)
    codes["return_device"] = False
    return codes


@dataclass
class ConditionBook:
    """Remembers what was last said of each (code, target), so that a condition is stated only when it changes.

    A voice comes and goes with its words. One that is back after a pause has been there since before it, so that the
    fault's time can run out; one that has been there for long is not said to be gone for a pause.
    """

    _bad: dict[tuple[str, str], bool] = field(default_factory=dict)
    _voices: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)  # boottimes it was first, last heard

    def changes(
        self, target: str, codes: Mapping[str, bool], at: Reading, evidence: Mapping[str, Any] | None = None
    ) -> list[Condition]:
        """The conditions to journal. The first statement of a code is journaled also when it is good: it clears."""
        said = []
        for code, bad in codes.items():
            since_ns = self._since(code, target, bad, at.boottime_ns)
            if since_ns is None or self._bad.get((code, target)) is bad:
                continue
            self._bad[code, target] = bad
            said.append(Condition(code, target, bad, at.boot, since_ns, dict(evidence or {})))
        return said

    def recall(self, bad: Iterable[tuple[str, str]]) -> None:
        """What the process before us said last: it stays true until we say that it is good again."""
        self._bad.update(dict.fromkeys(bad, True))

    def bad(self) -> set[tuple[str, str]]:
        """(code, target) of all that is bad."""
        return {key for key, bad in self._bad.items() if bad}

    def _since(self, code: str, target: str, bad: bool, now_ns: int) -> int | None:
        """Since when it has been so; None: a pause, nothing is to be said."""
        if code not in VOICES:
            return now_ns
        first_ns, last_ns = self._voices.get((code, target), (now_ns, now_ns - PAUSE_NS))
        if bad:
            first_ns = first_ns if now_ns - last_ns < PAUSE_NS else now_ns
            self._voices[code, target] = first_ns, now_ns
            return first_ns
        if last_ns - first_ns < SURE_NS:
            return now_ns
        return last_ns if now_ns - last_ns >= PAUSE_NS else None
