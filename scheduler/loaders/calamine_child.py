"""The one door to python-calamine: a child process that prints a workbook's cells as JSON, with little memory and time.

A sheet of two cells, A1 and the last one, makes the reader ask for gigabytes, and the process is aborted; a crafted
file may panic it. So no process that has anything to lose imports it. Run by ``workbook.tables`` as a script, with the
file's path; imports nothing of this project.

Prints {"sheets": [{"name", "rows", "merged"}…]} or {"refused": code, "detail": text}. A typed cell is {type: ISO text}.
"""

import json
import resource
import sys
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Any

import python_calamine as calamine

MEMORY_BYTES = 400_000_000  # of address space, most of it the interpreter's libraries
CPU_S = 10
MAX_CELLS = 200_000
MAX_SHEETS = 50
MAX_UNPACKED_BYTES = 100_000_000
MAX_PARTS = 2_000
MAX_TEXT = 2_000_000  # characters in all: one shared text may stand in every cell


class Refused(Exception):
    """Too big, with the code to print."""


def refuse_bombs(path: str) -> None:
    """Believe a zip file's directory when it tells of a bomb; the limits of this process are for liars."""
    if not zipfile.is_zipfile(path):
        return  # an .xls is none
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise Refused("too_big", "zip")


def as_json(cell: object) -> Any:
    """A cell as JSON keeps it. Text, numbers and booleans stay; an empty cell is null."""
    if isinstance(cell, (datetime, date, time)):
        return {type(cell).__name__: cell.isoformat()}
    if isinstance(cell, timedelta):
        return {"timedelta": cell / timedelta(microseconds=1)}
    return None if cell == "" else cell


def sheet_as_json(sheet: calamine.CalamineSheet) -> dict[str, Any]:
    if sheet.total_height * max(1, sheet.total_width) > MAX_CELLS:
        raise Refused("too_big", sheet.name)
    rows = [[as_json(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    if sum(len(cell) for row in rows for cell in row if isinstance(cell, str)) > MAX_TEXT:
        raise Refused("too_big", sheet.name)
    return {"name": sheet.name, "rows": rows, "merged": [[*a, *b] for a, b in sheet.merged_cell_ranges or ()]}


def visible_sheets(path: str) -> list[dict[str, Any]]:
    workbook = calamine.CalamineWorkbook.from_path(path)
    shown = [
        metadata.name
        for metadata in workbook.sheets_metadata
        if metadata.visible is calamine.SheetVisibleEnum.Visible and metadata.typ is calamine.SheetTypeEnum.WorkSheet
    ]
    if len(shown) > MAX_SHEETS:
        raise Refused("too_big", f"{len(shown)} sheets")
    return [sheet_as_json(workbook.get_sheet_by_name(name)) for name in shown]


def answer(path: str) -> dict[str, Any]:
    try:
        refuse_bombs(path)
        return {"sheets": visible_sheets(path)}
    except Refused as refusal:
        return {"refused": refusal.args[0], "detail": refusal.args[1]}
    except calamine.PasswordError as error:
        return {"refused": "password", "detail": str(error)}
    except (calamine.CalamineError, zipfile.BadZipFile, OSError) as error:
        return {"refused": "unreadable_file", "detail": str(error)}


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.write(json.dumps(answer(sys.argv[1])))
