"""The Vietnamese lunisolar calendar (âm lịch): new moons and the sun's place, dated at UTC+7. Right for 1968 to 2199.

Rules: a month begins on the day of the new moon; month 11 holds the winter solstice; where twelve months would make
thirteen, the first one in which the sun enters no new sign (30° of longitude) is the leap month. Days are Vietnam's, so
Tết is not always the Chinese one (1985, 2007, 2030). Formulas: J. Meeus, "Astronomical Algorithms", 2nd ed., chapters
25 (sun) and 49 (new moon); the sun's planetary terms from his "Astronomical Formulae for Calculators", chapter 18.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from math import floor, radians, sin

FIRST_DAY = date(1968, 1, 1)  # from here on the civil calendar follows UTC+7
LAST_DAY = date(2199, 12, 31)
_UTC_OFFSET_DAYS = 7 / 24
_JD_OF_ORDINAL_0 = 1_721_424.5  # Julian day at 0h UT of the day before 0001-01-01
_J2000, _J1900 = 2_451_545.0, 2_415_020.0
_DAYS_A_CENTURY = 36_525.0
_SOLSTICE_SIGN = 9  # the sun enters 270°


@dataclass(frozen=True, slots=True, order=True)
class LunarDate:
    """A day of the lunar calendar. A leap month (tháng nhuận) follows the month of its number."""

    year: int
    month: int
    leap: bool
    day: int


@dataclass(frozen=True, slots=True)
class LunarMonth:
    """A month and the solar day on which it begins (a proleptic ordinal)."""

    begins: int
    days: int
    year: int
    month: int
    leap: bool


def lunar_of(day: date) -> LunarDate:
    """The lunar date of a solar day. Raises ValueError outside 1968-2199."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"{day}: the lunar calendar is known from {FIRST_DAY} to {LAST_DAY}")
    number = day.toordinal()
    months = _months(day.year if number < _months(day.year + 1)[0].begins else day.year + 1)
    month = months[bisect_right([m.begins for m in months], number) - 1]
    return LunarDate(month.year, month.month, month.leap, number - month.begins + 1)


def solar_of(lunar: LunarDate) -> date:
    """The solar day of a lunar date. Raises ValueError if that month or day does not exist, or outside 1968-2199."""
    for month in months_of(lunar.year):
        if (month.month, month.leap) == (lunar.month, lunar.leap) and 1 <= lunar.day <= month.days:
            return date.fromordinal(month.begins + lunar.day - 1)
    raise ValueError(f"{lunar}: no such day")


def months_of(lunar_year: int) -> tuple[LunarMonth, ...]:
    """The twelve or thirteen months of a lunar year, from Tết on. Raises ValueError outside 1968-2199."""
    if not FIRST_DAY.year <= lunar_year <= LAST_DAY.year:
        raise ValueError(f"lunar year {lunar_year}: the calendar is known from {FIRST_DAY.year} to {LAST_DAY.year}")
    months = (*_months(lunar_year), *_months(lunar_year + 1))
    return tuple(month for month in months if month.year == lunar_year)


def days_in_month(lunar: LunarDate) -> int:
    """29 or 30. Raises ValueError if there is no such month."""
    for month in months_of(lunar.year):
        if (month.month, month.leap) == (lunar.month, lunar.leap):
            return month.days
    raise ValueError(f"{lunar}: no such month")


# --- the rules


@cache
def _months(year: int) -> tuple[LunarMonth, ...]:
    """From month 11 that holds the solstice of the year before until just before that of *year*."""
    first, end = _eleventh(year - 1), _eleventh(year)
    starts = [_new_moon_day(number) for number in range(first, end + 1)]
    leap = _leap(starts) if end - first == 13 else None
    months, count = [], 10
    for place, (begins, ends) in enumerate(pairwise(starts)):
        count += place != leap
        months.append(LunarMonth(begins, ends - begins, year - (count <= 12), (count - 1) % 12 + 1, place == leap))
    return tuple(months)


def _leap(starts: list[int]) -> int:
    """Which of thirteen months lies within one sign of the sun."""
    signs = [_sign(day) for day in starts]
    return next(place for place, (sign, after) in enumerate(pairwise(signs)) if sign == after)


def _eleventh(year: int) -> int:
    """The number of the new moon that begins month 11: the last one before the sun has passed the solstice."""
    number = _new_moon_number(date(year, 12, 31).toordinal())
    while _sign(_new_moon_day(number)) >= _SOLSTICE_SIGN or _new_moon_day(number) > date(year, 12, 31).toordinal():
        number -= 1
    return number


def _sign(day: int) -> int:
    """In which twelfth of its path the sun stands when *day* begins in Vietnam; 0 from the March equinox on."""
    return floor(_sun_longitude(day + _JD_OF_ORDINAL_0 - _UTC_OFFSET_DAYS) / 30)


@cache
def _new_moon_day(number: int) -> int:
    """The Vietnamese day (ordinal) of a new moon."""
    return floor(_new_moon_jd(number) + _UTC_OFFSET_DAYS - _JD_OF_ORDINAL_0)


# --- the sky


def _new_moon_number(day: int) -> int:
    """The new moon nearest to a day, counted from that of 2000-01-06."""
    return round((day + _JD_OF_ORDINAL_0 - 2_451_550.09766) / 29.530588861)


def _sin(degrees: float) -> float:
    return sin(radians(degrees))


def _delta_t_days(year: float) -> float:
    """Terrestrial minus universal time: measured until 2025, after that a guess amid the published ones."""
    known = ((1965, 35.7), (1975, 45.5), (1985, 54.3), (1995, 60.8), (2005, 64.7), (2015, 67.6), (2025, 69.1))
    for (before, low), (after, high) in pairwise(known):
        if year <= after:
            return (low + (high - low) * (year - before) / (after - before)) / 86_400
    return (69.1 + 0.004 * (year - 2025) ** 2 + 0.2 * (year - 2025)) / 86_400


def _sun_longitude(jd: float) -> float:
    """Apparent longitude in degrees, 0 ≤ … < 360, at a Julian day of universal time; right to 0.005° (7 minutes)."""
    jde = jd + _delta_t_days(2000 + (jd - _J2000) / 365.25)
    t = (jde - _J2000) / _DAYS_A_CENTURY
    mean = 280.46646 + 36_000.76983 * t + 0.0003032 * t * t
    anomaly = 357.52911 + 35_999.05029 * t - 0.0001537 * t * t
    centre = (
        (1.914602 - 0.004817 * t - 0.000014 * t * t) * _sin(anomaly)
        + (0.019993 - 0.000101 * t) * _sin(2 * anomaly)
        + 0.000289 * _sin(3 * anomaly)
    )
    node = 125.04 - 1_934.136 * t
    return (mean + centre + _planets(jde) - 0.00569 - 0.00478 * _sin(node)) % 360


def _planets(jde: float) -> float:
    """What Venus (two terms), Jupiter, the moon and a slow term add to the sun's longitude, in degrees."""
    t = (jde - _J1900) / _DAYS_A_CENTURY
    return (
        0.00134 * _sin(153.23 + 22_518.7541 * t + 90)
        + 0.00154 * _sin(216.57 + 45_037.5082 * t + 90)
        + 0.00200 * _sin(312.69 + 32_964.3577 * t + 90)
        + 0.00179 * _sin(350.74 + 445_267.1142 * t - 0.00144 * t * t)
        + 0.00178 * _sin(231.19 + 20.20 * t)
    )


# Periodic terms of the new moon in days: factor, power of the eccentricity E, multiples of the arguments M (the sun's
# anomaly), M' (the moon's), F (the moon's latitude) and Ω (its node).
_NEW_MOON_TERMS = (
    (-0.40720, 0, 0, 1, 0, 0),
    (0.17241, 1, 1, 0, 0, 0),
    (0.01608, 0, 0, 2, 0, 0),
    (0.01039, 0, 0, 0, 2, 0),
    (0.00739, 1, -1, 1, 0, 0),
    (-0.00514, 1, 1, 1, 0, 0),
    (0.00208, 2, 2, 0, 0, 0),
    (-0.00111, 0, 0, 1, -2, 0),
    (-0.00057, 0, 0, 1, 2, 0),
    (0.00056, 1, 1, 2, 0, 0),
    (-0.00042, 0, 0, 3, 0, 0),
    (0.00042, 1, 1, 0, 2, 0),
    (0.00038, 1, 1, 0, -2, 0),
    (-0.00024, 1, -1, 2, 0, 0),
    (-0.00017, 0, 0, 0, 0, 1),
)


def _new_moon_jd(number: int) -> float:
    """Julian day, universal time, of the new moon *number* after that of 2000-01-06; right to a minute."""
    t = number / 1_236.85
    jde = 2_451_550.09766 + 29.530588861 * number + 0.00015437 * t * t
    eccentricity = 1 - 0.002516 * t - 0.0000074 * t * t
    sun = 2.5534 + 29.10535670 * number - 0.0000014 * t * t
    moon = 201.5643 + 385.81693528 * number + 0.0107582 * t * t + 0.00001238 * t**3
    latitude = 160.7108 + 390.67050284 * number - 0.0016118 * t * t
    node = 124.7746 - 1.56375588 * number + 0.0020672 * t * t
    for factor, power, m, mm, f, o in _NEW_MOON_TERMS:
        jde += factor * eccentricity**power * _sin(m * sun + mm * moon + f * latitude + o * node)
    jde += 0.000325 * _sin(299.77 + 0.107408 * number - 0.009173 * t * t) + 0.000165 * _sin(251.88 + 0.016321 * number)
    return jde - _delta_t_days(2000 + number / 12.3685)
