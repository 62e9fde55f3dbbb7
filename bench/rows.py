"""What a benchmark gives: rows. Each says what was measured, our figure, and beside it a peer's or a floor's."""

import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypedDict

TERMINAL_EVERY_S, LOG_EVERY_S = 1.0, 15.0


class Peer(TypedDict):
    """Someone else's figure for the same thing, from the same run."""

    name: str
    value: float


class Row(TypedDict):
    """One figure. ``value`` is the figure over ``runs`` runs that ``what`` names (median, worst, total …)."""

    bench: str
    what: str
    value: float
    unit: str
    peer: Peer | None
    runs: int


def row(bench: str, what: str, value: float, unit: str, *, peer: tuple[str, float] | None = None, runs: int = 1) -> Row:
    beside: Peer | None = {"name": peer[0], "value": peer[1]} if peer else None
    return {"bench": bench, "what": what, "value": value, "unit": unit, "peer": beside, "runs": runs}


def document(rows: Iterable[Row]) -> dict[str, Any]:
    """What ``--json`` writes."""
    return {"rows": list(rows)}


# ---- tables -------------------------------------------------------------------------------------------------------

HEADINGS = ("what", "ours", "unit", "runs", "beside it")


def table(rows: Sequence[Row]) -> str:
    """The rows as text, columns aligned; figures to the right."""
    cells = [HEADINGS, *(_cells(one) for one in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    lines = [_line(line, widths) for line in cells]
    return "\n".join([lines[0], "  ".join("─" * width for width in widths), *lines[1:]])


def _cells(one: Row) -> tuple[str, ...]:
    peer = one["peer"]
    beside = f"{figure(peer['value'])} {peer['name']}" if peer else ""
    return one["what"], figure(one["value"]), one["unit"], str(one["runs"]), beside


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    what, ours, unit, runs, beside = widths
    return (
        f"{cells[0]:<{what}}  {cells[1]:>{ours}}  {cells[2]:<{unit}}  {cells[3]:>{runs}}  {cells[4]:<{beside}}".rstrip()
    )


def figure(value: float) -> str:
    """Four figures that count, without an exponent: 0.0001234 → 0.0001234, 1234567 → 1,234,567."""
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) >= 1e-4 else f"{value:.7f}"


# ---- progress -----------------------------------------------------------------------------------------------------

_doing = ""


def progress(text: str) -> None:
    """Say how far a long benchmark is ("12 of 30 starts"); `showing_progress` shows it."""
    global _doing
    _doing = text


@contextmanager
def showing_progress() -> Iterator[None]:
    """While the block runs, show seconds and what `progress` said: one moving line on a terminal, else lines."""
    moving = sys.stderr.isatty()
    began_s, done = time.monotonic(), threading.Event()

    def show() -> None:
        while not done.wait(TERMINAL_EVERY_S if moving else LOG_EVERY_S):
            line = f"  … {time.monotonic() - began_s:.0f} s  {_doing}"
            print(f"\r\033[K{line}" if moving else line, end="" if moving else "\n", file=sys.stderr, flush=True)

    showing = threading.Thread(target=show, daemon=True)
    progress("")
    showing.start()
    try:
        yield
    finally:
        done.set()
        showing.join()
        print("\r\033[K" if moving else "", end="", file=sys.stderr, flush=True)
