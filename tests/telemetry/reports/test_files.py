"""The files that people open: the same figures in each, every letter there, nothing executable."""

import csv
import os
import re
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import docx
import openpyxl
import pytest
from fontTools.ttLib import TTFont
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.clock import STATION_TZ
from telemetry.reports import files, pdf_file
from telemetry.reports.airtime import airtime_document, remarks
from telemetry.reports.figures import Broadcast
from telemetry.reports.form import Form, Unit
from telemetry.reports.logbook import logbook_document
from tests.telemetry.reports import sample

FORM = Form(authority="UBND xã Hoằng Đạo", station_name="Đài Truyền thanh xã Hoằng Đạo", place="Hoằng Đạo")
TONES = ["", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"]
FIVE = datetime(2026, 11, 23, 5, tzinfo=STATION_TZ)


def vietnamese_letters() -> str:
    """All 29 letters and every vowel with every tone, in both cases, composed."""
    import unicodedata

    vowels = [unicodedata.normalize("NFC", v + tone) for v in "aăâeêioôơuưy" for tone in TONES]
    lower = "".join(vowels) + "bcdđghklmnpqrstvx"
    return lower + lower.upper()


def text_of(pdf: Path) -> str:
    done = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, check=True)
    return done.stdout.decode()


def one_title(title: str):
    return sample.figure_of([sample.occurrence(FIVE, 15, title, "own")])


@pytest.mark.parametrize("face", pdf_file.FACES.values())
def test_the_shipped_font_has_every_vietnamese_letter(face):
    with TTFont(pdf_file.FONTS / f"LiberationSerif-{face}.ttf") as font:
        known = font.getBestCmap()
    letters = vietnamese_letters()
    assert len(letters) == 2 * (12 * 6 + 17)
    assert [c for c in letters if ord(c) not in known] == []


def test_the_licence_of_the_font_is_shipped_beside_it():
    assert "SIL OPEN FONT LICENSE Version 1.1" in (pdf_file.FONTS / "OFL.txt").read_text(encoding="utf-8")


def test_text_taken_out_of_the_pdf_equals_what_was_put_in(tmp_path):
    letters = vietnamese_letters()
    pieces = [letters[n : n + 12] for n in range(0, len(letters), 12)]
    files.airtime_pdf(one_title(" ".join(pieces)), tmp_path / "a.pdf", FORM)
    text = text_of(tmp_path / "a.pdf")
    assert [piece for piece in pieces if piece not in text] == []


def test_a_letter_that_the_font_lacks_is_an_error_and_not_a_log_line(tmp_path):
    paper = pdf_file._Paper(airtime_document(one_title("x"), FORM))
    paper.add_page()
    paper.set_font(pdf_file.FAMILY)
    with pytest.raises(pdf_file.MissingGlyph, match="📢"):
        paper.cell(0, 5, "Loa 📢")
    with pytest.raises(pdf_file.MissingGlyph, match="📢"), paper.table() as table:
        table.row(["Loa 📢"])
    for font in paper.font_files:
        font.close()


def test_a_title_with_an_emoji_still_prints_and_shows_that_something_was_there(tmp_path):
    files.airtime_pdf(one_title("Loa 📢 xã"), tmp_path / "a.pdf", FORM)
    assert "<U+1F4E2>" in text_of(tmp_path / "a.pdf")


def test_a_decomposed_title_from_a_phone_is_printed_composed(tmp_path):
    files.airtime_pdf(one_title("Ba\u0309n tin"), tmp_path / "a.pdf", FORM)
    assert "Bản tin" in text_of(tmp_path / "a.pdf")


def test_the_months_pdf_carries_head_totals_causes_evidence_and_signatures(tmp_path):
    files.airtime_pdf(sample.month(), tmp_path / "a.pdf", FORM)
    text = text_of(tmp_path / "a.pdf")
    for said in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "ĐÀI TRUYỀN THANH XÃ HOẰNG ĐẠO",
        "BÁO CÁO THỜI LƯỢNG PHÁT SÓNG",
        "Tháng 11/2026",
        "Tiếp âm",
        "Mất tiếng",
        "bản ghi số 412, mã băm 9f2c51d07ab3e4410cc0ffee5b1d2a77",
        "NGƯỜI LẬP BIỂU",
        "THỦ TRƯỞNG ĐƠN VỊ",
    ):
        assert said in text, said


@pytest.mark.parametrize(
    "form", [FORM, Form(unit=Unit.HOUR, decimals=2), Form(decimals=0), Form(lang="en", unit=Unit.HOUR, decimals=0)]
)
def test_printed_rows_and_kinds_add_up_to_printed_totals_in_every_unit(form):
    by_kind, _, details = airtime_document(sample.month(), form).tables
    for table, first, columns in ((by_kind, 2, 6), (details, 5, 5)):
        *rows, total = table.rows
        for n in range(first, first + columns):
            assert sum(row.cells[n].quanta for row in rows) == total.cells[n].quanta
    for row in details.rows:
        planned, _, *parts = (cell.quanta for cell in row.cells[5:10])
        assert sum(parts) == planned


def test_a_planned_broadcast_without_an_account_is_shown_and_not_absent(tmp_path):
    silent = sample.occurrence(FIVE, 15, "Bản tin đã mất", "own")
    files.airtime_pdf(sample.month() | {"unaccounted": [silent]}, tmp_path / "a.pdf", FORM)
    text = text_of(tmp_path / "a.pdf")
    assert "III. Lượt phát theo lịch chưa có số liệu" in text
    assert "Bản tin đã mất" in text


def test_a_cause_of_both_kinds_of_loss_is_added_up():
    lost = sample.occurrence(FIVE, 15, "x", "own") | {"on_air_ms": 840_000, "not_on_air_ms": 48_000}
    lost |= {"unobserved_ms": 12_000, "not_on_air": {"power_lost": 48_000}, "unobserved": {"power_lost": 12_000}}
    _, causes, _ = airtime_document(sample.figure_of([lost]), FORM).tables
    assert [(row.cells[0], row.cells[2].quanta) for row in causes.rows] == [("Mất điện", 10), ("Tổng cộng", 10)]


def test_a_broadcast_across_the_months_end_says_that_a_part_of_it_is_counted():
    part = sample.occurrence(FIVE, 15, "x", "own") | {"whole_planned_ms": 1_800_000, "revision": 2, "low_ms": 61_000}
    remarks = airtime_document(sample.figure_of([part]), FORM).tables[-1].rows[0].cells[10]
    assert "tiếng nhỏ 01:01" in remarks.lower()
    assert remarks.endswith("hỉ tính phần trong kỳ; sửa lần 2")


def test_printed_causes_add_up_to_what_was_printed_as_lost():
    _, causes, details = airtime_document(sample.month(), FORM).tables
    lost = sum(cell.quanta for cell in details.rows[-1].cells[8:10])
    assert causes.rows[-1].cells[2].quanta == sum(row.cells[2].quanta for row in causes.rows[:-1]) == lost


@pytest.mark.parametrize("key", sample.KEYS)
def test_totals_that_are_not_the_sum_of_the_rows_are_never_printed(key):
    figure = sample.month()
    figure["totals"][key] += 1
    with pytest.raises(ValueError, match=key):
        airtime_document(figure, FORM)


def test_an_account_that_does_not_add_up_is_never_printed():
    wrong = sample.occurrence(FIVE, 15, "x", "own")
    wrong["on_air_ms"] -= 1
    with pytest.raises(ValueError, match="planned"):
        airtime_document(sample.figure_of([wrong]), FORM)


def test_a_unit_whose_last_digit_is_no_whole_millisecond_is_refused():
    with pytest.raises(ValueError, match="no whole number"):
        Form(unit=Unit.HOUR, decimals=6)


def test_a_month_without_any_broadcast_prints(tmp_path):
    for write in (files.airtime_pdf, files.airtime_docx, files.airtime_xlsx, files.airtime_csv):
        write(sample.figure_of([]), tmp_path / "empty", FORM)
    assert list(tmp_path.iterdir()) == [tmp_path / "empty"]


def test_a_failed_report_leaves_the_earlier_one_and_no_rest(tmp_path, monkeypatch):
    target = tmp_path / "a.pdf"
    target.write_bytes(b"last month")

    def fail(self, path):
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pdf_file._Paper, "output", fail)
    with pytest.raises(OSError, match="No space"):
        files.airtime_pdf(sample.month(), target, FORM)
    assert {p: p.read_bytes() for p in tmp_path.iterdir()} == {target: b"last month"}


def read_csv(path: Path):
    text = path.read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(text.decode("utf-8-sig").splitlines(), delimiter=";"))


def test_csv_has_a_line_a_broadcast_with_the_exact_milliseconds(tmp_path):
    figure = sample.month()
    files.airtime_csv(figure, tmp_path / "a.csv", FORM)
    lines = read_csv(tmp_path / "a.csv")
    assert len(lines) == len(figure["occurrences"])
    assert sum(int(line["on_air_ms"]) for line in lines) == figure["totals"]["on_air_ms"]
    printed = sum(float(line["Đã lên sóng"].replace(".", "").replace(",", ".")) for line in lines)
    assert printed == pytest.approx(figure["totals"]["on_air_ms"] / 60_000, abs=0.1)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from('=+-@"\t\r\n;') | st.characters(exclude_categories=["Cs"]),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30),
)
def test_a_title_is_never_a_formula_and_never_breaks_a_line(tmp_path, first, rest):
    figure = one_title(first + rest)
    files.airtime_csv(figure, tmp_path / "a.csv", FORM)
    with open(tmp_path / "a.csv", encoding="utf-8-sig", newline="") as file:
        (line,) = csv.DictReader(file, delimiter=";")
    assert not line["programme"].startswith(("=", "+", "-", "@"))
    files.airtime_xlsx(figure, tmp_path / "a.xlsx", FORM)
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    formulas = [c for row in book["Số liệu gốc (ms)"].iter_rows() for c in row if c.data_type == "f"]
    assert formulas == []
    written = {c.value for row in book["Báo cáo"].iter_rows() for c in row if c.data_type == "f"}
    assert all(value.startswith("=SUM(") for value in written)


def test_the_workbook_prints_on_a4_across_and_its_sums_are_formulas_with_the_right_value(tmp_path):
    files.airtime_xlsx(sample.month(), tmp_path / "a.xlsx", FORM)
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["Báo cáo"]
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    values = openpyxl.load_workbook(tmp_path / "a.xlsx", data_only=True)["Báo cáo"]
    sums = [c for row in sheet.iter_rows() for c in row if c.data_type == "f"]
    assert len(sums) >= 12
    for cell in sums:
        first, last = cell.value.removeprefix("=SUM(").removesuffix(")").split(":")
        summed = sum(c.value for (c,) in values[first:last])
        assert values[cell.coordinate].value == pytest.approx(summed, abs=1e-6)


def test_the_workbooks_second_sheet_has_the_ledgers_integers(tmp_path):
    figure = sample.month()
    files.airtime_xlsx(figure, tmp_path / "a.xlsx", FORM)
    head, *rows = openpyxl.load_workbook(tmp_path / "a.xlsx")["Số liệu gốc (ms)"].values
    at = head.index("not_on_air_ms")
    assert [row[at] for row in rows] == [o["not_on_air_ms"] for o in figure["occurrences"]]


def test_the_word_document_has_the_tables_and_repeats_their_headings(tmp_path):
    files.airtime_docx(sample.month(), tmp_path / "a.docx", FORM)
    word = docx.Document(str(tmp_path / "a.docx"))
    assert "BÁO CÁO THỜI LƯỢNG PHÁT SÓNG" in [p.text for p in word.paragraphs]
    details = word.tables[3]
    assert len(details.rows) == len(sample.month()["occurrences"]) + 2
    assert details.rows[0]._tr.trPr.xpath("w:tblHeader")
    assert details.rows[1].cells[3].text == "Tiếp âm Thời sự Đài Tiếng nói Việt Nam"


def test_the_logbook_shows_every_day_of_the_week_with_its_broadcasts_and_faults(tmp_path):
    files.logbook_pdf(sample.week(), tmp_path / "l.pdf", FORM)
    text = text_of(tmp_path / "l.pdf")
    for n, name in enumerate(("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ nhật"), 23):
        assert f"{name}, {n}/11/2026" in text
    assert text.count("Chưa đến ngày này.") == 1, "of a day to come nobody knows that nothing was scheduled"
    assert "Sự cố: Mất tiếng trên sóng (air) – nghiêm trọng, từ 05:12:00 đến 05:14:31" in text
    assert text.count("Mất kết nối máy chủ") == 2, "an open fault is on its day and the next, not in the future"


def test_the_logbooks_days_add_up_to_the_week(tmp_path):
    files.logbook_xlsx(sample.week(), tmp_path / "l.xlsx", FORM)
    rows = list(openpyxl.load_workbook(tmp_path / "l.xlsx")["Báo cáo"].values)
    days = [row for row in rows if row[2] == "Cộng trong ngày"]
    (whole,) = [row for row in rows if row[2] == "Cộng trong tuần"]
    assert len(days) == 6
    for n in range(4, 9):
        assert sum(row[n] for row in days) == pytest.approx(whole[n], abs=1e-6)


def test_a_week_in_which_nothing_was_broadcast_still_shows_its_seven_days(tmp_path):
    over = {"occurrences": [], "faults": [], "as_of": "2026-11-30T05:00:00+07:00"}
    files.logbook_pdf(sample.week() | over, tmp_path / "l.pdf", FORM)
    assert text_of(tmp_path / "l.pdf").count("Không có chương trình theo lịch.") == 7


def test_what_was_planned_and_has_no_account_stands_in_the_logbook(tmp_path):
    begins = datetime(2026, 11, 24, 5, 0, 30, tzinfo=STATION_TZ)
    planned = sample.occurrence(begins, 30, "Bản tin bỏ quên", "own")
    week = sample.week() | {"occurrences": [], "faults": [], "unaccounted": [planned]}
    files.logbook_pdf(week, tmp_path / "l.pdf", FORM)
    text = text_of(tmp_path / "l.pdf")
    assert "Chưa quyết toán: 05:00:30–05:30:30 Bản tin bỏ quên" in text
    assert text.count("Không có chương trình theo lịch.") == 3


@pytest.mark.parametrize("count", range(16, 30, 2))
def test_no_page_has_nothing_but_signatures(tmp_path, count):
    begins = datetime(2026, 11, 23, 5, tzinfo=STATION_TZ)
    many = [sample.occurrence(begins + timedelta(minutes=n), 1, "Bản tin", "own") for n in range(count)]
    files.logbook_pdf(sample.week() | {"occurrences": many, "faults": []}, tmp_path / "l.pdf", FORM)
    signed = next(page for page in text_of(tmp_path / "l.pdf").split("\f") if "NGƯỜI LẬP BIỂU" in page)
    assert "Số liệu gốc tính bằng" in signed


def test_a_device_is_written_to_and_stays_a_device(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", str(tmp_path / "pipe")], stdout=subprocess.PIPE) as reader:
        files.airtime_csv(sample.month(), tmp_path / "pipe", FORM)
        assert reader.communicate()[0].startswith(b"\xef\xbb\xbf")
    assert (tmp_path / "pipe").is_fifo()
    with pytest.raises(OSError, match="No space"):
        files.airtime_csv(sample.month(), Path("/dev/full"), FORM)
    assert Path("/dev/full").is_char_device()


def test_a_link_stays_and_what_it_names_is_replaced_whole(tmp_path):
    (tmp_path / "reports").mkdir()
    (tmp_path / "a.csv").symlink_to(tmp_path / "reports" / "real.csv")
    files.airtime_csv(sample.month(), tmp_path / "a.csv", FORM)
    assert (tmp_path / "a.csv").is_symlink()
    assert [path.name for path in (tmp_path / "reports").iterdir()] == ["real.csv"]


@pytest.mark.parametrize(("name", "can"), [("x.csv", True), ("none/x.csv", False), (".", False), ("file/x", False)])
def test_whether_a_report_can_be_written_is_known_before_it_is_made(tmp_path, name, can):
    (tmp_path / "file").write_bytes(b"")
    assert files.can_be_written(tmp_path / name) is can
    assert files.can_be_written(Path("/dev/full"))


def test_a_number_in_the_csv_is_a_number_to_vietnamese_excel(tmp_path):
    figure = one_title("-Bản tin")
    figure["occurrences"][0]["start_error_ms"] = -0.01
    files.airtime_csv(figure, tmp_path / "a.csv", FORM)
    with open(tmp_path / "a.csv", encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file, delimiter=";")
    assert row["start_error_ms"] == "-0,01"
    assert row["programme"] == "'-Bản tin"
    files.airtime_xlsx(figure, tmp_path / "a.xlsx", FORM)
    head, exact = openpyxl.load_workbook(tmp_path / "a.xlsx")["Số liệu gốc (ms)"].values
    assert exact[head.index("start_error_ms")] == -0.01


@pytest.mark.parametrize(("early_ms", "began"), [(0.01, "05:00:00"), (-499, "05:00:00"), (-501, "05:00:01")])
def test_the_logbook_rounds_the_time_at_which_a_programme_began(early_ms, began):
    week = sample.week()
    first = week["occurrences"][0]
    first["start_error_ms"] = -early_ms
    rows = logbook_document(week, FORM).tables[0].rows
    assert rows[1].cells[1].split("–")[0] == began


def test_a_cause_that_would_be_printed_as_zero_is_no_remark():
    broadcast = sample.occurrence(FIVE, 15, "Bản tin", "own") | {"causes": {"ended_early": 49, "dead_air": 50}}
    assert remarks(Broadcast.from_json(broadcast), FORM) == "Mất tiếng 0,1s"
    assert remarks(Broadcast.from_json(broadcast), Form(lang="en")) == "Dead air 0.1s"


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 500), min_size=18, max_size=18))
def test_no_page_of_the_logbook_ends_with_a_days_heading_or_begins_with_a_sum(tmp_path, lengths):
    week = sample.week()
    titled = [o | {"programme": ("chữ " * 125)[:n].strip()} for o, n in zip(week["occurrences"], lengths, strict=True)]
    files.logbook_pdf(week | {"occurrences": titled}, tmp_path / "l.pdf", FORM)
    for page in text_of(tmp_path / "l.pdf").split("\f"):
        lines = [" ".join(line.split()) for line in page.splitlines() if line.strip()]
        heads = [n for n, line in enumerate(lines) if re.fullmatch(r"(Thứ|Chủ) \w+, \d\d/\d\d/2026", line)]
        assert not heads or heads[-1] < len(lines) - 2, "the last line is the page's foot"
        begins = next((n for n, line in enumerate(lines) if line.startswith("tế")), 0) + 1
        assert not (lines and begins < len(lines) and lines[begins].startswith("Cộng")), lines[:5]
