"""Sheets drawn as text, so that an operator can read a test: the table, and below it what it means.

A row is ``| cell | cell |``. ``<`` is merged with the cell on its left, ``^`` with the one above; ``\\`` ends a line
within a cell; ``= …`` is a typed cell as Excel keeps it (``= 5:30``, ``= 23/11/2026``, ``= 15``); ``[Name]`` begins
another sheet. After ``means`` come the slots, an item a line; after ``errors`` and ``warnings`` all cells and codes.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path

import openpyxl

from scheduler.loaders.result import Loaded
from scheduler.loaders.table import Table, tops_of
from scheduler.spoken.conduct import written_ending
from scheduler.spoken.times import shown_clock
from scheduler.spoken.written import written_days
from scheduler.timetable import Dates, Slot, Weekdays

DAYS = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")
PARTS = ("means", "errors", "warnings")


@dataclass
class Sheet:
    name: str
    rows: list[list] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)

    def table(self) -> Table:
        return Table(self.name, self.rows, tops_of(self.merged, len(self.rows)), merged=self.merged)


@dataclass
class Drawn:
    sheets: list[Sheet]
    means: list[str]
    errors: list[str]
    warnings: list[str]


def read_drawing(path: Path) -> Drawn:
    sheets, said = [Sheet("Lịch")], {part: [] for part in PARTS}
    part = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.strip()
        if text in PARTS:
            part = text
        elif part and text:
            said[part].append(re.sub(r"\s{2,}", "  ", text))
        elif text.startswith("["):
            sheets = [sheet for sheet in sheets if sheet.rows] + [Sheet(text.strip("[]"))]
        elif text.startswith("|"):
            sheets[-1].rows.append([cell.strip() for cell in text.strip("|").split("|")])
    for sheet in sheets:
        _merge(sheet)
    return Drawn(sheets, said["means"], said["errors"], said["warnings"])


def _merge(sheet: Sheet) -> None:
    drawn = sheet.rows
    for row, cells in enumerate(drawn):
        for column, cell in enumerate(cells):
            if cell in ("<", "^"):
                continue
            right = next((c for c in range(column + 1, len(cells)) if cells[c] != "<"), len(cells)) - 1
            below = (r for r in range(row + 1, len(drawn)) if column >= len(drawn[r]) or drawn[r][column] != "^")
            bottom = next(below, len(drawn)) - 1
            if (right, bottom) != (column, row):
                sheet.merged.append((row, column, bottom, right))
    sheet.rows = [[None if cell in ("<", "^", "") else _typed(cell) for cell in cells] for cells in drawn]


def _typed(cell: str):
    if not cell.startswith("= "):
        return re.sub(r"\s*\\\s*", "\n", cell)
    text = cell[2:]
    if found := re.fullmatch(r"(\d+):(\d+)", text):
        return time(int(found[1]), int(found[2]))
    if re.fullmatch(r"\d+/\d+/\d+", text):
        return datetime.strptime(text, "%d/%m/%Y")
    return float(text)


def write_workbook(drawn: Drawn, path: Path) -> Path:
    """The same as a real workbook."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for sheet in drawn.sheets:
        written = book.create_sheet(sheet.name)
        for row, cells in enumerate(sheet.rows, 1):
            for column, cell in enumerate(cells, 1):
                written.cell(row, column, cell)
        for top, left, bottom, right in sheet.merged:
            written.merge_cells(start_row=top + 1, start_column=left + 1, end_row=bottom + 1, end_column=right + 1)
    book.save(path)
    return path


def told(loaded: Loaded) -> Drawn:
    """What was read, in the words of a drawing."""
    slots = loaded.readable.slots if loaded.readable else ()
    means = [_slot(slot) for slot in sorted(slots, key=lambda slot: (_days(slot)[1], slot.starts))]
    problems = [
        [f"{p.where.removeprefix('Lịch!')}  {p.code}" for p in told] for told in (loaded.errors, loaded.warnings)
    ]
    return Drawn([], means, *problems)


def _days(slot: Slot) -> tuple[str, str]:
    """As shown, and as sorted."""
    if isinstance(slot.recurrence, Weekdays):
        days = sorted(slot.recurrence.days)
        return ", ".join(DAYS[day] for day in days), str(days)
    if isinstance(slot.recurrence, Dates):
        dates = sorted(slot.recurrence.dates)
        return ", ".join(f"{day:%d/%m/%Y}" for day in dates), str(dates)
    return written_days(slot.recurrence), written_days(slot.recurrence)


def _slot(slot: Slot) -> str:
    """ "T2, T4  5h30  15'  Bản tin  own"; behind it the origin, session, zone, file and end rule, if any."""
    minutes, seconds = divmod(slot.item.duration_ms // 1_000, 60)
    lasts = f"{minutes}'" + (f"{seconds:02}" if seconds else "")
    clock = shown_clock(slot.starts.hour * 3_600 + slot.starts.minute * 60 + slot.starts.second)
    kind = str(slot.item.kind) + (f" {slot.item.origin}" if slot.item.origin else "")
    zone, rule = "" if slot.zone == "all" else slot.zone, written_ending(slot.item.conduct)
    more = [part for part in (slot.session, zone, slot.item.source, rule) if part]
    return "  ".join([_days(slot)[0], clock, lasts, slot.item.title, kind, *more])
