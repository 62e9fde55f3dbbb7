"""The forms a timetable comes in: what each file says arrives as the same items, whatever program wrote it."""

import unicodedata
from datetime import date, time
from pathlib import Path

import docx
import openpyxl
import pytest
import xlsxwriter
from openpyxl.cell.rich_text import CellRichText, InlineFont, TextBlock

from scheduler.loaders import Loaded, load
from scheduler.timetable import Dates, Weekdays
from tests.scheduler.sheets import (
    HEADINGS,
    TIN,
    ods_cell,
    repacked,
    word_cell,
    word_paragraph,
    word_row,
    word_table,
    write_csv,
    write_docx,
    write_ods,
    write_xlsx,
)

FILES = Path(__file__).with_name("files")
MON, MON_WED = Weekdays(frozenset({0})), Weekdays(frozenset({0, 2}))
LIST = [HEADINGS[:4], ["T2", "5h30", "15", "Bản tin sáng"], ["T2", "17h", "15'", "Bản tin chiều"]]
EXPECTED = [(MON, time(5, 30), 900, "Bản tin sáng"), (MON, time(17), 900, "Bản tin chiều")]


def codes(problems) -> list[tuple[str, str]]:
    return [(problem.where, problem.code) for problem in problems]


def items(loaded: Loaded) -> list[tuple]:
    """Day, time, seconds, title of each item of a file that has no errors."""
    assert loaded.errors == ()
    return [(s.recurrence, s.starts, s.item.duration_ms // 1_000, s.item.title) for s in loaded.timetable.slots]


# --- Excel


@pytest.mark.parametrize("name", ["list_types.xls", "list_1904.xls"])
def test_an_old_xls_keeps_its_types_merged_cells_hidden_sheets_and_either_day_zero(name):
    assert items(load(FILES / name)) == [
        (MON_WED, time(5, 30), 900, "Bản tin sáng"),
        (MON_WED, time(6), 450, "Thông báo"),
        (Dates(frozenset({date(2026, 11, 24)})), time(17), 900, "Chiều"),
    ]


@pytest.mark.parametrize("date_1904", [False, True])
def test_a_day_is_the_same_whichever_day_zero_a_workbook_counts_from(tmp_path, date_1904):
    with xlsxwriter.Workbook(tmp_path / "a.xlsx", {"date_1904": date_1904}) as book:
        sheet = book.add_worksheet("Lịch")
        sheet.write_row(0, 0, HEADINGS[:4])
        sheet.write_datetime(1, 0, date(2026, 11, 24), book.add_format({"num_format": "dd/mm/yyyy"}))
        sheet.write_datetime(1, 1, time(17, 0), book.add_format({"num_format": "hh:mm"}))
        sheet.write_row(1, 2, [15, "Chiều"])
    assert items(load(tmp_path / "a.xlsx")) == [(Dates(frozenset({date(2026, 11, 24)})), time(17), 900, "Chiều")]


def test_formulas_count_by_their_stored_value(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet("Lịch")
        sheet.write_row(0, 0, HEADINGS[:4])
        sheet.write_row(1, 0, ["T2", "5h30", None, None])
        sheet.write_formula(1, 2, "=10+5", value=15)
        sheet.write_formula(1, 3, '="Bản tin"&" sáng"', value="Bản tin sáng")
    assert items(load(tmp_path / "a.xlsx")) == EXPECTED[:1]


def test_a_formula_that_failed_or_was_never_calculated_is_an_error_at_its_cell(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet("Lịch")
        sheet.write_row(0, 0, HEADINGS[:4])
        for row in range(1, 6):
            sheet.write_row(row, 0, ["T2", f"{row + 4}h", 15, f"Mục {row}"])
        sheet.write_formula(1, 3, "=VLOOKUP(1,A1:B1,1)", value="#N/A")
        sheet.write_formula(2, 1, "=1/0", value="#DIV/0!")
        sheet.write_formula(3, 3, "=B2", value="")
        sheet.write_formula(4, 0, "=A1", value="")
        sheet.write_formula(5, 2, "=X", value="#NAME?")
    assert codes(load(tmp_path / "a.xlsx").errors) == [
        ("Lịch!D2", "bad_formula"),
        ("Lịch!B3", "bad_time"),
        ("Lịch!D4", "bad_formula"),
        ("Lịch!A5", "bad_days"),
        ("Lịch!C6", "bad_duration"),
    ]


def test_an_item_in_a_hidden_row_is_read_and_told(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Lịch"
    for row in LIST:
        book.active.append(row)
    book.active.row_dimensions[3].hidden = True
    book.active.row_dimensions[9].hidden = True
    book.save(tmp_path / "a.xlsx")
    loaded = load(tmp_path / "a.xlsx")
    assert items(loaded) == EXPECTED
    assert codes(loaded.warnings) == [("Lịch!B3", "hidden_row")]


# --- LibreOffice


@pytest.mark.parametrize(
    ("number", "shown_as", "seconds"),
    [(15, '0" phút"', 900), (1, '0" giờ"', 3_600), (90, '0\\ "giây"', 90), (2, "General", 120)],
)
def test_a_number_is_what_its_format_shows(tmp_path, number, shown_as, seconds):
    book = openpyxl.Workbook()
    book.active.title = "Lịch"
    for row in (HEADINGS[:4], ["T2", 530, number, "Bản tin sáng"]):
        book.active.append(row)
    book.active["B2"].number_format, book.active["C2"].number_format = '0"h"00', shown_as
    book.save(tmp_path / "lich.xlsx")
    assert items(load(tmp_path / "lich.xlsx")) == [(MON, time(5, 30), seconds, "Bản tin sáng")]


def test_an_ods_keeps_merged_cells_hidden_rows_repeats_and_types(tmp_path):
    def span(rows, columns, text):
        spans = f'table:number-rows-spanned="{rows}" table:number-columns-spanned="{columns}"'
        return f'<table:table-cell {spans} office:value-type="string"><text:p>{text}</text:p></table:table-cell>'

    def row(*cells, more=""):
        return f"<table:table-row {more}>{''.join(cells)}</table:table-row>"

    def dated(text):
        return f'<table:table-cell office:value-type="date" office:date-value="{text}"/>'

    covered = '<table:covered-table-cell table:number-columns-repeated="{}"/>'
    remark = "<office:annotation><text:p>hỏi chị Lan</text:p></office:annotation>"
    two_lines = f"<table:table-cell>{remark}<text:p>Bản <text:s/>tin</text:p><text:p>sáng</text:p></table:table-cell>"
    rows = [
        row(span(1, 4, "LỊCH PHÁT SÓNG"), covered.format(3)),
        row(*map(ods_cell, HEADINGS[:4])),
        row(span(2, 1, "Thứ 2, 4"), ods_cell("PT05H30M00S"), ods_cell(15), two_lines),
        row(covered.format(1), dated("1899-12-30T17:00:00"), ods_cell("PT00H15M00S"), ods_cell("Chiều")),
        row(dated("2026-11-24"), ods_cell("6h"), ods_cell(15), ods_cell("Ẩn"), more='table:visibility="collapse"'),
        row(ods_cell(None, 16_384), more='table:number-rows-repeated="1048571"'),
    ]
    loaded = load(write_ods(tmp_path / "a.ods", [], tail="".join(rows)))
    assert items(loaded) == [
        (MON_WED, time(5, 30), 900, "Bản tin sáng"),
        (MON_WED, time(17), 900, "Chiều"),
        (Dates(frozenset({date(2026, 11, 24)})), time(6), 900, "Ẩn"),
    ]
    assert codes(loaded.warnings) == [("Lịch!B5", "hidden_row"), ("Lịch!D3", "note_ignored")]
    assert loaded.timetable.title == "LỊCH PHÁT SÓNG"


def test_a_hidden_sheet_of_an_ods_is_not_read(tmp_path):
    def hide_a_copy(name, content):
        if name != "content.xml":
            return content
        text = content.decode()
        begin, end = text.index("<table:table "), text.index("</office:spreadsheet>")
        hidden = text[begin:end].replace("<table:table ", '<table:table table:style-name="ta2" ')
        style = '<style:style style:name="ta2"><style:table-properties table:display="false"/></style:style>'
        styles = f"<office:automatic-styles>{style}</office:automatic-styles><office:body>"
        xmlns = ' xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" office:version'
        shown = (text[:end] + hidden + text[end:]).replace("<office:body>", styles, 1)
        return shown.replace(" office:version", xmlns, 1)

    write_ods(tmp_path / "a.ods", LIST)
    assert items(load(repacked(tmp_path / "a.ods", tmp_path / "b.ods", hide_a_copy))) == EXPECTED


def test_an_ods_cell_with_an_error_is_an_error_at_its_cell(tmp_path):
    broken = (
        '<table:table-cell xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0" '
        'office:value-type="string" calcext:value-type="error"><text:p>#REF!</text:p></table:table-cell>'
    )
    row = f"<table:table-row>{''.join(map(ods_cell, ['T2', '5h', 15]))}{broken}</table:table-row>"
    loaded = load(write_ods(tmp_path / "a.ods", [HEADINGS[:4]], tail=row))
    assert codes(loaded.errors) == [("Lịch!D2", "bad_formula")]


# --- Word


@pytest.mark.parametrize("strict", [False, True])
def test_a_table_of_a_word_document_is_read_with_the_title_above_it(tmp_path, strict):
    above = [word_paragraph("UBND XÃ HOẰNG ĐẠO"), word_paragraph("LỊCH PHÁT SÓNG TUẦN 47")]
    above.append(word_paragraph("Từ ngày 23/11/2026 đến ngày 29/11/2026"))
    letterhead = word_table([["UBND XÃ", "CỘNG HOÀ XÃ HỘI CHỦ NGHĨA VIỆT NAM"]])
    signature = word_table([["Nơi nhận", "CHỦ TỊCH"]])
    loaded = load(write_docx(tmp_path / "a.docx", letterhead, *above, word_table(LIST), signature, strict=strict))
    assert items(loaded) == EXPECTED
    assert loaded.timetable.title == "LỊCH PHÁT SÓNG TUẦN 47"
    assert (loaded.timetable.valid_from, loaded.timetable.valid_to) == (date(2026, 11, 23), date(2026, 11, 29))
    assert [slot.where for slot in loaded.timetable.slots] == ["Bảng 2!B2", "Bảng 2!B3"]
    assert codes(loaded.warnings) == [("Bảng 2", "validity_from_title")]


def test_a_document_written_by_another_library_is_read(tmp_path):
    document = docx.Document()
    document.add_heading("Lịch phát sóng", 1)
    table = document.add_table(rows=4, cols=4)
    for row, texts in enumerate([*LIST, [None, "18h", "15", "Tối"]]):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text or ""
    table.cell(1, 0).merge(table.cell(3, 0)).text = "T2"
    document.save(tmp_path / "a.docx")
    loaded = load(tmp_path / "a.docx")
    assert items(loaded) == [*EXPECTED, (MON, time(18), 900, "Tối")]
    assert loaded.warnings == ()


def test_merged_cells_of_a_word_table_hold_for_their_rows_and_shift_their_columns(tmp_path):
    top, below = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    rows = [
        [word_cell("LỊCH", '<w:gridSpan w:val="4"/>')],
        HEADINGS[:4],
        [word_cell("T2, T4", top), "5h30", "15", "Bản tin sáng"],
        [word_cell("", below), "6h", "15", "Thông báo"],
        word_row(["7h", "15", "Ca nhạc"], '<w:gridBefore w:val="1"/>'),
        [word_cell("T2", top), word_cell("", '<w:gridSpan w:val="2"/>'), "Chương trình khác"],
    ]
    loaded = load(write_docx(tmp_path / "a.docx", word_table(rows)))
    assert [(item[0], item[3]) for item in items(loaded)] == [
        (MON_WED, "Bản tin sáng"),
        (MON_WED, "Thông báo"),
        (MON_WED, "Ca nhạc"),
    ]
    assert codes(loaded.warnings) == [("Bảng 1!A5", "day_inherited"), ("Bảng 1!A6", "row_ignored")]


def test_tracked_changes_of_a_word_table_are_read_as_accepted(tmp_path):
    def run(text, tag="t"):
        return f"<w:r><w:{tag}>{text}</w:{tag}></w:r>"

    changed = f"<w:p><w:del>{run('5h', 'delText')}</w:del><w:ins>{run('5h')}</w:ins>{run('30')}</w:p>"
    moved = f"<w:p><w:moveFrom>{run('Cũ')}</w:moveFrom><w:moveTo>{run('Bản tin ')}</w:moveTo>{run('sáng')}</w:p>"
    rows = [
        HEADINGS[:4],
        word_row(["T3", "4h", "15", "Bỏ"], "<w:del/>"),
        ["T2", word_cell(changed), "15", word_cell(moved)],
        word_row(["T2", "17h", "15'", "Bản tin chiều"], "<w:ins/>"),
    ]
    assert items(load(write_docx(tmp_path / "a.docx", word_table(rows)))) == EXPECTED


def test_a_list_in_a_nested_table_is_found_and_its_text_is_not_lost_outside(tmp_path):
    layout = word_table([[word_cell(word_table(LIST) + word_paragraph(""))]])
    loaded = load(write_docx(tmp_path / "a.docx", layout))
    assert items(loaded) == EXPECTED
    nested = word_table([["Họp thôn", "xóm Đông"]])
    inside = [HEADINGS[:4], ["T2", "5h30", "15", word_cell(word_paragraph("Bản tin") + nested)]]
    assert items(load(write_docx(tmp_path / "b.docx", word_table(inside))))[0][3] == "Bản tin Họp thôn xóm Đông"


# --- names that say something else


def test_a_file_is_read_by_its_content_and_its_name_is_told_to_be_wrong(tmp_path):
    xlsx, ods = write_xlsx(tmp_path / "x.xlsx", LIST), write_ods(tmp_path / "x.ods", LIST)
    word = write_docx(tmp_path / "x.docx", word_table(LIST))
    text = write_csv(tmp_path / "x.csv", LIST, "\t")
    for source, name in [(xlsx, "a.xls"), (ods, "b.xlsx"), (word, "c.xls"), (text, "d.xls"), (xlsx, "e.csv")]:
        path = tmp_path / name
        path.write_bytes(source.read_bytes())
        loaded = load(path)
        assert items(loaded) == EXPECTED
        assert (name, "misnamed_file") in codes(loaded.warnings)
    for source in (xlsx, ods, word, text):
        assert "misnamed_file" not in {problem.code for problem in load(source).warnings}


def test_a_web_page_called_xls_is_read(tmp_path):
    page = """<html><head><meta charset="utf-8"><title>Lịch</title><style>td {color: red}</style></head><body>
    <table border=1><tr><th colspan=4>L&#7882;CH PH&Aacute;T S&Oacute;NG</th></tr>
    <tr><td>Ngày<td>Giờ<td>Thời lượng<td>Chương trình</tr>
    <tr><td rowspan="2">T2</td><td>5h30</td><td>15</td><td><b>Bản</b> <i>tin</i><br>sáng</td></tr>
    <tr><td>17h</td><td>15'</td><td>Bản tin chiều</td></tr></table></body></html>"""
    (tmp_path / "a.xls").write_text(page, encoding="utf-8")
    loaded = load(tmp_path / "a.xls")
    assert items(loaded) == EXPECTED
    assert loaded.timetable.title == "LỊCH PHÁT SÓNG"
    assert codes(loaded.warnings) == [("a.xls", "misnamed_file")]


@pytest.mark.parametrize(
    ("name", "head", "code", "hint"),
    [
        ("a.pdf", b"%PDF-1.7\n", "save_as_office", ".docx"),
        ("a.docx", b"%PDF-1.7\n", "save_as_office", ".docx"),
        ("a.doc", b"{\\rtf1\\ansi", "save_as_docx", ".docx"),
        ("a.xls", b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>', "save_as_xlsx", ".xlsx"),
        ("a.xls", b"MIME-Version: 1.0\r\n", "save_as_xlsx", ".xlsx"),
        ("a.xlsx", b"", "empty_file", ""),
        ("a.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0", "unreadable_file", ""),
    ],
)
def test_what_cannot_be_read_is_told_with_what_to_save_it_as(tmp_path, name, head, code, hint):
    (tmp_path / name).write_bytes(head)
    (error,) = load(tmp_path / name).errors
    assert error.code == code
    assert hint in error.vi
    assert hint in error.en


def test_an_old_word_file_is_told_to_be_saved_anew(tmp_path):
    entry = "Workbook".encode("utf-16-le").ljust(64, b"\0")
    old = (FILES / "list.xls").read_bytes()
    (tmp_path / "a.doc").write_bytes(old.replace(entry, "WordDocument".encode("utf-16-le").ljust(64, b"\0")))
    assert [problem.code for problem in load(tmp_path / "a.doc").errors] == ["save_as_docx"]


def test_a_file_with_a_password_is_told_so():
    assert [problem.code for problem in load(FILES / "locked.xlsx").errors] == ["password"]


# --- CSV


def as_windows_1258(text: str) -> bytes:
    """As Excel writes it: letters with their hat or horn, the tone behind them."""
    tones = "\u0300\u0301\u0303\u0309\u0323"
    apart = unicodedata.normalize("NFD", text)
    kept = "".join(unicodedata.normalize("NFC", part) for part in _split_before(apart, tones))
    return kept.encode("cp1258")


def _split_before(text: str, marks: str):
    """Letters with their marks other than tones, and each tone; the tone last."""
    group, tone = "", ""
    for character in text:
        if character in marks:
            tone = character
        elif unicodedata.combining(character):
            group += character
        else:
            yield from (group, tone)
            group, tone = character, ""
    yield from (group, tone)


def test_csv_in_windows_1258_is_read_with_its_tones_and_told(tmp_path):
    text = "\r\n".join(";".join(row) for row in [["Lịch phát sóng xã Hoằng Đạo"], *LIST])
    (tmp_path / "a.csv").write_bytes(as_windows_1258(text))
    loaded = load(tmp_path / "a.csv")
    assert items(loaded) == EXPECTED
    assert loaded.timetable.title == "Lịch phát sóng xã Hoằng Đạo"
    assert codes(loaded.warnings) == [("a.csv", "old_encoding")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_csv_in_utf_16_is_read(tmp_path, encoding):
    text = "\n".join("\t".join(row) for row in LIST)
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    (tmp_path / "a.csv").write_bytes(mark + text.encode(encoding))
    assert items(load(tmp_path / "a.csv")) == EXPECTED


@pytest.mark.parametrize("line", ["sep=;\r\n", '"sep=;"\n', "\ufeffsep=;\n"])
def test_excels_line_that_names_the_mark_is_obeyed_and_counted(tmp_path, line):
    rows = [["Ngày", "Giờ", "Thời lượng", "Chương trình (tên, giờ)"], ["T2", "x", "15", "A, B, C"]]
    (tmp_path / "a.csv").write_text(line + "\n".join(";".join(row) for row in rows), encoding="utf-8", newline="")
    loaded = load(tmp_path / "a.csv")
    assert ('line 3, column "Giờ"', "bad_time") in codes(loaded.errors)


def test_quotes_of_a_csv_hold_marks_quotes_and_lines(tmp_path):
    text = 'Ngày,Giờ,Thời lượng,Chương trình\n"T2, T4",5h30,"15","Bản tin ""Sáng"", tiếp\nchuyện"\n'
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    assert items(load(tmp_path / "a.csv")) == [(MON_WED, time(5, 30), 900, 'Bản tin "Sáng", tiếp chuyện')]


def test_all_forms_of_one_list_give_the_same_timetable(tmp_path):
    rows = [HEADINGS, [str(cell) for cell in TIN], ["CN", "17h", "30", "Thời sự VOV1", "Tiếp âm", "", "http://a/b", ""]]
    paths = [write_xlsx(tmp_path / "a.xlsx", rows), write_ods(tmp_path / "a.ods", rows)]
    paths += [write_docx(tmp_path / "a.docx", word_table(rows)), write_csv(tmp_path / "a.csv", rows, ";")]
    timetables = [load(path).timetable for path in paths]
    assert timetables[0].slots
    assert all(timetable == timetables[0] for timetable in timetables)


# --- what a person sees, or does not see, beside the text of the cells


def _marked_workbook(path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Lịch"
    for row in (
        ["Ngày", "Giờ", "Giờ", "Thời lượng", "Nội dung"],
        ["T2", "4h", "5h", 15, "A"],
        ["T3", "4h", "5h", 15, "B"],
    ):
        sheet.append(row)
    sheet.column_dimensions["B"].hidden = True
    sheet["E3"].font = openpyxl.styles.Font(strike=True)
    sheet["E2"].comment = openpyxl.comments.Comment("Tuần này nghỉ", "Lan")
    book.save(path)
    return path


def test_struck_text_is_asked_about_comments_and_hidden_columns_are_told(tmp_path):
    loaded = load(_marked_workbook(tmp_path / "a.xlsx"))
    assert codes(loaded.errors) == [("Lịch!E3", "struck_out")]
    assert {("Lịch!B1", "hidden_column"), ("Lịch!E2", "note_ignored")} <= set(codes(loaded.warnings))
    assert [slot.starts for slot in loaded.readable.slots] == [time(5), time(5)]


def test_text_that_is_struck_through_in_part_is_asked_about(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "shared.xlsx") as book:
        sheet, struck = book.add_worksheet("Lịch"), book.add_format({"font_strikeout": True})
        for row, cells in enumerate([HEADINGS[:4], ["T2", "5h", 15, "Tin A"], ["T3", "5h", 15, "Tin B"]]):
            sheet.write_row(row, 0, cells)
        sheet.write_rich_string(2, 3, "Tin ", struck, "cũ", " mới")
    book = openpyxl.Workbook()
    book.active.title = "Lịch"
    mixed = CellRichText("Tin ", TextBlock(InlineFont(strike=True), "cũ"), " mới")
    for row in (HEADINGS[:4], ["T2", "5h", 15, "Tin A"], ["T3", "5h", 15, mixed]):
        book.active.append(row)
    book.save(tmp_path / "inline.xlsx")
    for name in ("shared.xlsx", "inline.xlsx"):
        loaded = load(tmp_path / name)
        assert codes(loaded.errors) == [("Lịch!D3", "struck_out")], name
        assert loaded.readable.slots[1].item.title == "Tin cũ mới"


def test_a_comment_of_a_word_table_is_told_at_its_cell(tmp_path):
    document = docx.Document()
    document.add_paragraph("LỊCH PHÁT THANH")
    table = document.add_table(2, 4)
    for row, texts in zip(table.rows, (HEADINGS[:4], ("T2", "5h", "15'", "Tin A")), strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    document.add_comment(table.cell(1, 3).paragraphs[0].runs, "Tuần này nghỉ", "Lan")
    document.save(tmp_path / "a.docx")
    loaded = load(tmp_path / "a.docx")
    said = [(p.where, p.vi) for p in loaded.warnings if p.code == "note_ignored"]
    assert said == [("Bảng 1!D2", "“Tuần này nghỉ” chỉ là ghi chú, máy không làm theo")]


_ODS_STYLE = '<style:style style:name="x"><style:text-properties style:text-line-through-style="solid"/></style:style>'


def test_the_same_of_an_ods(tmp_path):
    path = write_ods(
        tmp_path / "a.ods", [["Ngày", "Giờ", "Thời lượng", "Nội dung"], ["T2", "5h", 15, "A"], ["T3", "5h", 15, "B"]]
    )

    def marked(name, content):
        if name != "content.xml":
            return content
        text = content.decode().replace("<office:body>", f"<office:styles>{_ODS_STYLE}</office:styles><office:body>")
        text = text.replace(
            " office:version", ' xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" office:version'
        )
        text = text.replace(
            '<table:table table:name="Lịch">',
            '<table:table table:name="Lịch"><table:table-column table:visibility="collapse"/>',
        )
        note = "<office:annotation><text:p>Tuần này nghỉ</text:p></office:annotation>"
        text = text.replace("<text:p>A<", f"{note}<text:p>A<")
        before, _, after = text.rpartition('<table:table-cell office:value-type="string"')
        text = f'{before}<table:table-cell table:style-name="x" office:value-type="string"{after}'
        return text.replace("T2<", '<text:span text:style-name="x">T2</text:span><').encode()

    loaded = load(repacked(path, tmp_path / "b.ods", marked))
    assert codes(loaded.errors) == [("Lịch!A2", "struck_out"), ("Lịch!D3", "struck_out")]
    assert {("Lịch!A1", "hidden_column"), ("Lịch!D2", "note_ignored")} <= set(codes(loaded.warnings))


def test_struck_text_and_notes_between_the_tables_of_a_document(tmp_path):
    document = docx.Document()
    document.add_paragraph("LỊCH PHÁT THANH HẰNG NGÀY")
    for session, clock in (("I. BUỔI SÁNG", "5h30"), ("II. BUỔI CHIỀU", "17h30")):
        document.add_paragraph(session)
        table = document.add_table(2, 3)
        for cell, text in zip(table.rows[0].cells, ("Giờ", "Nội dung", "Thời lượng"), strict=True):
            cell.text = text
        for cell, text in zip(table.rows[1].cells, (clock, "Bản tin", "15'"), strict=True):
            cell.text = text
        document.add_paragraph("Ghi chú: ngày 24/11 nghỉ")
    table.rows[1].cells[1].paragraphs[0].runs[0].font.strike = True
    document.save(tmp_path / "a.docx")
    loaded = load(tmp_path / "a.docx")
    assert [(slot.starts, slot.session) for slot in loaded.readable.slots] == [
        (time(5, 30), "Buổi sáng"),
        (time(17, 30), "Buổi chiều"),
    ]
    assert codes(loaded.errors) == [("Bảng 2!B2", "struck_out")]
    assert [p.vi.count("nghỉ") for p in loaded.warnings if p.code == "note_ignored"] == [1]


def test_the_times_that_were_supposed_are_named(tmp_path):
    rows = [[5, "5h00", "", "A"], [5, "5h15", 15, "B"], [5, "5h30", "", "A"], [5, "5h50", 10, "B"]]
    path = write_ods(
        tmp_path / "a.ods",
        [["Ngày", "Giờ", "Thời lượng", "Nội dung"], *([f"T{day}", *row] for day, *row in rows)],
    )
    (supposed,) = load(path).warnings
    assert (supposed.where, supposed.code) == ("Lịch!C2", "until_next")
    assert "5h00-5h15, 5h30-5h50" in supposed.vi
    assert "5h00-5h15, 5h30-5h50" in supposed.en
