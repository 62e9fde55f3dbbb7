"""Days, weeks, months and instants as people write them on a command line: 17h30, 22/11/2026, 11/2026, or ISO 8601."""

import re
from datetime import date, datetime, time, timedelta

from firmware_py.commands.context import CommandError, failure
from firmware_py.playout.orders import LONGEST_STOP
from scheduler.clock import FIRST_DAY, LAST_DAY, STATION_TZ

_CLOCK = r"(?P<h>\d{1,2})\s*[hg:]\s*(?P<min>\d{2})?"
_DATE = r"(?P<d>\d{1,2})[/.-](?P<m>\d{1,2})[/.-](?P<y>\d{4})"
_INSTANTS = tuple(
    re.compile(form)
    for form in (_CLOCK, rf"(?:ngày\s+)?{_DATE}", rf"{_CLOCK},?\s+(?:ngày\s+)?{_DATE}", rf"{_DATE},?\s+{_CLOCK}")
)


def month_of(text: str) -> str:
    """ "11/2026" is "2026-11"; what is neither stays as it is, for whoever refuses it."""
    found = re.fullmatch(r"(\d{1,2})\s*[/.-]\s*(\d{4})", text.strip())
    return f"{found[2]}-{found[1]:0>2}" if found else text


def week_of(text: str) -> str:
    """ "47/2026" is "2026-W47"."""
    found = re.fullmatch(r"(\d{1,2})\s*[/.-]\s*(\d{4})", text.strip())
    return f"{found[2]}-W{found[1]:0>2}" if found else text


def day_of(text: str, where: str) -> date:
    """ "2026-11-23" or "23/11/2026". Raises CommandError."""
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            day = datetime.strptime(text, form).date()
        except ValueError:
            continue
        if FIRST_DAY <= day <= LAST_DAY:
            return day
    vi, en = f"{text!r} không phải là ngày (23/11/2026)", f"{text!r} is no date (2026-11-23)"
    raise failure(where, "bad_date", vi, en)


def parse_until(text: str, now: datetime) -> datetime:
    """ "17h30", "17h30 22/11/2026", "2026-11-23T05:00": local; a time of day is the next one. Raises CommandError."""
    when = _said_until(text.strip(), now)
    if when <= now:
        raise failure("--until", "past", f"{text} đã qua rồi", f"{text} is in the past")
    if when > now + LONGEST_STOP:
        raise failure("--until", "too_far", f"{text} còn xa hơn một năm", f"{text} is more than a year away")
    return when


def _said_until(text: str, now: datetime) -> datetime:
    found = next((found for form in _INSTANTS if (found := form.fullmatch(text))), None)
    try:
        if found is None:
            when = datetime.fromisoformat(text)
            return when if when.tzinfo else when.replace(tzinfo=STATION_TZ)
        return _instant(found.groupdict(), now)
    except (ValueError, OverflowError):
        raise _no_time(text) from None


def _instant(said: dict[str, str | None], now: datetime) -> datetime:
    """Raises ValueError for 25h or 31/11."""
    since_midnight = _clock(int(said.get("h") or 0), int(said.get("min") or 0))
    if said.get("d"):
        day = date(int(said["y"] or 0), int(said["m"] or 0), int(said["d"] or 0))
        return _midnight(day) + since_midnight
    today = _midnight(now.astimezone(STATION_TZ).date()) + since_midnight
    return today if today > now else today + timedelta(days=1)


def _clock(hour: int, minute: int) -> timedelta:
    """24h is the midnight at the day's end. Raises ValueError."""
    if (hour, minute) != (24, 0):
        time(hour, minute)
    return timedelta(hours=hour, minutes=minute)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), STATION_TZ)


def _no_time(text: str) -> CommandError:
    return failure(
        "--until",
        "bad_time",
        f"không hiểu giờ {text!r}; ghi như 17h30 hoặc 17h30 23/11/2026",
        f"{text!r} is not a time (17:30, 2026-11-23T05:00)",
    )
