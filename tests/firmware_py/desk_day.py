"""A desk's day in memory: a player that behaves, a real journal, and clocks that move when they are told."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from audio.events import Began, EndCause, Ended
from firmware_py.playout.book import Book
from firmware_py.playout.desk import Desk
from firmware_py.playout.on_air import OnAir, Opened, SourceMissing
from firmware_py.playout.past import Past, read_past
from scheduler.clock import NS_PER_MS, NS_PER_S, STATION_TZ, ClockQuality, Reading, wall_ns_of
from scheduler.guards import NO_GUARDS, Guards
from scheduler.occurrence import Kind
from scheduler.timetable import EVERY_DAY, Item, Slot, Timetable
from telemetry.journal import PlayoutJournal, PlayoutReader

FIVE = datetime(2026, 11, 23, 5, tzinfo=STATION_TZ)
HOUR = timedelta(hours=1)


class FakePlayer:
    """Begins and ends its cues when time passes over them, as the real one tells."""

    def __init__(self):
        self.cues, self.begun, self.stops, self.now_ns = {}, {}, [], 0

    def cue(self, cue):
        if cue.occurrence_id not in self.cues:
            self.cues[cue.occurrence_id] = cue

    def stop(self, occurrence_id):
        self.stops.append(occurrence_id)

    def events_until(self, now_ns):
        """What happens until now, in its order."""
        yield from self._stopped(self.now_ns or now_ns)
        self.now_ns = now_ns
        while events := self._next(now_ns):
            yield from events

    def _stopped(self, at_ns):
        stops, self.stops = self.stops, []
        for id in stops:
            if id in self.begun:
                yield self._end(id, at_ns, EndCause.STOPPED)
            elif self.cues.pop(id, None):
                yield Ended(id, at_ns, 0, EndCause.STOPPED)

    def _next(self, now_ns):
        ends = [(min(self.cues[id].end_ns, runs_out_ns(self.cues[id])), False, id) for id in self.begun]
        starts = [(cue.start_ns, True, id) for id, cue in self.cues.items() if id not in self.begun]
        at_ns, is_start, id = min([*ends, *starts], key=lambda event: event[:2], default=(now_ns + 1, False, ""))
        if at_ns > now_ns:
            return []
        if is_start:
            return self._started(id, self.cues[id])
        return [
            self._end(id, at_ns, EndCause.PLANNED_END if at_ns == self.cues[id].end_ns else dries_up(self.cues[id]))
        ]

    def _started(self, id, cue):
        if any(other.start_ns == cue.start_ns for name, other in self.cues.items() if name not in {id, *self.begun}):
            del self.cues[id]  # the other, cued later, takes over on its first frame
            return [Ended(id, cue.start_ns, 0, EndCause.STOPPED)]
        before = [self._end(other, cue.start_ns, EndCause.STOPPED) for other in list(self.begun)]
        self.begun[id] = cue.start_ns
        if runs_out_ns(cue) <= cue.start_ns:
            return [*before, self._end(id, cue.start_ns, dries_up(cue))]
        return [*before, Began(id, cue.start_ns, cue.start_ns, cue.offset_ms)]

    def _end(self, id, at_ns, cause):
        del self.cues[id]
        return Ended(id, at_ns, (at_ns - self.begun.pop(id)) * 48 // NS_PER_MS, cause)


def runs_out_ns(cue):
    """When there is nothing more in its file."""
    gives_ms = cue.source.content_ms if cue.source.breaks_ms is None else cue.source.breaks_ms
    return cue.start_ns + (gives_ms - cue.offset_ms) * NS_PER_MS


def dries_up(cue):
    return EndCause.SOURCE_SHORT if cue.source.breaks_ms is None else EndCause.SOURCE_FAILED


@dataclass(frozen=True)
class FakeSource:
    content_ms: int
    breaks_ms: int | None = None


@dataclass
class Day:
    """A desk with its clock, player and journal, driven a moment at a time."""

    folder: object
    boottime_ns: int = 1_000 * NS_PER_S
    wall_ns: int = wall_ns_of(FIVE - timedelta(seconds=10))
    quality: ClockQuality = ClockQuality.NTP
    files: set = field(default_factory=lambda: {"sang.mp3"})
    lasts_ms: dict = field(default_factory=dict)  # of files; half an hour where it does not matter
    breaks_ms: dict = field(default_factory=dict)  # where a file is broken, of those that are
    longest_gap_s: int = 0
    guards: Guards = NO_GUARDS

    def __post_init__(self):
        self.start(Past())

    def start(self, past):
        self.player = FakePlayer()
        self.journal = PlayoutJournal(self.folder / "playout.db")
        book = Book(lambda entry: entry(self.journal))
        air = OnAir(self.player, book, self.open_source)
        self.desk = Desk(air, book, self.guards, longest_gap_s=self.longest_gap_s)
        self.desk.begin(past, self.reading, {})

    def crash(self):
        """kill -9: what was committed stays."""
        self.journal.commit()
        self.journal.close()
        self.start(read_past(self.folder / "playout.db", 1))

    def open_source(self, occurrence, offset_ms):
        if occurrence.source not in self.files:
            raise SourceMissing(occurrence.source)
        if occurrence.kind is Kind.FILLER:
            return Opened(FakeSource(10**9, self.breaks_ms.get(occurrence.source)), None)
        lasts_ms = self.lasts_ms.get(occurrence.source, 1_800_000)
        return Opened(FakeSource(lasts_ms, self.breaks_ms.get(occurrence.source)), lasts_ms, f"of {occurrence.source}")

    @property
    def reading(self):
        return Reading(1, self.boottime_ns, self.wall_ns, self.quality)

    def pass_time(self, seconds):
        tick_ns = NS_PER_S // 4 if seconds < 60 else 2 * NS_PER_S  # the desk is asked less often, and must not mind
        for _ in range(int(seconds * NS_PER_S) // tick_ns):
            self.boottime_ns += tick_ns
            self.wall_ns += tick_ns
            for event in list(self.player.events_until(self.boottime_ns)):
                self.desk.handle(event, self.reading)
            self.desk.handle("tick", self.reading)

    def step_clock(self, by):
        self.wall_ns += int(by.total_seconds()) * NS_PER_S

    def ask(self, command, **body):
        assert self.desk.request(command + str(self.boottime_ns), command, "Lan", body, self.reading) is None

    def load(self, *items):
        self.plan(
            *(
                Slot(EVERY_DAY, at.time(), Item(title, minutes * 60_000, source=source))
                for at, title, minutes, source in items
            )
        )

    def plan(self, *slots):
        self.ask("timetable", timetable=Timetable("tuần", tuple(slots)).to_json(), file="t.xlsx")

    def facts(self, *kinds):
        self.journal.commit()
        _, facts = PlayoutReader(self.folder / "playout.db").facts_since(0)
        return [fact for fact in facts if fact.kind in kinds]
