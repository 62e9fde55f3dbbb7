"""Days as people write them (``Thứ 2, 4, 6``, ``T2-T7 trừ ngày lễ``, ``Rằm``), or as a spreadsheet stores them.

What is read is written again by ``written_days``, in words that are read as the same.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta

from scheduler.holidays import holiday_named
from scheduler.recurrence import (
    EVERY_DAY,
    EVERY_MONTH,
    LAST,
    Dates,
    Holidays,
    Limited,
    LunarDays,
    MonthDays,
    NthWeekdays,
    Recurrence,
    Unlimited,
    Weekdays,
    limited,
)
from scheduler.spoken.cells import Cell, excerpt, misread, plain, words
from scheduler.spoken.spans import Span
from scheduler.vietnamese import Misread, fold, tidy

_FULL = r"(?:\d{1,2}\s*[/.-]\s*\d{1,2}\s*[/.-]\s*\d{4}|\d{4}-\d{2}-\d{2})"
_FULL_DATE = re.compile(r"(?<!\d)(?:(\d{1,2})\s*[/.-]\s*(\d{1,2})\s*[/.-]\s*(\d{4})|(\d{4})-(\d{2})-(\d{2}))(?!\d)")
_EVERY_DAY = {"hang ngay", "moi ngay", "ca tuan", "tat ca cac ngay", "cac ngay", "every day", "everyday", "daily"}
_WORKING_DAYS = {
    "ngay thuong",
    "ngay lam viec",
    "cac ngay lam viec",
    "ngay trong tuan",
    "cac ngay trong tuan",
    "weekdays",
}
_WEEKEND = {"cuoi tuan", "ngay cuoi tuan", "cac ngay cuoi tuan", "weekend", "weekends"}
_NUMBERS = ("mot", "hai", "ba", "tu", "nam", "sau", "bay", "tam", "chin", "muoi")
_ENGLISH = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_WORDS = {"hai": 0, "ba": 1, "tu": 2, "nam": 3, "sau": 4, "bay": 5} | {str(n): n - 2 for n in range(2, 8)}
_DAY = re.compile(
    r"(?:(?P<prefix>thu|t)\s*\.?\s*)?(?P<day>[2-7]|hai|ba|tu|nam|sau|bay)|(?P<sunday>c\.?n|ch(?:u|ua) nhat)"
    r"|(?P<english>mon|tue|wed|thu(?=rs?|rsday)|fri|sat|sun)(?:(?:s|nes|rs|r|ur)?(?:day)?)"  # "Thu" alone heads days
)
_WRITTEN_DAYS = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")
_LIST = re.compile(r"\s*(?:[,;&+]|\bva\b)\s*")
_EXCEPT = re.compile(r"[\s,;(]*\b(?:va )?(?:ngoai tru|tru|khong phat)\b(?: vao\b)?\s*")
MOST_DAYS_IN_A_RANGE = 92  # a longer one is kept as its two ends


def read_days(cell: Cell, span: Span | None = None, year: int | None = None) -> Recurrence:
    """Ngày: "T2-T7", "Thứ 2, 4, 6", "Hằng ngày", 23/11/2026, an Excel date, "Chủ nhật cuối tháng", "ngày 1 và 15 hằng
    tháng", "Rằm", "10/3 âm lịch", "ngày lễ", "Tết"; and their bounds: "từ …", "đến hết ngày …", "trừ …".

    What a date leaves out ("Thứ 2 (23/11)", "23/11", "ngày 23", a bare 23) is that of *span*, the days of the whole
    timetable, or of *year*. Raises Misread: unreadable, without a year that anything tells, or a weekday that is not
    that date's.
    """
    if isinstance(cell, datetime) and cell.time() == time(0):
        cell = cell.date()
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return Dates(frozenset({cell}))
    if isinstance(cell, float | int) and not isinstance(cell, bool) and span is not None:
        cell = f"ngày {words(cell)}"
    if not isinstance(cell, str):
        raise _bad_days(cell)
    text = _without_ornament(plain(cell))
    whole, short = _completed(text, span, year)
    try:
        return _read_whole(whole, cell)
    except Misread as misread:
        if short is not None and misread.code == "bad_days" and _is_beside_a_day(text, short, cell):
            raise _incomplete(short, cell) from None
        raise


def _read_whole(text: str, cell: str) -> Recurrence:
    """Of folded text in which every date has its year."""
    kept, *taken = _EXCEPT.split(text)
    excludes = tuple(one for part in taken for one in _taken(part.rstrip(" )"), cell))
    return narrowed(_within(kept, cell), cell, excludes=excludes)


# --- dates that leave their year, or their month, to the title


_NO_DATE_BEFORE = r"(?<![\d/.-])(?<!\bthu )(?<!\bthu)(?<!\bt)(?<!\bt\.)(?<!\bm[uo]ng )(?<!\btuan )(?<!\ble )"
_SHORT_DATE = re.compile(
    rf"{_NO_DATE_BEFORE}(?P<d>\d{{1,2}})"
    r"(?:\s*(?P<mark>[/.-])\s*(?P<m>\d{1,2})(?![\d']|\s*[/.-]\s*\d)|\s*thang\s*(?P<mm>\d{1,2})(?!\d))"
    r"(?:\s*(?:[/.-]|,?\s*nam)\s*(?P<y>(?:19|20)\d\d)(?!\d))?"
)
_SHORT_YEAR = re.compile(r"(?<![\d/.-])(\d{1,2}\s*([/.-])\s*\d{1,2}\s*\2\s*)([2-9]\d)(?![\d/.-])")
_DAY_ONLY = re.compile(r"(?:\bngay\s*|\()(?P<d>\d{1,2})(?!\d|\s*[/.-]\s*\d|\s+thang|\s*,)\)?(?!\s+tet)")
_OF_ANOTHER_CALENDAR = re.compile(r"\b(?:am lich|am|al|(?:hang|moi|cua|cac|trong|cuoi|dau) (?:thang|nam))\b")


def _completed(text: str, span: Span | None, year: int | None) -> tuple[str, re.Match[str] | None]:
    """The text with its dates made whole, and the first of them that nothing told enough for."""
    text = _SHORT_YEAR.sub(r"\g<1>20\3", text)
    if _OF_ANOTHER_CALENDAR.search(_FULL_DATE.sub("", text)):
        return text, None
    short: list[re.Match[str]] = []

    def whole(found: re.Match[str]) -> str:
        if not _may_be_a_date(found):
            return found[0]
        if (date_ := _told(found, span, year)) is None:
            short.append(found)
            return found[0]
        return date_ if found[0][:1].isdigit() else f" {date_} "

    completed = _SHORT_DATE.sub(whole, text)
    if completed == text and not short and not _FULL_DATE.search(text):
        completed = _DAY_ONLY.sub(whole, text)
    return completed, short[0] if short else None


def _may_be_a_date(found: re.Match[str]) -> bool:
    """5.45 is none, 2-6 may be T2-T6; 11/23 may be one, in the order of another country."""
    parts = found.groupdict()
    day, month = int(parts["d"]), int(parts.get("m") or parts.get("mm") or 1)
    if parts.get("mark") == "-" and 2 <= day <= 7 and 2 <= month <= 7 and not parts.get("y"):
        return False
    return 1 <= month <= 12 or (parts.get("mark") == "/" and 12 < month <= 31 and day <= 12)


def _told(found: re.Match[str], span: Span | None, year: int | None) -> str | None:
    """The whole date; None if nobody says its month or its year."""
    parts = found.groupdict()
    day, month = int(parts["d"]), int(parts.get("m") or parts.get("mm") or 0) or None
    if parts.get("y"):
        return f"{day}/{month}/{parts['y']}"
    if span is not None:
        if (inside := span.date_of(day, month)) is not None:
            return f"{inside:%d/%m/%Y}"
        year = span.first.year
    return f"{day}/{month}/{year}" if month and year else None


def _is_beside_a_day(text: str, short: re.Match[str], cell: str) -> bool:
    """Whether the text is a day but for that date: "Bản tin 23/11" is none."""
    rest = re.sub(r"\b(?:ngay|(?<!thu )tu|den|het)\b|[(),:]", " ", text.replace(short[0], " ")).strip(" .-/")
    try:
        return not rest or bool(_read_whole(_SHORT_DATE.sub(" ", rest).strip(" .-/") or "hang ngay", cell))
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
    """A weekday and a date beside it, which must agree. Raises Misread (day_contradicts_date)."""
    if named == dated:
        return dated
    days = dated.dates if isinstance(dated, Dates) else frozenset()
    if isinstance(named, Weekdays) and len(days) == 1 and {day.weekday() for day in days} == named.days:
        return dated
    raise _contradiction(sorted(days), cell)


def read_except(cell: Cell, span: Span | None = None, year: int | None = None) -> tuple[Unlimited, ...]:
    """What stands after a "trừ": days, dates, holidays; also several, "CN trừ ngày lễ". Raises Misread."""
    if isinstance(cell, str):
        parts = _EXCEPT.split(_completed(plain(cell), span, year)[0])
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
    return [_date_of(found, text) for found in _FULL_DATE.finditer(plain(text))]


def _date_of(found: re.Match[str], cell: Cell) -> date:
    day, month, year = (found[1], found[2], found[3]) if found[1] else (found[6], found[5], found[4])
    return _date(int(year), int(month), int(day), cell)


def _date(year: int, month: int, day: int, cell: Cell) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        likely = f"{month}/{day}/{year}" if month > 12 >= day else None
        raise misread("bad_date", "ngày", "date", cell, likely, "23/11/2026") from None


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
        parts = _LIST.split(text)
        if len(parts) == 1:
            raise
        return tuple(one for part in parts for one in _no_limits(_within(part, cell), cell))


def _no_limits(recurrence: Recurrence, cell: Cell) -> tuple[Unlimited, ...]:
    if isinstance(recurrence, Limited):
        raise _bad_days(cell)
    return (recurrence,)


# --- of a sheet's title


_DAY_WORD = r"(?:(?:thu|t)\s*\.?\s*(?:[2-7]\b|hai|ba|tu|nam|sau|bay)|cn|chu nhat)"
_WEEKDAYS_IN_TITLE = re.compile(
    rf"\b{_DAY_WORD}(?:\s*(?:-+>?|,|;|\bden\b|\btoi\b|\bva\b)\s*(?:{_DAY_WORD}|[2-7]\b|het chu nhat))*"
)
_EVERY_DAY_IN_TITLE = re.compile(r"\b(?:hang|moi) ngay\b")
_OF_A_TIMETABLE = re.compile(r"\b(?:lich|chuong trinh)\b.*\b(?:phat|tiep)|\blich\b")
_OF_A_PAPER = re.compile(r"\b(?:quyet dinh|ban hanh|kem theo|so:|ke hoach so|cong van)\b")


def days_in_title(text: str, year: int | None = None) -> Recurrence | None:
    """The days for which a title says its list is: "(từ thứ 2 đến thứ 7 hằng tuần)", "LỊCH PHÁT THANH NGÀY 23/11/2026",
    "lịch hằng ngày"; None if it names none, or speaks of several kinds of days.
    """
    folded = plain(text)
    dates = [] if _OF_A_PAPER.search(folded) or not _OF_A_TIMETABLE.search(folded) else _dates_of_title(folded, year)
    try:
        weekly = {frozenset(_weekdays(found[0], text)) for found in _WEEKDAYS_IN_TITLE.finditer(folded)}
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
    whole, _ = _completed(folded, None, year)
    return [_date_of(found, folded) for found in _FULL_DATE.finditer(whole)]


# --- what recurs


def _unlimited(text: str, cell: str) -> Unlimited:
    if text in _EVERY_DAY:
        return EVERY_DAY
    if text in _WEEKEND:
        return Weekdays(frozenset({5, 6}))
    if dates := [_date_of(found, cell) for found in _FULL_DATE.finditer(text)]:
        return _dated(dates, _FULL_DATE.sub(" ", text), cell)
    readers: tuple[Callable[[str, str], Unlimited | None], ...] = (_holidays, _lunar_days, _nth_weekdays, _month_days)
    for read in readers:
        if (found := read(text, cell)) is not None:
            return found
    return Weekdays(frozenset(_weekdays(text, cell)))


def _dated(dates: list[date], rest: str, cell: str) -> Dates:
    """Dates alone, or one date beside its weekday, which must agree."""
    rest = re.sub(r"\bngay\b|\btu\b(?=\s*(?:-|den\b))|\bva\b|[,;()&]", " ", rest).strip(" :.")
    if not rest:
        return Dates(frozenset(dates))
    named = _weekdays(rest.strip(" -"), cell)  # first: where this is no day, the figures beside it are no date
    if named != {day.weekday() for day in dates} or len(dates) != 1:
        raise _contradiction(dates, cell)
    return Dates(frozenset(dates))


def _contradiction(dates: list[date], cell: Cell) -> Misread:
    actual = ", ".join(f"{day:%d/%m/%Y} là {_WRITTEN_DAYS[day.weekday()]}" for day in dates[:3])
    vi, en = f"“{excerpt(cell)}” mâu thuẫn: {actual}", f"“{excerpt(cell)}” contradicts itself: {actual}"
    en = en.replace(" là ", " is ")
    return Misread("day_contradicts_date", vi, en)


_ANY_HOLIDAY = re.compile(r"(?:cac |nhung )?(?:ngay )?(?:nghi )?le(?:,? tet)?")
_ODD_DAYS = re.compile(r"\bl[ẻẽẹ]\b")  # "ngày lẻ" is not "ngày lễ"
_OWN_HOLIDAY = re.compile(r"ng[aà]y l[eễ]\s+([^,;&+()]+)", re.IGNORECASE)


def _holidays(text: str, cell: str) -> Holidays | None:
    if _ANY_HOLIDAY.fullmatch(text) and not _ODD_DAYS.search(tidy(cell).casefold()):
        return Holidays()
    parts = [part.removeprefix("ngay le ") for part in _LIST.split(text)]
    names = [
        holiday_named(part) or _own_holiday(whole, cell) for part, whole in zip(parts, _LIST.split(text), strict=True)
    ]
    known = [name for name in names if name is not None]
    return Holidays(frozenset(known)) if len(known) == len(names) else None


def _own_holiday(part: str, cell: str) -> str | None:
    """ "ngày lễ Hội làng": a name that the station's configuration must know; as written, with its marks."""
    wanted = part.removeprefix("ngay le ")
    written = [found[1].strip() for found in _OWN_HOLIDAY.finditer(tidy(cell))]
    return next((name for name in written if part != wanted and fold(name) == wanted), None)


_MONTH_NAMES = {"gieng": 1, "chap": 12} | {name: n for n, name in enumerate(_NUMBERS, 1) if n > 1}
_MONTH = r"(?: thang (\d{1,2}|gieng|chap|hai|ba|tu|nam|sau|bay|tam|chin|muoi))?"
_FULL_MOON = re.compile(rf"(?:ngay )?ram{_MONTH}")
_FIRST_DAYS = re.compile(rf"(?:ngay )?(?:mung|mong) (\d{{1,2}}|{'|'.join(_NUMBERS)})(?:{_MONTH}|( tet))")
_FIRST_DAY = re.compile(rf"(?:(?:mung|mong) )?(\d{{1,2}}|{'|'.join(_NUMBERS)})")
_BEFORE_TET = re.compile(r"(?:ngay )?(2\d) tet")
_EVE = re.compile(r"(?:ngay |dem )?(?:30 tet|giao thua)(?: tet)?")
_LUNAR_DATE = re.compile(r"(?:ngay )?(\d{1,2})\s*/\s*(\d{1,2})")
_LUNAR_DAY = re.compile(rf"(?:ngay )?(\d{{1,2}}|cuoi){_MONTH}")
_NAMED_MONTH = re.compile(r"(?:ngay )?(\d{1,2}) thang (gieng|chap)")
_SAYS_LUNAR = re.compile(r"\s*\b(?:am lich|am|al)\b")


_EVERY_ONE = re.compile(r" (?:hang|moi) (?:thang|nam)\b")
_ONE_MONTH = re.compile(r"\b(?:thang|tet)\b")
_TET_DAYS = re.compile(r"(?:tu )?(?:ngay )?((?:mung|mong) .+) tet")


def _lunar_days(text: str, cell: str) -> LunarDays | None:
    if days := _tet_days(text):
        return LunarDays(days)
    said = _SAYS_LUNAR.search(text) is not None
    parts = _LIST.split(text)
    pairs = [_lunar_day(_EVERY_ONE.sub("", _SAYS_LUNAR.sub("", part)).strip(), said, cell) for part in parts]
    if all(pairs) and not _doubtful(parts, said):
        return LunarDays(frozenset(pair for pair in pairs if pair is not None))
    if said or all(pairs):
        raise _bad_days(cell)
    return None


def _tet_days(text: str) -> frozenset[tuple[int, int]]:
    """Of "mùng 1, 2, 3 Tết", "mùng 1 đến mùng 3 Tết": "Tết" says the month of all of them."""
    days: set[int] = set()
    for part in _LIST.split(found[1]) if (found := _TET_DAYS.fullmatch(text)) else []:
        ends = [_FIRST_DAY.fullmatch(end) for end in re.split(r"\s*(?:-|\bden\b|\btoi\b)\s*", part)]
        numbers = [_number(end[1]) for end in ends if end]
        if len(numbers) != len(ends) or len(ends) > 2 or not 1 <= numbers[0] <= numbers[-1] <= 10:
            return frozenset()
        days |= set(range(numbers[0], numbers[-1] + 1))
    return frozenset((1, day) for day in days)


def _doubtful(parts: list[str], said: bool) -> bool:
    """ "1/5, 10/3 âm lịch": is the first one lunar too? "mùng 1, mùng 2 tháng 7": is the first one of July too?"""
    bare = [part for part in parts if "/" not in part and not re.search(r"\b(?:thang|nam|tet)\b", part)]
    of_one_month = [part for part in parts if _ONE_MONTH.search(_EVERY_ONE.sub("", part))]
    return bool(bare and of_one_month) or (said and any(holiday_named(part) for part in parts))


def _lunar_day(part: str, said: bool, cell: str) -> tuple[int, int] | None:
    """(month, day) of one day; None if it is none. *said*: "âm lịch" stands beside it."""
    if found := _FULL_MOON.fullmatch(part):
        return _pair(found[1], 15, cell)
    if found := _FIRST_DAYS.fullmatch(part):
        return _first_days(found, said, cell)
    if _EVE.fullmatch(part):
        return 12, LAST
    if found := _BEFORE_TET.fullmatch(part):
        return 12, int(found[1])
    if found := _NAMED_MONTH.fullmatch(part):
        return _pair(found[2], int(found[1]), cell)
    if said and (found := _LUNAR_DATE.fullmatch(part)):
        return _pair(found[2], int(found[1]), cell)
    if said and (found := _LUNAR_DAY.fullmatch(part)):
        return _pair(found[2], LAST if found[1] == "cuoi" else int(found[1]), cell)
    return None


def _first_days(found: re.Match[str], said: bool, cell: str) -> tuple[int, int]:
    """Mùng 1 … 10. Mùng một is the moon's; another one without its month may be the sun's, and is asked."""
    number, month, tet = found.groups()
    day = _number(number)
    if not 1 <= day <= 10 or (day > 1 and not (said or month or tet)):
        raise misread("bad_days", "ngày", "day", cell, f"mùng {day} âm lịch" if day <= 10 else None, "mùng 1, rằm")
    return _pair("1" if tet else month, day, cell)


def _number(text: str) -> int:
    return int(text) if text.isdigit() else _NUMBERS.index(text) + 1


def _pair(month: str | None, day: int, cell: str) -> tuple[int, int]:
    number = _MONTH_NAMES.get(month, 0) or int(month) if month else EVERY_MONTH
    if not (day == LAST or 1 <= day <= 30) or not 0 <= number <= 12 or (month and not number):
        raise _bad_days(cell)
    return number, day


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
    weeks = [_WEEK.fullmatch(week) for week in _LIST.split(found["weeks"] or found["one"])]
    if not all(weeks):
        raise _bad_days(cell)
    return NthWeekdays(days, frozenset(LAST if week[3] else _ORDINALS[week[1] or "1"] for week in weeks if week))


_OF_EVERY_MONTH = re.compile(r"(?: cua)?(?P<every> hang| moi| cac)? thang(?: duong lich)?")
_MONTH_DAY = re.compile(r"(?:(?:cac )?ngay )?(?:(\d{1,2})(?:\s*-\s*(\d{1,2}))?|(dau)(?: tien)?|(cuoi)(?: cung)?)")


def _month_days(text: str, cell: str) -> MonthDays | None:
    tail = re.search(_OF_EVERY_MONTH.pattern + "$", text)
    if tail is None or not re.match(r"(?:cac )?ngay ", text):
        return None
    parts = [_MONTH_DAY.fullmatch(part) for part in _LIST.split(text[: tail.start()])]
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


def _weekdays(text: str, cell: Cell) -> set[int]:
    """The days of "thu 2, 4, 6" or "t2-t6, cn". A bare number counts only after a "thứ"."""
    days: set[int] = set()
    named = False
    text = re.sub(r"^tu (?=t(?:hu)?\b|t\d)", "", text).removesuffix("hang tuan").strip()
    for part in re.split(r"\s*(?:[,;/&+]|\bva\b)\s*", text):
        ends = [_DAY.fullmatch(end) for end in re.split(r"\s*(?:-+>?|~|\bden\b|\btoi\b)\s*", part)]
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
    if re.fullmatch(r"t[2-7]\s*-\s*t[2-7]", text):
        return _day_list(int(text[1]) - 2, int(text[-1]) - 2)
    return None


def _day_list(first: int, last: int) -> str:
    """T7-T2 → "T7, CN, T2"."""
    count = (last - first) % 7 + 1
    return ", ".join(_WRITTEN_DAYS[(first + n) % 7] for n in range(count))


# --- writing them back


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
    return ", ".join(_run([_WRITTEN_DAYS[day] for day in run], "-") for run in _runs(sorted(days)))


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
