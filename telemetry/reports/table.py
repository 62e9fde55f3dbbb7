"""Tables for the terminal, aligned by what is seen: combining marks take no column, wide letters take two."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from telemetry.reports.figures import Broadcast, Durations, Json
from telemetry.reports.words import Lang, decimal, sentence, word, word_or_code

HEADINGS = {
    "vi": ("Bắt đầu", "Chương trình", "Hình thức", "Nguyên nhân", "Lệch (ms)", "Căn cứ", "Tổng cộng"),
    "en": ("Start", "Programme", "Kind", "Causes", "Error (ms)", "Evidence", "Total"),
}
NOTHING = {"vi": "Không có lượt phát nào đã quyết toán.", "en": "No broadcast has been accounted for."}
ERROR = {"vi": "bắt đầu lệch {} ms", "en": "start off by {} ms"}
IN_SECONDS = {"vi": "Thời lượng tính bằng giây.", "en": "All times in seconds."}
FIGURES = ("planned", "played", "on_air", "not_on_air", "unobserved")
TITLE_WIDTH = 34
INDENT = "  "
UNKNOWN_TERMINAL = (100, 24)  # columns and lines, where the output is a file or a pipe


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


def seconds(duration_ms: int, lang: Lang = "en") -> str:
    """Milliseconds as seconds with three decimals: exact, so that a column adds up on paper."""
    return decimal(f"{duration_ms // 1000}.{duration_ms % 1000:03d}", lang)


def airtime_table(figure: Json, lang: Lang = "vi", width: int = 100) -> str:
    """The month for the terminal, in seconds to the millisecond: a row an occurrence, then the totals.

    One line each where all fit into *width* columns, else the words below the figures.
    """
    shown = [_Shown.from_json(o, lang) for o in figure["occurrences"]]
    if not shown:
        table = NOTHING[lang]
    else:
        sums = _durations(Durations.from_json(figure["totals"]), lang)
        table = _one_line_each(shown, sums, lang)
        if max(map(display_width, table.splitlines())) > width:
            table = _folded(shown, sums, lang, width)
    unplanned_ms = figure["totals"].get("unplanned_ms")  # of a month; nobody can say it of single broadcasts
    if unplanned_ms is None:
        return table
    return f"{table}\n{sentence(word('unplanned', lang))}: {seconds(int(unplanned_ms), lang)} s"


@dataclass(frozen=True, slots=True)
class _Shown:
    """A broadcast as texts."""

    start: str
    programme: str
    kind: str
    figures: list[str]
    causes: str
    error_ms: str
    evidence: str

    @classmethod
    def from_json(cls, data: Json, lang: Lang) -> "_Shown":
        b, error_ms, uncertainty_ms = Broadcast.from_json(data), data.get("start_error_ms"), data.get("uncertainty_ms")
        sure = "" if uncertainty_ms is None else f" ±{seconds(uncertainty_ms, lang)} s"
        lost = (f"{word_or_code(code, lang)} {seconds(ms, lang)}" for code, ms in b.causes.items() if ms)
        return cls(
            start=f"{b.starts_at:%d/%m %H:%M:%S}",
            programme=b.programme,
            kind=word_or_code(b.kind, lang),
            figures=_durations(b.durations, lang),
            causes="; ".join(lost),
            error_ms="–" if error_ms is None else decimal(f"{round(error_ms, 1) + 0.0:+.1f}", lang),
            evidence=word_or_code(b.evidence, lang) + sure,
        )


def _one_line_each(shown: Sequence[_Shown], sums: Sequence[str], lang: Lang) -> str:
    *headings, total = HEADINGS[lang]
    names = [f"{sentence(word(name, lang))} (s)" for name in FIGURES]
    rows = [
        [s.start, shorten(s.programme, TITLE_WIDTH), s.kind, *s.figures, s.causes, s.error_ms, s.evidence]
        for s in shown
    ]
    last = ["", total, "", *sums, "", "", ""]
    return plain_table([*headings[:3], *names, *headings[3:]], [*rows, last], right=(3, 4, 5, 6, 7, 9))


@dataclass(frozen=True, slots=True)
class FoldedLine:
    """A row of a folded table: a label and its figures, or a text as wide as the table; words below it."""

    label: str
    figures: Sequence[str] = ()
    words: Sequence[str] = ()


def folded_table(heading: str, names: Sequence[str], lines: Sequence[FoldedLine], width: int) -> str:
    """Figures in columns, and below each row its words, wrapped to *width* columns; a rule before the last row."""
    over, below = zip(*(_halves(name) for name in names), strict=True)
    figures = [[line.label, *line.figures] for line in lines if line.figures]
    table = plain_table(["", *over], [[heading, *below], *figures], right=range(1, 1 + len(names)))
    head, rule, subhead, *rows = table.splitlines()
    folded, drawn = [head, subhead, rule], iter(rows)
    for line in lines:
        folded += [next(drawn)] if line.figures else _wrapped(_clean(line.label), width)
        folded += [INDENT + part for words in line.words for part in _wrapped(_clean(words), width - len(INDENT))]
    return "\n".join([*folded[:-1], rule, folded[-1]])


def _folded(shown: Sequence[_Shown], sums: Sequence[str], lang: Lang, width: int) -> str:
    """The figures of a broadcast, and below them what they are of."""
    start, *_, total = HEADINGS[lang]
    names = [sentence(word(name, lang)) for name in FIGURES]
    lines = [*(FoldedLine(s.start, s.figures, _words(s, lang)) for s in shown), FoldedLine(total, sums)]
    return f"{folded_table(start, names, lines, width)}\n{IN_SECONDS[lang]}"


def _halves(text: str) -> tuple[str, str]:
    """A heading of several words on two lines, the shorter above; one word stands below."""
    words = text.split()
    half = len(words) // 2
    return " ".join(words[:half]), " ".join(words[half:])


def _words(s: _Shown, lang: Lang) -> list[str]:
    error = [] if s.error_ms == "–" else [ERROR[lang].format(s.error_ms)]
    causes = [f"{HEADINGS[lang][3]}: {s.causes}"] if s.causes else []
    return [" · ".join([s.programme, s.kind, s.evidence, *error]), *causes]


def _wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most *width* columns; a word that is longer is cut with …"""
    lines = [""]
    for one in text.split():
        longer = f"{lines[-1]} {one}".strip()
        if display_width(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(shorten(one, width))
    return [line for line in lines if line] or [""]


def _durations(d: Durations, lang: Lang) -> list[str]:
    return [seconds(ms, lang) for ms in (d.planned_ms, d.played_ms, *d.parts)]


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
