"""Dates and times of day: 23/11/2026, 15-20/11, T2-T7, 5h30-6h, 05:30."""

import re
from datetime import date

from scheduler.speech.numerals import day_name, month_name, ordinal
from scheduler.speech.rule import Manner, Rule

_YEAR = r"(?:19|20)\d\d"
_DATE = rf"\d{{1,2}}/\d{{1,2}}(?:/{_YEAR})?(?![\d/])"
_TIME = r"\d{1,2}(?:\s*(?:h|g|giờ)\s*\d{2}|\s*(?:h|g|giờ)|:\d{2})(?!\w)"
_DASH = r"\s*[-–—→~]\s*"
_NEAR = 30  # characters that are looked at on either side
_LEAP_YEAR = 2024  # 29/2 is a date when no year is said

# What makes 1/2 a date rather than a half, before it and behind it.
_OF_A_DAY = re.compile(
    r"\b(?:ngày|sáng|trưa|chiều|tối|đêm|hôm|từ|đến|lễ|dịp|trước|sau|rằm|nay|mai)\s+\(?$", re.IGNORECASE
)
_OF_A_WEEKDAY = re.compile(r"(?:thứ (?:hai|ba|tư|năm|sáu|bảy|\d)|chủ nhật)\s*[,(]?\s*(?:ngày\s*)?$", re.IGNORECASE)
_UNTIL_A_DAY = re.compile(r"\s*đến (?:ngày )?\d{1,2}/\d{1,2}(?!\d)")
_OF_A_WHOLE = re.compile(
    r"\s*(?:số|diện|tổng|dân|hộ|chiều|quãng|lượng|giá|phần|mức|đoạn|kg|ha|km|lít|viên|liều|thìa|cốc|chén|quân|nước)\b"
)
_OF_A_HOUSE = re.compile(r"\b(?:số nhà|ngõ|ngách|hẻm|kiệt|thửa|tờ)\s+(?:số\s+)?$", re.IGNORECASE)
_HOLIDAYS = {(1, 5), (1, 6), (2, 9), (3, 2)}  # read as dates though they could be fractions


def _is_date(day: str, month: str, year: str | None) -> bool:
    try:
        date(int(year) if year else _LEAP_YEAR, int(month), int(day))
    except ValueError:
        return False
    return True


def _date(day: str, month: str, year: str | None, manner: Manner) -> str:
    said = f"{day_name(int(day))} tháng {month_name(int(month))}"
    return f"{said} năm {manner.cardinal(year)}" if year else said


def _full_date(found: re.Match[str], manner: Manner) -> str:
    day, month, year = found.group("day", "month", "year")
    word = found.groupdict().get("word") or "ngày "
    return word + _date(day, month, year, manner) if _is_date(day, month, year) else found[0]


def _short_date(found: re.Match[str], manner: Manner) -> str:
    """23/11, unless it is a fraction, or no date at all."""
    day, month = found["day"], found["month"]
    if found["word"] and found["word"].strip() in ("đường", "phố"):  # their names have no mùng
        return f"{found['word']}{manner.cardinal(day)} tháng {month_name(int(month))}" if int(month) else found[0]
    if not _is_date(day, month, None) or (not found["word"] and _is_fraction(found)):
        return found[0]
    return (found["word"] or "ngày ") + _date(day, month, None, manner)


def _is_fraction(found: re.Match[str]) -> bool:
    day, month = int(found["day"]), int(found["month"])
    before, after = found.string[max(0, found.start() - _NEAR) : found.start()], found.string[found.end() :][:_NEAR]
    if _OF_A_DAY.search(before) or _OF_A_WEEKDAY.search(before):
        return False
    if _OF_A_HOUSE.search(before):
        return True
    if _UNTIL_A_DAY.match(after):
        return False
    return bool(_OF_A_WHOLE.match(after)) or (day < month <= 10 and (day, month) not in _HOLIDAYS)


def _days_of_a_month(found: re.Match[str], manner: Manner) -> str:
    """15-20/11: the date behind it is said by the next rules."""
    if int(found["first"]) >= int(found["last"]):
        return found[0]
    return f"{found['word'] or 'ngày '}{day_name(int(found['first']))} đến ngày {found['last']}/"


def _month_of_a_year(found: re.Match[str], manner: Manner) -> str:
    if not 1 <= int(found["month"]) <= 12:
        return found[0]
    word = found["word"] if found["word"] and found["word"] != "T" else "tháng "
    return f"{word}{month_name(int(found['month']))} năm {manner.cardinal(found['year'])}"


def _months(found: re.Match[str], manner: Manner) -> str:
    names = [month_name(int(month)) for month in (found["first"], found["last"]) if month]
    year = f" năm {manner.cardinal(found['year'])}" if found["year"] else ""
    return f"{found['word']}{' đến '.join(names)}{year}"


def _time_of_day(found: re.Match[str], manner: Manner) -> str:
    hour, minute, second = (int(found.groupdict().get(part) or 0) for part in ("hour", "minute", "second"))
    if hour > 24 or minute > 59 or second > 59:
        return found[0]
    parts = ((hour, "giờ"), (minute, "phút"), (second, "giây"))
    return " ".join(f"{manner.cardinal(str(value))} {name}" for n, (value, name) in enumerate(parts) if value or n == 0)


def _ordinals(found: re.Match[str], manner: Manner) -> str:
    """Thứ 2, 4, 6 and thứ 2-6, also lần thứ 5."""
    rest = re.sub(r"\s*[-–]\s*", " đến ", found["numbers"])
    return found["word"] + re.sub(r"\d+", lambda n: ordinal(int(n[0]), manner.dialect), rest)


RULES = (
    Rule(
        re.compile(r"(?<![\d.,/])24h?/24\s?(?:h|giờ)?(?![\w/])"),
        lambda found, _: "hai mươi tư trên hai mươi tư giờ",
        "trực 24/24",
        "trực hai mươi tư trên hai mươi tư giờ",
    ),
    Rule(
        re.compile(rf"(?P<year>{_YEAR})-(?P<month>\d\d)-(?P<day>\d\d)(?!\d)"),
        _full_date,
        "2026-11-23",
        "ngày hai mươi ba tháng mười một năm hai nghìn không trăm hai mươi sáu",
    ),
    Rule(
        re.compile(rf"(?<![\d/])(?P<date>{_DATE}){_DASH}(?=(?:ngày )?{_DATE})"),
        lambda found, _: f"{found['date']} đến ",
        "từ 28/11 - 2/12",
        "từ ngày hai mươi tám tháng mười một đến ngày mùng hai tháng mười hai",
    ),
    Rule(
        re.compile(
            rf"(?P<word>\b[Nn]gày\s+)?(?<![\d/.,])(?P<first>\d{{1,2}}){_DASH}(?P<last>\d{{1,2}})/(?=\d\d?(?!\d))"
        ),
        _days_of_a_month,
        "từ 15-20/11",
        "từ ngày mười lăm đến ngày hai mươi tháng mười một",
    ),
    Rule(
        re.compile(
            r"(?P<word>\b[Nn]gày\s+)?(?<![\d/.-])(?P<day>\d{1,2})(?P<sep>\s?[/.-]\s?)(?P<month>\d{1,2})(?P=sep)"
            rf"(?P<year>{_YEAR})(?!\d)"
        ),
        _full_date,
        "23/11/2026",
        "ngày hai mươi ba tháng mười một năm hai nghìn không trăm hai mươi sáu",
    ),
    Rule(
        re.compile(
            rf"(?P<word>\b[Tt]háng\s+)0?(?P<first>1[0-2]|[1-9])(?!\d)(?:{_DASH}0?(?P<last>1[0-2]|[1-9])(?!\d))?"
            rf"(?:/(?P<year>{_YEAR})(?!\d))?"
        ),
        _months,
        "tháng 1-4/2026",
        "tháng một đến tư năm hai nghìn không trăm hai mươi sáu",
    ),
    Rule(
        re.compile(rf"\b(?P<word>[Qq]uý\s+)(?P<quarter>[1-4])/(?P<year>{_YEAR})(?!\d)"),
        lambda found, manner: (
            f"{found['word']}{manner.cardinal(found['quarter'])} năm {manner.cardinal(found['year'])}"
        ),
        "quý 1/2026",
        "quý một năm hai nghìn không trăm hai mươi sáu",
    ),
    Rule(
        re.compile(rf"(?P<word>\b[Tt]háng\s+|\bT)?(?<![\d/.,])(?P<month>\d{{1,2}})/(?P<year>{_YEAR})(?![\d/])"),
        _month_of_a_year,
        "T4/2026",
        "tháng tư năm hai nghìn không trăm hai mươi sáu",
    ),
    Rule(
        re.compile(r"(?P<word>\b(?:[Nn]gày|đường|phố)\s+)?(?<![\d/.,])(?P<day>\d{1,2})/(?P<month>\d{1,2})(?![\d/])"),
        _short_date,
        "sáng 23/11",
        "sáng ngày hai mươi ba tháng mười một",
    ),
    Rule(
        re.compile(r"(?P<word>\b[Nn]gày\s+)0?(?P<day>[1-9]|10)(?= tháng\b)"),
        lambda found, _: found["word"] + day_name(int(found["day"])),
        "ngày 2 tháng 9",
        "ngày mùng hai tháng chín",
    ),
    Rule(
        re.compile(rf"(?<![\d.,/:])(?P<time>{_TIME}){_DASH}(?={_TIME})"),
        lambda found, _: f"{found['time']} đến ",
        "5h30-6h",
        "năm giờ ba mươi phút đến sáu giờ",
    ),
    Rule(
        re.compile(
            r"(?<![\d.,/:])(?P<hour>\d{1,2})\s*(?:h|g|giờ)\s*(?P<minute>\d{2})(?!\d)"
            r"(?:\s*(?:'|’|phút|ph|p)(?!\w))?"
        ),
        _time_of_day,
        "5h30",
        "năm giờ ba mươi phút",
    ),
    Rule(
        re.compile(r"(?<![\d.,/:])(?P<hour>\d{1,2})\s*[hg](?!\w)"),
        _time_of_day,
        "17h",
        "mười bảy giờ",
    ),
    Rule(
        re.compile(r"(?<![\d.,/:])(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?(?![\d:])"),
        _time_of_day,
        "05:30",
        "năm giờ ba mươi phút",
    ),
    Rule(
        re.compile(rf"(?<!\w)T(?P<first>[2-7]){_DASH}(?=T[2-7]\b|CN\b)"),
        lambda found, _: f"T{found['first']} đến ",
        "T2-T7",
        "thứ hai đến thứ bảy",
    ),
    Rule(
        re.compile(r"(?<!\w)(?:T(?P<day>[2-7]))(?!\w)"),
        lambda found, _: f"thứ {ordinal(int(found['day']))}",
        "T4",
        "thứ tư",
    ),
    Rule(
        re.compile(
            r"(?P<word>\b[Tt]hứ\s+)(?P<numbers>\d{1,3}(?!\d)(?:(?:\s*[,-]\s*| và )[2-7](?![\d/hg:]|[.,]\d))*)"
            r"(?![\d/h:])"
        ),
        _ordinals,
        "Thứ 2, 4, 6",
        "Thứ hai, tư, sáu.",
    ),
)
