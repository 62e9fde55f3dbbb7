"""Loading a timetable of 500 rows in each form, beside openpyxl reading the same workbook; what hostile files cost.

Ours is the whole way: the child process, the reading of every cell, the check of every clash. openpyxl only gives the
cells. Of the files made to hurt, the processor time of reading them and the most memory of the process that did.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from datetime import date
from datetime import time as clock
from pathlib import Path

import openpyxl

from bench.rows import Row, progress, row
from scheduler import export, intake
from scheduler.check import Rules
from scheduler.occurrence import Kind
from scheduler.plan import plan_days
from scheduler.timetable import Item, Slot, Timetable, Weekdays

ROWS = 500
YEAR = (date(2027, 1, 1), date(2028, 1, 1))
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_MEASURED = """
import json, resource, sys
from pathlib import Path
from scheduler.loaders import load
errors = load(Path(sys.argv[1])).errors
child = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([errors[0].code, child.ru_utime + child.ru_stime, child.ru_maxrss / 1024]))
"""


def rows(quick: bool) -> list[Row]:
    runs = 3 if quick else 15
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [*_loading(folder, runs), *_hostile(folder, 1 if quick else 5)]


def _loading(folder: Path, runs: int) -> list[Row]:
    timetable = a_week_of(ROWS)
    xlsx, toml, csv = folder / "week.xlsx", folder / "week.toml", folder / "week.csv"
    export.write_xlsx(timetable, xlsx)
    toml.write_text(export.to_toml(timetable)[0], encoding="utf-8")
    _as_csv(xlsx, csv)
    peer = ("openpyxl, cells only", _median_ms(lambda: _cells(xlsx), runs))
    made = []
    for path in (xlsx, csv, toml):
        progress(f"schedule: {path.name}")
        assert intake.examine(path, Rules()).timetable == timetable
        took = _median_ms(lambda path=path: intake.examine(path, Rules()), runs)  # type: ignore[misc]
        what = f"{ROWS} rows of {path.suffix}, loaded and checked, median"
        made.append(row("schedule", what, took, "ms", peer=peer if path == xlsx else None, runs=runs))
    year_ms = _median_ms(lambda: plan_days(timetable, *YEAR), runs)
    return [*made, row("schedule", f"a year of these {ROWS} rows expanded, median", year_ms, "ms", runs=runs)]


def a_week_of(count: int) -> Timetable:
    """Items of ten minutes, one after another, on the seven days."""
    slots = []
    for n in range(count):
        day, minutes = n % 7, 300 + n // 7 * 10
        kind = (Kind.OWN, Kind.OWN, Kind.RELAY)[n % 3]
        title = f"Tiếp âm Thời sự {n}" if kind is Kind.RELAY else f"Bản tin xã số {n}"
        item = Item(title, 600_000, kind, "vov" if kind is Kind.RELAY else None, source=f"muc-{n}.mp3")
        slots.append(Slot(Weekdays(frozenset({day})), clock(minutes // 60, minutes % 60), item))
    return Timetable("Lịch phát sóng", tuple(slots))


def _cells(path: Path) -> list[tuple[object, ...]]:
    sheet = openpyxl.load_workbook(path).active
    return list(sheet.iter_rows(values_only=True))


def _as_csv(xlsx: Path, csv: Path) -> None:
    lines = (["" if cell is None else str(cell) for cell in line] for line in _cells(xlsx))
    csv.write_text("\n".join(";".join(line) for line in lines), encoding="utf-8")


def _median_ms(act: Callable[[], object], runs: int) -> float:
    return statistics.median(_ms(act) for _ in range(runs))


def _ms(act: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    act()
    return (time.perf_counter() - began_s) * 1_000


# --- hostile files


def _sheet(rows: str) -> dict[str, str]:
    return {"xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'}


def hostile_parts() -> dict[str, dict[str, str]]:
    strings = "<si><t>a</t></si>" * 1_700_000
    return {
        "a million rows": _sheet("<row><c><v>1</v></c></row>" * 1_000_000),
        "a cell at XFD1048576": _sheet('<row><c r="A1"><v>1</v></c></row><row><c r="XFD1048576"><v>1</v></c></row>'),
        "1.7 million shared strings": {"xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{strings}</sst>'},
        "a zip bomb of 1 GB": {f"xl/media/{n}": "\0" * 100_000_000 for n in range(10)},
    }


def _hostile(folder: Path, runs: int) -> list[Row]:
    plain = folder / "plain.xlsx"
    openpyxl.Workbook().save(plain)
    made = []
    for name, parts in hostile_parts().items():
        progress(f"schedule: {name}")
        path = with_parts(plain, folder / "hostile.xlsx", parts)
        spent, peaks = zip(*(_measured(path) for _ in range(runs)), strict=True)
        made.append(row("schedule", f"{name}: processor time, worst", max(spent), "s", runs=runs))
        made.append(row("schedule", f"{name}: memory of the reader, worst", max(peaks), "MiB", runs=runs))
    return made


def with_parts(plain: Path, path: Path, parts: dict[str, str]) -> Path:
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in set(old.namelist()) - set(parts):
            new.writestr(name, old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    return path


def _measured(path: Path) -> tuple[float, float]:
    """Processor seconds and peak MiB of the child that read it; by way of a shell, whose own peak is small."""
    command = ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-c", _MEASURED, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    _, spent_s, peak_mib = json.loads(done.stdout)
    return spent_s, peak_mib
