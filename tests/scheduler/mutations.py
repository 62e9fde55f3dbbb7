"""Sheets as a commune has them, broken in every way a byte or a cell can be. Each mutation follows from its seed."""

import io
import random
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path

import openpyxl

from scheduler.template import write_template_xlsx
from tests.scheduler.sheets import word_cell, word_paragraph, word_table, write_csv, write_docx, write_ods, write_xlsx

FILES = Path(__file__).with_name("files")

LIST = [
    ["UBND XÃ HOẰNG ĐẠO"],
    ["LỊCH PHÁT SÓNG TUẦN 48"],
    ["Từ ngày 23/11/2026 đến ngày 29/11/2026"],
    ["STT", "Ngày", "Giờ", "Thời lượng", "Chương trình", "Hình thức", "Nguồn", "Ghi chú"],
    ["1", "T2-T7", "5h00", "30", "Tiếp âm Thời sự Đài TNVN", "Tiếp âm", "http://example.org/vov1", ""],
    ["2", "", "5h30", "15'", "Bản tin buổi sáng của xã", "TSX", "ban-tin.mp3", "chị Lan đọc"],
    ["3", "Thứ 2, 4, 6", "5 giờ 45", "5 phút", "Thông báo của UBND xã (PL)", "PL", "thong-bao.mp3", ""],
    ["4", "CN", "17h00-17h30", "", "Ca nhạc quê hương", "TSX", "ca-nhac.mp3", ""],
    ["5", "24/11/2026", "17h45", "15", "Hỏi đáp pháp luật; Nông nghiệp (10 phút)", "", "", ""],
    ["", "", "", "", "", "NGƯỜI LẬP", "", ""],
]
GRID = [
    ["LỊCH PHÁT SÓNG TUẦN 48 (23/11 - 29/11/2026)"],
    ["Buổi", "Giờ", "Thứ 2", "Thứ 3", "Thứ 4", "Thứ 5", "Thứ 6", "Thứ 7", "CN"],
    ["Sáng", "5h00-5h30", *["Tiếp âm Thời sự Đài TNVN"] * 6, "Nghỉ"],
    ["", "5h30", "Bản tin xã (15')", "nt", '"', "Thông báo (5'); Nông nghiệp (10')", "nt", "Ca nhạc 20p", ""],
    ["Chiều", "17h-17h30", *["Phát lại chương trình buổi sáng"] * 5, "", "Điểm tin trong tuần"],
    ["Ghi chú: nghỉ ngày lễ"],
]
POISON = (
    "", " ", "=1/0", "#REF!", "T2-T9", "Thứ 8", "25h", "5.45", "-1", "nan", "inf", "1e309", "2-6", "30/2/2026",
    "(PL)", "nt", '"', "Nghỉ", "khẩn cấp", "../../etc/passwd", "x" * 600, "x" * 40_000, "\u202e5h30",
    "Ti\u0302\u0301p âm", "5h" * 500, "từ 2026 đến " * 50, "rằm tháng giêng", "ngày 31 hằng tháng",
    "Chủ nhật thứ 5 trong tháng", "trừ ngày lễ", "Ch\xad¬ng tr×nh", "Chöông trình", "１７ｈ３０", "٣", "Ⅳ", "\ud7ff",
    "a\nb\n\nc", "5h30\t15p", "'" * 200, "(" * 300, "9" * 300, "0h00-24h00", "23h59", "Thứ 2, " * 200, "1/1/0001",
    "31/12/9999", "tháng 13", "Tết", "5h chiều - 4h sáng", "15 phút 15 phút", "–", "→", "１/１",
    "27/7 hằng năm", "29/2, 31/4 hằng năm", "Giờ sáng", "Giờ chiều", "Sáng: 5h\nChiều: 5h", "5h30\n5h45",
    "9 lần: 5h, 6h", "Tin, phát đến hết ngày 31/2", "Họp lúc 19h30", "PL: Tin", "Tin (5') (phát hết 9 phút)",
    "5h30 (thứ 2 đến thứ 6)", "Tuần 4 (1/1 - 2/2)", "23/11/2026 5h30", "Tổng cộng", "Phát lại 17h30", "Mất điện",
)  # fmt: skip
TYPED = (
    None, True, 0, -5, 1e300, 0.5, 61, datetime(1900, 1, 1), datetime(9999, 12, 31, 23, 59), date(2026, 11, 23),
    time(0), time(23, 59, 59),
)  # fmt: skip
FORMS = (".xlsx", ".xls", ".ods", ".docx", ".csv", ".html")


def sheets_with_merges(path: Path) -> Path:
    return write_xlsx(path, GRID, merged=["A1:I1", "C3:H3", "A3:A4"])


def _word(path: Path, rows) -> Path:
    wide = [word_cell("Sáng", '<w:vMerge w:val="restart"/>'), word_cell("gộp", '<w:gridSpan w:val="3"/>')]
    return write_docx(path, word_paragraph("LỊCH PHÁT SÓNG"), word_table([*rows, wide, [word_cell("", "<w:vMerge/>")]]))


def _page(path: Path, rows) -> Path:
    cells = "".join("<tr>" + "".join(f"<td rowspan=1>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    path.write_text(f"<html><table border=1>{cells}</table></html>", encoding="utf-8")
    return path


WRITERS: dict[str, Callable[[Path, list], Path]] = {
    ".xlsx": write_xlsx,
    ".ods": lambda path, rows: write_ods(
        path, [[str(cell).replace("<", "").replace("&", "") for cell in r] for r in rows]
    ),
    ".docx": _word,
    ".csv": lambda path, rows: write_csv(path, rows, ";"),
    ".html": _page,
}


class Mutator:
    """Writes mutated sheets into *folder*. The originals are made once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.originals: dict[str, list[bytes]] = {".xls": [path.read_bytes() for path in sorted(FILES.glob("*.xls"))]}
        for suffix, write in WRITERS.items():
            made = [write(folder / f"original{n}{suffix}", rows) for n, rows in enumerate((LIST, GRID))]
            self.originals[suffix] = [path.read_bytes() for path in made]
        write_template_xlsx(folder / "template.xlsx")
        merged = sheets_with_merges(folder / "merged.xlsx")
        self.originals[".xlsx"] += [path.read_bytes() for path in (folder / "template.xlsx", merged)]

    def make(self, seed: int) -> Path:
        """A mutated sheet. The same seed gives the same one."""
        chance = random.Random(seed)
        suffix = FORMS[seed % len(FORMS)]
        if seed % 3 == 0 and suffix in WRITERS:
            return self._with_mutated_cells(chance, suffix)
        raw = chance.choice(self.originals[suffix])
        mutated = (
            _mutated_parts(chance, raw) if raw.startswith(b"PK") and chance.random() < 0.8 else _bytes(chance, raw)
        )
        path = self.folder / f"mutated{suffix}"
        path.write_bytes(mutated)
        return path

    def _with_mutated_cells(self, chance: random.Random, suffix: str) -> Path:
        rows = [list(row) for row in chance.choice((LIST, GRID))]
        for _ in range(chance.choice((1, 3, 10))):
            _mutate_rows(chance, rows)
        path = self.folder / f"mutated{suffix}"
        if suffix == ".xlsx":
            return _typed_workbook(chance, path, rows)
        texts = [["" if cell is None else _storable(str(cell)) for cell in row] for row in rows]
        return WRITERS[suffix](path, texts)


def _storable(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _typed_workbook(chance: random.Random, path: Path, rows) -> Path:
    merged = []
    for _ in range(chance.choice((0, 0, 2))):
        top, left = chance.randrange(1, 9), chance.randrange(1, 8)
        merged.append((top, left, top + chance.randrange(4), left + chance.randrange(4)))
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append([None if isinstance(c, str) and c.startswith("=") and len(c) < 2 else c for c in row])
    for top, left, bottom, right in merged:
        if not any(_meet((top, left, bottom, right), other) for other in book.active.merged_cells.ranges):
            book.active.merge_cells(start_row=top, start_column=left, end_row=bottom, end_column=right)
    book.save(path)
    return path


def _meet(cells, other) -> bool:
    top, left, bottom, right = cells
    return not (bottom < other.min_row or top > other.max_row or right < other.min_col or left > other.max_col)


def _mutate_rows(chance: random.Random, rows: list[list]) -> None:
    row = chance.randrange(len(rows))
    match chance.choice(
        ("poison", "poison", "poison", "typed", "drop", "double", "swap", "swap_columns", "cut", "wide")
    ):
        case "poison":
            _put(chance, rows[row], chance.choice(POISON))
        case "typed":
            _put(chance, rows[row], chance.choice(TYPED))
        case "drop" if len(rows) > 1:
            del rows[row]
        case "double":
            rows.insert(row, list(rows[row]))
        case "swap":
            other = chance.randrange(len(rows))
            rows[row], rows[other] = rows[other], rows[row]
        case "swap_columns":
            one, other = chance.randrange(8), chance.randrange(8)
            for cells in rows:
                if max(one, other) < len(cells):
                    cells[one], cells[other] = cells[other], cells[one]
        case "cut":
            rows[row] = rows[row][: chance.randrange(3)]
        case "wide":
            rows[row] = rows[row] * 3


def _put(chance: random.Random, row: list, cell: object) -> None:
    if row:
        row[chance.randrange(len(row))] = cell


def _mutated_parts(chance: random.Random, raw: bytes) -> bytes:
    """A zipped file whose parts were changed before they were zipped anew: the damage reaches the XML."""
    whole = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        victims = set(chance.sample(names, min(len(names), chance.choice((1, 1, 2)))))
        telling = [
            name for name in names if name.endswith(("sheet1.xml", "content.xml", "document.xml", "workbook.xml"))
        ]
        victims |= {chance.choice(telling)} if telling else set()
        for name in names:
            content = old.read(name)
            if name in victims:
                content = chance.choice((_bytes, _tokens, _tokens))(chance, content)
            if name not in victims or chance.random() > 0.05:
                new.writestr(name, content)
    return whole.getvalue()


_TOKENS = (
    b'r="A1"', b'r="XFD1048576"', b't="s"', b't="e"', b't="d"', b't="b"', b"<v>999999999</v>", b"<v>-1</v>",
    b"<v>nan</v>", b"<row>", b"</row>", b"<c>", b"</c>", b'ref="A1:B99999999"', b'ref="Z9:A1"', b"<f>1</f>",
    b'table:number-columns-repeated="99999"', b'table:number-rows-spanned="70000"', b'office:value="1e999"',
    b'office:time-value="PT99999H99M99S"', b"<w:tbl>", b"</w:tbl>", b"<w:tc>", b"</w:tr>",
    b'<w:gridSpan w:val="999"/>', b"<w:vMerge/>", b"<!DOCTYPE a>", b"&x;", b"]]>", b"\0", b"\xff\xfe", b"<!--",
)  # fmt: skip


def _tokens(chance: random.Random, raw: bytes) -> bytes:
    """What means something, put where something else stood."""
    for _ in range(chance.choice((1, 3, 20))):
        at = chance.randrange(len(raw) + 1)
        raw = raw[:at] + chance.choice(_TOKENS) + raw[at + chance.choice((0, 0, 5, 50)) :]
    return raw


def _bytes(chance: random.Random, raw: bytes) -> bytes:
    mutated = bytearray(raw)
    for _ in range(chance.choice((1, 5, 50))):
        if mutated:
            mutated[chance.randrange(len(mutated))] = chance.choice((0, 255, chance.randrange(256)))
    if chance.random() < 0.2:
        del mutated[chance.randrange(len(mutated) + 1) :]
    if chance.random() < 0.1:
        begin = chance.randrange(len(mutated) + 1)
        mutated += mutated[begin : begin + chance.randrange(5_000)]
    return bytes(mutated)
