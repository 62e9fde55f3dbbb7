"""Timetable files as people make them: every error at its cell, line or key; nothing in a file can hurt the reader."""

import os
import random
import unicodedata
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler import intake
from scheduler.check import Rules, check
from scheduler.guards import Guards
from scheduler.loaders import Loaded, forms, load
from scheduler.loaders.table import Table, column_letters
from scheduler.occurrence import BulletinClass, Kind
from scheduler.plan import plan_days
from scheduler.recurrence import EVERY_DAY, Dates, Holidays, Limited, LunarDays, Weekdays
from scheduler.spoken.days import read_days
from scheduler.template import SHEET, WEEK, template_toml, write_template_xlsx
from scheduler.timetable import adopt, canonical_bytes
from tests.scheduler.sheets import HEADINGS, TIN, ods_cell, write_csv, write_ods, write_xlsx
from tests.scheduler.test_spoken import cells

NO_RULES = Rules()


def errors(loaded: Loaded) -> list[tuple[str, str]]:
    return [(problem.where, problem.code) for problem in loaded.errors]


def warnings(loaded: Loaded) -> list[tuple[str, str]]:
    return [(problem.where, problem.code) for problem in loaded.warnings]


def items(loaded: Loaded) -> list[tuple]:
    assert loaded.errors == ()
    assert loaded.timetable is not None
    return [(s.recurrence, s.starts, s.item.duration_ms // 60_000, s.item.title) for s in loaded.timetable.slots]


MON_SAT = Weekdays(frozenset(range(6)))


# --- the plain list in a workbook


def test_a_plain_list_in_a_workbook_is_read(tmp_path):
    rows = [HEADINGS, TIN, ["CN", time(17, 0), 30, "Thời sự VOV1", "Tiếp sóng", "Ưu tiên", "http://a/b", "Thôn 1"]]
    timetable = load(write_xlsx(tmp_path / "tuan-47.xlsx", rows)).timetable
    own, relay = timetable.slots
    assert (own.recurrence, own.starts, own.item.duration_ms, own.zone) == (MON_SAT, time(5, 30), 900_000, "all")
    assert (own.item.kind, own.item.origin, own.item.source, own.where) == (Kind.OWN, None, "tin.mp3", "Lịch!B2")
    assert (relay.item.kind, relay.item.origin, relay.zone) == (Kind.RELAY, "vov", "Thôn 1")
    assert relay.item.bulletin_class is BulletinClass.PRIORITY
    assert timetable.title == "tuan-47"
    assert adopt(canonical_bytes(timetable)) == timetable


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(
    "headings",
    [
        ["GIỜ", "ngay", "NỘI DUNG", "Thoi luong (phut)", "loai"],
        ["gio phat:", "Thứ, ngày", "Tên chương trình", "THỜI LƯỢNG", "Hinh thuc"],
    ],
)
def test_headings_may_be_in_any_order_and_case_and_without_diacritics(tmp_path, headings, form):
    headings = [unicodedata.normalize(form, heading) for heading in headings]
    rows = [headings, ["5h30", "Hàng ngày", "Bản tin", "15'", "tự sản xuất"]]
    assert items(load(write_xlsx(tmp_path / "a.xlsx", rows))) == [(EVERY_DAY, time(5, 30), 15, "Bản tin")]


def test_title_rows_blank_rows_day_rows_and_signatures_are_tolerated(tmp_path):
    rows = [
        ["UBND XÃ HOẰNG ĐẠO"],
        ["LỊCH PHÁT SÓNG TUẦN 47"],
        ["Từ ngày 23/11/2026 đến ngày 29/11/2026"],
        [],
        ["STT", *HEADINGS[:4]],
        [None, "Thứ 2"],
        [1, None, "5h", 15, "A"],
        [],
        ["BUỔI CHIỀU"],
        [2, None, "17h", 15, "B"],
        ["STT", *HEADINGS[:4]],
        [3, "CN", "17h", 15, "C"],
        [None, None, None, None, "Người lập"],
    ]
    loaded = load(write_xlsx(tmp_path / "a.xlsx", rows))
    assert [(item[0].days, item[3]) for item in items(loaded)] == [({0}, "A"), ({0}, "B"), ({6}, "C")]
    assert (loaded.timetable.valid_from, loaded.timetable.valid_to) == (date(2026, 11, 23), date(2026, 11, 29))
    assert loaded.timetable.title == "LỊCH PHÁT SÓNG TUẦN 47"
    assert warnings(loaded) == [
        ("Lịch!A3", "validity_from_title"),
        ("Lịch!E13", "row_ignored"),
    ]


def test_merged_cells_hold_for_all_their_rows(tmp_path):
    rows = [HEADINGS[:5], ["T2, T4", "5h", 15, "A", "TSX"], [None, "6h", 15, "B"], [None, "7h", 15, "C"]]
    loaded = load(write_xlsx(tmp_path / "a.xlsx", rows, merged=["A2:A4", "E2:E4"]))
    assert [item[0] for item in items(loaded)] == [Weekdays(frozenset({0, 2}))] * 3
    assert loaded.warnings == ()


def test_a_bad_day_in_a_merged_range_is_told_once_and_the_rows_other_errors_with_it(tmp_path):
    rows = [HEADINGS[:4], ["2-6", "5h", 15, "A"], [None, "5.45", 15, "B"], ["T3", "6h", 15, "C"]]
    loaded = load(write_xlsx(tmp_path / "a.xlsx", rows, merged=["A2:A3"]))
    assert errors(loaded) == [("Lịch!A2", "bad_days"), ("Lịch!B3", "bad_time")]
    assert [slot.item.title for slot in loaded.readable.slots] == ["C"]
    assert loaded.timetable is None


def test_excels_own_types_are_read_as_what_they_mean(tmp_path):
    rows = [
        HEADINGS[:4],
        [date(2026, 11, 23), time(5, 30), 15, "A"],
        [datetime(2026, 11, 24), datetime(1900, 1, 1, 6, 0), 7.5, "B"],
        ["T2", 0.25, timedelta(minutes=20), "C"],
        ["T3", "5h30-5h45", None, 2026],
    ]
    assert items(load(write_xlsx(tmp_path / "a.xlsx", rows))) == [
        (Dates(frozenset({date(2026, 11, 23)})), time(5, 30), 15, "A"),
        (Dates(frozenset({date(2026, 11, 24)})), time(6), 7, "B"),
        (Weekdays(frozenset({0})), time(6), 20, "C"),
        (Weekdays(frozenset({1})), time(5, 30), 15, "2026"),
    ]


def test_all_errors_are_told_at_once_each_at_its_cell(tmp_path):
    rows = [
        HEADINGS,
        ["Thứ 8", "5.45", time(15, 0), "A", "phim", "gấp", "a.mp3", ""],
        [None, "6h", None, "B"],
        ["T2", None, 15, "C", "TSX"],
        ["T2", "7h-7h15", 20, "D"],
        ["T2", "8h", 15, "Kỷ niệm ngày thành lập Đài TNVN"],
        ["T2", "9h", 15, "Tin (PL)", "Trực tiếp"],
        ["T2", "10h", 15, "x" * 501],
        ["T2", "11h", 15, "E"],
    ]
    assert errors(load(write_xlsx(tmp_path / "a.xlsx", rows))) == [
        ("Lịch!A2", "bad_days"),
        ("Lịch!B2", "bad_time"),
        ("Lịch!C2", "bad_duration"),
        ("Lịch!E2", "unknown_kind"),
        ("Lịch!F2", "unknown_class"),
        ("Lịch!C3", "missing_duration"),
        ("Lịch!B4", "missing_time"),
        ("Lịch!C5", "duration_contradicts_time"),
        ("Lịch!E6", "doubtful_kind"),
        ("Lịch!E7", "kind_contradicts_title"),
        ("Lịch!D8", "bad_text"),
    ]


def test_what_the_loader_and_the_check_find_is_told_together(tmp_path):
    rows = [HEADINGS, TIN, ["T2", "5h40", 15, "B"], ["CN", "3h15", 5, "C"], ["CN", "x", 5, "D"]]
    rows += [["CN", "9h", 5, "E", "", "Khẩn cấp"]]
    path = write_xlsx(tmp_path / "a.xlsx", rows)
    loaded = intake.examine(path, Rules(Guards(((time(22), time(5)),)), has_source=lambda name: False))
    assert sorted(errors(loaded)) == [
        ("Lịch!B3", "overlap"),
        ("Lịch!B4", "quiet_hours"),
        ("Lịch!B5", "bad_time"),
        ("Lịch!F6", "emergency_in_timetable"),
    ]
    assert ("Lịch!G2", "awaiting_content") in warnings(loaded)
    told = intake.report(loaded, "en")
    assert told["valid"] is False
    assert told["errors"][0]["where"] == "Lịch!B5"
    assert "5h30" in told["errors"][0]["message"]
    first = intake.lines(path, loaded.errors)[0]
    assert first.startswith(f"{path}:Lịch!B5: không hiểu giờ “x”")


@pytest.mark.parametrize(
    ("kind", "title", "expected"),
    [
        ("TSX", "Bản tin", Kind.OWN),
        ("Tự sản xuất", "Bản tin", Kind.OWN),
        ("tiếp âm", "Thời sự", Kind.RELAY),
        ("TIẾP SÓNG", "Thời sự", Kind.RELAY),
        ("PL", "Bản tin", Kind.REPEAT),
        ("Phát lại", "Bản tin (PL)", Kind.REPEAT),
        ("trực tiếp", "Họp", Kind.LIVE),
        ("", "Bản tin", Kind.OWN),
        ("", "Tình hình trong xã", Kind.OWN),
        ("", "Bản tin ( PL )", Kind.REPEAT),
        ("", "Phát lại bản tin sáng của xã", Kind.REPEAT),
        ("", "Tiếp âm Thời sự Đài TNVN", Kind.RELAY),
        ("", "Trực tiếp họp xã", Kind.LIVE),
        ("", "Tìm hiểu PL", Kind.OWN),
        ("TSX", "Bản tin (PL)", Kind.REPEAT),
    ],
)
def test_the_kind_is_read_from_its_cell_or_from_the_title(kind, title, expected):
    table = Table("S", [HEADINGS[:5], ["T2", "5h", 15, title, kind]])
    loaded = forms.read([table], "x")
    assert loaded.timetable.slots[0].item.kind is expected
    assert warnings(loaded) == ([("S!E2", "kind_from_title")] if (kind, expected) == ("TSX", Kind.REPEAT) else [])


@pytest.mark.parametrize(
    ("title", "origin"),
    [
        ("Thời sự Đài TNVN", "vov"),
        ("VOV1: Dân ta biết sử ta", "vov"),
        ("Đài Tiếng nói Việt Nam", "vov"),
        ("Thời sự Đài PT-TH tỉnh", "province"),
        ("dai tinh", "province"),
        ("Tình hình biển Đông", "other"),
    ],
)
def test_the_origin_of_a_relay_is_read_from_its_title(title, origin):
    table = Table("S", [HEADINGS[:5], ["T2", "5h", 15, title, "Tiếp âm"]])
    assert forms.read([table], "x").timetable.slots[0].item.origin == origin


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        (["Ngày", "Giờ", "Thời lượng"], [("Lịch!A1", "missing_column")]),
        (["Ngày", "Giờ", "Thời lượng", "Nội dung", "Thời lượng"], [("Lịch!E1", "doubled_column")]),
        (["Ngày", "Giờ", "Thời lượng", "Chương trình", "Mức ưu tien1"], [("Lịch!E1", "unknown_column")]),
        (["Tên", "Điện thoại"], [("Lịch!A1", "no_heading")]),
    ],
)
def test_headings_that_are_missing_doubled_or_misspelt(tmp_path, headings, expected):
    row = ["T2", "5h", 15, "A"][: len(headings)]
    assert errors(load(write_xlsx(tmp_path / "a.xlsx", [headings, row]))) == expected


def test_seconds_as_the_unit_of_a_heading_are_not_taken_for_minutes(tmp_path):
    rows = [["Ngày", "Giờ", "Thời lượng (giây)", "Nội dung"], ["T2", "5h", 90, "A"]]
    assert errors(load(write_xlsx(tmp_path / "a.xlsx", rows)))[0] == ("Lịch!C1", "bad_unit")


def test_content_beside_a_title_and_notes_are_warned_of_not_carried_out(tmp_path):
    rows = [["Ngày", "Giờ", "Thời lượng", "Chương trình", "Nội dung", "Ghi chú"]]
    rows += [["T2", "5h", 15, "Bản tin", "Họp thôn", "nghỉ lễ"]]
    loaded = load(write_xlsx(tmp_path / "a.xlsx", rows))
    assert items(loaded)[0][3] == "Bản tin"
    assert warnings(loaded) == [("Lịch!E2", "note_ignored"), ("Lịch!F2", "note_ignored")]


def test_two_sheets_with_a_list_are_asked_about_but_hidden_and_other_sheets_are_not(tmp_path):
    both = [("Tuần 48", [HEADINGS, TIN], "visible")]
    assert errors(load(write_xlsx(tmp_path / "a.xlsx", [HEADINGS, TIN], more_sheets=both))) == [
        ("Tuần 48!A1", "several_sheets")
    ]
    hidden = [("Cũ", [HEADINGS, TIN], "hidden"), ("Danh bạ", [["Tên", "Số"], ["A", 1]], "visible")]
    assert len(items(load(write_xlsx(tmp_path / "b.xlsx", [HEADINGS, TIN], more_sheets=hidden)))) == 1


def test_an_old_xls_written_by_another_library_is_read():
    loaded = load(Path(__file__).with_name("files") / "list.xls")
    assert items(loaded) == [
        (Weekdays(frozenset({0})), time(5, 30), 15, "Bản tin sáng"),
        (Weekdays(frozenset({0})), time(17, 30), 15, "Bản tin sáng"),
        (Dates(frozenset({date(2026, 11, 24)})), time(5), 30, "Tiếp âm Đài TNVN"),
    ]


def test_an_ods_is_read(tmp_path):
    path = write_ods(tmp_path / "a.ods", [HEADINGS[:4], ["T2", "PT05H30M00S", 15, "A"], ["T3", "6h", "15'", "B"]])
    assert [(item[1], item[2], item[3]) for item in items(load(path))] == [(time(5, 30), 15, "A"), (time(6), 15, "B")]


# --- CSV


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv_with_any_mark_with_and_without_bom(tmp_path, mark, encoding, end):
    rows = [["Lịch phát sóng"], HEADINGS[:4], ["T2-T7", "5h30", "15", "Bản tin"], ["", "17h", "15p", "Chiều"]]
    loaded = load(write_csv(tmp_path / "a.csv", rows, mark, encoding, end))
    assert items(loaded) == [(MON_SAT, time(5, 30), 15, "Bản tin"), (MON_SAT, time(17), 15, "Chiều")]
    assert warnings(loaded) == [('line 4, column "Ngày"', "day_inherited")]


def test_csv_errors_name_the_line_where_the_row_begins_and_the_column(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('Ngày;Giờ;Thời lượng;Nội dung\nT2;5h;15;"Hai\ndòng"\n\nT3;5.45;15;B\n', encoding="utf-8")
    loaded = load(path)
    assert errors(loaded) == [('line 5, column "Giờ"', "bad_time")]
    assert loaded.readable.slots[0].item.title == "Hai dòng"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"\xff\xd8\xff\xe0 not text \xff", "wrong_encoding"),
        (b"a\0b", "unreadable_file"),
        (b"", "empty_file"),
        (b"\n\n\n", "no_heading"),
        (b"a,b\n" * 20_001, "too_big"),
        (b"," * 200_001, "too_big"),
        (b'"' + b"x" * 200_000, "unreadable_file"),
    ],
)
def test_csv_that_is_no_utf_8_or_no_list_gets_one_clear_error(tmp_path, raw, code):
    path = tmp_path / "a.csv"
    path.write_bytes(raw)
    (error,) = load(path).errors
    assert error.code == code


# --- TOML


def write_toml(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_toml_in_its_documented_shape_is_read(tmp_path):
    text = """
title = "Tuần 47"
valid_from = 2026-11-23
valid_to = 2026-11-29
[[slot]]
days = ["T2", "T4"]
start = 05:30:15
duration = 7.5
title = "Bản tin"
[[slot]]
days = [2026-11-24, 2026-11-25]
start = "17h-17h30"
title = "Thời sự"
kind = "relay"
origin = "Huyện"
class = "priority"
source = "http://a/b"
zone = "Thôn 1"
"""
    timetable = load(write_toml(tmp_path / "a.toml", text)).timetable
    own, relay = timetable.slots
    assert (own.recurrence, own.starts) == (Weekdays(frozenset({0, 2})), time(5, 30, 15))
    assert own.item.duration_ms == 450_000
    assert relay.recurrence == Dates(frozenset({date(2026, 11, 24), date(2026, 11, 25)}))
    assert (relay.item.kind, relay.item.origin, relay.zone) == (Kind.RELAY, "huyen", "Thôn 1")
    assert (timetable.title, timetable.valid_to) == ("Tuần 47", date(2026, 11, 29))


@pytest.mark.parametrize(
    "cell",
    [
        "T2-T7 trừ ngày 30/11/2026",
        "10/3 âm lịch",
        "3 ngày từ 23/11/2026",
        "Hằng ngày đến hết ngày 30/11/2026",
        "Chủ nhật cuối tháng",
        "ngày 1 và 15 hằng tháng",
    ],
)
def test_a_sheets_day_may_be_said_in_any_way_that_days_are_read(tmp_path, cell):
    rows = [["Ngày", "Giờ", "Thời lượng", "Chương trình"], [cell, "5h30", "15", "Bản tin"]]
    loaded = load(write_csv(tmp_path / "a.csv", rows))
    assert loaded.errors == ()
    assert loaded.timetable.slots[0].recurrence == read_days(cell)


LIMITED = """
title = "Ngày lễ"
valid_on = "Tết, 30/4"
[[slot]]
days = "T2-T7"
from = 2026-11-23
until = "31/12/2026"
except = ["ngày lễ", 2026-11-30]
start = "5h"
duration = 15
title = "Bản tin"
[[slot]]
days = "Rằm, mùng một"
start = "6h"
duration = 15
title = "Lễ chùa"
"""


def test_toml_has_keys_for_the_first_and_last_day_and_for_what_is_taken_out(tmp_path):
    timetable = load(write_toml(tmp_path / "a.toml", LIMITED)).timetable
    assert timetable.valid_on == Holidays(frozenset({"Tết", "30/4"}))
    first, last, skipped = date(2026, 11, 23), date(2026, 12, 31), frozenset({date(2026, 11, 30)})
    assert timetable.slots[0].recurrence == Limited(MON_SAT, first, last, skipped, (Holidays(),))
    assert timetable.slots[1].recurrence == LunarDays(frozenset({(0, 1), (0, 15)}))


@pytest.mark.parametrize(
    ("old", "new", "where", "code"),
    [
        ('"Tết, 30/4"', '"T2"', "line 3, valid_on", "bad_validity"),
        ('"Tết, 30/4"', '"từ 23/11/2026"', "line 3, valid_on", "bad_validity"),
        ('"Tết, 30/4"', "7", "line 3, valid_on", "bad_days"),
        ("2026-11-23", "2027-01-01", "line 7, slot 1.until", "no_day_left"),
        ("2026-11-23", '"T2"', "line 6, slot 1.from", "bad_days"),
        ('"31/12/2026"', '"31/12"', "line 7, slot 1.until", "date_without_year"),
        ('"ngày lễ"', '"lung tung"', "line 8, slot 1.except", "bad_days"),
        ("except =", "exept =", "line 8, slot 1.exept", "unknown_key"),
    ],
)
def test_what_is_wrong_with_a_limit_is_told_at_its_key(tmp_path, old, new, where, code):
    loaded = load(write_toml(tmp_path / "a.toml", LIMITED.replace(old, new)))
    assert (where, code) in [(problem.where, problem.code) for problem in loaded.errors]


def test_toml_errors_name_line_and_key(tmp_path):
    text = """titel = "x"
valid_from = "2026-11-23"
[[slot]]
days = "T2"
strat = "5h"
duration = 15
title = 7
[[slot]]
days = "T2"
start = "5.45"
duration = 15
title = "B"
"""
    loaded = load(write_toml(tmp_path / "a.toml", text))
    assert errors(loaded) == [
        ("line 1, titel", "unknown_key"),
        ("line 2, valid_from", "bad_date"),
        ("line 5, slot 1.strat", "unknown_key"),
        ("line 7, slot 1.title", "wrong_type"),
        ("line 3, slot 1.start", "missing_time"),
        ("line 10, slot 2.start", "bad_time"),
    ]
    assert "“title”" in loaded.errors[0].en
    assert "“start”" in loaded.errors[2].vi


@pytest.mark.parametrize(
    ("text", "where", "code"),
    [
        ('a = 1\nb = "\n', "line 2", "bad_syntax"),
        ("a = " + "[" * 5_000, "line 1", "bad_syntax"),
        ("a = " + "9" * 5_000, "line 2", "bad_syntax"),
        ("slot = 3", "line 1, slot", "wrong_type"),
        ("slot = [3]", "line 1, slot", "wrong_type"),
    ],
)
def test_bad_toml_gets_one_clear_error(tmp_path, text, where, code):
    assert errors(load(write_toml(tmp_path / "a.toml", text + "\n"))) == [(where, code)]


# --- templates


def test_both_templates_load_without_a_word_and_hold_the_same_week(tmp_path):
    write_template_xlsx(tmp_path / "mau.xlsx")
    sheet = intake.examine(tmp_path / "mau.xlsx", Rules(Guards(((time(21), time(4, 30)),))))
    text = intake.examine(write_toml(tmp_path / "mau.toml", template_toml()), NO_RULES)
    for loaded in (sheet, text):
        assert (loaded.errors, loaded.warnings) == ((), ())
    assert sheet.timetable.slots == text.timetable.slots
    assert len(sheet.timetable.slots) == len(WEEK)
    week = plan_days(sheet.timetable, date(2026, 11, 23), date(2026, 11, 30))
    assert sum(o.repeat_of is not None for o in week) == 6


def test_the_grid_template_loads_without_a_word_and_names_its_files(tmp_path):
    write_template_xlsx(tmp_path / "tuan.xlsx", grid=True)
    loaded = intake.examine(tmp_path / "tuan.xlsx", Rules(Guards(((time(21), time(4, 30)),))))
    assert (loaded.errors, loaded.warnings) == ((), ())
    week = plan_days(loaded.timetable, date(2026, 11, 23), date(2026, 11, 30))
    assert [(o.programme, o.planned_ms // 60_000, o.source) for o in week[:4]] == [
        ("Tiếp âm Thời sự Đài TNVN", 30, "http://example.org/vov1.mp3"),
        ("Bản tin buổi sáng của xã", 15, "ban-tin-sang.mp3"),
        ("Lịch tiêm phòng", 3, "tiem-phong.mp3"),
        ("Thu gom rác", 2, "thu-gom-rac.mp3"),
    ]
    assert sum(o.repeat_of is not None for o in week) == 6
    assert len(week) == 29


def test_the_workbook_template_offers_choices_and_instructions(tmp_path):
    write_template_xlsx(tmp_path / "mau.xlsx")
    book = openpyxl.load_workbook(tmp_path / "mau.xlsx")
    assert book.sheetnames == [SHEET, "Hướng dẫn"]
    choices = {str(rule.sqref): rule.formula1 for rule in book[SHEET].data_validations.dataValidation}
    assert choices == {
        "E4:E501": '"Tự sản xuất,Tiếp âm,Phát lại,Trực tiếp"',
        "F4:F501": '"Thông thường,Ưu tiên"',
    }


# --- hostile and broken files


def test_what_is_no_readable_file_gets_one_clear_error(tmp_path):
    (tmp_path / "dir.xlsx").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "huge.csv").write_bytes(b" " * 10_000_001)
    (tmp_path / "a.docx").write_bytes(b"")
    (tmp_path / "text.xlsx").write_text("Ngày,Giờ")
    (tmp_path / "cut.xlsx").write_bytes(b"PK\x03\x04")
    found = {name: [code for _, code in errors(load(tmp_path / name))] for name in ("gone.xlsx", *os.listdir(tmp_path))}
    assert found == {
        "gone.xlsx": ["unreadable_file"],
        "dir.xlsx": ["unreadable_file"],
        "pipe.csv": ["unreadable_file"],
        "huge.csv": ["too_big"],
        "a.docx": ["empty_file"],
        "text.xlsx": ["missing_column"],
        "cut.xlsx": ["unreadable_file"],
    }


def test_a_zip_bomb_is_refused_by_its_directory(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * 101_000_000)
    assert errors(load(tmp_path / "bomb.xlsx")) == [("bomb.xlsx", "too_big")]


def test_a_stray_cell_far_away_costs_an_error_and_not_the_process(tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "Ngày", 1
    book.save(tmp_path / "far.xlsx")
    assert errors(load(tmp_path / "far.xlsx")) == [("far.xlsx", "too_big")]
    book.active["XFD1048576"], book.active["A300001"] = None, 1
    book.save(tmp_path / "long.xlsx")
    assert errors(load(tmp_path / "long.xlsx")) == [("long.xlsx", "too_big")]


def test_an_ods_that_repeats_a_cell_without_end_costs_an_error_and_not_the_process(tmp_path):
    row = f'<table:table-row table:number-rows-repeated="1000000">{ods_cell(1, 16_000)}</table:table-row>'
    assert errors(load(write_ods(tmp_path / "a.ods", [HEADINGS], tail=row))) == [("a.ods", "too_big")]


def test_damaged_workbooks_give_an_error_or_a_plan_never_a_traceback(tmp_path):
    write_template_xlsx(tmp_path / "mau.xlsx")
    originals = {".xlsx": (tmp_path / "mau.xlsx").read_bytes()}
    originals[".xls"] = (Path(__file__).with_name("files") / "list.xls").read_bytes()
    chance = random.Random(47)
    for suffix, original in originals.items():
        for n in range(25):
            raw = bytearray(original)
            for _ in range(chance.choice([1, 5, 50])):
                raw[chance.randrange(len(raw))] = chance.randrange(256)
            path = tmp_path / f"{n}{suffix}"
            path.write_bytes(raw[: chance.choice([len(raw), len(raw), chance.randrange(len(raw))])])
            loaded = intake.examine(path, NO_RULES)
            assert loaded.errors or loaded.timetable is not None


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(cells, max_size=9), max_size=6), st.permutations(HEADINGS), st.integers(0, 8))
def test_any_cells_under_the_headings_give_a_plan_or_errors_at_their_places(rows, headings, kept):
    table = Table("S", [headings[: 8 - kept], *rows])
    try:
        loaded = forms.read([table], "x")
    except forms.Unloadable:
        return
    places = {f"S!{column_letters(c)}{r}" for r in range(1, len(rows) + 2) for c in range(10)}
    assert {problem.where for problem in (*loaded.errors, *loaded.warnings)} <= places
    if loaded.timetable is not None:
        assert "unadoptable" not in {problem.code for problem in check(loaded.timetable).errors}


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200) | st.text(alphabet="[]slot=\" \n'days.T2-h5{}", max_size=200))
def test_any_text_as_toml_or_csv_gives_a_plan_or_errors(tmp_path_factory, text):
    folder = tmp_path_factory.getbasetemp()
    for name in ("fuzz.toml", "fuzz.csv"):
        (folder / name).write_bytes(text.encode("utf-8", "surrogatepass"))
        loaded = load(folder / name)
        assert loaded.errors or loaded.timetable is not None


def test_texts_of_any_length_and_merges_without_end_take_no_time(tmp_path):
    endless = "từ 2026 đến " * 10_000
    rows = [[endless], [*HEADINGS, endless], [endless] * 8, [*TIN, endless], [None, "6h", 15, "x" * 30_000]]
    loaded = load(write_xlsx(tmp_path / "a.xlsx", rows, merged=["A2:A900", *(f"A{n}:A900" for n in range(3, 60))]))
    assert loaded.errors
    assert max(len(problem.vi) for problem in (*loaded.errors, *loaded.warnings)) < 300


def test_a_file_name_may_hold_anything(tmp_path):
    path = tmp_path / os.fsdecode(b"l\xff\x01ch.toml")
    path.write_text(template_toml().replace('title = "L', '# "L'), encoding="utf-8")
    loaded = intake.examine(path, NO_RULES)
    assert loaded.errors == ()
    assert loaded.timetable.title == "lch"


def test_column_letters_are_those_of_a_spreadsheet():
    assert [column_letters(n) for n in (0, 25, 26, 51, 702)] == ["A", "Z", "AA", "AZ", "AAA"]


@pytest.mark.parametrize("name", ["rong.toml", "rong.csv", "rong.xlsx"])
def test_an_empty_file_is_refused_whatever_its_name(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    loaded = load(tmp_path / name)
    assert (loaded.timetable, [problem.code for problem in loaded.errors]) == (None, ["empty_file"])


def test_a_toml_timetable_without_items_is_told(tmp_path):
    (tmp_path / "im-lang.toml").write_text('title = "Tuần nghỉ"', encoding="utf-8")
    assert [problem.code for problem in load(tmp_path / "im-lang.toml").warnings] == ["nothing_planned"]
