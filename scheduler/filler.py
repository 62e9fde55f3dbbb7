"""What sounds where a programme does not: after a content that is too short, or before the session goes on. Pure.

A filler is an occurrence of its own, of the lowest class and with an account of its own. The programme's account does
not change: it still says that its source was short.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from scheduler.clock import local_day
from scheduler.conduct import EndRule
from scheduler.occurrence import Kind, Occurrence
from scheduler.zones import zones_meet

TITLE = "Nhạc đệm"
MARK = "-nhac-dem"
LEAST = timedelta(seconds=2)  # a shorter silence is a pause
_MS = timedelta(milliseconds=1)


def filler_after(
    one: Occurrence, content_ms: int, plan: Iterable[Occurrence], longest_gap_s: int = 0
) -> Occurrence | None:
    """The filler of *one*, whose content lasts *content_ms* (0: it is not there); None if there is nothing to fill.

    *longest_gap_s*: a gap before the next item of its session is filled as well unless it is longer.
    """
    if one.kind is Kind.FILLER:
        return None
    filled = one.conduct.end_rule is EndRule.FILL
    begins = min(one.starts_at + content_ms * _MS, one.ends_at) if filled else one.ends_at
    ends = _end_of_gap(one, plan, timedelta(seconds=longest_gap_s))
    if ends - begins < LEAST:
        return None
    return Occurrence(
        one.id + MARK,
        TITLE,
        begins,
        ends,
        Kind.FILLER,
        zone=one.zone,
        source=one.conduct.filler,
        session=one.session,
    )


def _end_of_gap(one: Occurrence, plan: Iterable[Occurrence], longest: timedelta) -> datetime:
    """Where the session goes on, if nothing else comes before and it is not too long until then; else its own end."""
    after = [
        o for o in plan if o.starts_at >= one.ends_at and o.kind is not Kind.FILLER and zones_meet(o.zone, one.zone)
    ]
    following = min(after, key=lambda o: o.starts_at, default=None)
    if following is None or not one.session or following.session != one.session:
        return one.ends_at
    same_day = local_day(following.starts_at) == local_day(one.starts_at)
    return following.starts_at if same_day and following.starts_at - one.ends_at <= longest else one.ends_at
