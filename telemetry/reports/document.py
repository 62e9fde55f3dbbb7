"""A report as a value, before anybody chose PDF, Word or Excel: head, tables, notes, signatures."""

import enum
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from telemetry.reports.form import Form

NATION = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"
SIGN_HERE = {"vi": "(Ký, ghi rõ họ tên)", "en": "(signature, full name)"}


class Align(enum.Enum):
    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"


class Style(enum.Enum):
    PLAIN = "plain"
    HEADING = "heading"  # one cell over the whole width, opens a group of rows
    REMARK = "remark"  # one cell over the whole width, in italics
    TOTAL = "total"


@dataclass(frozen=True, slots=True)
class Amount:
    """A printed number: whole units of its last digit."""

    quanta: int
    decimals: int

    @property
    def value(self) -> float:
        return self.quanta / int(10**self.decimals)


Cell = str | float | Amount  # an int is a float to type checkers


@dataclass(frozen=True, slots=True)
class Column:
    """``width`` is relative to the other columns of the table."""

    heading: str
    width: float
    align: Align = Align.LEFT


@dataclass(frozen=True, slots=True)
class Row:
    cells: tuple[Cell, ...]
    style: Style = Style.PLAIN

    @property
    def spans(self) -> bool:
        return self.style in (Style.HEADING, Style.REMARK)


@dataclass(frozen=True, slots=True)
class Table:
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    width: float = 1.0  # of the page


@dataclass(frozen=True, slots=True)
class Document:
    """A report. ``exact`` has the integers that everything printed was made from, for whoever checks."""

    form: Form
    station: str
    title: str
    subtitle: str
    lead: tuple[str, ...]  # sentences over the tables, the most important first
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
    evidence: str  # which state of the ledger the figures were counted from
    exact: Table


def amounts(form: Form, quanta: Sequence[int]) -> tuple[Amount, ...]:
    return tuple(Amount(q, form.decimals) for q in quanta)


def cell_text(cell: Cell, form: Form) -> str:
    """A cell as it is printed."""
    if isinstance(cell, Amount):
        return form.number(cell.quanta)
    return one_line(str(cell))


def one_line(text: str) -> str:
    """NFC, on one line: titles come from phones and spreadsheets, decomposed and with stray control characters."""
    composed = unicodedata.normalize("NFC", text)
    visible = (" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in composed)
    return " ".join("".join(visible).split())
