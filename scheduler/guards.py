"""What a station's operator forbids: quiet hours, days without broadcasts, sessions that last too long. Pure.

Asked when a timetable is loaded and again when something is about to sound. An emergency is never asked about: it may
always sound. All three are the operator's own and are empty unless the configuration names them.
"""

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import chain

from scheduler import quiet
from scheduler.clock import STATION_TZ, local_day
from scheduler.holidays import VIETNAM, HolidayCalendar
from scheduler.occurrence import Occurrence
from scheduler.quiet import Window
from scheduler.recurrence import Recurrence, calendar_day
from scheduler.zones import zones_meet

SESSION_GAP = timedelta(minutes=1)  # what begins sooner than this after another goes on with its session
_DAY = timedelta(days=1)


class Forbidden(enum.StrEnum):
    QUIET_HOURS = "quiet_hours"
    NO_PLAY_DAY = "no_play_day"
    SESSION_TOO_LONG = "session_too_long"


@dataclass(frozen=True, slots=True)
class Guards:
    quiet: tuple[Window, ...] = ()
    no_play: tuple[Recurrence, ...] = ()
    longest_session_min: int | None = None
    holidays: HolidayCalendar = VIETNAM

    def forbids(self, begin: datetime, end: datetime, session_began: datetime | None = None) -> Forbidden | None:
        """Why nothing may sound from *begin* until *end*; None: it may.

        *session_began*: when the session began that it goes on with (``session_begins`` knows).
        """
        if any(quiet.stretches(self.quiet, begin, end)):
            return Forbidden.QUIET_HOURS
        if any(self._silent_days(begin, end)):
            return Forbidden.NO_PLAY_DAY
        return Forbidden.SESSION_TOO_LONG if self.too_long(session_began or begin, end) else None

    def too_long(self, session_began: datetime, end: datetime) -> bool:
        longest = self.longest_session_min
        return longest is not None and end - session_began > timedelta(minutes=longest)

    def earliest_start(self, begin: datetime, end: datetime) -> datetime | None:
        """The first instant from *begin* on after which nothing until *end* is quiet or silent; None: there is none."""
        stretches = chain(quiet.stretches(self.quiet, begin, end), self._silent_days(begin, end))
        free_from = max((stop for _, stop in stretches), default=begin)
        return free_from if free_from < end else None

    def _silent_days(self, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The local days without broadcasts that [begin, end) touches."""
        if not self.no_play:
            return
        midnight = datetime.combine(local_day(begin), time(), STATION_TZ)
        while midnight < end:
            day = calendar_day(midnight.date(), self.holidays)
            if any(recurrence.falls_on(day) for recurrence in self.no_play):
                yield midnight, midnight + _DAY
            midnight += _DAY


NO_GUARDS = Guards()


@dataclass(slots=True)
class _Session:
    begin: datetime
    end: datetime
    zone: str
    name: str

    def is_open(self, now: datetime) -> bool:
        """Whether something that begins at *now* may go on with it."""
        return now < self.end + SESSION_GAP or (bool(self.name) and local_day(self.begin) == local_day(now))

    def goes_on_with(self, one: Occurrence) -> bool:
        """Without a pause, or by the same name on the same day; in another zone nobody hears it."""
        return (one.starts_at < self.end + SESSION_GAP or self.name == one.session) and zones_meet(self.zone, one.zone)


def session_begins(plan: Iterable[Occurrence]) -> dict[str, datetime]:
    """When the session began to which each occurrence belongs, by id: its own start if it is the first."""
    begins: dict[str, datetime] = {}
    sessions: list[_Session] = []
    for one in sorted(plan, key=lambda o: o.starts_at):
        sessions = [session for session in sessions if session.is_open(one.starts_at)]
        mine = [session for session in sessions if session.goes_on_with(one)]
        begins[one.id] = min((session.begin for session in mine), default=one.starts_at)
        for session in mine:
            session.end = max(session.end, one.ends_at)
        if not any((session.zone, session.name) == (one.zone, one.session) for session in mine):
            sessions.append(_Session(begins[one.id], one.ends_at, one.zone, one.session))
    return begins
