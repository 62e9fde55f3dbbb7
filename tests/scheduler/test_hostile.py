"""Files made to hurt the reader: each costs an error within 2 s and 200 MB, in a process that has nothing to lose."""

import json
import os
import resource
import struct
import subprocess
import sys
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from scheduler.loaders import load
from tests.scheduler.sheets import (
    HEADINGS,
    TIN,
    ods_cell,
    repacked,
    word_cell,
    word_row,
    word_table,
    write_docx,
    write_ods,
    write_xlsx,
)

SOON_S = 2.0  # of the processor's time, ours and the child's: another test may have the other half of the machine
LITTLE_BYTES = 200_000_000
ROOT = Path(__file__).resolve().parents[2]

BOMB = '<!DOCTYPE lolz [<!ENTITY a "lol">{}]>'.format(
    "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True))
)


def sheet_xml(rows: str, head: str = "") -> str:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'{head}<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>'


def with_sheet(path: Path, xml: str | bytes) -> None:
    plain = write_xlsx(path.with_name("plain.xlsx"), [HEADINGS, TIN])
    repacked(plain, path, lambda name, content: xml if name.endswith("sheet1.xml") else content)


def a_zip_that_tells_of_its_size(path: Path) -> None:
    with_sheet(path, b"\0" * 101_000_000)


def a_zip_that_lies_about_its_size(path: Path) -> None:
    """The directory and the local header say 1 kB; behind them lie 100 MB."""
    with_sheet(path, sheet_xml(" " * 29_000_000))
    raw = path.read_bytes()
    size = struct.pack("<I", len(sheet_xml(" " * 29_000_000)))
    assert raw.count(size) == 2
    path.write_bytes(raw.replace(size, struct.pack("<I", 1_000)))


def a_zip_of_many_parts(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for n in range(60_000):
            archive.writestr(f"xl/{n}", b"")


def a_zip_in_a_zip(path: Path) -> None:
    inner = path.with_name("inner.zip")
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 50_000_000)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.zip", inner.read_bytes())


def names_that_lead_out(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("../../../tmp/smartradio-was-here", "/tmp/smartradio-was-here", "xl/../../x", "C:\\x"):
            archive.writestr(name, b"x")


def a_cut_workbook(path: Path) -> None:
    whole = write_xlsx(path.with_name("whole.xlsx"), [HEADINGS, TIN]).read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])


def a_cell_at_the_last_place(path: Path) -> None:
    with_sheet(path, sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row><row><c r="XFD1048576"><v>1</v></c></row>'))


def a_dimension_of_the_whole_sheet(path: Path) -> None:
    text = sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row>')
    with_sheet(path, text.replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>'))


def a_million_rows(path: Path) -> None:
    with_sheet(path, sheet_xml("<row><c><v>1</v></c></row>" * 1_000_000))


def empty_cells_without_end(path: Path) -> None:
    with_sheet(path, sheet_xml(f"<row>{'<c/>' * 7_000_000}</row>"))


def with_shared_strings(path: Path, text: str) -> Path:
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet().write_string(0, 0, text)
    return path


def shared_strings(path: Path, count: int) -> None:
    plain = with_shared_strings(path.with_name("plain.xlsx"), "x")
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    texts = f'<sst xmlns="{main}">{"<si><t>a</t></si>" * count}</sst>'
    repacked(plain, path, lambda name, content: texts if name.endswith("sharedStrings.xml") else content)


def three_million_shared_strings(path: Path) -> None:
    shared_strings(path, 3_000_000)


def as_many_shared_strings_as_are_let_in(path: Path) -> None:
    """Nothing of it is used; the file is read, or refused, within the limits."""
    shared_strings(path, 1_700_000)


def a_long_shared_string_in_every_cell(path: Path) -> None:
    cells = "<row>" + '<c t="s"><v>0</v></c>' * 1_000 + "</row>"
    plain = with_shared_strings(path.with_name("plain.xlsx"), "x" * 30_000)
    repacked(plain, path, lambda name, old: sheet_xml(cells * 150) if name.endswith("sheet1.xml") else old)


def merged_without_end(path: Path) -> None:
    ranges = "".join(f'<mergeCell ref="A{n}:XFD1048576"/>' for n in range(1, 300_000))
    text = sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row>')
    with_sheet(path, text.replace("</worksheet>", f"<mergeCells>{ranges}</mergeCells></worksheet>"))


def entities_in_a_sheet(path: Path) -> None:
    with_sheet(path, sheet_xml('<row><c t="inlineStr"><is><t>&i;</t></is></c></row>', BOMB))


def entities_in_a_word_document(path: Path) -> None:
    write_docx(path, word_table([["&i;"]]))
    with_dtd = lambda name, old: BOMB.encode() + old if name == "word/document.xml" else old  # noqa: E731
    repacked(path, path.with_suffix(".new"), with_dtd).replace(path)


def entities_in_an_ods(path: Path) -> None:
    write_ods(path, [["&i;"]])
    with_dtd = lambda name, old: old.replace(b"?>", b"?>" + BOMB.encode()) if name == "content.xml" else old  # noqa: E731
    repacked(path, path.with_suffix(".new"), with_dtd).replace(path)


def a_file_of_the_box_as_an_entity(path: Path) -> None:
    with_sheet(path, sheet_xml("<row/>", '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'))


def deep_elements(path: Path) -> None:
    with_sheet(path, sheet_xml("<a>" * 280_000 + "</a>" * 280_000))


def a_table_of_a_million_cells(path: Path) -> None:
    write_docx(path, word_table(["<w:tr>" + "<w:tc><w:p/></w:tc>" * 1_000 + "</w:tr>"] * 500))


def tables_in_tables(path: Path) -> None:
    write_docx(path, "<w:tbl><w:tr><w:tc>" * 3_000 + "</w:tc></w:tr></w:tbl>" * 3_000)


def deleted_rows_over_merged_ones(path: Path) -> None:
    row = word_row([word_cell("a", '<w:vMerge w:val="restart"/>')] * 20, "<w:del/>")
    write_docx(path, word_table([row] * 1_000))


def repeated_rows(path: Path) -> None:
    row = f'<table:table-row table:number-rows-repeated="1000000">{ods_cell(1, 16_000)}</table:table-row>'
    write_ods(path, [HEADINGS], tail=row)


def spans_without_end(path: Path) -> None:
    page = "<table>" + "<tr><td rowspan=1000 colspan=1000>x" * 100
    path.write_text(page, encoding="utf-8")


def cells_of_a_page_without_end(path: Path) -> None:
    path.write_text("<table><tr>" + "<td>" * 2_000_000, encoding="utf-8")


def an_open_tag_without_end(path: Path) -> None:
    path.write_text("<table><tr><td>" + "<a " * 1_000_000 + "<!--" * 500_000, encoding="utf-8")


def macros(path: Path) -> None:
    plain = write_xlsx(path.with_name("plain.xlsx"), [HEADINGS, TIN])
    repacked(plain, path, {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0"})


def links_to_other_files(path: Path) -> None:
    plain = write_xlsx(path.with_name("plain.xlsx"), [HEADINGS, TIN])
    target = 'Target="http://127.0.0.1/x.xlsx" TargetMode="External"'
    repacked(plain, path, {"xl/externalLinks/_rels/externalLink1.xml.rels": f"<Relationships><R {target}/>"})


def a_line_of_nine_megabytes(path: Path) -> None:
    path.write_bytes(b"a" * 9_000_000)


def marks_without_end(path: Path) -> None:
    path.write_bytes(b"," * 1_900_000)


def quotes_without_end(path: Path) -> None:
    path.write_bytes(b'"\n' * 900_000)


def nulls_in_a_csv(path: Path) -> None:
    path.write_bytes(b"Ng\0,Gi\0\n")


def toml_without_end(path: Path) -> None:
    path.write_text("a." * 400_000 + "a = 1")


HOSTILE = {
    a_zip_that_tells_of_its_size: (".xlsx", "too_big"),
    a_zip_that_lies_about_its_size: (".xlsx", "unreadable_file"),
    a_zip_of_many_parts: (".xlsx", "too_big"),
    a_zip_in_a_zip: (".xlsx", "unreadable_file"),
    names_that_lead_out: (".xlsx", None),
    a_cut_workbook: (".xlsx", "unreadable_file"),
    a_cell_at_the_last_place: (".xlsx", "too_big"),
    a_dimension_of_the_whole_sheet: (".xlsx", "no_heading"),
    a_million_rows: (".xlsx", "too_big"),
    empty_cells_without_end: (".xlsx", "too_big"),
    three_million_shared_strings: (".xlsx", "too_big"),
    as_many_shared_strings_as_are_let_in: (".xlsx", None),
    a_long_shared_string_in_every_cell: (".xlsx", "too_big"),
    merged_without_end: (".xlsx", "too_big"),
    entities_in_a_sheet: (".xlsx", "unreadable_file"),
    entities_in_a_word_document: (".docx", "unreadable_file"),
    entities_in_an_ods: (".ods", "unreadable_file"),
    a_file_of_the_box_as_an_entity: (".xlsx", "unreadable_file"),
    deep_elements: (".xlsx", None),
    a_table_of_a_million_cells: (".docx", "too_big"),
    tables_in_tables: (".docx", "too_big"),
    deleted_rows_over_merged_ones: (".docx", None),
    repeated_rows: (".ods", "too_big"),
    spans_without_end: (".xls", "too_big"),
    cells_of_a_page_without_end: (".xls", "too_big"),
    an_open_tag_without_end: (".xls", "too_big"),
    macros: (".xlsx", "macros"),
    links_to_other_files: (".xlsx", "external_links"),
    a_line_of_nine_megabytes: (".csv", "too_big"),
    marks_without_end: (".csv", "too_big"),
    quotes_without_end: (".csv", None),
    nulls_in_a_csv: (".csv", "unreadable_file"),
    toml_without_end: (".toml", None),
}

# In a process of its own, whose peak memory and time (and its child's) are nobody else's.
_LOAD = """
import json, resource, sys
from pathlib import Path
from scheduler.loaders import load
before = resource.getrusage(resource.RUSAGE_SELF)
errors = load(Path(sys.argv[1])).errors
own, child = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
spent = sum(u.ru_utime + u.ru_stime for u in (own, child)) - before.ru_utime - before.ru_stime
print(json.dumps([[e.code for e in errors], spent, max(own.ru_maxrss, child.ru_maxrss) * 1024]))
"""


@pytest.mark.parametrize("make", HOSTILE, ids=lambda make: make.__name__)
def test_a_hostile_file_costs_an_error_little_time_and_little_memory(tmp_path, make):
    suffix, code = HOSTILE[make]
    path = tmp_path / f"hostile{suffix}"
    make(path)
    # By way of a shell: the peak of a new process is not less than that of the one it was forked from.
    command = ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-c", _LOAD, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    codes, spent_s, peak_bytes = json.loads(done.stdout)
    assert codes[:1] == [code] if code else codes
    assert spent_s < SOON_S
    assert peak_bytes < LITTLE_BYTES
    assert not Path("/tmp/smartradio-was-here").exists()


def test_a_file_of_a_hundred_megabytes_is_not_even_opened(tmp_path):
    path = tmp_path / "a.csv"
    path.touch()
    os.truncate(path, 100_000_000)
    assert [error.code for error in load(path).errors] == ["too_big"]


def test_links_of_a_sheet_are_never_followed(tmp_path):
    """Formulas, images, templates that point to a server which would hear of it."""
    heard = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self):
            heard.append(self.path)

    server = HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/x"
    book = openpyxl.Workbook()
    book.active.append(HEADINGS)
    book.active.append([f'=WEBSERVICE("{address}")', f'=HYPERLINK("{address}")', f"=IMAGE({address})", "A"])
    book.active["D2"].hyperlink = address
    book.save(tmp_path / "a.xlsx")
    relations = f'<Relationships><Relationship Id="r" Target="{address}" TargetMode="External"/></Relationships>'
    plain = write_docx(tmp_path / "b.docx", word_table([HEADINGS, TIN]))
    linked = repacked(plain, tmp_path / "c.docx", {"word/_rels/settings.xml.rels": relations})
    try:
        codes = {error.code for error in load(tmp_path / "a.xlsx").errors}
        assert load(linked).errors == ()
    finally:
        server.shutdown()
        server.server_close()
    assert {"bad_days", "bad_time", "bad_duration"} <= codes
    assert heard == []


def test_a_reader_that_hangs_is_ended(tmp_path, monkeypatch):
    from scheduler.loaders import office

    monkeypatch.setattr(office, "_COMMAND", (sys.executable, "-c", "import time; time.sleep(60)"))
    monkeypatch.setattr(office, "PATIENCE_S", 0.5)
    began = time.monotonic()
    (error,) = load(write_xlsx(tmp_path / "a.xlsx", [HEADINGS, TIN])).errors
    assert (error.code, time.monotonic() - began < 10) == ("unreadable_file", True)


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("import os; os.abort()", "too_big"),
        ("raise MemoryError", "too_big"),
        ("raise SystemError('panicked')", "unreadable_file"),
        ("while True: pass", "too_big"),
    ],
)
def test_a_reader_that_dies_is_a_clear_error(tmp_path, monkeypatch, program, code):
    from scheduler.loaders import office

    limited = f"import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\n{program}"
    monkeypatch.setattr(office, "_COMMAND", (sys.executable, "-c", limited))
    (error,) = load(write_xlsx(tmp_path / "a.xlsx", [HEADINGS, TIN])).errors
    assert (error.where, error.code) == ("a.xlsx", code)


def test_the_child_has_taken_its_own_means_away():
    limits = "import resource as r; from scheduler.sheets import child; child.limit_memory(); "
    limits += "print(r.getrlimit(r.RLIMIT_AS)[1])"
    done = subprocess.run([sys.executable, "-c", limits], cwd=ROOT, capture_output=True, text=True, check=True)
    assert 0 < int(done.stdout) < LITTLE_BYTES
    assert resource.getrlimit(resource.RLIMIT_AS)[1] != int(done.stdout)
