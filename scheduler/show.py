"""What ``schedule`` prints: the plan of some days, what would change in it, and the timetables that are held."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from scheduler.book import id_of
from scheduler.clock import STATION_TZ
from scheduler.conduct import AfterCut, Conduct, EndRule
from scheduler.diff import PlanChange
from scheduler.holidays import VIETNAM, HolidayCalendar
from scheduler.occurrence import ALL_ZONES, Occurrence
from scheduler.plan import plan_days
from scheduler.repeats import ContentOf, nothing_known
from scheduler.spoken.days import written_days
from scheduler.timetable import Timetable

_DAYS = {
    "vi": ("Thứ 2", "Thứ 3", "Thứ 4", "Thứ 5", "Thứ 6", "Thứ 7", "CN"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}


MOST_CHANGES = 20  # of one kind, in a list for eyes


def rows(
    timetable: Timetable,
    first: date,
    end: date,
    holidays: HolidayCalendar = VIETNAM,
    content_of: ContentOf = nothing_known,
) -> list[dict[str, Any]]:
    """``Occurrence.to_json`` of the local days from *first* until before *end*, sorted by start."""
    return [occurrence.to_json() for occurrence in plan_days(timetable, first, end, holidays, content_of)]


def lines(occurrences: Iterable[Occurrence], lang: str = "vi") -> list[str]:
    """One line an occurrence: ``Thứ 2 23/11/2026  05:00–05:15  Bản tin sáng``."""
    return [_line(occurrence, "vi" if lang == "vi" else "en") for occurrence in occurrences]


def change_lines(change: PlanChange, lang: str = "vi") -> list[str]:
    """What a newer timetable adds (+), changes (~) and withdraws (-) in the coming days; at most so many of each."""
    if change.is_empty:
        return ["Bảy ngày tới không có gì thay đổi." if lang == "vi" else "Nothing changes in the coming seven days."]
    told = []
    for mark, vi, en, occurrences in (
        ("+", "thêm", "added", change.added),
        ("~", "đổi", "changed", change.changed),
        ("-", "bỏ", "withdrawn", change.withdrawn),
    ):
        told += [f"{mark} {line}" for line in lines(occurrences[:MOST_CHANGES], lang)]
        if (more := len(occurrences) - MOST_CHANGES) > 0:
            told.append(f"{mark} … {vi} {more} lượt nữa" if lang == "vi" else f"{mark} … {more} more {en}")
    return told


def timetable_row(number: int, timetable: Timetable, in_force: bool) -> dict[str, Any]:
    """What ``schedule list --json`` prints of one timetable."""
    return {
        "n": number,
        "id": id_of(timetable),
        "title": timetable.title,
        "valid_from": timetable.valid_from and timetable.valid_from.isoformat(),
        "valid_to": timetable.valid_to and timetable.valid_to.isoformat(),
        "valid_on": timetable.valid_on and written_days(timetable.valid_on),
        "slots": len(timetable.slots),
        "in_force": in_force,
    }


def timetable_line(row: Mapping[str, Any], lang: str = "vi") -> str:
    """``2. * Lịch tuần 47  23/11/2026 – 29/11/2026  (40 mục)``; the star marks the one in force."""
    first, last = (
        f"{date.fromisoformat(row[key]):%d/%m/%Y}" if row[key] else "…" for key in ("valid_from", "valid_to")
    )
    always = "không giới hạn ngày" if lang == "vi" else "on any day"
    span = f"{first} – {last}" if row["valid_from"] or row["valid_to"] or row["valid_on"] else always
    named = f"  [{row['valid_on']}]" if row["valid_on"] else ""
    items = f"{row['slots']} mục" if lang == "vi" else f"{row['slots']} items"
    return f"{row['n']}. {'*' if row['in_force'] else ' '} {row['title']}  {span}{named}  ({items})"


def _line(occurrence: Occurrence, lang: str) -> str:
    starts, ends = occurrence.starts_at.astimezone(STATION_TZ), occurrence.ends_at.astimezone(STATION_TZ)
    slot = f"{_time(starts)}–{_time(ends)}"
    zone = "" if occurrence.zone == ALL_ZONES else f"  [{occurrence.zone}]"
    when = f"{_DAYS[lang][starts.weekday()]:<5} {starts:%d/%m/%Y}  {slot}"
    return f"{when}  {occurrence.programme}{zone}{_rules(occurrence.conduct, lang)}"


def _time(when: datetime) -> str:
    """05:00, with its seconds where it has any."""
    return f"{when:%H:%M:%S}" if when.second else f"{when:%H:%M}"


def _rules(conduct: Conduct, lang: str) -> str:
    """What an item does otherwise than usual: ``  (phát hết, thêm ≤ 60 giây; bị cắt thì bỏ)``."""
    seconds = f"{conduct.grace_ms / 1_000:g}"
    said = {
        EndRule.CUT: ("", ""),
        EndRule.FINISH: (f"phát hết, thêm ≤ {seconds} giây", f"played to its end, up to {seconds} s more"),
        EndRule.FILL: (f"lấp {conduct.filler}".strip(), f"filled {conduct.filler}".strip()),
    }
    told = [said[conduct.end_rule][lang != "vi"]]
    if conduct.after_cut is AfterCut.DROP:
        told.append("bị cắt thì bỏ" if lang == "vi" else "not resumed after a cut")
    if conduct.target_lufs is not None:
        told.append(f"{conduct.target_lufs:g} LUFS")
    whole = "; ".join(filter(None, told))
    return f"  ({whole})" if whole else ""
