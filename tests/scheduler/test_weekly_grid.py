"""Weekly grids: whatever a plan is drawn as, it is read back; whatever the cells hold, there is a plan or an error."""

from datetime import date

import docx
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.check import check
from scheduler.loaders import forms, load
from scheduler.loaders.result import Unloadable
from scheduler.loaders.table import Table, column_letters, tops_of
from scheduler.timetable import Weekdays
from tests.scheduler import grids
from tests.scheduler.drawing import told
from tests.scheduler.test_spoken import cells


def occurrences(timetable) -> set[tuple]:
    """Of every day: dates by their weekday, for all of them lie in one week."""
    found = set()
    for slot in timetable.slots:
        days = slot.recurrence.days if isinstance(slot.recurrence, Weekdays) else slot.recurrence.dates
        for day in days:
            item = slot.item
            weekday = day.weekday() if isinstance(day, date) else day
            found.add((weekday, slot.starts, item.title, item.duration_ms, item.kind, item.origin))
    return found


@settings(max_examples=60, deadline=None)
@given(grids.rows(), grids.styles())
def test_every_plan_is_read_back_from_every_grid_of_it(plan, style):
    loaded = forms.read([grids.grid(plan, style)], "lich")
    assert [problem.vi for problem in loaded.errors] == []
    meant = {
        (day, start, title, lasts * 60_000, *grids.kind_of(title))
        for start, lasts, titles in plan
        for day, title in titles.items()
    }
    assert occurrences(loaded.timetable) == meant
    assert {problem.code for problem in loaded.warnings} <= {"validity_from_title", "nothing_planned"}


WORDS = (
    *("Giờ", "Buổi", "Thứ", "Thứ 2", "T3", "CN", "Thứ 2 (23/11)", "23/11", "từ 23/11 đến 29/11/2026", "Hằng ngày", "2"),
    *("5h00", "5h30-5h45", "17h", "5.45", "5h chiều", "12h đêm", "Sáng", "BUỔI CHIỀU (17h-18h)", "23h50-0h10"),
    *("nt", '"', "Nghỉ", "-", "x", "Bản tin", "Tiếp âm VOV (30')", "5h30: Tin\n6h: Ca nhạc", "1. A (3')\n2. B (2')"),
    *(
        "Ghi chú: x",
        "15'",
        "(PL)",
        "Phát lại chương trình buổi sáng",
        "Tin, phát 3 ngày, ngày 2 lần (5h, 17h)",
        "như thứ 2",
    ),
    *("STT", "Ngày", "Nội dung", "Thời lượng", "Người lập"),
)


@st.composite
def tables(draw) -> Table:
    words = st.one_of(st.sampled_from(WORDS), st.sampled_from(WORDS), cells)
    rows = draw(st.lists(st.lists(words, max_size=6), max_size=8))
    if draw(st.booleans()):
        rows.insert(
            0,
            draw(
                st.sampled_from([["Giờ", *grids.DAYS[:4]], ["Thứ", "5h00-5h30", "Sáng"], ["Ngày", "Giờ", "Nội dung"]])
            ),
        )
    corners = st.tuples(st.integers(0, 7), st.integers(0, 5), st.integers(0, 3), st.integers(0, 3))
    merged = [(top, left, top + more, left + wide) for top, left, more, wide in draw(st.lists(corners, max_size=4))]
    return Table("S", rows, tops_of(merged, len(rows)), merged=merged)


@settings(max_examples=150, deadline=None)
@given(tables())
def test_any_words_in_any_table_give_a_plan_or_errors_at_their_cells(table):
    try:
        loaded = forms.read([table], "x")
    except Unloadable as refusal:
        loaded = forms.Loaded(None, (refusal.problem,))
    places = {f"S!{column_letters(c)}{r}" for r in range(1, 12) for c in range(10)} | {"A1"}
    assert {problem.where for problem in (*loaded.errors, *loaded.warnings)} <= places
    if loaded.timetable is not None:
        assert "unadoptable" not in {problem.code for problem in check(loaded.timetable).errors}


def test_no_week_has_so_many_hours_under_its_days():
    hours = [f"{5 + n // 6}h{n % 6}0" for n in range(31)]
    rows = [["Thứ 2", *[None] * 30, "Thứ 3"], [*hours, "5h00"], [f"Tin {n} (5')" for n in range(32)]]
    loaded = forms.read([Table("S", rows, merged=[(0, 0, 0, 30)])], "x")
    assert [(problem.where, problem.code) for problem in loaded.errors] == [("S!A2", "too_many")]


def test_a_word_document_may_be_a_grid_or_blocks_of_days(tmp_path):
    grid, blocks = docx.Document(), docx.Document()
    grid.add_paragraph("LỊCH PHÁT THANH TUẦN 48 (từ 23/11 đến 29/11/2026)")
    table = grid.add_table(2, 3)
    for column, text in enumerate(["Giờ", "Thứ 2\n(23/11)", "Thứ 3\n(24/11)"]):
        table.cell(0, column).text = text
    table.cell(1, 0).text = "5h00-5h30"
    table.cell(1, 1).merge(table.cell(1, 2)).text = "Tiếp âm VOV1 (20')\nBản tin xã (10')"
    for line in ("LỊCH PHÁT THANH (23/11 - 29/11/2026)", "THỨ HAI 23/11", "BUỔI SÁNG", "5h00 Tiếp âm VOV1 (20')"):
        blocks.add_paragraph(line)
    blocks.add_paragraph("5h20: Bản tin xã (10')")
    meant = ["5h00  20'  Tiếp âm VOV1  relay vov", "5h20  10'  Bản tin xã  own"]
    for document, name, days in ((grid, "grid", "23/11/2026, 24/11/2026"), (blocks, "blocks", "23/11/2026")):
        document.save(tmp_path / f"{name}.docx")
        found = told(load(tmp_path / f"{name}.docx"))
        assert [line.removesuffix("  Buổi sáng") for line in found.means] == [f"{days}  {line}" for line in meant]
        assert found.errors == []
