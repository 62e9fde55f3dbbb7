"""Tables for the terminal, aligned by what is seen: combining marks take no column, wide letters take two."""

import unicodedata
from collections.abc import Sequence

from telemetry.reports.figures import Broadcast, Durations, Json
from telemetry.reports.words import Lang, sentence, word, word_or_code

HEADINGS = {
    "vi": ("Bắt đầu", "Chương trình", "Hình thức", "Nguyên nhân", "Lệch (ms)", "Căn cứ", "Tổng cộng"),
    "en": ("Start", "Programme", "Kind", "Causes", "Error (ms)", "Evidence", "Total"),
}
FIGURES = ("planned", "played", "on_air", "not_on_air", "unobserved")
TITLE_WIDTH = 34


def display_width(text: str) -> int:
    """Columns that a terminal gives to *text* (UAX #11, UAX #44)."""
    return sum(_char_width(c) for c in text)


def plain_table(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Lines of text; the columns named in *right* are aligned to the right. The last row may be a total."""
    lines = [[_clean(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(map(display_width, column)) for column in zip(*lines, strict=True)]
    rule = "  ".join("─" * width for width in widths)
    head, *body = (_line(line, widths, right) for line in lines)
    return "\n".join((head, rule, *body))


def shorten(text: str, width: int) -> str:
    """The text, cut with … when it would take more than *width* columns."""
    if display_width(text) <= width:
        return text
    kept = ""
    for c in text:
        if display_width(kept + c) > width - 1:
            break
        kept += c
    return kept.rstrip() + "…"


def seconds(duration_ms: int) -> str:
    """Milliseconds as seconds with three decimals: exact, so that a column adds up on paper."""
    return f"{duration_ms // 1000}.{duration_ms % 1000:03d}"


def airtime_table(figure: Json, lang: Lang = "vi") -> str:
    """The month for the terminal, in seconds to the millisecond: a row an occurrence, then the totals."""
    *headings, total = HEADINGS[lang]
    shown = [(Broadcast.from_json(o), o.get("start_error_ms"), o.get("uncertainty_ms")) for o in figure["occurrences"]]
    sums = Durations.from_json(figure["totals"])
    names = [f"{sentence(word(name, lang))} (s)" for name in FIGURES]
    rows = [_broadcast(*one, lang) for one in shown]
    last = ["", total, "", *_durations(sums), "", "", ""]
    table = plain_table([*headings[:3], *names, *headings[3:]], [*rows, last], right=(3, 4, 5, 6, 7, 9))
    unplanned = f"{sentence(word('unplanned', lang))}: {seconds(int(figure['totals']['unplanned_ms']))} s"
    return f"{table}\n{unplanned}"


def _plus_minus(uncertainty_ms: int | None) -> str:
    return "" if uncertainty_ms is None else f" ±{seconds(uncertainty_ms)} s"


def _broadcast(b: Broadcast, start_error_ms: float | None, uncertainty_ms: int | None, lang: Lang) -> list[str]:
    causes = ", ".join(f"{word_or_code(code, lang)} {seconds(ms)}" for code, ms in b.causes.items() if ms)
    error = "–" if start_error_ms is None else f"{start_error_ms:+.1f}"
    start = f"{b.starts_at:%d/%m %H:%M:%S}"
    kind, evidence = word_or_code(b.kind, lang), f"{word_or_code(b.evidence, lang)}{_plus_minus(uncertainty_ms)}"
    return [start, shorten(b.programme, TITLE_WIDTH), kind, *_durations(b.durations), causes, error, evidence]


def _durations(d: Durations) -> list[str]:
    return [seconds(ms) for ms in (d.planned_ms, d.played_ms, *d.parts)]


def _char_width(c: str) -> int:
    if unicodedata.combining(c) or unicodedata.category(c) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(c) in ("W", "F") else 1


def _clean(text: str) -> str:
    """No control characters: a title must not move the cursor or colour the terminal."""
    return "".join(c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c) != "Cc")


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> str:
    padded = []
    for n, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        space = " " * (width - display_width(cell))
        padded.append(space + cell if n in right else cell + space)
    return "  ".join(padded).rstrip()
