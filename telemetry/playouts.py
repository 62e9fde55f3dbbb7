"""From playout's facts to what was played, and why at other times it was not. Pure; still on the axes of the boots."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from audio.events import EndCause
from scheduler.clock import NS_PER_MS
from telemetry.axis import FOREVER_NS
from telemetry.facts import Fact, PlayoutFact
from telemetry.readers import Run

Stretch = tuple[int, int, int]  # (boot, from_ns, to_ns)
DIED = "playout_died"  # the end that is found at the next start
CAUSE_OF_END = {
    EndCause.PLANNED_END: "ended_early",  # a cause only where it came before the end of the slot
    EndCause.SOURCE_SHORT: "source_short",
    EndCause.SOURCE_FAILED: "source_failed",
    EndCause.STOPPED: "stopped_by",
    EndCause.SHUTDOWN: "playout_down",
    DIED: "playout_down",
}


@dataclass(frozen=True, slots=True)
class Playout:
    """One attempt to play an occurrence (lượt phát thực tế).

    It sounded from *sink_ns* to *sure_ns* by its own word. If it never said that it ended, it may have sounded until
    *perhaps_ns*: what was on air until then can have been nothing else.
    """

    began: PlayoutFact
    sink_ns: int
    sure_ns: int
    perhaps_ns: int
    frames: int = 0
    end: str | None = None  # a cause, or None: it was not seen to end

    @property
    def occurrence_id(self) -> str | None:
        return self.began.occurrence_id

    @property
    def boot(self) -> int:
        return self.began.at.boot

    @property
    def wanted_ns(self) -> int:
        """When it should have sounded."""
        return int(self.began.detail["wanted_ns"])


@dataclass(frozen=True, slots=True)
class Reason:
    """From here on it was not played, because …"""

    boot: int
    at_ns: int
    cause: str
    before: bool = False  # it was never played, so the cause holds for the time before as well


def playouts(facts: Sequence[PlayoutFact], runs: Sequence[Run]) -> list[Playout]:
    """Every attempt in *facts*, which are in the order they were stored. *runs* are the lives of playout."""
    done: list[Playout] = []
    playing: Playout | None = None
    for fact in facts:
        if fact.kind is Fact.BEGAN:
            if playing is not None:
                done.append(_cut(playing, fact.at.boot, fact.detail["sink_ns"], runs))
            playing = _begun(fact)
        elif fact.kind is Fact.BOOTED and playing is not None:
            done.append(_cut(playing, fact.at.boot, fact.at.boottime_ns, runs))
            playing = None
        elif playing is not None and fact.occurrence_id == playing.occurrence_id:
            playing, ended = _went_on(playing, fact)
            if ended is not None:
                done.append(ended)
        elif fact.kind is Fact.ENDED and done and done[-1].occurrence_id == fact.occurrence_id:
            done[-1] = _recovered(done[-1], fact)
    return [*done, _cut(playing, playing.boot, FOREVER_NS, runs)] if playing is not None else done


def _begun(fact: PlayoutFact) -> Playout:
    sink = fact.detail["sink_ns"]
    return Playout(fact, sink, sink, sink)


def _went_on(playing: Playout, fact: PlayoutFact) -> tuple[Playout | None, Playout | None]:
    """(what still plays, what ended) after a fact about what plays."""
    if fact.kind is Fact.PROGRESS:
        return replace(playing, sure_ns=fact.detail["sink_ns"], frames=fact.detail["frames"]), None
    if fact.kind is Fact.ENDED and fact.detail["cause"] != DIED and fact.at.boot == playing.boot:
        end = fact.detail["sink_ns"]
        cause = CAUSE_OF_END.get(fact.detail["cause"], fact.detail["cause"])
        return None, replace(playing, sure_ns=end, perhaps_ns=end, frames=fact.detail["frames"], end=cause)
    return playing, None


def _recovered(dead: Playout, fact: PlayoutFact) -> Playout:
    """What the next life found out about one that died: the ring may tell more than its last progress did."""
    sounded_ns = fact.detail["sink_ns"] if fact.at.boot == dead.boot else dead.sure_ns
    sure = min(max(dead.sure_ns, sounded_ns), dead.perhaps_ns)
    return replace(dead, frames=max(dead.frames, fact.detail["frames"]), sure_ns=sure)


def _cut(playing: Playout, boot: int, at_ns: int, runs: Sequence[Run]) -> Playout:
    """It was not seen to end: sure while its process lived, perhaps until the next thing is known of that boot."""
    limit = at_ns if boot == playing.boot else FOREVER_NS
    lived = [run.to_ns for run in runs if run.boot == playing.boot and run.from_ns <= playing.sink_ns]
    sure = min(max([playing.sure_ns, *lived[-1:]]), limit)
    return replace(playing, sure_ns=sure, perhaps_ns=limit)


def reasons(occurrence_id: str, facts: Sequence[PlayoutFact], attempts: Sequence[Playout]) -> list[Reason]:
    """Why the occurrence was not being played, from when on."""
    ends = [
        Reason(p.boot, p.sure_ns, p.end or CAUSE_OF_END[DIED]) for p in attempts if p.occurrence_id == occurrence_id
    ]
    misses = [
        Reason(fact.at.boot, fact.at.boottime_ns, str(fact.detail["cause"]), before=True)
        for fact in facts
        if fact.kind is Fact.MISSED and fact.occurrence_id == occurrence_id
    ]
    return [*ends, *misses]


def card_lost(facts: Sequence[PlayoutFact]) -> list[Stretch]:
    """When there was no sound card."""
    return _between(facts, Fact.CARD_LOST, (Fact.CARD_BACK, Fact.BOOTED))


def shut_down(facts: Sequence[PlayoutFact]) -> list[Stretch]:
    """When playout had ended in good order: by its own word it sent nothing."""
    return _between(facts, Fact.SHUT_DOWN, (Fact.BOOTED,))


def fallback(occurrence_id: str, facts: Sequence[PlayoutFact]) -> list[Stretch]:
    """When another link than the first of its relay sounded."""
    told = [fact for fact in facts if fact.kind is Fact.BOOTED or _is_link_of(occurrence_id, fact)]
    found = []
    for fact, after in zip_longest(told, told[1:]):
        if fact.kind is Fact.SOURCE_CHANGED and fact.detail["link"]:
            same_boot = after is not None and after.at.boot == fact.at.boot
            end = int(after.detail.get("at_ns", after.at.boottime_ns)) if same_boot else FOREVER_NS
            found.append((fact.at.boot, int(fact.detail["at_ns"]), end))
    return found


def _is_link_of(occurrence_id: str, fact: PlayoutFact) -> bool:
    return fact.kind is Fact.SOURCE_CHANGED and fact.occurrence_id == occurrence_id


def _between(facts: Sequence[PlayoutFact], first: Fact, last: Sequence[Fact]) -> list[Stretch]:
    """From each *first* to the next of *last*, or to the end of its boot."""
    found: list[Stretch] = []
    since: PlayoutFact | None = None
    for fact in facts:
        if fact.kind is first:
            since = since or fact
        elif since is not None and fact.kind in last:
            at_ns = int(fact.detail.get("at_ns", fact.at.boottime_ns))
            end = at_ns if fact.at.boot == since.at.boot else FOREVER_NS
            found.append((since.at.boot, since.at.boottime_ns, end))
            since = None
    return [*found, (since.at.boot, since.at.boottime_ns, FOREVER_NS)] if since else found


def frozen(facts: Sequence[PlayoutFact]) -> list[Stretch]:
    """When the process or the card stood still."""
    found = []
    for fact in facts:
        if fact.kind is Fact.JUMPED:
            end = int(fact.detail.get("at_ns", fact.at.boottime_ns))
            found.append((fact.at.boot, end - round(fact.detail["lost_ms"] * NS_PER_MS), end))
    return found
