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
        self.cues, self.begun, self.stops = {}, {}, []

    def cue(self, cue):
        if cue.occurrence_id not in self.cues:
            self.cues[cue.occurrence_id] = cue

    def stop(self, occurrence_id):
        self.stops.append(occurrence_id)

    def events_until(self, now_ns):
        cues = list(self.cues.items())
        for n, (id, cue) in enumerate(cues):
            if id not in self.begun and any(other.start_ns == cue.start_ns for _, other in cues[n + 1 :]):
                del self.cues[id]  # the other takes over on its first frame
                yield Ended(id, cue.start_ns, 0, EndCause.STOPPED)
                continue
            if id not in self.begun and cue.start_ns <= now_ns:
                yield from [self._end(other, cue.start_ns, EndCause.STOPPED) for other in list(self.begun)]
                self.begun[id] = cue.start_ns
                if runs_out_ns(cue) <= cue.start_ns:
                    yield self._end(id, cue.start_ns, EndCause.SOURCE_SHORT)
                    continue
                yield Began(id, cue.start_ns, cue.start_ns, cue.offset_ms)
            if id in self.begun and (ran_out_ns := runs_out_ns(cue)) < min(cue.end_ns, now_ns):
                yield self._end(id, max(ran_out_ns, self.begun[id]), EndCause.SOURCE_SHORT)
            elif id in self.begun and cue.end_ns <= now_ns:
                yield self._end(id, cue.end_ns, EndCause.PLANNED_END)
        yield from [self._end(id, now_ns, EndCause.STOPPED) for id in self.stops if id in self.begun]
        self.stops.clear()

    def _end(self, id, at_ns, cause):
        del self.cues[id]
        return Ended(id, at_ns, (at_ns - self.begun.pop(id)) * 48 // NS_PER_MS, cause)


def runs_out_ns(cue):
    """When there is nothing more in its file."""
    return cue.start_ns + (cue.source.content_ms - cue.offset_ms) * NS_PER_MS


@dataclass(frozen=True)
class FakeSource:
    content_ms: int


@dataclass
class Day:
    """A desk with its clock, player and journal, driven a moment at a time."""

    folder: object
    boottime_ns: int = 1_000 * NS_PER_S
    wall_ns: int = wall_ns_of(FIVE - timedelta(seconds=10))
    quality: ClockQuality = ClockQuality.NTP
    files: set = field(default_factory=lambda: {"sang.mp3"})
    lasts_ms: dict = field(default_factory=dict)  # of files; half an hour where it does not matter
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
            return Opened(FakeSource(10**9), None)
        lasts_ms = self.lasts_ms.get(occurrence.source, 1_800_000)
        return Opened(FakeSource(lasts_ms), lasts_ms, f"of {occurrence.source}")

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
