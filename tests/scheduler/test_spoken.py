"""Times, durations and days as operators write them: every spelling is read back, the doubtful is asked."""

import contextlib
import unicodedata
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.recurrence import (
    EVERY_DAY,
    LAST,
    Dates,
    Holidays,
    Limited,
    LunarDays,
    MonthDays,
    NthWeekdays,
    Weekdays,
    YearDays,
)
from scheduler.spoken.cells import words
from scheduler.spoken.contents import read_contents, remark_in
from scheduler.spoken.days import days_in_title, read_days
from scheduler.spoken.durations import read_duration
from scheduler.spoken.times import TimeOfDay, read_time
from scheduler.spoken.written import written_days
from scheduler.vietnamese import Misread
from tests.scheduler.test_recurrence import recurrences

TIMES = [
    "{h}h{m:02}",
    "{h:02}h{m:02}",
    "{h}g{m:02}",
    "{h} h {m:02}",
    "{h}H{m:02}'",
    "{h}h{m:02}p",
    "{h} giờ {m} phút",
    "{h}giờ{m:02}",
    "{h} GIỜ {m:02} PHÚT",
    "{h:02}:{m:02}",
    "{h}:{m:02}",
    "{h:02}:{m:02}:00",
    " {h}h{m:02} ",
    "{h}\u00a0h\u200b{m:02}",
]
minutes = st.builds(time, st.integers(0, 23), st.integers(0, 59))
seconds = st.builds(time, st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
forms = st.sampled_from(["NFC", "NFD"])


@given(minutes, st.sampled_from(TIMES), forms)
def test_every_way_to_write_a_time_is_read_back(clock, pattern, form):
    text = unicodedata.normalize(form, pattern.format(h=clock.hour, m=clock.minute))
    assert read_time(text) == TimeOfDay(clock)


@given(seconds)
def test_times_to_the_second_are_read_from_text_and_from_excel(clock):
    of_day = timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)
    fraction = of_day / timedelta(days=1)
    written = [f"{clock:%H:%M:%S}", f"{clock.hour} giờ {clock.minute} phút {clock.second} giây", f"{clock:%Hh%M:%S}"]
    typed = [clock, of_day, datetime.combine(date(1899, 12, 31), clock), datetime.combine(date(1900, 1, 1), clock)]
    for cell in [*written, *typed, *([fraction] if fraction else [])]:
        assert read_time(cell) == TimeOfDay(clock), cell


def test_excel_times_are_rounded_to_the_second_they_mean():
    assert read_time(time(5, 29, 59, 999_999)).starts == time(5, 30)
    assert read_time(0.2291666) == TimeOfDay(time(5, 30))


@given(minutes, st.integers(1, 360), st.sampled_from(["-", "–", " - ", " đến ", "->", "~"]))
def test_a_range_gives_start_and_duration_also_across_midnight(clock, lasts, dash):
    end = (datetime.combine(date(2026, 1, 1), clock) + timedelta(minutes=lasts)).time()
    text = f"{clock.hour}h{clock.minute:02}{dash}{end.hour}h{end.minute:02}"
    assert read_time(text) == TimeOfDay(clock, lasts * 60_000)


def test_a_range_may_be_said_in_words():
    assert read_time("từ 5h30’ đến 5h45’") == TimeOfDay(time(5, 30), 15 * 60_000)


def test_a_range_may_end_at_24h():
    assert read_time("23h30-24h00") == TimeOfDay(time(23, 30), 30 * 60_000)


@pytest.mark.parametrize(("cell", "hour"), [("5h", 5), ("5 giờ", 5), ("17h", 17), ("0h", 0), ("5g", 5)])
def test_a_full_hour_needs_no_minutes(cell, hour):
    assert read_time(cell) == TimeOfDay(time(hour))


@pytest.mark.parametrize(
    ("cell", "code", "likely"),
    [
        ("5.45", "bad_time", "5h45"),
        ("5,45", "bad_time", "5h45"),
        (5.45, "bad_time", "5h45"),
        (5.0, "bad_time", "5h"),
        ("5", "bad_time", "5h"),
        ("530", "bad_time", "5h30"),
        ("5h5", "bad_time", "5h05"),
        ("5 chiều", "bad_time", "17h00"),
        ("5h tối", "bad_time", None),
        ("17h sáng", "bad_time", None),
        ("12h đêm", "bad_time", "0h"),
        ("5-6h", "bad_time", "5h-6h"),
        ("5h30-45", "bad_time", "5h30-5h45"),
        ("5h00-17h00", "bad_range", "5h00, 17h00"),
        ("25h", "bad_time", None),
        ("5h60", "bad_time", None),
        ("24h", "bad_time", "0h"),
        ("", "bad_time", None),
        (None, "bad_time", None),
        (True, "bad_time", None),
        (0.0, "bad_time", None),
        (float("nan"), "bad_time", None),
        (-0.5, "bad_time", None),
        (timedelta(days=2), "bad_time", None),
        (date(2026, 11, 23), "bad_time", None),
        (datetime(2026, 11, 23, 5, 30), "time_with_date", "05h30"),
        ("17h30-5h45", "bad_range", None),
        ("5h30-5h30", "bad_range", None),
        ("5h30-5h45-6h", "bad_time", None),
        ("sáng sớm", "bad_time", None),
    ],
)
def test_a_doubtful_time_is_an_error_with_the_likely_meaning(cell, code, likely):
    with pytest.raises(Misread) as caught:
        read_time(cell)
    assert caught.value.code == code
    assert likely is None or likely in caught.value.vi
    assert likely is None or likely in caught.value.en or code == "bad_time"


DURATIONS = ["{m}", "{m}'", "{m}’", "{m} phút", "{m}p", "{m}ph", "{m} P", "{m}:00", "{m}'00", "{m} phút 0 giây"]


@given(st.integers(0, 999), st.sampled_from(DURATIONS), forms)
def test_every_way_to_write_minutes_is_read_back(minutes, pattern, form):
    assert read_duration(unicodedata.normalize(form, pattern.format(m=minutes))) == minutes * 60_000


@given(st.integers(0, 599), st.integers(0, 59))
def test_minutes_and_seconds_are_read_back(minutes, second):
    expected = (minutes * 60 + second) * 1_000
    for text in (f"{minutes}:{second:02}", f"{minutes}'{second:02}\"", f"{minutes} phút {second} giây"):
        assert read_duration(text) == expected
    assert read_duration(f"{minutes // 60}:{minutes % 60:02}:{second:02}") == expected
    if minutes < 60:
        assert read_duration(time(0, minutes, second)) == expected
        assert read_duration(timedelta(minutes=minutes, seconds=second)) == expected


@pytest.mark.parametrize(
    ("cell", "expected_s"),
    [
        (15, 900),
        (15.0, 900),
        (7.5, 450),
        ("7,5", 450),
        ("7.5 phút", 450),
        ("1h", 3_600),
        ("1h30", 5_400),
        ("90 giây", 90),
        ("1 giờ 5 phút", 3_900),
        ('45"', 45),
        ("2 tiếng", 7_200),
        ("6 tiếng", 21_600),
        ("4h", 14_400),
        ("nửa tiếng", 1_800),
        ("1 tiếng rưỡi", 5_400),
        ("TL: 15'", 900),
        ("(15 phút)", 900),
        (" 15 ", 900),
        (0, 0),
    ],
)
def test_other_spellings_of_a_duration(cell, expected_s):
    assert read_duration(cell) == expected_s * 1_000


@pytest.mark.parametrize(
    ("cell", "likely"),
    [
        (time(15, 0), "15 phút"),
        (time(7, 30), "7'30"),
        (timedelta(hours=15), "15 phút"),
        (15 / 1_440, "15 phút"),
        (0.5, None),
        ("1.000", None),
        ("15:75", None),
        ("15h", "15 phút"),
        ("5h30", None),
        ("5-10 phút", None),
        ("-5", None),
        (-5, None),
        (float("inf"), None),
        (float("nan"), None),
        (timedelta(minutes=-5), None),
        (datetime(2026, 11, 23), None),
        (10**400, None),
        (True, None),
        ("", None),
        (None, None),
    ],
)
def test_a_doubtful_duration_is_an_error_with_the_likely_meaning(cell, likely):
    with pytest.raises(Misread) as caught:
        read_duration(cell)
    assert caught.value.code == "bad_duration"
    assert likely is None or f"“{likely}”" in caught.value.vi


NAMES = ["Thứ 2", "Thứ 3", "Thứ 4", "Thứ 5", "Thứ 6", "Thứ 7", "CN"]
SPELLINGS = [
    NAMES,
    ["T2", "T3", "T4", "T5", "T6", "T7", "CN"],
    ["thứ hai", "thứ ba", "thứ tư", "thứ năm", "thứ sáu", "thứ bảy", "chủ nhật"],
    ["THU 2", "THU 3", "THU 4", "THU 5", "THU 6", "THU 7", "Chủ Nhật"],
    ["t.2", "t.3", "t.4", "t.5", "t.6", "t.7", "cn"],
]


@given(
    st.sets(st.integers(0, 6), min_size=1), st.sampled_from(SPELLINGS), st.sampled_from([", ", ",", "; ", " và ", "/"])
)
def test_every_list_of_weekdays_is_read_back(days, names, comma):
    assert read_days(comma.join(names[day] for day in sorted(days))) == Weekdays(frozenset(days))


@given(st.integers(0, 5), st.integers(1, 6), st.sampled_from(SPELLINGS), st.sampled_from(["-", " – ", " đến "]), forms)
def test_every_range_of_weekdays_is_read_back(first, last, names, dash, form):
    if first < last:
        text = unicodedata.normalize(form, names[first] + dash + names[last])
        assert read_days(text) == Weekdays(frozenset(range(first, last + 1)))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("Thứ 2, 4, 6", {0, 2, 4}),
        ("THỨ 2-4-6", {0, 2, 4}),
        ("Từ T2 đến hết T6", {0, 1, 2, 3, 4}),
        ("Tất cả các ngày trong tuần", set(range(7))),
        ("Thứ 2,4 và 6", {0, 2, 4}),
        ("thứ hai, tư, sáu", {0, 2, 4}),
        ("T2-T4, T7", {0, 1, 2, 5}),
        ("Thứ 2 – 6", {0, 1, 2, 3, 4}),
        ("T2-CN", set(range(7))),
        ("Thứ 2\nvà CN", {0, 6}),
        ("từ thứ hai đến thứ sáu", {0, 1, 2, 3, 4}),
        ("T2 → T6 hằng tuần", {0, 1, 2, 3, 4}),
        ("Hằng ngày", set(range(7))),
        ("HÀNG NGÀY", set(range(7))),
        ("hang ngay", set(range(7))),
    ],
)
def test_other_spellings_of_weekdays(cell, expected):
    assert read_days(cell) == Weekdays(frozenset(expected))
    assert read_days("Hằng ngày") == EVERY_DAY


@given(st.dates(date(1990, 1, 1), date(2199, 12, 31)))
def test_every_way_to_write_a_date_is_read_back(day):
    name = NAMES[day.weekday()]
    plain = [
        f"{day.day}/{day.month}/{day.year}",
        f"{day:%d/%m/%Y}",
        f"{day:%d-%m-%Y}",
        f"{day:%d.%m.%Y}",
        day.isoformat(),
    ]
    beside = [
        f"{name}, {day:%d/%m/%Y}",
        f"{name}\n({day:%d/%m/%Y})",
        f"Ngày {day:%d/%m/%Y}",
        f"{day:%d/%m/%Y} - {name}",
    ]
    for cell in [*plain, *beside, day, datetime.combine(day, time(0))]:
        assert read_days(cell) == Dates(frozenset({day})), cell


def test_several_dates_and_a_range_of_dates():
    three = Dates(frozenset(date(2026, 11, day) for day in (23, 24, 25)))
    assert read_days("23/11/2026, 24/11/2026 và 25/11/2026") == three
    assert read_days("23/11/2026 - 25/11/2026") == read_days("từ 23/11/2026 đến 25/11/2026") == three


FIRST, LAST_DAY = date(2026, 11, 23), date(2026, 11, 30)
WORKING, WEEK = Weekdays(frozenset(range(6))), Weekdays(frozenset(range(7)))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("Thứ hai đầu tiên của tháng", NthWeekdays(frozenset({0}), frozenset({1}))),
        ("T2 đầu tháng", NthWeekdays(frozenset({0}), frozenset({1}))),
        ("Chủ nhật cuối tháng", NthWeekdays(frozenset({6}), frozenset({LAST}))),
        ("CN cuối cùng của tháng", NthWeekdays(frozenset({6}), frozenset({LAST}))),
        ("Thứ 7 tuần 1 và 3", NthWeekdays(frozenset({5}), frozenset({1, 3}))),
        ("T7 tuần 1, tuần 3 hằng tháng", NthWeekdays(frozenset({5}), frozenset({1, 3}))),
        ("Thứ 3, 5 tuần cuối", NthWeekdays(frozenset({1, 3}), frozenset({LAST}))),
        ("chủ nhật tuần thứ 2 của tháng", NthWeekdays(frozenset({6}), frozenset({2}))),
        ("thứ bảy tuần thứ nhất và thứ ba của tháng", NthWeekdays(frozenset({5}), frozenset({1, 3}))),
        ("ngày 1 và 15 hằng tháng", MonthDays(frozenset({1, 15}))),
        ("Ngày 1, 15 mỗi tháng", MonthDays(frozenset({1, 15}))),
        ("ngày 1-5 hằng tháng", MonthDays(frozenset(range(1, 6)))),
        ("ngày cuối tháng", MonthDays(frozenset({LAST}))),
        ("ngày 15 và ngày cuối tháng", MonthDays(frozenset({15, LAST}))),
        ("27/7 hằng năm", YearDays(frozenset({(7, 27)}))),
        ("ngày 27/07 hàng năm", YearDays(frozenset({(7, 27)}))),
        ("27 tháng 7 hằng năm", YearDays(frozenset({(7, 27)}))),
        ("ngày 2/9 (hằng năm)", YearDays(frozenset({(9, 2)}))),
        ("20/11, 22/12 mỗi năm", YearDays(frozenset({(11, 20), (12, 22)}))),
        ("29/2 hằng năm", YearDays(frozenset({(2, 29)}))),
        ("27/7 hằng năm từ 01/01/2027", Limited(YearDays(frozenset({(7, 27)})), first=date(2027, 1, 1))),
        ("Hằng ngày trừ 27/7 hằng năm", Limited(WEEK, excludes=(YearDays(frozenset({(7, 27)})),))),
        ("Rằm", LunarDays(frozenset({(0, 15)}))),
        ("ngày rằm hằng tháng", LunarDays(frozenset({(0, 15)}))),
        ("mùng một", LunarDays(frozenset({(0, 1)}))),
        ("Mồng 1", LunarDays(frozenset({(0, 1)}))),
        ("mồng 1, rằm âm lịch", LunarDays(frozenset({(0, 1), (0, 15)}))),
        ("Rằm, mùng một", LunarDays(frozenset({(0, 1), (0, 15)}))),
        ("ngày 1 và 15 âm lịch", LunarDays(frozenset({(0, 1), (0, 15)}))),
        ("10/3 âm lịch", LunarDays(frozenset({(3, 10)}))),
        ("10/3 âm lịch và 15/7 âm lịch", LunarDays(frozenset({(3, 10), (7, 15)}))),
        ("rằm tháng 7", LunarDays(frozenset({(7, 15)}))),
        ("Rằm tháng Giêng", LunarDays(frozenset({(1, 15)}))),
        ("23 tháng Chạp", LunarDays(frozenset({(12, 23)}))),
        ("Mùng 1 Tết", LunarDays(frozenset({(1, 1)}))),
        ("mùng 1, mùng 2 Tết", LunarDays(frozenset({(1, 1), (1, 2)}))),
        ("Mùng 1, 2, 3 Tết", LunarDays(frozenset({(1, 1), (1, 2), (1, 3)}))),
        ("từ mùng một đến mùng ba Tết", LunarDays(frozenset({(1, 1), (1, 2), (1, 3)}))),
        ("mùng 1 Tết, mùng 2 Tết", LunarDays(frozenset({(1, 1), (1, 2)}))),
        ("30 Tết", LunarDays(frozenset({(12, LAST)}))),
        ("Giao thừa", LunarDays(frozenset({(12, LAST)}))),
        ("ngày lễ", Holidays()),
        ("Lễ, Tết", Holidays()),
        ("Tết", Holidays(frozenset({"Tết"}))),
        ("30/4, 1/5", Holidays(frozenset({"30/4", "1/5"}))),
        ("Quốc khánh", Holidays(frozenset({"Quốc khánh"}))),
        ("Ngày lễ Hội làng", Holidays(frozenset({"Hội làng"}))),
        ("Từ 23/11 đến 25/11/2026", Dates(frozenset(date(2026, 11, day) for day in (23, 24, 25)))),
        ("3 ngày từ 23/11/2026", Dates(frozenset(date(2026, 11, day) for day in (23, 24, 25)))),
        ("từ ngày 23/11/2026", Limited(WEEK, first=FIRST)),
        ("đến hết ngày 30/11/2026", Limited(WEEK, last=LAST_DAY)),
        ("T2-T7 từ 23/11/2026 đến hết 30/11/2026", Limited(WORKING, FIRST, LAST_DAY)),
        ("T2-T7 trừ ngày lễ", Limited(WORKING, excludes=(Holidays(),))),
        ("T2-T7 (trừ ngày lễ)", Limited(WORKING, excludes=(Holidays(),))),
        ("T2-CN trừ CN", WORKING),
        ("Hằng ngày, trừ CN và ngày lễ", Limited(WORKING, excludes=(Holidays(),))),
        ("T2-T7 trừ ngày 30/11/2026", Limited(WORKING, skipped=frozenset({LAST_DAY}))),
        (
            "Hằng ngày trừ Tết trừ 30/11/2026",
            Limited(WEEK, None, None, frozenset({LAST_DAY}), (Holidays(frozenset({"Tết"})),)),
        ),
        ("Thứ tư 25/11/2026", Dates(frozenset({date(2026, 11, 25)}))),
    ],
)
def test_other_ways_to_say_when(cell, expected):
    assert read_days(cell) == expected
    assert "Hội làng" in cell or read_days(unicodedata.normalize("NFD", cell.upper())) == expected


@settings(max_examples=300)
@given(recurrences())
def test_what_is_written_is_read_back(recurrence):
    assert read_days(written_days(recurrence)) == recurrence


@pytest.mark.parametrize(
    ("cell", "code", "likely"),
    [
        ("mùng 5 hằng tháng", "bad_days", "mùng 5 âm lịch"),
        ("1/5, 10/3 âm lịch", "bad_days", None),
        ("mùng 1, mùng 2 tháng 7", "bad_days", None),
        ("rằm, 30 Tết", "bad_days", None),
        ("mùng 1 và 15 tháng 7 âm lịch", "bad_days", None),
        ("31 âm lịch", "bad_days", None),
        ("15/13 âm lịch", "bad_days", None),
        ("thứ 7 tuần 6", "bad_days", None),
        ("ngày 32 hằng tháng", "bad_days", None),
        ("ngày 1 và 15", "bad_days", None),
        ("T2 trừ T2", "no_day_left", None),
        ("từ 30/11/2026 đến 23/11/2026", "day_contradicts_date", None),
        ("từ 31/11 đến 5/12/2026", "bad_date", None),
        ("T2-T7 trừ", "bad_days", None),
        ("T2-T7 trừ lung tung", "bad_days", None),
        ("2-6", "bad_days", "T2-T6"),
        ("2, 4, 6", "bad_days", "Thứ 2, 4, 6"),
        ("T7-T2", "bad_days", "T7, CN, T2"),
        (2.0, "bad_days", "Thứ 2"),
        ("23/11", "date_without_year", None),
        ("11/23/2026", "bad_date", "23/11/2026"),
        ("31/02/2026", "bad_date", None),
        ("Thứ 3, 23/11/2026", "day_contradicts_date", "T2"),
        ("25/11/2026 - 23/11/2026", "day_contradicts_date", None),
        (datetime(2026, 11, 23, 5, 30), "bad_days", "23/11/2026"),
        ("31/4 hằng năm", "bad_days", None),
        ("30/2 hằng năm", "bad_days", None),
        ("hằng năm", "bad_days", None),
        (46_349.0, "bad_days", None),
        ("Thứ 8", "bad_days", None),
        ("Thứ", "bad_days", None),
        ("", "bad_days", None),
        (None, "bad_days", None),
        (time(5), "bad_days", None),
    ],
)
def test_a_doubtful_day_is_an_error_with_the_likely_meaning(cell, code, likely):
    with pytest.raises(Misread) as caught:
        read_days(cell)
    assert caught.value.code == code
    assert likely is None or likely in caught.value.vi


cells = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="0123456789hgp:'’.,-/ tTứuCcNnphờiút\"", max_size=15),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.none(),
    st.times(),
    st.datetimes(),
    st.dates(),
    st.timedeltas(),
)


@given(cells)
def test_any_cell_is_read_or_misread_never_worse(cell):
    assert isinstance(words(cell), str)
    for reader in (read_time, read_duration, read_days):
        with contextlib.suppress(Misread):
            reader(cell)


@pytest.mark.parametrize(
    ("title", "days"),
    [
        ("LỊCH PHÁT THANH (từ thứ 2 đến thứ 7 hàng tuần)", "T2-T7"),
        ("(Phát thứ 2, 4, 6)", "T2, T4, T6"),
        ("LỊCH PHÁT THANH NGÀY 23/11/2026", "23/11/2026"),
        ("Lịch phát thanh thứ hai, ngày 23/11/2026", "23/11/2026"),
        ("LỊCH PHÁT THANH HẰNG NGÀY", "Hằng ngày"),
        ("LỊCH PHÁT THANH TUẦN THỨ 2 THÁNG 11", None),
        ("Tân Hưng, ngày 20/11/2026", None),
        ("Lịch phát thanh (kèm theo Quyết định ngày 20/11/2026)", None),
        ("Từ thứ 2 đến thứ 6, thứ 7 nghỉ", None),
        ("Sáng từ thứ 2 đến thứ 7, chiều từ thứ 2 đến thứ 6", None),
    ],
)
def test_a_title_names_the_days_of_its_list_or_leaves_them_open(title, days):
    assert days_in_title(title) == (read_days(days) if days else None)


@pytest.mark.parametrize(
    ("title", "remark"),
    [
        ("Bản tin xã (hoãn)", "(hoãn)"),
        ("Bản tin xã - phát tuần 1 và tuần 3", "phát tuần 1 và tuần 3"),
        ("Bỏ: Bản tin xã", "Bỏ:"),
        ("BAN TIN XA (KHONG PHAT NGAY 23/11)", "(KHONG PHAT NGAY 23/11)"),
        ("Xử lý vi phạm nồng độ cồn (phạt từ 2 đến 3 triệu)", ""),
        ("Hướng dẫn mới (Nghị quyết 57)", ""),
        ("Huy động vốn làm đường", ""),
        ("Luật Đất đai (bài 3)", ""),
    ],
)
def test_what_a_title_says_of_when_it_airs_is_found_and_nothing_else(title, remark):
    assert remark_in(title) == remark


@pytest.mark.parametrize(
    ("title", "level"),
    [
        ("Thông báo khẩn về bão số 9", "khẩn"),
        ("Tin khẩn cấp: sơ tán dân", "khẩn cấp"),
        ("Thông báo bão (bản tin khẩn cấp)", "bản tin khẩn cấp"),
        ("Thông báo khẩn trương thu hoạch lúa", ""),
        ("Tuyên truyền ứng phó tình huống khẩn cấp", ""),
    ],
)
def test_urgent_news_is_told_from_what_is_urgent(title, level):
    (piece,) = read_contents(title).pieces
    assert piece.level == level
