"""What a station's playout journal says, for tests that judge by the facts and not by the figures made of them."""

from datetime import timedelta

from audio.frameclock import JUMP_NS
from scheduler.clock import NS_PER_MS, datetime_of
from telemetry.facts import Fact
from telemetry.journal import PlayoutReader
from tests.station.station import RATE_HZ, adds_up

YOUNG_CLOCK_PPM = 500
EDGES_MS = 100
HEARD_INSTEAD = {"foreign", "dead_air", "frozen", "noise"}
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
    """As many samples as planned, less what a starved machine lost: told by playout, or too little to tell.

    The end of the slot is an instant of the sink; by a frame clock that is seconds old it may cut the last samples.
    """
    told_ms = jumped_ms(day) + JUMP_NS // NS_PER_MS
    return 0 <= seconds * RATE_HZ - frames <= told_ms * RATE_HZ // 1_000 + seconds * RATE_HZ * YOUNG_CLOCK_PPM // 10**6


def booked_as_heard(account):
    """All of a programme that was played to its end is booked as heard: on air, or with what was heard instead.

    (A machine that starves the sound, or the meter, makes the delay jump; until the meter has found it again it hears
    something foreign. That is no figure of these tests; that nothing is booked on any other cause is.)
    """
    others = sum(ms for cause, ms in account["causes"].items() if cause not in HEARD_INSTEAD)
    return adds_up(account) and others <= EDGES_MS and account["on_air_ms"] > account["planned_ms"] // 3


def _read(day, ask):
    reader = PlayoutReader(day.rig.state_dir / "playout.db")
    try:
        return ask(reader)
    finally:
        reader.close()
