"""[guards] and [[holiday]]: when the station does not play, and the days that it names itself."""

from datetime import date as Day
from datetime import time
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from firmware_py.sections.section import Section
from scheduler.holidays import OwnHoliday, holiday_named
from scheduler.recurrence import EVERY_MONTH, MAX_NAME, LunarDays
from scheduler.spoken.days import read_days
from scheduler.vietnamese import Misread


def _quiet_window(value: str) -> str:
    parse_window(value)
    return value


def parse_window(text: str) -> tuple[time, time]:
    """Read "22:00-04:45" as two local times of day. Raises Misread."""
    try:
        start, end = (time.fromisoformat(part.strip()) for part in text.split("-"))
    except ValueError:
        vi, en = f'{text!r} không phải là khoảng giờ như "22:00-04:45"', f'{text!r} is not a window like "22:00-04:45"'
        raise Misread("bad_window", vi, en) from None
    if start == end:
        vi, en = "giờ đầu và giờ cuối trùng nhau", "a window must not begin and end at the same time"
        raise Misread("bad_window", vi, en)
    return start, end


def _days(value: str) -> str:
    read_days(value)  # a Misread is a ValueError: pydantic tells it
    return value


class Guards(Section):
    quiet_hours: tuple[Annotated[str, AfterValidator(_quiet_window)], ...] = ("21:00-04:30",)
    no_play: tuple[Annotated[str, AfterValidator(_days)], ...] = ()  # as the column Ngày: "CN", "ngày lễ", "rằm"
    longest_session_min: int | None = Field(default=None, ge=1, le=1_440)

    @property
    def quiet_windows(self) -> tuple[tuple[time, time], ...]:
        return tuple(parse_window(text) for text in self.quiet_hours)


def _lunar_day(value: str) -> str:
    parse_lunar_day(value)
    return value


def parse_lunar_day(text: str) -> tuple[int, int]:
    """Read "10/3", day 10 of the third lunar month, as (month, day). Raises Misread."""
    found = read_days(f"{text} âm lịch")
    if not isinstance(found, LunarDays) or len(found.days) != 1 or EVERY_MONTH in dict(found.days):
        vi, en = f'{text!r} không phải là ngày âm lịch như "10/3"', f'{text!r} is not a lunar day and month like "10/3"'
        raise Misread("bad_lunar_day", vi, en)
    return next(iter(found.days))


class Holiday(Section):
    """A day that the station names, or the days that the state announced for a holiday of the law."""

    name: str = Field(min_length=1, max_length=MAX_NAME)
    date: Day | tuple[Day, ...] = ()
    lunar: Annotated[str, AfterValidator(_lunar_day)] | None = None
    working: bool = False  # làm bù: one works on that day, it is no holiday

    @model_validator(mode="after")
    def _has_days(self) -> "Holiday":
        if not self.date and self.lunar is None:
            vi, en = f'ngày lễ "{self.name}" cần date hoặc lunar', f'holiday "{self.name}" needs date or lunar'
            raise Misread("no_date", vi, en)
        return self

    @property
    def value(self) -> OwnHoliday:
        dates = self.date if isinstance(self.date, tuple) else (self.date,)
        lunar = parse_lunar_day(self.lunar) if self.lunar else None
        return OwnHoliday(holiday_named(self.name) or self.name, frozenset(dates), lunar, self.working)
