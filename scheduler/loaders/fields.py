"""The parts of one item as found in a file → a slot, or every problem with them. Shared by all forms of timetable."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import time
from typing import TypeVar

from scheduler.conduct import PLAIN, Conduct
from scheduler.occurrence import Kind
from scheduler.problem import Problem
from scheduler.spoken.broadcasters import is_theirs, origin_named_in, origin_of_relay
from scheduler.spoken.cells import Cell, excerpt, is_blank, words
from scheduler.spoken.conduct import read_after_cut, read_ending, read_loudness
from scheduler.spoken.days import narrowed, read_date, read_except
from scheduler.spoken.durations import read_duration
from scheduler.spoken.spans import Span
from scheduler.spoken.times import TimeOfDay, read_time
from scheduler.timetable import CREDITS, MAX_TEXT, Item, Recurrence, Slot
from scheduler.vietnamese import (
    Misread,
    fold,
    marked_as_repeat,
    perhaps_repeat,
    read_class,
    read_kind,
    read_zone,
    tidy,
)

T = TypeVar("T")

NAMES = {  # of the parts, for people
    "day": ("ngày", "day"),
    "time": ("giờ", "time"),
    "end": ("giờ kết thúc", "end"),
    "again": ("giờ phát lại", "time of the repeat"),
    "week": ("tuần", "week"),
    "from": ("từ ngày", "first day"),
    "until": ("đến ngày", "last day"),
    "except": ("trừ ngày", "days left out"),
    "duration": ("thời lượng", "duration"),
    "title": ("tên chương trình", "title"),
    "kind": ("hình thức", "kind"),
    "origin": ("nguồn tiếp âm", "origin"),
    "class": ("mức ưu tiên", "class"),
    "source": ("nguồn", "source"),
    "zone": ("phạm vi", "zone"),
    "session": ("buổi", "session"),
    "field": ("lĩnh vực", "field"),
    "language": ("ngôn ngữ", "language"),
    "author": ("biên tập", "author"),
    "approver": ("người duyệt", "approver"),
    "end_rule": ("quy tắc kết thúc", "end rule"),
    "after_cut": ("khi bị cắt", "what is done after a cut"),
    "loudness": ("độ to", "loudness"),
}
_ASIDE = ("session", *CREDITS)  # texts that change nothing in what is played


LONGEST_TITLE = 200


def timetable_title(text: str) -> str:
    """What a timetable is called after a title row or a file's name, which may hold anything."""
    return tidy("".join(c for c in tidy(text) if c.isprintable())[:LONGEST_TITLE]) or "Lịch phát sóng"


@dataclass(slots=True)
class Reader:
    """Reads the parts of one item and collects what is wrong with them, each at its place."""

    cells: Mapping[str, Cell]
    places: Mapping[str, str]
    where: str
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def place(self, part: str) -> str:
        return self.places.get(part, self.where)

    def error(self, part: str, code: str, vi: str, en: str) -> None:
        self.errors.append(Problem(self.place(part), code, vi, en))

    def warn(self, part: str, code: str, vi: str, en: str) -> None:
        self.warnings.append(Problem(self.place(part), code, vi, en))

    def attempt(self, part: str, read: Callable[[Cell], T]) -> T | None:
        """What *read* makes of the part; None, and an error, if it cannot."""
        try:
            return read(self.cells.get(part))
        except Misread as misread:
            self.errors.append(misread.at(self.place(part)))
            return None

    def required(self, part: str, read: Callable[[Cell], T]) -> T | None:
        if is_blank(self.cells.get(part)):
            vi, en = NAMES[part]
            self.error(part, f"missing_{part}", f"thiếu {vi}", f"the {en} is missing")
            return None
        return self.attempt(part, read)


LIMITS = ("from", "until", "except")


def within_limits(
    reader: Reader, days: Recurrence | None, span: Span | None = None, year: int | None = None
) -> Recurrence | None:
    """The days within the first and last day, without the exceptions, that other cells of the item give."""
    given = {part for part in LIMITS if not is_blank(reader.cells.get(part))}
    first, last = (
        reader.attempt(part, lambda cell: read_date(cell, span, year)) if part in given else None
        for part in ("from", "until")
    )
    taken = reader.attempt("except", lambda cell: read_except(cell, span, year)) if "except" in given else ()
    if first and last and last < first:
        vi = f"đến ngày {last:%d/%m/%Y} trước từ ngày {first:%d/%m/%Y}"
        reader.error("until", "no_day_left", vi, f"until {last}, which is before {first}")
        return None
    if days is None or not given or taken is None:
        return days
    return reader.attempt("day", lambda cell: narrowed(days, cell, first, last, taken))


def read_slot(reader: Reader, recurrence: Recurrence | None) -> Slot | None:
    """The slot, or None with the reader's errors. Without a *recurrence* (told elsewhere) the rest is read too."""
    clock = reader.required("time", read_time)
    if clock is not None:
        reader.warnings += told_in_words(reader.place("time"), reader.cells.get("time"), [clock])
    return build_slot(reader, recurrence, None if clock is None else clock.starts, duration_ms(reader, clock))


def build_slot(reader: Reader, recurrence: Recurrence | None, starts: time | None, lasts_ms: int | None) -> Slot | None:
    """The slot of an item whose time is known; None, and the reader's errors, if it or another part is not."""
    title = reader.required("title", _title)
    kind = reader.attempt("kind", lambda cell: _kind(cell, title or "", reader))
    level = reader.attempt("class", lambda cell: read_class(short_text(cell)))
    source = reader.attempt("source", short_text)
    zone = reader.attempt("zone", lambda cell: read_zone(short_text(cell)))
    origin = reader.attempt("origin", short_text)
    aside = {part: reader.attempt(part, short_text) or "" for part in _ASIDE}
    if recurrence is None or starts is None or lasts_ms is None or title is None or kind is None:
        return None
    if level is None or source is None or zone is None or origin is None:
        return None
    session = aside.pop("session")
    beside = " ".join(filter(None, (short_text(reader.cells.get("kind")), title)))
    origin = _origin(origin, kind, beside)
    item = Item(title, lasts_ms, kind, origin, level, source, conduct=_conduct(reader), **aside)
    return Slot(recurrence, starts, item, zone, session, reader.where, dict(reader.places))


def _conduct(reader: Reader) -> Conduct:
    """How it ends, what becomes of it after a cut, how loud it is; what could not be read is among the errors."""
    ending = reader.attempt("end_rule", read_ending) or PLAIN
    after_cut = reader.attempt("after_cut", read_after_cut) or PLAIN.after_cut
    return replace(ending, after_cut=after_cut, target_lufs=reader.attempt("loudness", read_loudness))


_SECONDS_ONLY = re.compile(r"0?0:\d\d")


def warn_of_seconds(reader: Reader, lasts_ms: int) -> None:
    """ "00:15" is a quarter of a minute, as mm:ss; who meant a quarter of an hour is told in time."""
    written = reader.cells.get("duration")
    if isinstance(written, str) and _SECONDS_ONLY.fullmatch(written.strip()):
        lasts_s = lasts_ms // 1_000
        vi, en = f"“{written}”: hiểu là {lasts_s} giây", f"“{written}” is taken as {lasts_s} seconds"
        reader.warn("duration", "duration_in_seconds", vi, en)


_FORMULA = re.compile(r"=|#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|GETTING_DATA|SPILL!|CALC!)\Z")


def told_in_words(place: str, cell: Cell, clocks: Iterable[TimeOfDay]) -> Iterator[Problem]:
    """ "5h chiều" was understood, and that is said."""
    written = excerpt(cell)
    for clock in clocks:
        if clock.in_words:
            vi, en = f"“{written}”: hiểu là {clock.in_words}", f"“{written}” is taken as {clock.in_words}"
            yield Problem(place, "time_in_words", vi, en)


def short_text(cell: Cell) -> str:
    text = words(cell)
    if _FORMULA.match(text):
        vi = f"ô có công thức hỏng hoặc chưa tính: “{excerpt(cell)}”; ghi thẳng giá trị"
        en = f"the cell's formula failed or was never calculated: “{excerpt(cell)}”; write the value itself"
        raise Misread("bad_formula", vi, en)
    if len(text) > MAX_TEXT or not text.isprintable():
        vi, en = f"dài quá {MAX_TEXT} ký tự hoặc có ký tự lạ", f"longer than {MAX_TEXT} characters, or not printable"
        raise Misread("bad_text", vi, en)
    return text


_REFERENCE = re.compile(r"\W*(?:như|giống)\s+(?:\w+\s+)?(?:thứ|buổi|trên|ngày|hôm|tuần|sáng|chiều|cũ)\b")


_NO_PROGRAMME = re.compile(r"(?:mat|cup) dien|(?:may )?hong(?: may)?|bao (?:tri|duong)(?: \w+){0,3}|su co(?: \w+){0,2}")


def _title(cell: Cell) -> str:
    """The programme's name. Raises Misread on "như buổi sáng": which one is not certain enough to play it."""
    text = short_text(cell)
    if not any(map(str.isalnum, text)):
        vi, en = f"“{excerpt(cell)}” không phải tên chương trình", f"“{excerpt(cell)}” is no programme's title"
        raise Misread("missing_title", vi, en)
    if _REFERENCE.match(text.casefold()):
        vi, en = f"“{excerpt(cell)}”: ghi rõ tên chương trình", f"“{excerpt(cell)}”: write the programme's title"
        raise Misread("unclear_reference", vi, en)
    if _NO_PROGRAMME.fullmatch(fold(text)):
        vi = f"“{excerpt(cell)}” không phải chương trình; nếu không phát thì ghi “Nghỉ”"
        raise Misread("no_programme", vi, f"“{excerpt(cell)}” is no programme; write “Nghỉ” if nothing airs")
    return text


def duration_ms(reader: Reader, clock: TimeOfDay | None) -> int | None:
    """From its own cell or from a range of times; if both are given they must agree."""
    if clock is None or clock.duration_ms is None or not is_blank(reader.cells.get("duration")):
        written = _written_duration_ms(reader, clock)
    else:
        written = clock.duration_ms
    if written is not None and clock is not None and clock.duration_ms not in (None, written):
        refuse_other_length(reader, reader.cells.get("duration"), reader.cells.get("time"))
    return written


def refuse_other_length(reader: Reader, lasts: Cell, span: Cell) -> None:
    """The minutes given beside a range of times are not its own."""
    vi = f"thời lượng “{excerpt(lasts)}” không khớp với giờ “{excerpt(span)}”"
    en = f"duration “{excerpt(lasts)}” does not agree with “{excerpt(span)}”"
    reader.error("duration", "duration_contradicts_time", vi, en)


def _written_duration_ms(reader: Reader, clock: TimeOfDay | None) -> int | None:
    if clock is None and is_blank(reader.cells.get("duration")):
        return None  # the time could not be read: whether it was a range is not known
    return reader.required("duration", read_duration)


_RELAYED = re.compile(r"\btiep (?:am|song|phat)\b|^relay\b|^t\W?a\W? (?=vov|dai\b|thoi su|ts\b)")


def _kind(cell: Cell, title: str, reader: Reader) -> Kind:
    """Hình thức; where it is empty what the title says of it, else own. Raises Misread when the two do not agree."""
    if is_blank(cell):
        return _kind_by_title(title, reader)
    kind = _relay_of(cell) or read_kind(short_text(cell))
    if not marked_as_repeat(title) or kind is Kind.REPEAT:
        return kind
    if kind is Kind.OWN:
        vi, en = "tên ghi phát lại: hiểu là Phát lại", "the title says phát lại: taken as a repeat"
        reader.warn("kind", "kind_from_title", vi, en)
        return Kind.REPEAT
    vi, en = (
        f"hình thức “{excerpt(cell)}” nhưng tên ghi phát lại",
        f"kind “{excerpt(cell)}”, but the title says phát lại",
    )
    raise Misread("kind_contradicts_title", vi, en)


def _relay_of(cell: Cell) -> Kind | None:
    """ "Tiếp âm Đài tỉnh" in the kind's column."""
    text = short_text(cell)
    return Kind.RELAY if _RELAYED.match(fold(text)) and origin_named_in(text) else None


def _kind_by_title(title: str, reader: Reader) -> Kind:
    if marked_as_repeat(title) or fold(title) == "pl":
        return Kind.REPEAT
    if perhaps_repeat(title):
        vi = "“PL”: hiểu là Phát lại; nếu là pháp luật thì ghi cả chữ"
        reader.warn(
            "kind", "kind_from_title", vi, "“PL” is taken as a repeat; write pháp luật in full if that is meant"
        )
        return Kind.REPEAT
    if re.match(r"pl\b(?!\s*(?:va|cho|doi song|viet nam)\b)", fold(title)):
        vi = "“PL”: hiểu là pháp luật; nếu là phát lại thì ghi cả chữ"
        reader.warn(
            "kind", "kind_from_title", vi, "“PL” is taken as pháp luật; write phát lại in full if that is meant"
        )
    if _RELAYED.search(fold(title)):
        return Kind.RELAY
    if not is_blank(reader.cells.get("origin")):
        return _kind_by_origin(reader)
    if fold(title).removeprefix("phat ").startswith("truc tiep"):
        return Kind.LIVE
    if is_theirs(title):
        vi, en = f"“{excerpt(title)}”: hiểu là Tiếp âm", f"“{excerpt(title)}” is taken as a relay"
        reader.warn("kind", "kind_from_title", vi, en)
        return Kind.RELAY
    if origin_named_in(title) is not None:
        vi = "chưa ghi hình thức; nếu tiếp âm thì ghi “Tiếp âm”, nếu không thì “Tự sản xuất”"
        en = "no kind given; write “Tiếp âm” if it is a relay, else “Tự sản xuất”"
        raise Misread("doubtful_kind", vi, en)
    return Kind.OWN


_OURS = re.compile(r"(?:dai )?(?:truyen thanh )?(?:xa|phuong|dac khu|thi tran|dia phuong|co so|thon|tu san xuat)\b.*")


def _kind_by_origin(reader: Reader) -> Kind:
    """Of an item whose station is named beside it: another's is relayed. Raises Misread if it may be either."""
    station = short_text(reader.cells.get("origin"))
    if _OURS.fullmatch(fold(station)):
        return Kind.OWN
    if origin_of_relay(station) != "other":
        return Kind.RELAY
    vi, en = f"“{excerpt(station)}”: tiếp âm đài nào?", f"“{excerpt(station)}”: a relay of which station?"
    raise Misread("doubtful_kind", vi, en)


def _origin(given: str, kind: Kind, beside: str) -> str | None:
    """Of a relay: as given ("vov", "Đài TNVN", "huyện"), else by what stands *beside* it, else "other"."""
    if kind is not Kind.RELAY:
        return None
    return (origin_named_in(given) or fold(given)) if given else origin_of_relay(beside)
