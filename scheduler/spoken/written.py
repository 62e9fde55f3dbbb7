"""Days in the words in which an operator writes them, and which ``days.read_days`` reads as the same."""

from collections.abc import Iterable
from datetime import date

from scheduler.holidays import holiday_named
from scheduler.recurrence import (
    LAST,
    Dates,
    Holidays,
    Limited,
    LunarDays,
    MonthDays,
    NthWeekdays,
    Recurrence,
    Weekdays,
    YearDays,
)

DAY_NAMES = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")
MOST_DAYS_IN_A_RANGE = 92  # a longer one is kept as its two ends


def written_days(recurrence: Recurrence) -> str:
    """As an operator writes it, and as ``read_days`` reads it: "T2-T7 trừ ngày lễ"."""
    match recurrence:
        case Limited():
            return _written_limits(recurrence)
        case Weekdays(days):
            return "Hằng ngày" if len(days) == 7 else _written_weekdays(days)
        case Dates(dates):
            return _written_dates(sorted(dates))
        case NthWeekdays(days, nths):
            return f"{_written_weekdays(days)} {_written_weeks(nths)}"
        case MonthDays(days):
            return _written_month_days(days)
        case YearDays(pairs):
            return ", ".join(f"{day}/{month}" for month, day in sorted(pairs)) + " hằng năm"
        case LunarDays(pairs):
            return _written_lunar_days(sorted(pairs))
        case Holidays(names):
            return ", ".join(map(_written_holiday, sorted(names))) or "ngày lễ"


def _written_holiday(name: str) -> str:
    """30/4 alone would be that day of the title's year."""
    return name if holiday_named(name) and "/" not in name else f"ngày lễ {name}"


def written_except(one: Limited) -> str:
    """What it leaves out, as ``read_except`` reads it."""
    taken = [*one.excludes, *([Dates(one.skipped)] if one.skipped else [])]
    return " trừ ".join(map(written_days, taken))


def _written_limits(one: Limited) -> str:
    base = written_days(one.base)
    first = f" từ {one.first:%d/%m/%Y}" if one.first else ""
    last = f" đến hết ngày {one.last:%d/%m/%Y}" if one.last else ""
    taken = f" trừ {written_except(one)}" if one.excludes or one.skipped else ""
    if isinstance(one.base, Holidays) and not first:  # "30/4 đến hết ngày …" would be a range
        base, last = f"{last}, {base}".strip(" ,"), ""
    return base + first + last + taken


def _written_weekdays(days: Iterable[int]) -> str:
    """Three and more in a row as a range: "T2-T4, T7"."""
    return ", ".join(_run([DAY_NAMES[day] for day in run], "-") for run in _runs(sorted(days)))


def _written_dates(dates: list[date]) -> str:
    runs = _runs([day.toordinal() for day in dates])
    if len(runs) == 1 and len(dates) <= MOST_DAYS_IN_A_RANGE:
        return _run([f"{day:%d/%m/%Y}" for day in dates], " - ")
    return ", ".join(f"{day:%d/%m/%Y}" for day in dates)


def _runs(numbers: list[int]) -> list[list[int]]:
    """[0, 1, 2, 5] → [[0, 1, 2], [5]]."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def _run(written: list[str], dash: str) -> str:
    return f"{written[0]}{dash}{written[-1]}" if len(written) > 2 else ", ".join(written)


def _written_weeks(nths: frozenset[int]) -> str:
    if nths in ({1}, {LAST}):
        return "đầu tiên của tháng" if 1 in nths else "cuối tháng"
    return (
        "tuần "
        + ", ".join([*(str(n) for n in sorted(nths - {LAST})), *(["cuối"] if LAST in nths else [])])
        + " hằng tháng"
    )


def _written_month_days(days: frozenset[int]) -> str:
    numbers = [_run([str(day) for day in run], "-") for run in _runs(sorted(days - {LAST}))]
    if not numbers:
        return "ngày cuối tháng"
    return f"ngày {', '.join(numbers)}{', ngày cuối' if LAST in days else ''} hằng tháng"


def _written_lunar_days(pairs: list[tuple[int, int]]) -> str:
    if not pairs[-1][0]:
        return ", ".join(_written_lunar_day(*pair) for pair in pairs) + " âm lịch"
    every = ["" if month else " hằng tháng" for month, _ in pairs]  # beside days of one month all has to be said
    return ", ".join(f"{_written_lunar_day(*pair)}{each} âm lịch" for pair, each in zip(pairs, every, strict=True))


def _written_lunar_day(month: int, day: int) -> str:
    if day == LAST:
        return "ngày cuối" + (f" tháng {month}" if month else "")
    if month:
        return f"{day}/{month}"
    return {1: "mùng 1", 15: "rằm"}.get(day, f"ngày {day}")
