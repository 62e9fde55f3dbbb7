"""What one cell of a timetable names: a title, or several items, each with its own time or minutes.

``5h30: Bản tin xã (15')`` is one item; ``1. Lịch tiêm phòng (3'); 2. Thu gom rác (2')`` are two. Lines without a time
and without minutes belong to the item beside them; where no line has any, all are one title.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from scheduler.spoken.cells import HOUR, LONGEST_CELL, MARKS, MINUTE, Cell, words
from scheduler.spoken.conduct import says_ending
from scheduler.spoken.times import read_time
from scheduler.vietnamese import Misread, is_class, is_kind, marked_as_repeat, shadow, tidy


@dataclass(frozen=True, slots=True)
class Piece:
    """One item as it is written. ``clock``, ``lasts`` and ``kind`` are its own words for them, or empty."""

    title: str
    clock: str = ""
    lasts: str = ""
    kind: str = ""
    has_bullet: bool = False
    days: int = 1  # "phát 3 ngày"
    until: str = ""  # "phát đến hết ngày 28/11"
    times: int = 0  # "ngày 2 lần"; 0: not said
    source: str = ""  # a file's name or an address: "(ban-tin.mp3)"
    level: str = ""  # "(ưu tiên)"
    ending: str = ""  # "(phát hết)", "(lấp)"
    again: str = ""  # when it is repeated on the same day: "(phát lại 17h30)"

    @property
    def is_timed(self) -> bool:
        return bool(self.clock or self.lasts)


@dataclass(frozen=True, slots=True)
class Contents:
    pieces: Sequence[Piece] = ()
    notes: Sequence[str] = ()  # who reads it, remarks: not carried out


_PART_OF_DAY = r"(?:sang|trua|chieu|toi|dem|sa|ch|am|pm)"
_CLOCK = (
    rf"(?:\d{{1,2}}\s?{HOUR}(?:\s?[:.]?\s?\d{{1,2}}(?!\d)(?:\s?{MINUTE}(?![a-z0-9]))?)?(?![a-z0-9])"
    rf"|\d{{1,2}}:\d\d(?::\d\d)?(?!\d))(?:\s?{_PART_OF_DAY}(?![a-z]))?"
)
_RANGE = rf"(?:(?:tu|luc)\s+)?{_CLOCK}(?:\s*(?:-+>?|~|den|toi)\s*{_CLOCK})?"
MOMENT = re.compile(_RANGE)
_PERHAPS_CLOCK = re.compile(r"\d\s*[hg:]", re.IGNORECASE)
_ONE_CLOCK = re.compile(rf"(?<![\w:]){_CLOCK}")
_CLOCKS = rf"{_RANGE}(?:\s*(?:[,;&/+]|va)\s*{_RANGE})*"
_LASTS = (
    rf"(?:\d{{1,3}}(?:[.,]\d)?\s?{MINUTE}(?:\s?[0-5]?\d\s?(?:\"|giay|s)?)?|\d{{1,3}}\s?(?:\"|giay)"
    rf"|\d{{1,2}}\s?tieng(?:\s?\d{{1,2}}\s?{MINUTE}|\s?ruoi)?|nua (?:tieng|gio))(?![a-z0-9])"
)
_LONG = rf"[1-3]\s?gio(?:\s?\d{{1,2}}\s?{MINUTE}|\s?ruoi)?"  # in brackets: nobody means one o'clock in the night
_SAID = r"(?:(?:tl|thoi luong)\s*:?\s*)?"

_BULLET = re.compile(r"\s*(?:[-+*•●▪■◦➢►·✓]+(?!\d)|\(?\d{1,2}[.)/](?!\d)|[a-z][.)](?=\s))\s*")
_LEADING_CLOCK = re.compile(rf"[\s(\[]*(?P<found>{_CLOCKS})[\s)\]]*(?:[:,.;-]+|(?=\s|$|[(]))\s*")
_CLOSE_CLOCK = re.compile(rf"[\s(\[]*(?P<found>{_CLOCKS})(?:[)\]]|\s|$|[:,.;-])+")
_LEADING_LASTS = re.compile(rf"\s*(?:\((?P<inside>{_LASTS})\)\s*[:-]?|(?P<found>{_LASTS})\s*[:-])\s*")
_TRAILING_LASTS = re.compile(rf"[\s:,.-]+{_SAID}(?P<found>{_LASTS})\s*$")
_TRAILING_CLOCK = re.compile(rf"[\s:,.-]+(?P<found>luc\s+{_CLOCKS}|{_CLOCK}\s*(?:-+>?|den|toi)\s*{_CLOCK})\s*$")
_TRAILING_BRACKET = re.compile(r"\s*[(\[](?P<found>[^()\[\]]*)[)\]]\s*$")
_LASTS_BEFORE_BRACKETS = re.compile(rf"\s*[(\[]\s*{_SAID}(?P<found>{_LASTS})\s*[)\]](?=(?:\s*[(\[][^()\[\]]*[)\]])+$)")
_IS_CLOCKS = re.compile(_CLOCKS)
_IS_LASTS = re.compile(rf"{_SAID}(?P<found>{_LASTS}|{_LONG})")
_CAPITAL_PART = re.compile(r"\b(?:Sáng|Trưa|Chiều|Tối|Đêm)\b(?=\s+\w)")  # "5h30 Chiều quê hương": a title begins
_NOTE = re.compile(
    r"\W*(?:ghi chu|luu y|chu y|nguoi (?:doc|thuc hien|phat|viet|bien tap)|[bpk]tv|phu trach|bien tap|phat thanh vien)"
    r"\s*[:(-]"
)
_AIRINGS = re.compile(
    rf"(?:^|[\s,;.(-]+)phat\s+(?:trong\s+|lien tiep\s+|lien tuc\s+)?(?P<days>\d{{1,2}}) ngay(?:\s+lien (?:tiep|tuc))?"
    r"(?:\s*[,;:-]?\s*(?:moi |mot )?ngay\s+(?P<times>\d) (?:lan|luot|buoi)"
    rf"(?:\s*[(:,-]?\s*(?:luc\s+)?(?P<found>{_CLOCKS})\s*\)?)?)?"
    r"\s*\)?\s*[.;]?\s*$"
)
_UNTIL = re.compile(
    r"(?:^|[\s,;.(-]+)phat\s+(?:lien tuc\s+|hang ngay\s+|lai\s+)?(?:cho\s+)?(?:den|toi)\s+(?:het\s+)?(?:ngay\s+)?"
    r"(?P<found>\d{1,2}/\d{1,2}(?:/\d{4})?)\s*\)?\s*[.;]?\s*$"
)
_IS_SOURCE = re.compile(r"https?://\S+|\S.{0,200}\.(?:mp3|wav|flac|ogg|opus|m4a|aac|wma)", re.IGNORECASE)
_REPEATED = re.compile(
    rf"(?:[\s,;(-]+)(?:va )?(?:phat lai|pl)\s*(?:vao|luc|:)*\s*(?P<found>{_CLOCKS})\s*(?:cung ngay)?\s*\)?\s*[.;]?\s*$"
)
_REPEATED_ALONE = re.compile(rf"(?:phat lai|pl)\s*(?:vao|luc|:)*\s*(?P<found>{_CLOCKS})\s*(?:cung ngay)?[\s.;]*")
_IN_SESSION = re.compile(rf"\s*(?:buoi )?(?P<part>sang|trua|chieu|toi)\s*[:(-]*\s*(?={_CLOCK})")
_LINES = re.compile(r"[\n\r\v\f\u2028\u2029]+")
_NUMBER = re.compile(r"(?:(?<=[\s;,.])|^)(?=\d{1,2}[.)]\s)")


@lru_cache(maxsize=5_000, typed=True)
def read_contents(cell: Cell) -> Contents:
    """The items of a cell in their order. A cell without any mark of time is one item of that title."""
    if not isinstance(cell, str) or len(cell) > LONGEST_CELL:
        return Contents((Piece(words(cell)),))
    lines = [line for raw in _LINES.split(cell) if (line := tidy(raw))]
    notes = [line for line in lines[1:] if _NOTE.match(_plain(line))]
    parts = [part for line in lines if line not in notes for part in _split(line)]
    return Contents(tuple(map(_finished, _items([_piece(part) for part in parts]))), tuple(notes))


def _plain(text: str) -> str:
    """As ``cells.plain``, but each character in its place."""
    return shadow(text).translate(MARKS)


# --- several items behind one another on a line


def _numbered(line: str) -> Sequence[str]:
    return _NUMBER.split(line) if len(_NUMBER.findall(line)) > 1 else [line]


_LOOSE_MARKS: tuple[Callable[[str], Sequence[str]], ...] = (
    _numbered,
    re.compile(";").split,
    re.compile(r"\s\+\s").split,
)
_MARKS_OF_TITLES_TOO = (re.compile(r",\s+(?![^(]*\))").split, re.compile(r"\s[-–—]\s").split)


def _split(line: str) -> Sequence[str]:
    """One line, or the items that stand on it. Marks that titles have too separate only what names its own minutes."""
    for splits, enough in ((_LOOSE_MARKS, any), (_MARKS_OF_TITLES_TOO, all)):
        for split in splits:
            parts = [part for raw in split(line) if (part := raw.strip(" ;,"))]
            if len(parts) > 1 and _are_items(list(map(_piece, parts)), enough):
                return parts
    return [line]


def _are_items(pieces: Sequence[Piece], enough: Callable[[Iterable[bool]], bool]) -> bool:
    named = all(any(c.isalpha() for c in piece.title) for piece in pieces)
    return named and enough(piece.is_timed for piece in pieces)


# --- the marks at both ends of an item's words


def _piece(text: str) -> Piece:
    bullet = _BULLET.match(_plain(text))
    piece = Piece(text[bullet.end() :] if bullet else text, has_bullet=bullet is not None)
    piece = _without_repeat(with_airings(piece, piece.title))
    piece = _without_level(_without_leading_lasts(_without_leading_clock(piece)))
    while (shorter := _without_trailing_mark(piece)) != piece:
        piece = shorter
    return replace(piece, title=tidy(piece.title).strip(" ;,-–—"))


_NEWS = r"(?:ban tin|tin|thong bao|cong dien)"
_LEADING_LEVEL = re.compile(rf"(?:{_NEWS}\s+)?(?P<found>khan cap|khan|hoa toc|uu tien)\s*[:!]+\s*(?=\w)")
_URGENT_NEWS = re.compile(rf"{_NEWS}\s+(?P<found>khan cap|hoa toc|khan\b(?! truong| thiet| hoang| khoan))")


def _without_level(piece: Piece) -> Piece:
    """ "Khẩn cấp: Bão số 9" is not a title alone, nor is "Thông báo khẩn về bão số 9"."""
    plain = _plain(piece.title)
    if found := _LEADING_LEVEL.match(plain):
        return replace(piece, title=piece.title[found.end() :], level=piece.title[slice(*found.span("found"))])
    if found := _URGENT_NEWS.match(plain):
        return replace(piece, level=piece.title[slice(*found.span("found"))])
    return piece


def _taken(piece: Piece, part: Literal["clock", "lasts"], found: re.Match[str], group: str = "found") -> Piece:
    """The mark goes from the title to its part."""
    text = piece.title
    rest, mark = text[: found.start()] + text[found.end() :], tidy(text[slice(*found.span(group))])
    return replace(piece, title=rest, clock=mark) if part == "clock" else replace(piece, title=rest, lasts=mark)


def _without_repeat(piece: Piece) -> Piece:
    found = _REPEATED.search(_plain(piece.title))
    if found is None or not found.start():
        return piece
    return replace(piece, title=piece.title[: found.start()], again=piece.title[slice(*found.span("found"))])


def with_airings(piece: Piece, said: str) -> Piece:
    """The piece with what *said* tells of repeats: "phát 3 ngày, ngày 2 lần", "phát đến hết ngày 28/11".

    *said* is its own title, which loses these words, or a note beside it.
    """
    plain = _plain(said)
    if "phat" not in plain and "pl" not in plain:
        return piece
    is_title = said is piece.title
    if (found := _REPEATED_ALONE.fullmatch(plain)) and not is_title:
        return replace(piece, again=said[slice(*found.span("found"))])
    if found := _UNTIL.search(plain):
        title = piece.title[: found.start()] if is_title else piece.title
        return replace(piece, title=title, until=said[slice(*found.span("found"))])
    if (found := _AIRINGS.search(plain)) is None:
        return piece
    clock = tidy(said[slice(*found.span("found"))]) if found["found"] else piece.clock
    title = piece.title[: found.start()] if is_title else piece.title
    return replace(piece, title=title, clock=clock, days=int(found["days"]), times=int(found["times"] or 0))


@lru_cache(maxsize=5_000)
def is_airings(note: str) -> bool:
    """Whether a note says nothing else."""
    plain = _plain(note)
    found = _REPEATED_ALONE.fullmatch(plain) or _UNTIL.search(plain) or _AIRINGS.search(plain)
    return found is not None and not note[: found.start()].strip()


def _without_leading_clock(piece: Piece) -> Piece:
    """Also of "Chiều: 5h00 Bản tin", which is five in the afternoon."""
    session = _IN_SESSION.match(_plain(piece.title))
    if session:
        piece = replace(piece, title=piece.title[session.end() :])
    masked = _CAPITAL_PART.sub(lambda word: "¤" * len(word[0]), piece.title)
    found = _LEADING_CLOCK.match(_plain(masked))
    if found is None:
        return piece
    piece = _taken(piece, "clock", found)
    return replace(piece, clock=_in_part(piece.clock, session["part"])) if session else piece


_PARTS = {"sang": "sáng", "trua": "trưa", "chieu": "chiều", "toi": "tối"}
_SAYS_PART = re.compile(rf"{_PART_OF_DAY}\s*$")


def _in_part(clock: str, part: str) -> str:
    """A time of a session: "5h00" in the afternoon is "5h00 chiều", as it is read; "17h00" says it already."""
    return clock if _SAYS_PART.search(_plain(clock)) else f"{clock} {_PARTS[part]}"


def _without_leading_lasts(piece: Piece) -> Piece:
    if found := _LEADING_LASTS.match(_plain(piece.title)):
        return _taken(piece, "lasts", found, "inside" if found["inside"] else "found")
    return piece


def _without_trailing_mark(piece: Piece) -> Piece:
    piece = replace(piece, title=piece.title.rstrip(" .:;,"))
    plain = _plain(piece.title)
    if not piece.lasts and (found := _TRAILING_LASTS.search(plain)) and found.start():
        return _taken(piece, "lasts", found)
    if not piece.clock and (found := _TRAILING_CLOCK.search(plain)) and found.start():
        return _taken(piece, "clock", found)
    if not piece.lasts and (found := _LASTS_BEFORE_BRACKETS.search(plain)) and found.start():
        return _taken(piece, "lasts", found)
    found = _TRAILING_BRACKET.search(plain)
    return _without_bracket(piece, found) if found else piece


def _without_bracket(piece: Piece, found: re.Match[str]) -> Piece:
    """A bracket holds minutes, a time, a kind, an end rule, or several of them; any other one is part of the title."""
    inside = piece.title[slice(*found.span("found"))]
    marked = replace(piece, title=piece.title[: found.start()])
    tokens = [inside] if _IS_CLOCKS.fullmatch(_plain(inside).strip()) else re.split(r"[,;]|\s[-–—]\s", inside)
    for token in filter(None, map(tidy, tokens)):
        plain = _plain(token)
        if not marked.lasts and (lasts := _IS_LASTS.fullmatch(plain)):
            marked = replace(marked, lasts=token[slice(*lasts.span("found"))])
        elif not marked.clock and _IS_CLOCKS.fullmatch(plain):
            marked = replace(marked, clock=token)
        elif not marked.source and _IS_SOURCE.fullmatch(token):
            marked = replace(marked, source=token)
        elif not marked.kind and is_kind(token):
            marked = replace(marked, kind=token)
        elif not marked.level and is_class(token):
            marked = replace(marked, level=token)
        elif not marked.ending and says_ending(token):
            marked = replace(marked, ending=token)
        else:
            return piece
    return marked


def _finished(piece: Piece) -> Piece:
    """A repeat is marked in its title, as people write it; another kind has no place there."""
    title = piece.title.rstrip(" :")
    if title and piece.kind and marked_as_repeat(f"({piece.kind})") and not marked_as_repeat(title):
        title += " (PL)"
    return replace(piece, title=title)


# --- lines to items


def _items(pieces: Sequence[Piece]) -> Sequence[Piece]:
    if not any(piece.is_timed for piece in pieces):
        return [_joined(pieces)] if pieces else []
    if any(piece.has_bullet for piece in pieces):
        return _bulleted(pieces)
    return _lines(pieces)


def _joined(pieces: Sequence[Piece]) -> Piece:
    """One item of all lines; the marks are those of the one line that has them. Bullets are told in one sentence."""
    timed = next((piece for piece in pieces if piece.is_timed), pieces[0])
    title, above = "", None
    for piece in filter(lambda piece: piece.title, pieces):
        mark = "; " if above and above.has_bullet else ": "
        glue = "" if above is None else mark if piece.has_bullet else " "
        title, above = title + glue + piece.title, piece
    kind = next((piece.kind for piece in pieces if piece.kind), "")
    return replace(timed, title=tidy(title), kind=kind)


def _bulleted(pieces: Sequence[Piece]) -> Sequence[Piece]:
    """Bullets are items where one of them is timed, and else what the timed line above them is about."""
    are_items = any(piece.is_timed for piece in pieces if piece.has_bullet)
    items: list[list[Piece]] = []
    for piece in pieces:
        if piece.is_timed or (piece.has_bullet and are_items) or not items:
            items.append([piece])
        else:
            items[-1].append(piece)
    if are_items and not items[0][0].has_bullet and not items[0][0].lasts:
        items = items[1:]  # "Thông báo:" above its notices is their heading
    return [_joined(item) for item in items]


def _lines(pieces: Sequence[Piece]) -> Sequence[Piece]:
    """Lines without bullets: one without a mark goes on with its neighbour, or is an item that lacks its minutes."""
    timed = [piece for piece in pieces if piece.is_timed]
    if len(timed) == 1 and (pieces[-1].is_timed or timed[0].clock):
        return [_joined(pieces)]
    titles_first = not pieces[0].is_timed and not any(piece.title for piece in timed)
    items: list[list[Piece]] = [[]]
    for piece in pieces:
        ended = items[-1] and any(p.is_timed for p in items[-1])
        if titles_first:
            begins = ended
        else:
            begins = bool(items[-1]) and (piece.is_timed or (ended and not _goes_on(items[-1], piece)))
        if begins:
            items.append([])
        items[-1].append(piece)
    return [_joined(item) for item in items]


def _goes_on(item: Sequence[Piece], piece: Piece) -> bool:
    """Whether an unmarked line is more of the item above: that began with its time, or this is no beginning."""
    first = piece.title[:1]
    return bool(item[0].clock) or not (first.isupper() or first.isdigit())


# --- remarks in a title


_STOPPED = r"hoãn|hủy|huỷ|hủy bỏ|huỷ bỏ|đã hủy|đã huỷ|tạm (?:dừng|hoãn|ngừng|ngưng)"
_DAY_WORD = r"(?:thứ (?:[2-7]|hai|ba|tư|năm|sáu|bảy)|t[2-7]|cn|chủ nhật)"
_AIRS_AT = (
    r"phát (?:lại )?(?:vào|từ ngày|từ thứ|đến ngày|đến hết|trong|ngày|thứ|lúc|thêm|bù|thay|xen|tuần"
    r"|liên tục|liên tiếp|\d+ (?:ngày|tuần|tháng|buổi|lần|lượt|đợt))"
)
_AND_THEN = r"(?:sau đó|tiếp đó|kế đó|rồi (?:phát|tiếp|đến|chuyển))"  # a second item among the words of the first
_WHEN = (
    rf"(?:không|chỉ|chưa|sẽ|bắt đầu|thôi|ngừng|ngưng|tạm dừng|tạm ngừng) phát\b|\b{_AIRS_AT}\b"
    rf"|\b(?:{_STOPPED}|nghỉ|đổi sang|chuyển sang|thay cho|thay bằng|nếu có)\b|\b(?:\d+|hai|ba) (?:lần|lượt)\b"
    rf"|\btuần (?:\d|đầu|cuối|lẻ|chẵn)|\b(?:hàng|hằng|mỗi|cách) tuần\b|\b{_DAY_WORD} (?:đầu|cuối|tuần|hàng|hằng)"
    rf"|\b(?:đầu|cuối) tháng\b|\bngày (?:chẵn|lẻ)\b"
    rf"|^[(\[ ]*(?:từ|đến|tới)(?: hết)?(?: ngày)? \d{{1,2}}/\d"
    rf"|^[(\[ ]*(?:trừ|thay|bỏ|chỉ|khi|nếu|tùy|tuỳ|mùa|tuần|{_DAY_WORD})\b"
)
_REMARK = (  # a bracket, a word in front, words at the end
    rf"([(\[][^()\[\]]*[)\]])|^ *((?:bỏ|{_STOPPED}|không phát|dừng phát|nghỉ) *[:/-])"
    rf"|[,;-] *((?:(?:không|chỉ|chưa|tạm dừng) phát|{_AIRS_AT}|{_STOPPED})\b.*)$"
    rf"|\b({_AND_THEN}\b.*)$"
)


def _in_both_spellings(pattern: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """As it is, and for titles that nobody gave diacritics. *pattern* has no capitals."""
    return re.compile(pattern), re.compile(shadow(pattern))


_WHEN_PATTERNS, _REMARK_PATTERNS = _in_both_spellings(_WHEN), _in_both_spellings(_REMARK)


def remark_in(title: str) -> str:
    """What a title says of when, where or whether it airs: "(tuần 1 và tuần 3)", "Hủy: …"; empty if nothing.

    With its diacritics, where it has any: "phạt từ 2 triệu" is no time, "Nghị quyết" no day off.
    """
    lower = title.lower()
    bare = lower.isascii()
    for found in _REMARK_PATTERNS[bare].finditer(lower) if len(lower) == len(title) else ():
        if not found[1] or _WHEN_PATTERNS[bare].search(found[1]):
            return title[slice(*found.span(found.lastindex or 0))]
    return ""


def clocks_among(title: str) -> Iterator[tuple[str, int]]:
    """The times of day among a title's words, as they are written and in seconds of the day."""
    for found in _ONE_CLOCK.finditer(_plain(title)) if _PERHAPS_CLOCK.search(title) else ():
        with suppress(Misread):
            written = title[slice(*found.span())]
            yield written, read_time(written).second


# --- cells that name no item

_OFF = {
    "-",
    "--",
    "---",
    "/",
    "0",
    "khong",
    "khong phat",
    "khong phat song",
    "khong phat thanh",
    "trong",
    "off",
    "nghi",
    "tam nghi",
    "tam dung",
    "tam ngung",
    "hoan",
    "huy",
}
_END = {
    "het",
    "ket thuc",
    "het chuong trinh",
    "ket thuc chuong trinh",
    "ket thuc buoi phat",
    "ket thuc phat song",
    "tat may",
}
_TICKS = {"x", "v", "✓", "✔", "√", "●", "•", "*", "+", "co", "1"}


@lru_cache(maxsize=5_000, typed=True)
def is_off(cell: Cell) -> bool:
    """Whether nothing is broadcast: Nghỉ, Nghỉ lễ, a dash, or the end of a session. "Nghị quyết" is a programme."""
    text = tidy(words(cell)).casefold()
    return shadow(text).translate(MARKS).strip(" .()*") in _OFF | _END or bool(re.match(r"\W*nghỉ\b", text))


def is_tick(cell: Cell) -> bool:
    """Whether a cell only says yes."""
    return shadow(words(cell)).strip(" .()") in _TICKS
