"""A report's rows as CSV that Vietnamese Excel opens as it is: BOM, ``;``, decimal comma. Printed and exact figures."""

import csv
from pathlib import Path

from telemetry.reports.document import Cell, Document, Style, cell_text
from telemetry.reports.form import Form

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_csv(document: Document, path: Path) -> None:
    """One row a broadcast: the printed columns of the last table, then the exact ones. No totals: it is data."""
    printed, exact = document.tables[-1], document.exact
    lines = [row for row in printed.rows if row.style is Style.PLAIN]
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow([column.heading for column in (*printed.columns, *exact.columns)])
        for line, source in zip(lines, exact.rows, strict=True):
            writer.writerow([_field(cell, document.form) for cell in (*line.cells, *source.cells)])


def _field(cell: Cell, form: Form) -> str:
    """A title that begins like a formula is defused: a spreadsheet would run what somebody wrote as a title."""
    if isinstance(cell, (int, float)):
        return str(cell).replace(".", ",") if form.lang == "vi" else str(cell)
    text = cell_text(cell, form)
    return f"'{text}" if isinstance(cell, str) and text.startswith(FORMULA_STARTS) else text
