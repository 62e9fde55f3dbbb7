"""What a cell says of how an item ends, of what becomes of it when it was cut, and of how loud it is to be."""

import re

from scheduler.conduct import (
    LONGEST_GRACE_MS,
    LOUDEST_LUFS,
    PLAIN,
    SOFTEST_LUFS,
    USUAL_GRACE_MS,
    AfterCut,
    Conduct,
    EndRule,
)
from scheduler.spoken.cells import Cell, excerpt, is_blank, words
from scheduler.vietnamese import Misread, fold

_CUT = re.compile(r"cat(?: dung gio)?|dung gio|cut")
_FINISH = re.compile(
    r"(?:phat|cho) (?:cho |den )?het(?: bai| tep| chuong trinh| noi dung)?(?P<grace>.*)|finish(?P<within>.*)"
)
_GRACE = re.compile(r"[\s,:(]*(?:(?:them|cham|toi da|khong qua|trong|within|up to)\s+)*(\d+)\s*(\w+|')?[\s.)]*")
_FILL = re.compile(r"(?:lap|bu|dem|chen|fill)(?: day| nhac| nhac dem| cho trong)*(?:\s*(?:\bbang\b|\bwith\b|:).*)?")
_FILLED_WITH = re.compile(r".*?(?:\b(?:bằng|bang|with)\b|:)\s*(.+)", re.IGNORECASE)
_UNITS_MS = dict.fromkeys(("giay", "s", "sec", "second", "seconds"), 1_000) | dict.fromkeys(
    ("phut", "ph", "p", "'", "min", "minute", "minutes"), 60_000
)
_JOIN = ("phat tiep", "tiep", "tiep tuc", "phat tiep phan con lai", "join")
_DROP = ("bo", "bo luon", "khong phat tiep", "thoi", "drop")
_LOUDNESS = re.compile(r"([-\u2212\u2013]?)\s*(\d+(?:[.,]\d+)?)\s*(?:lufs)?", re.IGNORECASE)


def read_ending(cell: Cell) -> Conduct:
    """ "Cắt", "Phát hết 60 giây", "Lấp", "Lấp bằng nhac.mp3"; an empty cell is "Cắt". Raises Misread."""
    written = words(cell)
    text = fold(written).strip(" .")
    if is_blank(cell) or _CUT.fullmatch(text):
        return PLAIN
    if found := _FINISH.fullmatch(text):
        return Conduct(EndRule.FINISH, _grace_ms(found["grace"] or found["within"] or "", cell))
    if _FILL.fullmatch(text):
        return Conduct(EndRule.FILL, filler=_file(written))
    vi = f"“{excerpt(cell)}”: ghi Cắt, Phát hết (60 giây) hoặc Lấp (bằng nhac.mp3)"
    raise Misread("bad_ending", vi, f"“{excerpt(cell)}”: write cut, finish (60 s) or fill (with music.mp3)")


def is_ending(cell: Cell) -> bool:
    """Whether a cell under "Kết thúc" holds no time but a rule."""
    text = fold(words(cell)).strip(" .") if isinstance(cell, str) else ""
    return any(pattern.fullmatch(text) for pattern in (_CUT, _FINISH, _FILL))


def says_ending(text: str) -> bool:
    """Whether a bracket behind a title is a rule: "(phát hết)", "(lấp)". "(bù)" and "(phát hết tháng 11)" are none."""
    try:
        return fold(text).startswith(("cat", "phat het", "lap")) and read_ending(text) is not None
    except Misread:
        return False


def _grace_ms(text: str, cell: Cell) -> int:
    if not text.strip(" ."):
        return USUAL_GRACE_MS
    found = _GRACE.fullmatch(text)
    unit_ms = _UNITS_MS.get(found[2] or "") if found else None
    if found is None or unit_ms is None:
        vi = f"“{excerpt(cell)}”: được kéo thêm bao lâu? Ghi như “Phát hết 60 giây” hoặc “Phát hết 2 phút”"
        raise Misread("bad_grace", vi, f"“{excerpt(cell)}”: how much longer may it last? Write “finish 60 s”")
    if not 0 < (grace_ms := int(found[1]) * unit_ms) <= LONGEST_GRACE_MS:
        vi = f"“{excerpt(cell)}”: chỉ được kéo thêm từ 1 giây đến {LONGEST_GRACE_MS // 60_000} phút"
        raise Misread("bad_grace", vi, f"“{excerpt(cell)}”: from 1 second to {LONGEST_GRACE_MS // 60_000} minutes")
    return grace_ms


def _file(written: str) -> str:
    """What it is filled with, if that is a file's name (or a pattern of names) and not just "nhạc"."""
    found = _FILLED_WITH.fullmatch(written)
    name = found[1].strip() if found else ""
    return name if "." in name or "*" in name else ""


def written_ending(conduct: Conduct) -> str:
    """Inverse of ``read_ending``; what is cut needs no words."""
    match conduct.end_rule:
        case EndRule.CUT:
            return ""
        case EndRule.FINISH:
            seconds, rest_ms = divmod(conduct.grace_ms, 1_000)
            return f"Phát hết {seconds} giây" if not rest_ms else f"Phát hết {conduct.grace_ms} ms"
        case EndRule.FILL:
            return f"Lấp bằng {conduct.filler}" if conduct.filler else "Lấp"


def read_after_cut(cell: Cell) -> AfterCut:
    """ "Phát tiếp" (as an empty cell) or "Bỏ". Raises Misread."""
    text = fold(words(cell)).strip(" .")
    if is_blank(cell) or text in _JOIN:
        return AfterCut.JOIN
    if text in _DROP:
        return AfterCut.DROP
    vi, en = f"“{excerpt(cell)}”: ghi Phát tiếp hoặc Bỏ", f"“{excerpt(cell)}”: write join or drop"
    raise Misread("bad_after_cut", vi, en)


def read_loudness(cell: Cell) -> float | None:
    """LUFS, as -16 or "-16 LUFS"; None for an empty cell. Raises Misread."""
    if is_blank(cell):
        return None
    found = _LOUDNESS.fullmatch(words(cell).strip())
    lufs = float(found[2].replace(",", ".")) * (-1 if found[1] else 1) if found else None
    if lufs is not None and SOFTEST_LUFS <= lufs <= LOUDEST_LUFS:
        return lufs
    likely = f"; có phải -{found[2]}?" if found and not found[1] else ""
    vi = f"“{excerpt(cell)}”: độ to ghi từ {SOFTEST_LUFS:g} đến {LOUDEST_LUFS:g} (LUFS){likely}"
    raise Misread("bad_loudness", vi, f"“{excerpt(cell)}”: a loudness from {SOFTEST_LUFS:g} to {LOUDEST_LUFS:g} LUFS")
