"""Days as people write them (``Thứ 2, 4, 6``, ``T2-T7 trừ ngày lễ``, ``Rằm``), or as a spreadsheet stores them.

What is read is written again by ``written.written_days``, in words that are read as the same.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta

from scheduler.holidays import holiday_named
from scheduler.recurrence import (
    EVERY_DAY,
    LAST,
    Dates,
    Holidays,
    Limited,
    MonthDays,
    NthWeekdays,
    Recurrence,
    Unlimited,
    Weekdays,
    YearDays,
    calendar_day,
    limited,
    longest_month,
)
from scheduler.spoken.cells import Cell, excerpt, misread, plain, words
from scheduler.spoken.lunar_days import PARTS, read_lunar_days
from scheduler.spoken.spans import Span
from scheduler.spoken.whole_dates import FULL_DATE, SHORT_DATE, completed
from scheduler.spoken.written import DAY_NAMES, MOST_DAYS_IN_A_RANGE
from scheduler.vietnamese import Misread, fold, tidy

_FULL = r"(?:\d{1,2}\s*[/.-]\s*\d{1,2}\s*[/.-]\s*\d{4}|\d{4}-\d{2}-\d{2})"
_EVERY_DAY = {
    "hang ngay",
    "moi ngay",
    "ca tuan",
    "tat ca cac ngay",
    "tat ca cac ngay trong tuan",
    "cac ngay",
    "every day",
    "everyday",
    "daily",
}
_WORKING_DAYS = {
    "ngay thuong",
    "ngay lam viec",
    "cac ngay lam viec",
    "ngay trong tuan",
    "cac ngay trong tuan",
    "weekdays",
}
_WEEKEND = {"cuoi tuan", "ngay cuoi tuan", "cac ngay cuoi tuan", "weekend", "weekends"}
_ENGLISH = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_WORDS = {"hai": 0, "ba": 1, "tu": 2, "nam": 3, "sau": 4, "bay": 5} | {str(n): n - 2 for n in range(2, 8)}
_DAY = re.compile(
    r"(?:(?P<prefix>thu|t)\s*\.?\s*)?(?P<day>[2-7]|hai|ba|tu|nam|sau|bay)|(?P<sunday>c\.?n|ch(?:u|ua) nhat)"
    r"|(?P<english>mon|tue|wed|thu(?=rs?|rsday)|fri|sat|sun)(?:(?:s|nes|rs|r|ur)?(?:day)?)"  # "Thu" alone heads days
)
_EXCEPT = re.compile(r"[\s,;(]*\b(?:va )?(?:ngoai tru|tru|khong phat)\b(?: vao\b)?\s*")


def read_days(cell: Cell, span: Span | None = None, year: int | None = None) -> Recurrence:
    """Ngày: "T2-T7", "Thứ 2, 4, 6", "Hằng ngày", 23/11/2026, an Excel date, "Chủ nhật cuối tháng", "ngày 1 và 15 hằng
    tháng", "27/7 hằng năm", "Rằm", "10/3 âm lịch", "ngày lễ", "Tết"; and their bounds: "từ …", "đến hết …", "trừ …".

    What a date leaves out ("Thứ 2 (23/11)", "23/11", "ngày 23", a bare 23) is that of *span*, the days of the whole
    timetable, or of *year*. Raises Misread: unreadable, without a year that anything tells, or a weekday that is not
    that date's.
    """
    if isinstance(cell, datetime) and cell.time() == time(0):
        cell = cell.date()
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return Dates(frozenset({cell}))
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        if span is None and (alone := re.fullmatch(r"(?P<d>[12]\d|3[01]|[89])", words(cell))):
            raise _incomplete(alone, words(cell))
        cell = f"ngày {words(cell)}" if span is not None else cell
    if not isinstance(cell, str):
        raise _bad_days(cell)
    text = _without_ornament(plain(cell))
    whole, short = completed(text, span, year)
    try:
        return _read_whole(whole, cell)
    except Misread as misread:
        if short is not None and misread.code == "bad_days" and _is_beside_a_day(text, short, cell):
            raise _incomplete(short, cell) from None
        raise


_BARE_DAY = r"(?:[2-7]|hai|ba|tu|nam|sau|bay)"
_BARE_DAYS = re.compile(rf"{_BARE_DAY}(?:\s*(?:[-,;/+&]|va|den)\s*{_BARE_DAY})*")


def are_bare_days(text: str) -> bool:
    """Whether a text is nothing but numbers (or their words) that are weekdays under "Thứ": "2, 4, 6"."""
    return _BARE_DAYS.fullmatch(fold(text)) is not None


def perhaps_weekdays(cell: Cell) -> Misread | None:
    """The question about a date that a spreadsheet may have made of "2-6", which was typed for T2-T6."""
    if not isinstance(cell, date) or not (2 <= cell.day <= 7 and 2 <= cell.month <= 7 and cell.day != cell.month):
        return None
    return misread("bad_days", "ngày", "day", cell, "T{}-T{}".format(*sorted((cell.day, cell.month))), "T2-T6")


def _read_whole(text: str, cell: str) -> Recurrence:
    """Of folded text in which every date has its year."""
    kept, *taken = _EXCEPT.split(text)
    excludes = tuple(one for part in taken for one in _taken(part.rstrip(" )"), cell))
    return narrowed(_within(kept, cell), cell, excludes=excludes)


# --- dates that leave their year, or their month, to the title


def _is_beside_a_day(text: str, short: re.Match[str], cell: str) -> bool:
    """Whether the text is a day but for that date: "Bản tin 23/11" is none."""
    rest = re.sub(r"\b(?:ngay|(?<!thu )tu|den|het)\b|[(),:]", " ", text.replace(short[0], " ")).strip(" .-/")
    try:
        return not rest or bool(_read_whole(SHORT_DATE.sub(" ", rest).strip(" .-/") or "hang ngay", cell))
    except Misread:
        return False


def _incomplete(short: re.Match[str], cell: str) -> Misread:
    parts = short.groupdict()
    if not (month := parts.get("m") or parts.get("mm")):
        vi = f"“{words(cell)}” không ghi tháng; ghi đủ như 23/11/2026, hoặc ghi “từ 23/11 đến 29/11/2026” ở tên lịch"
        return Misread("date_without_year", vi, f"“{words(cell)}” names no month; write it as 23/11/2026")
    date_ = f"{parts['d']}/{month}"
    vi = f"“{excerpt(cell)}” không ghi năm; ghi đủ như {date_}/2026, hoặc ghi “từ … đến {date_}/2026” ở tên lịch"
    en = f"“{excerpt(cell)}” has no year; write it as {date_}/2026, or give the week with its year in the title"
    return Misread("date_without_year", vi, en)


def _without_ornament(text: str) -> str:
    """ "* I. THỨ HAI:" → "thu hai"."""
    return re.sub(r"^[\W_]*(?:(?:[ivx]+|\d{1,2})[.)]\s*(?=t|c|ng))?", "", text).strip(" :*.-")


def together(named: Recurrence, dated: Recurrence, cell: Cell) -> Recurrence:
    """A weekday and a date beside it, whichever comes first; they must agree. Raises Misread (day_contradicts_date)."""
    if isinstance(named, Dates) and isinstance(dated, Weekdays):
        named, dated = dated, named
    if named == dated:
        return dated
    days = dated.dates if isinstance(dated, Dates) else frozenset()
    if isinstance(named, Weekdays) and len(days) == 1 and {day.weekday() for day in days} == named.days:
        return dated
    raise _contradiction(sorted(days), cell)


def read_except(cell: Cell, span: Span | None = None, year: int | None = None) -> tuple[Unlimited, ...]:
    """What stands after a "trừ": days, dates, holidays; also several, "CN trừ ngày lễ". Raises Misread."""
    if isinstance(cell, str):
        parts = _EXCEPT.split(completed(plain(cell), span, year)[0])
        return tuple(one for part in parts if part for one in _taken(part, cell))
    return _no_limits(read_days(cell, span, year), cell)


def read_date(cell: Cell, span: Span | None = None, year: int | None = None) -> date:
    """One date. Raises Misread."""
    recurrence = read_days(cell, span, year)
    if isinstance(recurrence, Dates) and len(recurrence.dates) == 1:
        return next(iter(recurrence.dates))
    raise _bad_days(cell)


def dates_in(text: str) -> list[date]:
    """Every full date written in *text*, in order. Raises Misread on one that does not exist."""
    return [_date_of(found, text) for found in FULL_DATE.finditer(plain(text))]


def _date_of(found: re.Match[str], cell: Cell) -> date:
    day, month, year = (found[1], found[2], found[3]) if found[1] else (found[6], found[5], found[4])
    return _date(int(year), int(month), int(day), cell)


def _date(year: int, month: int, day: int, cell: Cell) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        if month > 12 >= day:
            raise misread("bad_date", "ngày", "date", cell, f"{month}/{day}/{year}", "23/11/2026") from None
        vi = f"“{excerpt(cell)}”: không có ngày {day}/{month}/{year}"
        raise Misread("bad_date", vi, f"“{excerpt(cell)}”: there is no {day}/{month}/{year}") from None


# --- bounds


_FOR_DAYS = re.compile(rf"(?:trong |phat )?([1-9]\d?) ngay(?: lien tuc| lien tiep)?,? (?:ke )?tu (?:ngay )?({_FULL})")
_BETWEEN = re.compile(
    rf"(?:(?<!thu )\btu )?(?:\bngay )?(?<!\d)(?:({_FULL})|(\d{{1,2}})\s*/\s*(\d{{1,2}}))"
    rf"\s*(?:-|\bden\b|\btoi\b)\s*(?:het )?(?:ngay )?({_FULL})"
)
_FROM = re.compile(rf"(?<!thu )\btu (?:ngay )?({_FULL})(?: tro di)?")
_UNTIL = re.compile(rf"\b(?:cho )?(?:den|toi) (?:het )?(?:ngay )?({_FULL})")


def _within(text: str, cell: str) -> Recurrence:
    """What recurs, and from when until when."""
    text = text.strip(" ,;:()")
    if found := _FOR_DAYS.fullmatch(text):
        (first,) = dates_in(found[2])
        last = first.toordinal() + int(found[1]) - 1
        return _every_day_between(first, date.fromordinal(min(last, date.max.toordinal())))
    if found := _BETWEEN.search(text):
        return _between(found, text, cell)
    begins, ends = _FROM.search(text), _UNTIL.search(text)
    if begins is None and ends is None:
        return _unlimited(text, cell)
    first_day, last_day = (dates_in(found[1])[0] if found else None for found in (begins, ends))
    rest = _UNTIL.sub(" ", _FROM.sub(" ", text)).strip(" ,;:()")
    return narrowed(_unlimited(rest, cell) if rest else EVERY_DAY, cell, first_day, last_day)


def _between(found: re.Match[str], text: str, cell: str) -> Recurrence:
    """Two dates as a range; the first may lack its year."""
    (last,) = dates_in(found[4])
    if found[1]:
        (first,) = dates_in(found[1])
    else:
        first = _date(last.year, int(found[3]), int(found[2]), cell)
    rest = (text[: found.start()] + " " + text[found.end() :]).strip(" ,;:()")
    if first > last or (not rest and not found[1] and (last - first).days > MOST_DAYS_IN_A_RANGE):
        raise _contradiction([first, last], cell)
    if rest:
        return narrowed(_unlimited(rest, cell), cell, first, last)
    return _every_day_between(first, last)


def _every_day_between(first: date, last: date) -> Recurrence:
    count = (last - first).days + 1
    if count > MOST_DAYS_IN_A_RANGE:
        return Limited(EVERY_DAY, first, last)
    return Dates(frozenset(first + timedelta(days=n) for n in range(count)))


def narrowed(
    recurrence: Recurrence,
    cell: Cell,
    first: date | None = None,
    last: date | None = None,
    excludes: tuple[Unlimited, ...] = (),
) -> Recurrence:
    """*recurrence* within these limits. Raises Misread if they leave no day."""
    try:
        return limited(recurrence, first, last, excludes)
    except ValueError:
        vi, en = f"“{excerpt(cell)}”: không còn ngày nào", f"“{excerpt(cell)}” leaves no day"
        raise Misread("no_day_left", vi, en) from None


def _taken(text: str, cell: str) -> tuple[Unlimited, ...]:
    """After a "trừ": one expression, or a list of several kinds ("CN và ngày lễ")."""
    try:
        return _no_limits(_within(text, cell), cell)
    except Misread:
        parts = PARTS.split(text)
        if len(parts) == 1:
            raise
        return tuple(one for part in parts for one in _no_limits(_within(part, cell), cell))


def _no_limits(recurrence: Recurrence, cell: Cell) -> tuple[Unlimited, ...]:
    if isinstance(recurrence, Limited):
        raise _bad_days(cell)
    return (recurrence,)


# --- of a sheet's title


_DAY_WORD = r"(?:(?:thu|t)\s*\.?\s*(?:[2-7]|hai|ba|tu|nam|sau|bay)\b|cn|chu nhat)"
_WEEKDAYS_IN_TITLE = re.compile(  # "tuần thứ 2", "lần thứ hai" are none
    rf"(?:^|[(,;:-]|\b(?:tu|vao|cac|ngay|sang|trua|chieu|toi|phat)\b)\s*(?P<days>{_DAY_WORD}"
    rf"(?:\s*(?:-+>?|,|;|\bden\b|\btoi\b|\bva\b)\s*(?:{_DAY_WORD}|[2-7]\b))*)"
)
_EVERY_DAY_IN_TITLE = re.compile(r"\b(?:hang|moi) ngay\b")
_OF_A_TIMETABLE = re.compile(r"\b(?:lich|chuong trinh)\b.*\b(?:phat|tiep)|\blich\b")
_TAKES_AWAY = re.compile(r"\b(?:nghi|khong phat|tru|tam dung|rieng)\b")
_OF_A_PAPER = re.compile(r"\b(?:quyet dinh|ban hanh|kem theo|so:|ke hoach so|cong van)\b")


def days_in_title(text: str, year: int | None = None) -> Recurrence | None:
    """The days for which a title says its list is: "(từ thứ 2 đến thứ 7 hằng tuần)", "LỊCH PHÁT THANH NGÀY 23/11/2026",
    "lịch hằng ngày"; None if it names none, speaks of several kinds of days, or of days off.
    """
    folded = plain(text)
    if _TAKES_AWAY.search(folded):
        return None  # "từ thứ 2 đến thứ 7, thứ 7 nghỉ"
    dates = [] if _OF_A_PAPER.search(folded) or not _OF_A_TIMETABLE.search(folded) else _dates_of_title(folded, year)
    try:
        weekly = {frozenset(_weekdays(found["days"], text)) for found in _WEEKDAYS_IN_TITLE.finditer(folded)}
        if len(dates) == 1 and weekly <= {frozenset({dates[0].weekday()})}:
            return Dates(frozenset(dates))
    except Misread:
        return None
    if dates or len(weekly) > 1:
        return None
    if weekly:
        return Weekdays(weekly.pop())
    return EVERY_DAY if _EVERY_DAY_IN_TITLE.search(folded) else None


def _dates_of_title(folded: str, year: int | None) -> list[date]:
    whole, _ = completed(folded, None, year)
    return [_date_of(found, folded) for found in FULL_DATE.finditer(whole)]


# --- what recurs


def _unlimited(text: str, cell: str) -> Unlimited:
    if text in _EVERY_DAY:
        return EVERY_DAY
    if text in _WEEKEND:
        return Weekdays(frozenset({5, 6}))
    if dates := [_date_of(found, cell) for found in FULL_DATE.finditer(text)]:
        return _dated(dates, FULL_DATE.sub(" ", text), cell)
    readers: tuple[Callable[[str, str], Unlimited | None], ...] = (
        _holidays,
        read_lunar_days,
        _nth_weekdays,
        _month_days,
        _year_days,
    )
    for read in readers:
        if (found := read(text, cell)) is not None:
            return found
    return Weekdays(frozenset(_weekdays(text, cell)))


def _dated(dates: list[date], rest: str, cell: str) -> Dates:
    """Dates alone, or one date beside its weekday, which must agree."""
    rest = re.sub(r"\b(?:(?:cac|nhung) )?ngay\b|\btu\b(?=\s*(?:-|den\b))|\bva\b|[,;()&]", " ", rest).strip(" :.")
    if not rest:
        return Dates(frozenset(dates))
    named = _named_beside(rest.strip(" -"), cell)  # first: where this is no day, the figures beside it are no date
    if len(dates) == 1 and not isinstance(named, Weekdays) and not named.falls_on(calendar_day(dates[0])):
        raise _not_so_called(dates[0], cell)
    if len(dates) != 1 or not named.falls_on(calendar_day(dates[0])):
        raise _contradiction(dates, cell)
    return Dates(frozenset(dates))


def _named_beside(text: str, cell: str) -> Unlimited:
    """What a date is called beside it: a weekday, "Mùng 1 Tết", "27 tháng Chạp", "Quốc khánh"."""
    if name := holiday_named(text):
        return Holidays(frozenset({name}))
    return read_lunar_days(text, cell) or Weekdays(frozenset(_weekdays(text, cell)))


def _contradiction(dates: list[date], cell: Cell) -> Misread:
    actual = ", ".join(f"{day:%d/%m/%Y} là {DAY_NAMES[day.weekday()]}" for day in dates[:3])
    vi, en = f"“{excerpt(cell)}” mâu thuẫn: {actual}", f"“{excerpt(cell)}” contradicts itself: {actual}"
    en = en.replace(" là ", " is ")
    return Misread("day_contradicts_date", vi, en)


def _not_so_called(day: date, cell: Cell) -> Misread:
    lunar = calendar_day(day).lunar
    vi = f"“{excerpt(cell)}” mâu thuẫn: {day:%d/%m/%Y} không phải ngày ấy"
    vi += f", là {lunar.day}/{lunar.month} âm lịch" if lunar else ""
    return Misread("day_contradicts_date", vi, f"“{excerpt(cell)}” contradicts itself: {day} is another day")


_ANY_HOLIDAY = re.compile(r"(?:cac |nhung )?(?:ngay )?(?:nghi )?le(?:,? tet)?")
_ODD_DAYS = re.compile(r"\bl[ẻẽẹ]\b")  # "ngày lẻ" is not "ngày lễ"
_OWN_HOLIDAY = re.compile(r"ng[aà]y l[eễ]\s+([^,;&+()]+)", re.IGNORECASE)


def _holidays(text: str, cell: str) -> Holidays | None:
    if _ANY_HOLIDAY.fullmatch(text) and not _ODD_DAYS.search(tidy(cell).casefold()):
        return Holidays()
    parts = [part.removeprefix("ngay le ") for part in PARTS.split(text)]
    names = [
        holiday_named(part) or _own_holiday(whole, cell) for part, whole in zip(parts, PARTS.split(text), strict=True)
    ]
    known = [name for name in names if name is not None]
    return Holidays(frozenset(known)) if len(known) == len(names) else None


def _own_holiday(part: str, cell: str) -> str | None:
    """ "ngày lễ Hội làng": a name that the station's configuration must know; as written, with its marks."""
    wanted = part.removeprefix("ngay le ")
    written = [found[1].strip() for found in _OWN_HOLIDAY.finditer(tidy(cell))]
    return next((name for name in written if part != wanted and fold(name) == wanted), None)


_NTH = re.compile(
    r"(?P<days>.+?) (?:(?P<one>dau|cuoi)(?: tien| cung)?(?: cua| trong)?(?: hang| moi| cac)? thang"
    r"|tuan (?P<weeks>.+?)(?:(?: cua| trong)?(?: hang| moi| cac)? thang)?)"
)
_WEEK = re.compile(r"(?:tuan )?(?:thu )?(?:([1-5]|nhat|hai|ba|tu|nam)|(dau)(?: tien)?|(cuoi)(?: cung)?)")
_ORDINALS = {"nhat": 1, "hai": 2, "ba": 3, "tu": 4, "nam": 5} | {str(n): n for n in range(1, 6)}


def _nth_weekdays(text: str, cell: str) -> NthWeekdays | None:
    found = _NTH.fullmatch(text)
    if found is None or found["days"].startswith("ngay"):
        return None
    days = frozenset(_weekdays(found["days"], cell))
    weeks = [_WEEK.fullmatch(week) for week in PARTS.split(found["weeks"] or found["one"])]
    if not all(weeks):
        raise _bad_days(cell)
    return NthWeekdays(days, frozenset(LAST if week[3] else _ORDINALS[week[1] or "1"] for week in weeks if week))


_OF_EVERY_MONTH = re.compile(r"(?: cua)?(?P<every> hang| moi| cac)? thang(?: duong lich)?")
_MONTH_DAY = re.compile(r"(?:(?:cac )?ngay )?(?:(\d{1,2})(?:\s*-\s*(\d{1,2}))?|(dau)(?: tien)?|(cuoi)(?: cung)?)")


def _month_days(text: str, cell: str) -> MonthDays | None:
    tail = re.search(_OF_EVERY_MONTH.pattern + "$", text)
    if tail is None or not re.match(r"(?:cac )?ngay ", text):
        return None
    parts = [_MONTH_DAY.fullmatch(part) for part in PARTS.split(text[: tail.start()])]
    if not all(parts) or not (tail["every"] or any(part[3] or part[4] for part in parts if part)):
        return None
    return MonthDays(frozenset(day for part in parts if part for day in _month_day(part, cell)))


def _month_day(found: re.Match[str], cell: str) -> Iterable[int]:
    if found[3] or found[4]:
        return (1,) if found[3] else (LAST,)
    first, last = int(found[1]), int(found[2] or found[1])
    if not 1 <= first <= last <= 31:
        raise _bad_days(cell)
    return range(first, last + 1)


_OF_EVERY_YEAR = re.compile(r"(.*\d)\s*\(?(?:hang|moi|cac) nam\)?")
_DAY_OF_YEAR = re.compile(r"(?:ngay )?(\d{1,2})\s*(?:/|thang)\s*(\d{1,2})")


def _year_days(text: str, cell: str) -> YearDays | None:
    """ "27/7 hằng năm", "ngày 20/11 và 22/12 mỗi năm"."""
    found = _OF_EVERY_YEAR.fullmatch(text)
    parts = [_DAY_OF_YEAR.fullmatch(part) for part in PARTS.split(found[1])] if found else []
    if not parts or not all(parts):
        return None
    pairs = [(int(part[2]), int(part[1])) for part in parts if part]
    if not all(1 <= month <= 12 and 1 <= day <= longest_month(month) for month, day in pairs):
        raise _bad_days(cell)
    return YearDays(frozenset(pairs))


def _weekdays(text: str, cell: Cell) -> set[int]:
    """The days of "thu 2, 4, 6" or "t2-t6, cn". A bare number counts only after a "thứ"."""
    days: set[int] = set()
    named = False
    text = re.sub(r"^tu (?=t(?:hu)?\b|t\d)", "", text).removesuffix("hang tuan").strip()
    for part in re.split(r"\s*(?:[,;/&+]|\bva\b)\s*", text):
        ends = [_DAY.fullmatch(end) for end in re.split(r"\s*(?:-+>?|~|\b(?:den|toi)(?: het)?\b)\s*", part)]
        named = named or bool(ends[0] and (ends[0]["prefix"] or ends[0]["sunday"] or ends[0]["english"]))
        if not named or not all(ends):
            raise _bad_days(cell)
        days |= _span([_day_number(end) for end in ends if end], cell)
    return days


def _day_number(found: re.Match[str]) -> int:
    if found["english"]:
        return _ENGLISH.index(found["english"])
    return 6 if found["sunday"] else _DAY_WORDS[found["day"]]


def _span(ends: list[int], cell: Cell) -> set[int]:
    """From the first to the last of two; "2-4-6" are three days."""
    if len(ends) > 2 and ends == sorted(set(ends)):
        return set(ends)
    if len(ends) > 2 or ends[0] > ends[-1] or (len(ends) == 2 and ends[0] == ends[1]):
        raise _bad_days(cell)
    return set(range(ends[0], ends[-1] + 1))


def _bad_days(cell: Cell) -> Misread:
    examples = "Thứ 2, T2-T7, “Thứ 2, 4, 6”, CN, Hằng ngày, 23/11/2026, Rằm, ngày lễ, “Chủ nhật cuối tháng”"
    return misread("bad_days", "ngày", "day", cell, _likely_days(plain(words(cell))), examples)


def _likely_days(text: str) -> str | None:
    if found := re.fullmatch(r"([2-7])\s*-\s*([2-7])", text):
        return f"T{found[1]}-T{found[2]}"
    if re.fullmatch(r"[2-7](?:\s*[,;-]\s*[2-7])*", text):
        return "Thứ " + ", ".join(re.findall(r"\d", text))
    if found := re.fullmatch(r"(\d{1,2})[/-](\d{1,2})[/-](\d\d)", text):
        return f"{found[1]}/{found[2]}/20{found[3]}"
    if text in _WORKING_DAYS:
        return "T2-T6"
    if alternate := re.fullmatch(r"(?:cac |nhung )?ngay (chan|le)(?: trong tuan| cua tuan)?", text):
        return "Thứ 2, 4, 6" if alternate[1] == "chan" else "Thứ 3, 5, 7"
    if found := re.fullmatch(r"(\d\d/\d\d/\d{4}) \d\d:\d\d", text):  # a moment
        return found[1]
    if re.fullmatch(r"t[2-7]\s*-\s*t[2-7]", text):
        return _day_list(int(text[1]) - 2, int(text[-1]) - 2)
    return None


def _day_list(first: int, last: int) -> str:
    """T7-T2 → "T7, CN, T2"."""
    count = (last - first) % 7 + 1
    return ", ".join(DAY_NAMES[(first + n) % 7] for n in range(count))
