"""What a station's playout journal says, for tests that judge by the facts and not by the figures made of them."""

from datetime import timedelta

from scheduler.clock import datetime_of
from telemetry.facts import Fact
from telemetry.journal import PlayoutReader

RATE_HZ = 48_000
ALWAYS = timedelta(days=4_000)


def facts(day, *kinds):
    """Every fact of these kinds, in the order they were stored."""
    return _read(day, lambda reader: [fact for fact in reader.facts_since(0, 100_000)[1] if fact.kind in kinds])


def played(day, title):
    """(details of each BEGAN, of each ENDED) of the occurrences of this title."""
    ids = {row.occurrence.id for row in plan_rows(day) if row.occurrence.programme == title}
    return tuple([f.detail for f in facts(day, kind) if f.occurrence_id in ids] for kind in (Fact.BEGAN, Fact.ENDED))


def plan_rows(day):
    """All that was ever planned, with what was withdrawn."""
    now = day.now()
    return _read(day, lambda reader: reader.plan_between(now - ALWAYS, now + ALWAYS, withdrawn=True))


def wall_of(day, boottime_ns):
    """What the station's clock showed then, by the newest row of its own map."""
    return datetime_of(boottime_ns + _read(day, lambda reader: reader.clock_rows())[-1].offset_ns)


def jumped_ms(day):
    """How long sound and process stood still, by playout's own word: a busy machine starves them now and then."""
    return sum(fact.detail["lost_ms"] for fact in facts(day, Fact.JUMPED))


def is_as_long(day, frames, seconds):
    """Exact to the sample; short by no more than what playout says was lost where the machine starved it."""
    missing = seconds * RATE_HZ - frames
    return 0 <= missing <= (jumped_ms(day) + 1) * RATE_HZ // 1_000 if jumped_ms(day) else missing == 0


def _read(day, ask):
    reader = PlayoutReader(day.rig.state_dir / "playout.db")
    try:
        return ask(reader)
    finally:
        reader.close()
