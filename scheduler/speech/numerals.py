"""Numbers in Vietnamese words, as they are said in the north and in the south."""

import re
from dataclasses import dataclass

DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_UNITS_AFTER_TENS = {1: "mốt", 4: "tư", 5: "lăm"}  # hai mươi mốt, hai mươi tư, hai mươi lăm
LONGEST = 15  # digits: longer is a serial number, said digit by digit
LONGEST_PLAIN = 9  # without a dot between thousands: longer is an account, a card
_ROMAN = re.compile(r"(X{0,3})(IX|IV|V?I{0,3})")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between regions: 1.000 is nghìn or ngàn, the nought in 105 is linh or lẻ."""

    thousand: str
    nought: str


NORTH = Dialect("nghìn", "linh")
SOUTH = Dialect("ngàn", "lẻ")


def cardinal(number: int, dialect: Dialect = NORTH) -> str:
    """1_250_000 → một triệu hai trăm năm mươi nghìn. *number* is not negative."""
    billions, rest = divmod(number, 10**9)
    if not billions:
        return _below_billion(rest, dialect, inner=False)
    tail = f" {_below_billion(rest, dialect, inner=True)}" if rest else ""
    return f"{cardinal(billions, dialect)} tỷ{tail}"


def _below_billion(number: int, dialect: Dialect, inner: bool) -> str:
    """*inner*: after a greater part, so that 5 is không trăm linh năm."""
    if number == 0:
        return DIGITS[0]
    said: list[str] = []
    for value, name in ((10**6, "triệu"), (10**3, dialect.thousand), (1, "")):
        group, number = divmod(number, value)
        if group:
            said += [_hundreds(group, dialect, full=bool(said) or inner), name]
    return " ".join(word for word in said if word)


def _hundreds(group: int, dialect: Dialect, full: bool) -> str:
    hundreds, rest = divmod(group, 100)
    tens, units = divmod(rest, 10)
    said = [DIGITS[hundreds], "trăm"] if hundreds or full else []
    if tens == 0 and units:
        said += [dialect.nought, DIGITS[units]] if said else [DIGITS[units]]
    elif tens == 1:
        said += ["mười", *_after_ten(units)]
    elif tens:
        said += [DIGITS[tens], "mươi", *_after_tens(units)]
    return " ".join(said)


def _after_ten(units: int) -> list[str]:
    return ["lăm"] if units == 5 else [DIGITS[units]] if units else []


def _after_tens(units: int) -> list[str]:
    return [_UNITS_AFTER_TENS.get(units, DIGITS[units])] if units else []


def digit_by_digit(digits: str) -> str:
    return " ".join(DIGITS[int(digit)] for digit in digits)


def written_number(text: str, dialect: Dialect = NORTH) -> str:
    """A number as it is written here: 1.250.000, 1250000, 3,5 or 3.5, 05 (said năm), 007 (digit by digit)."""
    if len(text) > LONGEST_PLAIN and text.isdecimal():
        return digit_by_digit(text)
    whole, fraction = _parts(text)
    said = digit_by_digit(whole) if _is_serial(whole) else cardinal(int(whole), dialect)
    return f"{said} phẩy {_decimals(fraction, dialect)}" if fraction else said


def _parts(text: str) -> tuple[str, str]:
    """Whole part and decimals. Dots part thousands; so do commas and blanks where there are two of them or more."""
    for thousands, point in ((r"\.", ","), (",", r"\."), (" ", ",")):
        least = 1 if thousands == r"\." else 2
        if re.fullmatch(rf"[1-9]\d{{0,2}}(?:{thousands}\d{{3}}){{{least},}}(?:{point}\d+)?", text):
            whole, _, fraction = text.partition(point[-1])
            return re.sub(thousands, "", whole), fraction
    whole, _, fraction = text.replace(",", ".").partition(".")
    return whole, fraction


def _is_serial(digits: str) -> bool:
    return len(digits) > LONGEST or (len(digits) > 2 and digits[0] == "0")


def _decimals(digits: str, dialect: Dialect) -> str:
    """3,14 is ba phẩy mười bốn; 0,05 and 2,718 are said digit by digit."""
    if len(digits) == 2 and digits[0] != "0":
        return cardinal(int(digits), dialect)
    return digit_by_digit(digits)


def ordinal(number: int, dialect: Dialect = NORTH) -> str:
    """After thứ: nhất, hai, ba, tư, năm …"""
    return {1: "nhất", 4: "tư"}.get(number) or cardinal(number, dialect)


def month_name(month: int) -> str:
    return "tư" if month == 4 else cardinal(month)


def day_name(day: int) -> str:
    """mùng một … mùng mười, mười một …"""
    return f"mùng {cardinal(day)}" if day <= 10 else cardinal(day)


def roman_value(text: str) -> int | None:
    """I … XXXIX; None for what is no such number (also for what nobody numbers so: L, C, D, M)."""
    if not text or not _ROMAN.fullmatch(text):
        return None
    values = [_ROMAN_VALUES[letter] for letter in text]
    return sum(-v if v < max(values[i:]) else v for i, v in enumerate(values))
