"""Mornings with graces, fillers, drops, missing and broken files, alerts, a live programme, a stop, a crash: the desk
plays them, the ledger books them.

What was heard is told to the ledger as a meter would that hears everything: then every planned millisecond must be in
exactly one account's one part, and every millisecond that sounded in exactly one account's time on air.
"""

import tempfile
from datetime import time, timedelta
from itertools import pairwise
from pathlib import Path

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from audio.segments import Quality, Segment, State
from scheduler.clock import NS_PER_MS, NS_PER_S
from scheduler.conduct import PLAIN, AfterCut, Conduct, EndRule
from scheduler.occurrence import Kind
from scheduler.timetable import EVERY_DAY, Item, Slot
from telemetry.facts import Fact, Watermark
from telemetry.journal import MeterJournal, MeterReader, PlayoutReader
from telemetry.ledger import LedgerCore, Rules
from tests.firmware_py.desk_day import FIVE, Day
from tests.firmware_py.test_desk import alert_body

CHANNEL = "line"
UNMARKED_MS = 5_000  # before a crash: what sounded and ended since the last watermark, nobody vouches for
ROUNDING_MS = 4  # an account knows whole milliseconds, a span has two ends
DROP = Conduct(after_cut=AfterCut.DROP)
conducts = st.sampled_from(
    [
        PLAIN,
        DROP,
        Conduct(EndRule.FINISH, 60_000),
        Conduct(EndRule.FILL),
        Conduct(EndRule.FILL, after_cut=AfterCut.DROP),
    ]
)


def alert(day):
    day.ask("alert", **alert_body(f"{day.boottime_ns}"))


def live_begins(day):
    day.ask("live_start", source="mic:a", duration_ms=200_000)


def live_ends(day):
    day.ask("live_stop", why="")


def stop(day):
    day.ask("stop", why="", until=None)


def stop_ends(day):
    day.ask("resume")


EVENTS = [alert, alert, live_begins, live_ends, stop, stop_ends, Day.crash]


@st.composite
def mornings(draw):
    """Slots, how long their files are (0: not there), and where those break that are broken."""
    at_s, slots, lasts_ms, breaks_ms = 5 * 3_600, [], {}, {}
    for n in range(draw(st.integers(1, 4))):
        at_s += draw(st.sampled_from([0, 0, 5, 30]))
        lasts_s = draw(st.integers(20, 120))
        item = Item(f"p{n}", lasts_s * 1_000, source=f"p{n}.mp3", conduct=draw(conducts))
        slots.append(Slot(EVERY_DAY, time(at_s // 3_600, at_s // 60 % 60, at_s % 60), item, session="Sáng"))
        over_ms = draw(st.sampled_from([0, -30_000, -1_000, 700, 20_500, 90_000]))
        lasts_ms[item.source] = draw(st.sampled_from([0, *[max(1_000, lasts_s * 1_000 + over_ms)] * 4]))
        if draw(st.sampled_from([True, False, False, False])):
            breaks_ms[item.source] = draw(st.integers(0, lasts_ms[item.source]))
        at_s += lasts_s
    return slots, lasts_ms, breaks_ms


@settings(
    max_examples=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)  # a day shrinks too slowly
@given(
    mornings(), st.lists(st.tuples(st.integers(0, 300), st.sampled_from(EVENTS)), max_size=5), st.sampled_from([0, 60])
)
def test_every_planned_and_every_sounding_millisecond_is_booked_exactly_once(morning, events, gap_s):
    slots, lasts_ms, breaks_ms = morning
    with tempfile.TemporaryDirectory() as folder:
        day = Day(Path(folder), longest_gap_s=gap_s)
        day.files = {name for name, ms in lasts_ms.items() if ms} | {"", "bao.flac", "mic:a"}
        day.breaks_ms = breaks_ms
        day.lasts_ms = lasts_ms | {"bao.flac": 15_300}
        day.plan(*slots)
        happen(day, events)
        records = booked(day, sounded(day))
        check(day, records, sum(event is Day.crash for _, event in events))


def happen(day, events):
    """Pass ten minutes, with what happens at those seconds."""
    passed_s = 0
    for at_s, event in sorted(events, key=lambda one: one[0]):
        day.pass_time(at_s - passed_s)
        passed_s = at_s
        event(day)
    stop_ends(day)
    day.pass_time(700 - passed_s)


def sounded(day):
    """(from, to, id) in ns of boottime, as the facts tell it: by count of frames."""
    found, began = [], {}
    for fact in day.facts(Fact.BEGAN, Fact.ENDED):
        if fact.kind is Fact.BEGAN:
            began[fact.occurrence_id] = fact.detail["sink_ns"]
        else:
            found.append((began.pop(fact.occurrence_id), fact.detail["sink_ns"], fact.occurrence_id))
    assert not began
    spans = sorted((start, end, id) for start, end, id in found if start < end)
    assert all(one[1] <= other[0] for one, other in pairwise(spans)), "one thing at a time"
    return spans


def booked(day, spans):
    """Id → its record, by a ledger to which a meter told all that sounded."""
    first_ns, now_ns = 1_000 * NS_PER_S, day.boottime_ns
    meter_db = day.folder / "meter.db"
    meter = MeterJournal(meter_db)
    meter.mark(Watermark(1, first_ns, day.wall_ns - (now_ns - first_ns)))
    at_ns = first_ns
    for start, end, _ in [*spans, (now_ns, now_ns, "")]:
        for state, until_ns in ((State.SILENCE, start), (State.ON_AIR, end)):
            if at_ns < until_ns:
                meter.append_segment(Segment(CHANNEL, 1, at_ns, until_ns, state, Quality.OK, 100.0, 0.9, -20.0))
            at_ns = until_ns
    meter.mark(Watermark(1, now_ns, day.wall_ns))
    meter.commit()
    day.desk.end(day.reading)
    day.journal.commit()
    core = LedgerCore(day.folder / "ledger.db", "tram-1", Rules(CHANNEL))
    playout, heard, settled, more = PlayoutReader(day.folder / "playout.db"), MeterReader(meter_db), [], True
    while more:
        progress = core.advance(playout, heard, day.reading)
        settled, more = [*settled, *progress.settled], progress.more
    return {record.occurrence.id: record for record in settled}


def check(day, records, crashes):
    heard_ms = dict.fromkeys(records, 0)
    for start, end, id in sounded(day):
        heard_ms[id] += (end - start) // NS_PER_MS
    rows = PlayoutReader(day.folder / "playout.db").plan_since(0)
    today = [r.occurrence for r in rows if r.occurrence.ends_at < FIVE + timedelta(hours=1) and not r.withdrawn_by]
    for one in today:
        whole = records[one.id].whole
        assert whole.planned_ms == one.planned_ms == whole.on_air_ms + whole.not_on_air_ms + whole.unobserved_ms
        assert whole.unobserved_ms <= crashes * UNMARKED_MS
        assert abs(whole.on_air_ms - heard_ms[one.id]) <= ROUNDING_MS * 4
        assert one.kind is not Kind.FILLER or whole.programme_ms == 0
    scheduled = [o for o in today if o.kind is Kind.OWN and not o.waits_ms]
    assert all(one.ends_at <= other.starts_at for one, other in pairwise(sorted(scheduled, key=lambda o: o.starts_at)))
