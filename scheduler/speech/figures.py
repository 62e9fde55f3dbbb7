"""Telephone numbers, quantities with their units, numbers, fractions, Roman numerals, letters mixed with digits."""

import re

from scheduler.speech.letters import is_abbreviation, spelt
from scheduler.speech.numerals import digit_by_digit, ordinal, roman_value, written_number
from scheduler.speech.rule import Manner, Rule

NUMBER = r"(?:\d{1,3}(?:\.\d{3}){1,8}(?:,\d+)?|\d{1,3}(?:,\d{3}){2,8}|[1-9]\d{0,2}(?: \d{3}){2,8}|\d+(?:[.,]\d+)?)"

UNITS = {
    "%": "phần trăm", "‰": "phần nghìn", "km": "ki lô mét", "m": "mét", "dm": "đề xi mét", "cm": "xăng ti mét",
    "mm": "mi li mét", "km2": "ki lô mét vuông", "m2": "mét vuông", "cm2": "xăng ti mét vuông", "m3": "mét khối",
    "ha": "héc ta", "kg": "ki lô gam", "g": "gam", "gr": "gam", "mg": "mi li gam", "tấn": "tấn", "l": "lít",
    "lít": "lít", "ml": "mi li lít", "cc": "xê xê", "°C": "độ xê", "oC": "độ xê", "ºC": "độ xê", "độ C": "độ xê",
    "°": "độ", "kWh": "ki lô oát giờ", "kwh": "ki lô oát giờ", "kW": "ki lô oát", "MW": "mê ga oát", "W": "oát",
    "kV": "ki lô vôn", "V": "vôn", "A": "am pe", "kVA": "ki lô vôn am pe", "MHz": "mê ga héc", "kHz": "ki lô héc",
    "Hz": "héc", "dB": "đề xi ben", "GB": "gi ga bai", "MB": "mê ga bai", "đ": "đồng", "đồng": "đồng",
    "VNĐ": "đồng", "VND": "đồng", "vnđ": "đồng", "USD": "đô la Mỹ", "$": "đô la Mỹ", "tr": "triệu",
    "tr.đ": "triệu đồng", "trđ": "triệu đồng", "k": "nghìn", "K": "nghìn", "ph": "phút", "p": "phút", "'": "phút",
    "’": "phút", "s": "giây", "h": "giờ", "người": "người", "hộ": "hộ", "ngày": "ngày", "tháng": "tháng",
    "năm": "năm", "tuần": "tuần", "giờ": "giờ", "phút": "phút", "con": "con", "sào": "sào", "khẩu": "khẩu",
    "suất": "suất", "lần": "lần",
}  # fmt: skip


def _any(words: set[str] | dict[str, str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_UNIT = _any(UNITS)
_ALONE = _any({"kg", "km", "cm", "mm", "kWh", "kW", "VNĐ", "VND", "USD"})  # also without a number
_HOTLINE = r"11[1-5]"
_OR = r"\s+(?:hoặc|và|hay)\s+"
_NEGATIVE = r"(?<!\w)[-−](?=\d+(?:,\d+)?\s?(?:[°º]|độ|oC))"  # only a temperature is below nought
_CALLED = (
    r"\b(?i:gọi|số|điện thoại|đt|sđt|hotline|đường dây nóng|tổng đài|cảnh sát|cứu hỏa|cứu hoả|cấp cứu|cứu nạn|quay số)"
    r"(?i:\s+(?:ngay|số|máy|đến|tới|theo|điện thoại|cho)){0,5}\s*:?\s*"
)


def _telephone(found: re.Match[str], manner: Manner) -> str:
    """Group by group as it is written; without groups in four, three, three. Unlikely lengths are left as numbers."""
    written = re.sub(r"^\+84[ .-]?\(?0?\)?", "0", found[0]).replace("(", "").replace(")", " ")
    groups = [group for group in re.split(r"[ .\-]+", written) if group]
    if not 8 <= sum(map(len, groups)) <= 12:
        return found[0]
    if len(groups) == 1:
        groups = [part for part in (written[:4], written[4:7], written[7:10], written[10:]) if part]
    return ", ".join(map(digit_by_digit, groups))


def _hotlines(found: re.Match[str], manner: Manner) -> str:
    return found["called"] + re.sub(r"\d+", lambda number: digit_by_digit(number[0]), found["numbers"])


def _roman_after(found: re.Match[str], manner: Manner) -> str:
    value = roman_value(found["roman"])
    if value is None:
        return found[0]
    after_ordinal = found["word"].lower().strip().endswith("thứ")
    said = ordinal(value, manner.dialect) if after_ordinal else manner.cardinal(str(value))
    return found["word"] + said + (" năm " if found["of"] else "")


def _roman_alone(found: re.Match[str], manner: Manner) -> str:
    value = roman_value(found[0])
    return found[0] if value is None else manner.cardinal(str(value))


def _range(found: re.Match[str], manner: Manner) -> str:
    """2-3 ngày is two to three days; a score of 2-1, or a list of numbers, is none."""
    low, high = (float(re.sub(r"\.(?=\d{3})", "", part).replace(",", ".")) for part in found.group("low", "high"))
    return f"{found['low']} đến {found['high']}" if low < high else f"{found['low']}, {found['high']}"


def _numbered_place(found: re.Match[str], manner: Manner) -> str:
    """A village's letter is no unit: 3A are not three ampere."""
    return f"{found['place']}{written_number(found['number'], manner.dialect)} {spelt(found['letter'])}"


def _quantity(found: re.Match[str], manner: Manner) -> str:
    sign = "âm " if found["minus"] else ""
    return f"{sign}{written_number(found['number'], manner.dialect)} {UNITS[found['unit']]}{_per(found['per'])}"


def _per(units: str) -> str:
    """/kg, /người/tháng: one of each."""
    return "".join(f" một {UNITS[unit]}" for unit in units.split("/") if unit)


def _fraction(found: re.Match[str], manner: Manner) -> str:
    upper, lower = found["upper"], found["lower"]
    at_a_house = _HOUSE.search(found.string[max(0, found.start() - 20) : found.start()])
    middle = "phần" if int(upper) < int(lower) and not at_a_house else "trên"
    return f"{written_number(upper, manner.dialect)} {middle} {written_number(lower, manner.dialect)}"


def _mixed(found: re.Match[str], manner: Manner) -> str:
    """H5N1, QL1A, F0: letters and numbers one after the other."""
    meanings = manner.abbreviations.meanings
    said = []
    for part in re.findall(r"\d+|[^\W\d]+", found[0]):
        if part.isdecimal():
            said.append(written_number(part, manner.dialect))
        else:
            said.append(
                meanings.get(part)
                or _SUMS.get(part)
                or (spelt(part) if is_abbreviation(part) or len(part) == 1 else part)
            )
    return " ".join(said)


_HOUSE = re.compile(r"(?:số nhà|ngõ|ngách|hẻm|kiệt|thửa|tờ) (?:số )?$", re.IGNORECASE)
_SUMS = {"tr": "triệu", "k": "nghìn"}  # 2tr5

_AREA_OR_VOLUME = r"(?:k|c|d)?m[23]"
RULES = (
    Rule(
        re.compile(
            r"(?<![\w,/+.])(?:(?:\+84[ .-]?\(?0?\)?\d{1,3}|\(0\d{1,3}\)|0\d{1,3})(?:[ .\-]?\d{3,4}){2}"
            r"(?:[ .\-]?\d{2,4})?"
            r"|(?:\(0\d{1,3}\)|0\d{2,3})[ .\-]?\d(?:[ .\-]\d{3}){2}"
            r"|0\d{3}(?:[ .\-]\d{2}){3}|0\d{8,11}|1[89]00(?:[ .]?\d{2,4}){1,2})(?![\d/])"
        ),
        _telephone,
        "0912 345 678",
        "không chín một hai, ba bốn năm, sáu bảy tám.",
    ),
    Rule(
        re.compile(rf"(?P<called>{_CALLED})(?P<numbers>{_HOTLINE}(?:(?:\s*[,;/–-]\s*|{_OR}){_HOTLINE})*)(?!\d|[.,]\d)"),
        _hotlines,
        "gọi 113, 114 hoặc 115",
        "gọi một một ba, một một bốn hoặc một một năm.",
    ),
    Rule(
        re.compile(rf"(?P<called>)(?<![\d.,/-])(?P<numbers>{_HOTLINE}(?:(?:,\s*|{_OR}){_HOTLINE})+)(?!\d|[.,]\d)"),
        _hotlines,
        "Liên hệ 113, 114",
        "Liên hệ một một ba, một một bốn.",
    ),
    Rule(
        re.compile(
            r"(?P<word>\b(?i:khóa|khoá|quý|kỳ|đại hội|thế kỷ|thứ|chương|mục|phần|cấp|loại|hạng|tập|điều|giai đoạn|đợt|"
            r"vùng|nhóm|bậc|tổ|khu|đội|xóm|nhiệm kỳ)\s+)(?P<roman>[IVX]+)(?!\w)(?P<of>/(?=(?:19|20)\d\d\b))?"
        ),
        _roman_after,
        "khóa XV, quý IV, lần thứ I",
        "khóa mười lăm, quý bốn, lần thứ nhất.",
    ),
    Rule(
        re.compile(r"(?<=\d)\s*[xX×]\s*(?=\d)"),
        lambda found, _: " nhân ",
        "3x5m",
        "ba nhân năm mét.",
    ),
    Rule(
        re.compile(r"(?<=[^\W\d_])/(?P<hours>\d{1,2})\s?(?:h|giờ)(?!\w)"),
        lambda found, manner: f" trong {manner.cardinal(found['hours'])} giờ",
        "mưa 50mm/24h",
        "mưa năm mươi mi li mét trong hai mươi tư giờ.",
    ),
    Rule(
        re.compile(r"(?<![\w.])[IVX]{2,6}(?!\w)"),
        _roman_alone,
        "Đại hội Đảng XIV",
        "Đại hội Đảng mười bốn.",
    ),
    Rule(
        re.compile(rf"(?<![\w.,/-])(?P<low>{NUMBER})\s*[-–—]\s*(?P<high>{NUMBER})(?![\w-]*[-–]\d|/\d)"),
        _range,
        "2-3 ngày",
        "hai đến ba ngày.",
    ),
    Rule(
        re.compile(
            r"(?P<place>\b(?i:thôn|tổ|tổ dân phố|xóm|ấp|bản|buôn|khu|khối|phố|lô|dãy|lớp|nhà|ngõ|ngách|hẻm|kiệt|đường|"
            r"quốc lộ|tỉnh lộ|phòng|tầng|đội|cụm|số)\s+(?:số\s+)?)(?P<number>\d{1,3})(?P<letter>[A-ZĐ])(?!\w)"
        ),
        _numbered_place,
        "thôn 3A",
        "thôn ba a.",
    ),
    Rule(
        re.compile(
            rf"(?<![\w.,])(?P<minus>{_NEGATIVE})?(?P<number>{NUMBER})\s?(?P<unit>{_AREA_OR_VOLUME}|{_UNIT})"
            rf"(?P<per>(?:/(?:{_UNIT}))*)(?!\w)"
        ),
        _quantity,
        "50.000đ/kg",
        "năm mươi nghìn đồng một ki lô gam.",
    ),
    Rule(
        re.compile(rf"(?<=\w)(?P<per>(?:\s?/\s?(?:{_UNIT}))+)(?!\w)"),
        lambda found, _: _per(found["per"].replace(" ", "")),
        "5 triệu đồng/ha",
        "năm triệu đồng một héc ta.",
    ),
    Rule(
        re.compile(rf"(?<!\w)(?:{_AREA_OR_VOLUME}|km/h|{_ALONE})(?!\w)"),
        lambda found, _: "ki lô mét một giờ" if found[0] == "km/h" else UNITS[found[0]],
        "mỗi m2",
        "mỗi mét vuông.",
    ),
    Rule(
        re.compile(r"(?<![\w.,])(?=\w*\d)(?=\w*[^\W\d_])[^\W_]+"),
        _mixed,
        "QL1A, H5N1",
        "quốc lộ một a, hát năm nờ một.",
    ),
    Rule(
        re.compile(r"(?<=\d):(?=\d)"),
        lambda found, _: " trên ",
        "tỷ lệ 1:500",
        "tỷ lệ một trên năm trăm.",
    ),
    Rule(
        re.compile(r"(?<![\d.,/])(?P<upper>\d{1,9})\s?/\s?(?P<lower>\d{1,9})(?![\d/])"),
        _fraction,
        "1/2 số hộ",
        "một phần hai số hộ.",
    ),
    Rule(
        re.compile(rf"{NUMBER}"),
        lambda found, manner: f" {written_number(found[0], manner.dialect)} ",
        "1.250.000 con",
        "một triệu hai trăm năm mươi nghìn con.",
    ),
)
