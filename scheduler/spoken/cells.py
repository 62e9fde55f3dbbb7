"""Cells of a sheet as text: what the readers of times, durations and days have in common.

A *cell* is what a loader found: None, str, float, int, bool, time, datetime, date or timedelta. Every reader raises
``Misread`` with the likely meaning when a cell can be read in more than one way, or in none.
"""

import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from scheduler.vietnamese import Misread, fold, tidy

Cell = None | str | float | bool | time | datetime | date | timedelta

MARKS = str.maketrans("’‘´`′ʹ“”″–—−‑→÷", "''''''\"\"\"------")
MINUTE = r"(?:'|p|ph|phut)"
HOUR = r"(?:h|g|gio)"
DAY_S = 86_400
LONGEST_CELL = 1_000  # characters


def words(cell: Cell) -> str:
    """A cell as the text a person sees: 5.0 is "5", None is ""."""
    if isinstance(cell, str):
        return tidy(cell)
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return f"{cell:%d/%m/%Y %H:%M}"
    if isinstance(cell, date):
        return f"{cell:%d/%m/%Y}"
    return "" if cell is None else str(cell)


def excerpt(cell: Cell, longest: int = 80) -> str:
    """A cell's words for a message."""
    text = words(cell)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def is_blank(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not tidy(cell))


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Folded, with one kind of quote and of dash; nothing of what is too long to be a time or a list of days."""
    return fold(text).translate(MARKS).replace("''", '"') if len(text) <= LONGEST_CELL else ""


_DITTO = re.compile(r"[-/]*\s*(?:n\s*[./]?\s*t|nhu tren|nhu truoc|〃|\"+|'+|,,|//)\s*[-/]*")


def is_ditto(cell: Cell) -> bool:
    """Whether the cell says "as before": nt, như trên, ", -nt-, 〃."""
    return isinstance(cell, str) and bool(_DITTO.fullmatch(plain(cell).strip(" ().")))


def misread(code: str, what_vi: str, what_en: str, cell: Cell, likely: str | None, examples: str) -> Misread:
    vi, en = f"không hiểu {what_vi} “{excerpt(cell)}”", f"cannot read the {what_en} “{excerpt(cell)}”"
    if likely:
        return Misread(code, f"{vi}; nếu là {likely} thì ghi “{likely}”", f"{en}; write “{likely}” if that is meant")
    return Misread(code, f"{vi}; ghi như: {examples}", f"{en}; write it like: {examples}")
