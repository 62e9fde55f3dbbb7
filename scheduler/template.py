"""An example week to fill in: as a list or a weekly grid in a workbook, as TOML. Each loads without a word."""

import io
from collections.abc import Iterator, Sequence
from datetime import date, time
from itertools import groupby
from pathlib import Path

import xlsxwriter  # type: ignore[import-untyped]

from scheduler.spoken.cells import Cell

SHEET = "Lịch phát sóng"
HEADINGS = ("Ngày", "Giờ", "Thời lượng", "Chương trình", "Hình thức", "Mức ưu tiên", "Nguồn", "Phạm vi")
_WIDTHS = {"Ngày": 16, "Giờ": 9, "Thời lượng": 13, "Chương trình": 44, "Nguồn": 36}
_WIDTH = 15  # of the others, in characters
KINDS = ("Tự sản xuất", "Tiếp âm", "Phát lại", "Trực tiếp")
CLASSES = ("Thông thường", "Ưu tiên")
_CHOICES = {"Hình thức": KINDS, "Mức ưu tiên": CLASSES}
_LAST_ROW = 500  # as far as the choices are offered

_Row = tuple[str, time, int, str, str, str, str]  # day, time, minutes, title, kind, class, source
_VOV = "http://example.org/vov1.mp3"
WEEK: tuple[_Row, ...] = (
    ("T2-T7", time(5, 0), 30, "Tiếp âm Thời sự Đài TNVN", "Tiếp âm", "Thông thường", _VOV),
    ("T2-T7", time(5, 30), 15, "Bản tin buổi sáng của xã", "Tự sản xuất", "Thông thường", "ban-tin-sang.mp3"),
    ("Thứ 2, 4, 6", time(5, 45), 5, "Thông báo của UBND xã", "Tự sản xuất", "Ưu tiên", "thong-bao.mp3"),
    ("T2-T7", time(17, 0), 30, "Tiếp âm Thời sự Đài TNVN buổi chiều", "Tiếp âm", "Thông thường", _VOV),
    ("T2-T7", time(17, 30), 15, "Bản tin buổi sáng của xã (PL)", "Phát lại", "Thông thường", "ban-tin-sang.mp3"),
    ("Thứ 5", time(17, 45), 15, "Hỏi đáp pháp luật", "Tự sản xuất", "Thông thường", "hoi-dap-phap-luat.mp3"),
    ("CN", time(6, 0), 20, "Điểm tin trong tuần", "Tự sản xuất", "Thông thường", "diem-tin-tuan.mp3"),
    ("CN", time(17, 0), 30, "Ca nhạc quê hương", "Tự sản xuất", "Thông thường", "ca-nhac.mp3"),
)

GUIDE = (
    "HƯỚNG DẪN GHI LỊCH PHÁT SÓNG",
    "Mỗi dòng là một mục. Có thể đổi thứ tự các cột, thêm dòng tên đài ở trên, để dòng trống.",
    "Ngày: Thứ 2 … Thứ 7, CN, T2-T7, “Thứ 2, 4, 6”, Hằng ngày, hoặc một ngày như 23/11/2026.",
    "Giờ: 5h, 5h30, 17h00, 05:30, hoặc khung giờ 5h30-5h45 (khi đó không cần ghi thời lượng).",
    "Thời lượng: số phút (15), 15', 15 phút, hoặc phút:giây như 07:30.",
    "Chương trình: tên chương trình. Ghi (PL) nếu là phát lại.",
    "Hình thức: Tự sản xuất, Tiếp âm, Phát lại hoặc Trực tiếp. Để trống là Tự sản xuất.",
    "Mức ưu tiên: Thông thường hoặc Ưu tiên. Tin khẩn cấp không ghi trong lịch: phát ngay bằng lệnh khẩn cấp.",
    "Nguồn: tên tệp trong thư mục chương trình, hoặc địa chỉ http:// để tiếp âm.",
    "Tệp chưa có thì máy nhắc “chờ nội dung”; lịch vẫn nạp được.",
    "Phạm vi: khu vực loa; để trống là toàn xã. Hai mục cùng khu vực không được trùng giờ.",
    "Kiểm tra trước khi nạp: smartradio schedule check TỆP. Lịch cũ vẫn phát cho đến khi lịch mới không còn lỗi.",
)


GRID_DAYS = ("Thứ 2", "Thứ 3", "Thứ 4", "Thứ 5", "Thứ 6", "Thứ 7", "CN")
_VOV_MORNING, _VOV_EVENING = "Tiếp âm Thời sự Đài TNVN", "Tiếp âm Thời sự Đài TNVN buổi chiều"
_NEWS, _NOTICES = "Bản tin buổi sáng của xã", "Thông báo của UBND xã"
GRID: tuple[tuple[str, str, tuple[str, ...]], ...] = (  # session, time, what each day has then
    ("Sáng", "5h00-5h30", (_VOV_MORNING,) * 6 + ("Nghỉ",)),
    ("Sáng", "5h30-5h45", (_NEWS,) * 6 + ("Nghỉ",)),
    ("Sáng", "5h45-6h00", ("1. Lịch tiêm phòng (3')\n2. Thu gom rác (2')", "", _NOTICES, "", _NOTICES, "", "Nghỉ")),
    ("Chiều", "17h00-17h30", (_VOV_EVENING,) * 6 + ("Ca nhạc quê hương",)),
    ("Chiều", "17h30-17h45", (f"{_NEWS} (PL)",) * 6 + ("",)),
)
GRID_SOURCES = (
    (_VOV_MORNING, _VOV),
    (_VOV_EVENING, _VOV),
    (_NEWS, "ban-tin-sang.mp3"),
    (_NOTICES, "thong-bao.mp3"),
    ("Lịch tiêm phòng", "tiem-phong.mp3"),
    ("Thu gom rác", "thu-gom-rac.mp3"),
    ("Ca nhạc quê hương", "ca-nhac.mp3"),
)
GRID_GUIDE = (
    "HƯỚNG DẪN GHI LỊCH TUẦN",
    "Ngày ghi ngang, giờ ghi dọc. Ghi thêm “(từ 23/11 đến 29/11/2026)” ở tên lịch thì lịch chỉ dùng cho tuần ấy.",
    "Cột giờ: khung giờ như trên, hoặc giờ bắt đầu; khi đó ghi số phút trong ô, thí dụ: Bản tin xã (15').",
    "Một ô nhiều mục: mỗi mục một dòng, ghi số phút; các mục nối tiếp nhau từ giờ đầu dòng.",
    "Ô trống, gạch ngang hoặc Nghỉ là không phát. Ghi (PL) nếu là phát lại; ghi Tiếp âm, Trực tiếp ở đầu tên.",
    "Trang Nguồn: chương trình nào phát từ tệp nào, hoặc địa chỉ tiếp âm. Tệp chưa có thì máy nhắc “chờ nội dung”.",
    GUIDE[-1],
)


def write_template_xlsx(path: Path, *, grid: bool = False) -> None:
    """Write the workbook: an example week as a list or as a grid, and a sheet of instructions.

    Raises OSError, which the library would hide behind errors of its own: it writes to memory.
    """
    whole = io.BytesIO()
    with xlsxwriter.Workbook(whole, {"in_memory": True}) as book:
        if grid:
            _write_grid(book)
            _write_sources(book)
            _write_guide(book, GRID_GUIDE)
        else:
            add_list_sheet(book, [["LỊCH PHÁT SÓNG ĐÀI TRUYỀN THANH XÃ"]], HEADINGS, [(*row, "") for row in WEEK])
            _write_guide(book, GUIDE)
    path.write_bytes(whole.getvalue())


def _write_grid(book: xlsxwriter.Workbook) -> None:
    """What is the same on days beside one another is merged, as people draw it."""
    sheet = book.add_worksheet(SHEET)
    bold = book.add_format({"bold": True, "font_size": 14})
    heading = book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1, "align": "center"})
    plain = book.add_format({"border": 1, "text_wrap": True, "valign": "vcenter"})
    sheet.set_column(0, 1, 12)
    sheet.set_column(2, 8, 20)
    sheet.write_string(0, 0, "LỊCH PHÁT SÓNG TUẦN CỦA ĐÀI TRUYỀN THANH XÃ", bold)
    for column, name in enumerate(("Buổi", "Giờ", *GRID_DAYS)):
        sheet.write_string(2, column, name, heading)
    for row, (session, hours, titles) in enumerate(GRID, 3):
        sheet.write_string(row, 0, session, plain)
        sheet.write_string(row, 1, hours, plain)
        for first, last, title in _alike(titles):
            _write_merged(sheet, row, 2 + first, 2 + last, title, plain)
    sheet.freeze_panes(3, 2)


def _alike(titles: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Runs of equal titles: first, last, title."""
    for title, run in groupby(enumerate(titles), key=lambda pair: pair[1]):
        numbers = [number for number, _ in run]
        yield numbers[0], numbers[-1], title


def _write_merged(
    sheet: xlsxwriter.worksheet.Worksheet, row: int, first: int, last: int, text: str, style: xlsxwriter.format.Format
) -> None:
    if first == last:
        sheet.write_string(row, first, text, style)
    else:
        sheet.merge_range(row, first, row, last, text, style)


def _write_sources(book: xlsxwriter.Workbook) -> None:
    sheet = book.add_worksheet("Nguồn")
    heading = book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1})
    sheet.set_column(0, 1, 44)
    for row, cells in enumerate((("Chương trình", "Nguồn"), *GRID_SOURCES)):
        for column, text in enumerate(cells):
            sheet.write_string(row, column, text, *(() if row else (heading,)))


def add_list_sheet(
    book: xlsxwriter.Workbook, top: Sequence[Sequence[Cell]], headings: Sequence[str], rows: Sequence[Sequence[Cell]]
) -> None:
    """A plain list, ready to be filled in and printed: rows above it, its headings, its items."""
    sheet = book.add_worksheet(SHEET)
    begins = len(top) + 1
    _write_rows(book, sheet, 0, top, {"bold": True, "font_size": 14})
    _write_rows(book, sheet, begins, [headings], {"bold": True, "bg_color": "#DDEBF7", "border": 1, "text_wrap": True})
    _write_rows(book, sheet, begins + 1, rows, {"border": 1, "text_wrap": True})
    for column, heading in enumerate(headings):
        sheet.set_column(column, column, _WIDTHS.get(heading, _WIDTH))
        if heading in _CHOICES:
            _offer(sheet, begins + 1, column, heading)
    sheet.freeze_panes(begins + 1, 0)


def _write_rows(
    book: xlsxwriter.Workbook,
    sheet: xlsxwriter.worksheet.Worksheet,
    first: int,
    rows: Sequence[Sequence[Cell]],
    look: dict[str, object],
) -> None:
    """Texts as texts, whatever they begin with; days and times as Excel's own."""
    plain = book.add_format(look)
    day, clock, fine = (book.add_format(look | {"num_format": form}) for form in ("dd/mm/yyyy", "hh:mm", "hh:mm:ss"))
    for row, cells in enumerate(rows, first):
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                sheet.write_string(row, column, cell, plain)
            elif isinstance(cell, time):
                sheet.write_datetime(row, column, cell, fine if cell.second else clock)
            elif isinstance(cell, date):
                sheet.write_datetime(row, column, cell, day)
            else:
                sheet.write(row, column, cell, plain)


def _offer(sheet: xlsxwriter.worksheet.Worksheet, first: int, column: int, heading: str) -> None:
    choices = list(_CHOICES[heading])
    rule = {"validate": "list", "source": choices, "error_title": heading}
    sheet.data_validation(first, column, _LAST_ROW, column, rule | {"error_message": "Chọn: " + ", ".join(choices)})


def _write_guide(book: xlsxwriter.Workbook, lines: Sequence[str]) -> None:
    sheet = book.add_worksheet("Hướng dẫn")
    wrapped = book.add_format({"text_wrap": True})
    sheet.set_column(0, 0, 110, wrapped)
    for row, line in enumerate(lines):
        sheet.write_string(row, 0, line)


_TOML_HEAD = """\
# Lịch phát sóng dạng TOML. Dòng bắt đầu bằng # là chú thích.
# A timetable as TOML. Lines that begin with # are comments.

title = "Lịch phát sóng của đài truyền thanh xã"   # tên lịch | its name
# valid_from = 2026-11-23   # ngày đầu có hiệu lực, bỏ dấu # để dùng | first day
# valid_to = 2026-11-29     # ngày cuối có hiệu lực | last day, included

# Mỗi [[slot]] là một mục phát. | Each [[slot]] is one item.
#   days      ngày: "Thứ 2", "CN", "T2-T7", "Thứ 2, 4, 6", "Hằng ngày", 2026-11-23 | days or a date
#   start     giờ bắt đầu: "5h30", "17h00", 05:30:00 | when it starts
#   duration  thời lượng: 15 (phút), "15 phút", "07:30" (phút:giây) | minutes, or a text
#   title     tên chương trình | title
#   kind      hình thức: "tự sản xuất" (own), "tiếp âm" (relay), "phát lại" (repeat), "trực tiếp" (live)
#   class     mức ưu tiên: "thông thường" (normal), "ưu tiên" (priority)
#   source    tên tệp trong thư mục chương trình, hoặc địa chỉ http(s):// | a file in the media folder, or an address
#   zone      phạm vi: bỏ trống là toàn xã | zone, left out: all loudspeakers
"""


def template_toml() -> str:
    """The same week as annotated TOML, in Vietnamese and English."""
    return "\n".join([_TOML_HEAD, *map(_toml_slot, WEEK)])


def _toml_slot(row: _Row) -> str:
    day, starts, minutes, title, kind, level, source = row
    texts = {"title": title, "kind": kind.lower(), "class": level.lower(), "source": source}
    lines = ["[[slot]]", f'days = "{day}"', f'start = "{starts.hour}h{starts.minute:02}"', f"duration = {minutes}"]
    return "\n".join([*lines, *(f'{key} = "{value}"' for key, value in texts.items()), ""])
