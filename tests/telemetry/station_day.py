"""Play a written day through the real journals and the real ledger: the text stands for playout, the meter and the sky.

A line is a time (of the sky, which no clock step moves), a subject and what happens to it::

    05:00:00  plan    ban-tin [from 05:00:00] until 05:30:00 [own|relay|repeat|live|filler] [source FILE]
                                                                  (source -: it names none)
    05:00:00  amend   ban-tin from 05:00:00 until 05:30:20    playout itself plans it so from here on
    05:00:00  file    a.mp3 holds WHAT for SECONDS   from here on, until it is exchanged for another
    05:00:00  begin   ban-tin                      the player begins it, or joins it
    05:30:00  end     ban-tin [CAUSE]              its last sample sounds
    05:00:00  miss    ban-tin CAUSE
    05:10:00  link    tiep-am 1                    another link of its relay sounds from here on (0: the relay itself)
    05:00:00  hear    on_air|silence|… [QUALITY]   from here on, on the account's channel ("line")
    05:10:00  power   off|on        05:10:00  kill|start|shut-down   playout|meter
    05:10:00  stop    by NAME [until HH:MM:SS]     05:20:00  resume by NAME
    05:10:00  card    lost|back     05:10:00  return lost|back            05:10:00  freeze SECONDS
    05:30:00  level   ban-tin -12   it was heard 12 LU quieter than sent  06:00:00  learn-level
    05:10:00  clock   +3600         05:10:00  withdraw ban-tin by NAME    05:10:00  condition CODE bad|good
    expect    ban-tin KEY=VALUE …                  a figure or a cause, as 1649s, or any field of the record
    expect    month 2026-11 KEY=VALUE …            expect    fault CODE         expect    unplanned SECONDSs

The day begins with ``day 2026-11-23``, or before it, where there is none, ``no return channel``. A time of the next
day is written 1+00:15:00.
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from audio.segments import Loudness, Quality, Segment, State
from scheduler.clock import NS_PER_S, STATION_TZ, ClockMapRow, ClockQuality, Reading, wall_ns_of
from scheduler.occurrence import Kind, Occurrence
from telemetry.facts import LEARN_LEVEL, Condition, Fact, Level, PlayoutFact, Watermark
from telemetry.journal import MeterJournal, MeterReader, PlayoutJournal, PlayoutReader
from telemetry.ledger import LedgerCore, LedgerReader, Rules

CHANNEL = "line"
WORDS = {
    "return": "returns",
    "shut-down": "end_process",
    "learn-level": "learn_level",
}  # of the text, where Python has another use for them
RATE = 48_000
BOOT_S = 20  # from power on to the first process
BEAT_S = 20  # watermark and progress; and at every line, so that nothing depends on it
IDLE_S = 900


@dataclass
class Box:
    """What is alive in the box, and the three files."""

    folder: Path
    account: str | None = CHANNEL
    boot: int = 0
    on: bool = False
    in_order: bool = False  # the last process to go had said so
    powered_at_ns: int = 0  # true time of boottime 0
    step_ns: int = 0  # wall minus true time
    playout: PlayoutJournal | None = None
    meter: MeterJournal | None = None
    playing: dict[str, tuple[int, int]] = field(default_factory=dict)  # id: (sink_ns, anchor_ns)
    hearing: tuple[State, Quality, int] | None = None  # since boottime
    sky: tuple[State, Quality] = (State.SILENCE, Quality.OK)
    plan: dict[str, Occurrence] = field(default_factory=dict)
    known: dict[str, Occurrence] = field(default_factory=dict)  # also what was withdrawn
    files: dict[str, tuple[str, int]] = field(default_factory=dict)  # digest of its samples, content_ms


class Day:
    """Runs the lines of one day. True time is ns since 1970."""

    def __init__(self, folder: Path, text: str, ledger_too: bool = True) -> None:
        self.box = Box(folder)
        self.lines = [line.split("#")[0].split() for line in text.splitlines()]
        self.lines = [words for words in self.lines if words]
        self.date = datetime(2026, 11, 23, tzinfo=STATION_TZ)
        self.expected: list[list[str]] = []
        self.true_ns = 0
        self.ledger_too = ledger_too
        self.core: LedgerCore | None = None

    # --- the clocks

    def at(self, text: str) -> int:
        day, _, clock = text.rpartition("+")
        hours, minutes, seconds = (float(part) for part in clock.split(":"))
        base = self.date + timedelta(days=int(day) if day else 0)
        return wall_ns_of(base + timedelta(hours=hours, minutes=minutes, seconds=seconds))

    @property
    def bt(self) -> int:
        return self.true_ns - self.box.powered_at_ns

    def reading(self) -> Reading:
        return Reading(self.box.boot, self.bt, self.true_ns + self.box.step_ns, ClockQuality.NTP)

    # --- the run

    def run(self) -> "Day":
        for words in self.lines:
            self.run_line(words)
        self.pass_time(self.true_ns + 600 * NS_PER_S)
        return self

    def run_line(self, words: list[str]) -> None:
        if words[0] == "day":
            self.date = datetime.fromisoformat(words[1]).replace(tzinfo=STATION_TZ)
            self.true_ns = wall_ns_of(self.date) + 3_600 * NS_PER_S
            self.power("on")
        elif words[0] == "no":
            self.box.account = None
        elif words[0] == "expect":
            self.expected.append(words[1:])
        else:
            self.pass_time(self.at(words[0]))
            getattr(self, WORDS.get(words[1], words[1]))(*words[2:])

    def pass_time(self, until_ns: int) -> None:
        """Beat now and then, oftener while something plays, and once at the end."""
        while self.true_ns < until_ns:
            step = BEAT_S if self.box.playing else IDLE_S
            self.true_ns = min(until_ns, self.true_ns + step * NS_PER_S)
            self.beat()
        self.look()

    def beat(self) -> None:
        at = self.reading()
        if self.box.playout is not None:
            for id, (sink, _) in self.box.playing.items():
                self.fact(Fact.PROGRESS, id, sink_ns=max(sink, self.bt), frames=self.frames(id))
            self.box.playout.mark(Watermark(at.boot, at.boottime_ns, at.wall_ns))
            self.box.playout.commit()
        if self.box.meter is not None:
            self.hear_until_now()
            self.box.meter.mark(Watermark(at.boot, at.boottime_ns, at.wall_ns))
            self.box.meter.commit()

    def hear_until_now(self) -> None:
        if self.box.hearing is None or self.box.meter is None:
            return
        state, quality, since = self.box.hearing
        if since < self.bt:
            delay, coherence = (412.5, 0.97) if state is State.ON_AIR else (None, None)
            self.box.meter.append_segment(
                Segment(CHANNEL, self.box.boot, since, self.bt, state, quality, delay, coherence, -20.0)
            )
            self.box.hearing = (state, quality, self.bt)

    def frames(self, id: str) -> int:
        return max(0, self.bt - self.box.playing[id][0]) * RATE // NS_PER_S

    def fact(self, kind: Fact, id: str | None = None, **detail) -> None:
        if self.box.playout is not None:
            self.box.playout.append_fact(PlayoutFact(0, kind, self.reading(), id, detail))

    # --- subjects

    def plan(self, id: str, *words: str) -> None:
        said = dict(pairwise(words))
        start_ns = self.at(said["from"]) if "from" in said else self.true_ns
        start, end = (datetime.fromtimestamp(ns / NS_PER_S, STATION_TZ) for ns in (start_ns, self.at(said["until"])))
        kind = next((Kind(word) for word in words if word in set(Kind)), Kind.OWN)
        planned = Occurrence(
            id, id.replace("-", " "), start, end, kind, source=said.get("source", f"{id}.mp3").strip("-")
        )
        self.box.known[id] = self.box.plan[id] = planned
        self.replan("lich-tuan")

    def amend(self, id: str, _from: str, starts: str, _until: str, ends: str) -> None:
        start, end = (datetime.fromtimestamp(self.at(text) / NS_PER_S, STATION_TZ) for text in (starts, ends))
        self.box.known[id] = self.box.plan[id] = amended = replace(self.box.plan[id], starts_at=start, ends_at=end)
        self.box.playout.amend(amended)
        self.box.playout.commit()

    def file(self, name: str, _holds: str, what: str, _for: str, seconds: str) -> None:
        self.box.files[name] = hashlib.sha256(what.encode()).hexdigest(), int(seconds) * 1_000

    def replan(self, by: str) -> None:
        self.box.playout.commit()
        # In life a plan is days old; here it may be made the moment it begins, so that a day reads from top to bottom.
        before = self.reading()
        week_ago = Reading(before.boot, before.boottime_ns, before.wall_ns - NS_PER_S, before.quality)
        self.box.playout.replace_plan(self.box.plan.values(), week_ago, by)
        self.box.playout.commit()

    def withdraw(self, id: str, _by: str, name: str) -> None:
        del self.box.plan[id]
        at = self.reading()
        self.box.playout.commit()
        self.box.playout.replace_plan(self.box.plan.values(), at, name)
        # An occurrence in progress is not touched by a newer plan; that is the rule under test.
        self.box.playout.commit()

    def begin(self, id: str) -> None:
        planned = self.box.known[id]
        anchor = wall_ns_of(planned.starts_at) - self.box.step_ns - self.box.powered_at_ns
        self.box.playing[id] = (self.bt, anchor)
        offset = max(0, self.bt - anchor) // 1_000_000
        wanted = anchor if offset == 0 else self.bt
        content, content_ms = self.box.files.get(planned.source, (None, None))
        times = {"anchor_ns": anchor, "sink_ns": self.bt, "wanted_ns": wanted}
        self.fact(Fact.BEGAN, id, **times, offset_ms=offset, content_ms=content_ms, content=content)

    def end(self, id: str, cause: str = "planned_end") -> None:
        frames = self.frames(id)
        del self.box.playing[id]
        self.fact(Fact.ENDED, id, sink_ns=self.bt, frames=frames, cause=cause)

    def link(self, id: str, number: str) -> None:
        self.fact(Fact.SOURCE_CHANGED, id, at_ns=self.bt, link=int(number), name=f"link {number}", why="")

    def miss(self, id: str, cause: str) -> None:
        self.fact(Fact.MISSED, id, cause=cause)

    def hear(self, state: str, quality: str = "ok") -> None:
        self.hear_until_now()
        self.box.sky = State(state), Quality(quality)
        if self.box.meter is not None:
            self.box.hearing = (*self.box.sky, self.bt)

    def power(self, word: str) -> None:
        self.box.on = word == "on"
        if word == "off":
            self.kill("playout")
            self.kill("meter")
            return
        self.box.boot += 1
        self.box.powered_at_ns = self.true_ns - BOOT_S * NS_PER_S
        self.start("playout")
        if self.box.account is not None:
            self.start("meter")

    def end_process(self, name: str) -> None:
        """In good order: everything is committed, and said."""
        if name == "playout":
            for id in list(self.box.playing):
                self.end(id, "shutdown")
            self.fact(Fact.SHUT_DOWN)
        self.beat()
        self.kill(name)
        self.box.in_order = True

    def kill(self, name: str) -> None:
        """What was not committed is lost with it, as at a power cut."""
        self.box.in_order = False
        if name == "playout" and self.box.playout is not None:
            self.box.playing.clear()
            self.box.playout.close()
            self.box.playout = None
        if name == "meter" and self.box.meter is not None:
            self.box.meter.close()
            self.box.meter, self.box.hearing = None, None

    def start(self, name: str) -> None:
        at = self.reading()
        mark = Watermark(at.boot, at.boottime_ns, at.wall_ns)
        if name == "playout":
            journal = self.box.playout = PlayoutJournal(self.box.folder / "playout.db")
            reader = PlayoutReader(self.box.folder / "playout.db")
            fresh = not any(row.boot == at.boot for row in reader.clock_rows())
            reader.close()
            self.fact(Fact.BOOTED, first_of_boot=fresh, predecessor_died=not fresh and not self.box.in_order)
            if fresh:
                journal.append_clock(ClockMapRow(at.boot, at.boottime_ns, at.offset_ns, at.quality))
        else:
            journal = self.box.meter = MeterJournal(self.box.folder / "meter.db")
            self.box.hearing = (*self.box.sky, self.bt)
        journal.mark(mark)
        journal.commit()

    def stop(self, _by: str, name: str, *until: str) -> None:
        until_ns = self.at(until[1]) - self.box.powered_at_ns if until else None
        self.fact(Fact.STOPPED, by=name, why="", until_ns=until_ns)

    def resume(self, _by: str, name: str) -> None:
        self.fact(Fact.RESUMED, by=name)

    def card(self, word: str) -> None:
        self.fact(Fact.CARD_LOST if word == "lost" else Fact.CARD_BACK, reason="gone")

    def returns(self, word: str) -> None:
        at = self.reading()
        self.box.meter.append_condition(Condition("return_device", CHANNEL, word == "lost", at.boot, at.boottime_ns))
        self.hear("unobserved" if word == "lost" else "on_air")

    def freeze(self, seconds: str) -> None:
        self.fact(Fact.JUMPED, lost_ms=int(seconds) * 1_000)

    def clock(self, seconds: str) -> None:
        before = self.reading()
        self.box.step_ns += int(seconds) * NS_PER_S
        at = self.reading()
        self.fact(Fact.CLOCK_MOVED, from_wall_ns=before.wall_ns, to_wall_ns=at.wall_ns, quality=str(at.quality))
        self.box.playout.append_clock(ClockMapRow(at.boot, at.boottime_ns, at.offset_ns, at.quality))

    def condition(self, code: str, word: str) -> None:
        at = self.reading()
        self.box.meter.append_condition(Condition(code, CHANNEL, word == "bad", at.boot, at.boottime_ns))

    def level(self, id: str, gain_lu: str) -> None:
        from_ns = wall_ns_of(self.box.known[id].starts_at) - self.box.step_ns - self.box.powered_at_ns
        heard_ms = (self.bt - from_ns) // 1_000_000
        sent, heard = (Loudness(lufs, lufs + 3, lufs + 15) for lufs in (-23.0, -23.0 + float(gain_lu)))
        self.box.meter.put_level(Level(CHANNEL, id, self.box.boot, from_ns, self.bt, heard_ms, sent, heard))

    def learn_level(self) -> None:
        self.fact(Fact.COMMAND, by="An", what=LEARN_LEVEL, why="")

    def look(self, *_: str) -> None:
        """The ledger does its rounds until there is nothing new."""
        if not self.ledger_too or not self.box.on:
            return
        if self.core is None:
            self.core = LedgerCore(self.box.folder / "ledger.db", "tram-1", Rules(self.box.account))
        playout = PlayoutReader(self.box.folder / "playout.db")
        meter = MeterReader(self.box.folder / "meter.db") if self.box.account else None
        while self.core.advance(playout, meter, self.reading()).more:
            pass
        playout.close()
        if meter:
            meter.close()

    def ledger(self) -> LedgerReader:
        return LedgerReader(self.box.folder / "ledger.db")
