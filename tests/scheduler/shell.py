"""A shell for the agenda without sound: it obeys every command, and its clocks move when it is told."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from scheduler import agenda
from scheduler.agenda import Cause, Command, Miss, Playing, Situation, Start, Stop, Stopped
from scheduler.clock import NS_PER_MS, NS_PER_S, STATION_TZ, ClockQuality, Reading, wall_ns_of
from scheduler.conduct import AfterCut
from scheduler.guards import NO_GUARDS, Guards, session_begins
from scheduler.occurrence import BulletinClass, Occurrence

MONDAY = date(2026, 11, 23)


def at(clock: str, day: date = MONDAY) -> datetime:
    """A local time of the Monday that all these stories play on."""
    return datetime.combine(day, time.fromisoformat(clock), STATION_TZ)


def occurrence(clock: str, minutes: float, title: str = "", **more) -> Occurrence:
    starts_at = at(clock)
    identity = f"2026-11-23T{clock}-{title or 'item'}"
    return Occurrence(identity, title or "item", starts_at, starts_at + timedelta(minutes=minutes), **more)


def emergency(clock: str, minutes: float, title: str = "bao", **more) -> Occurrence:
    return occurrence(clock, minutes, title, bulletin_class=BulletinClass.EMERGENCY, **more)


def wanted(plan: Sequence[Occurrence], situation: Situation) -> list[Occurrence]:
    """What should sound at this very instant."""
    after = agenda.obey(situation.playing, agenda.decide(plan, situation, lookahead_ns=0))
    return [p.occurrence for p in after if p.starts_ns <= situation.reading.boottime_ns < p.ends_ns]


@dataclass
class Shell:
    """Plays a plan by asking the agenda. ``heard`` is what has sounded, in ns of boottime."""

    plan: Sequence[Occurrence]
    wall_ns: int
    boottime_ns: int = 1_000 * NS_PER_S
    quality: ClockQuality = ClockQuality.NTP
    stopped: Stopped | None = None
    guards: Guards = NO_GUARDS
    lookahead_ns: int = agenda.LOOKAHEAD_NS
    trusted_ns: int = 0
    playing: tuple[Playing, ...] = ()
    closed: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    pinned: dict[str, int] = field(default_factory=dict)
    unavailable: set[str] = field(default_factory=set)
    heard: list[Playing] = field(default_factory=list)
    said: list[Command] = field(default_factory=list)

    @classmethod
    def at(cls, clock: str, plan: Sequence[Occurrence], **more) -> "Shell":
        return cls(plan, wall_ns_of(at(clock)), **more)

    @property
    def situation(self) -> Situation:
        return Situation(
            Reading(1, self.boottime_ns, self.wall_ns, self.quality),
            self.playing,
            frozenset(self.closed | self.dropped),
            frozenset(c.occurrence.id for c in self.said if isinstance(c, Miss)),
            dict(self.pinned),
            self.stopped,
            self.guards,
            session_begins(self.plan),
            trusted_ns=self.trusted_ns,
            unavailable=frozenset(self.unavailable),
        )

    def boottime_of(self, clock: str) -> int:
        return self.boottime_ns + wall_ns_of(at(clock)) - self.wall_ns

    def tick(self, seconds: float = 0.25) -> list[Command]:
        """Time passes; sounds end and begin by their frames; then the agenda is asked and obeyed."""
        self.boottime_ns += round(seconds * NS_PER_S)
        self.wall_ns += round(seconds * NS_PER_S)
        self._sound()
        commands = agenda.decide(self.plan, self.situation, self.lookahead_ns)
        self.said += commands
        self.playing = agenda.obey(self.playing, commands)
        self._close_dropped(commands)
        return commands

    def run_until(self, clock: str, step_s: float = 0.25) -> "Shell":
        while self.wall_ns < wall_ns_of(at(clock)):
            self.tick(step_s)
        return self

    def _close_dropped(self, commands: list[Command]) -> None:
        """What is to be dropped is not joined after what cut it, or took its place."""
        for command in commands:
            drops = command.occurrence.conduct.after_cut is AfterCut.DROP
            if not isinstance(command, Start) and drops and command.cause in (Cause.PRE_EMPTED, Cause.DROPPED):
                self.dropped.add(command.occurrence.id)

    def _sound(self) -> None:
        for p in self.playing:
            if p.starts_ns <= self.boottime_ns and p.starts_ns < p.ends_ns:
                self.pinned[p.occurrence.id] = p.anchor_ns
        for p in [p for p in self.playing if p.ends_ns <= self.boottime_ns]:
            if p.ends_ns > p.starts_ns:
                self.heard.append(p)
            if p.ends_ns >= p.anchor_ns + p.occurrence.planned_ms * NS_PER_MS - agenda.HANDOVER_NS:
                self.closed.add(p.occurrence.id)
        self.playing = tuple(p for p in self.playing if p.ends_ns > self.boottime_ns)

    def starts(self) -> list[Start]:
        return [c for c in self.said if isinstance(c, Start)]

    def stops(self) -> list[Stop]:
        return [c for c in self.said if isinstance(c, Stop)]

    def misses(self) -> dict[str, str]:
        return {c.occurrence.programme: str(c.cause) for c in self.said if isinstance(c, Miss)}

    def told(self) -> list[tuple[str, float, float]]:
        """What was heard as (programme, from, to), in seconds of the slot."""
        in_slot = ((p, p.starts_ns - p.anchor_ns, p.ends_ns - p.anchor_ns) for p in self.heard)
        return [(p.occurrence.programme, begin / NS_PER_S, end / NS_PER_S) for p, begin, end in in_slot]


def overlapping(spans: Iterable[tuple[int, int]]) -> bool:
    ordered = sorted(spans)
    return any(second[0] < first[1] for first, second in itertools.pairwise(ordered))
