"""Vietnamese text as operators type it: one normal form, folding for look-ups, and the words of a timetable.

Readers raise ``Misread`` with the likely meaning: what is doubtful is asked, never guessed.
"""

import re
import unicodedata
from functools import lru_cache

from scheduler.occurrence import ALL_ZONES, BulletinClass, Kind
from scheduler.problem import Problem

_SPACES = re.compile(r"\s+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060\ufeff]")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_D = str.maketrans("đð", "dd")
_REPEAT_MARK = re.compile(r"\(\s*pl\s*\)|\bphat lai\b")
_PERHAPS_REPEAT = re.compile(  # "PL cho mọi người" is about law
    r"^pl\s*[:–-]\s*(?=\w)|^pl (?=(?:cac )?(?:chuong trinh|ct|ban tin|bt|thoi su|ts|thong bao|tb|tin|buoi|noi dung"
    r"|chuyen muc|ca nhac|so)\b)"
    r"|\s*[–-]\s*pl$"
)


class Misread(ValueError):
    """A cell that cannot be read with certainty. Carries a code and the sentence for the operator in both languages."""

    def __init__(self, code: str, vi: str, en: str) -> None:
        super().__init__(en)
        self.code, self.vi, self.en = code, vi, en

    def at(self, where: str) -> Problem:
        """What is told of it where it stands."""
        return Problem(where, self.code, self.vi, self.en)


@lru_cache(maxsize=4096)
def tidy(text: str) -> str:
    """NFC, no invisible or control characters, each run of blanks one space. Phones send NFD, spreadsheets NBSP."""
    spaced = _SPACES.sub(" ", _INVISIBLE.sub("", unicodedata.normalize("NFC", text)))
    return _CONTROLS.sub("", spaced).strip()


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """The form in which texts are compared: no case, no diacritics, đ as d; so hoá, hóa and HOA are the same.

    So is the Icelandic Ð, which many converters put for Đ: the two look alike.
    """
    decomposed = unicodedata.normalize("NFD", tidy(text).casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_D)


def shadow(text: str) -> str:
    """Folded character by character, so that what is found at a place here stands at the same place in *text* (NFC)."""
    return "".join(map(_shadow, text))


@lru_cache(maxsize=4096)
def _shadow(character: str) -> str:
    bare = [c for c in unicodedata.normalize("NFD", character.casefold()) if not unicodedata.combining(c)]
    return bare[0].replace("đ", "d") if len(bare) == 1 else character


def slug(text: str, longest: int = 60) -> str:
    """The folded text as part of an id: ``ban-tin-sang``. A title without any Latin letter gives ``chuong-trinh``."""
    return _NOT_SLUG.sub("-", fold(text)).strip("-")[:longest].rstrip("-") or "chuong-trinh"


@lru_cache(maxsize=4096)
def without_repeat_mark(title: str) -> str:
    """The folded title of what a repeat repeats: "Bản tin sáng (PL)" → "ban tin sang"."""
    return tidy(_REPEAT_MARK.sub(" ", _PERHAPS_REPEAT.sub("", fold(title)))).strip(" -–:")


def marked_as_repeat(title: str) -> bool:
    """Whether the title itself says phát lại. A bare "PL" does not: it is also pháp luật."""
    return bool(_REPEAT_MARK.search(fold(title)))


def perhaps_repeat(title: str) -> bool:
    """Whether a "PL" at an edge of the title says that it is a repeat; pháp luật would hardly stand there."""
    return bool(_PERHAPS_REPEAT.search(fold(title)))


_KINDS = {
    Kind.OWN: (
        *("tu san xuat", "tsx", "tu sx", "t.sx", "san xuat", "sx", "tu bien tap", "tu bien soan", "tu thuc hien"),
        *("thu san", "phat thu san", "tin tu viet", "san xuat moi", "phat moi", "own"),
    ),
    Kind.RELAY: (
        *("tiep am", "tiep song", "tiep am/tiep song", "tiep am, tiep song", "tiep phat", "phat tiep am"),
        *("phat tiep song", "t/am", "t.am", "relay"),
    ),
    Kind.REPEAT: ("phat lai", "pl", "(pl)", "p/l", "p.l", "repeat"),
    Kind.LIVE: ("truc tiep", "phat truc tiep", "doc truc tiep", "phat thanh truc tiep", "live"),
}
_KINDS_IN_SHORT = {"ta": Kind.RELAY, "ts": Kind.RELAY, "tt": Kind.LIVE}  # under Hình thức; in a title they are names
_CLASSES = {
    BulletinClass.NORMAL: ("", "thong thuong", "thuong", "binh thuong", "normal"),
    BulletinClass.PRIORITY: ("uu tien", "tin uu tien", "priority"),
    BulletinClass.EMERGENCY: (
        *("khan cap", "khan", "hoa toc", "emergency"),
        *("tin khan cap", "ban tin khan cap", "thong bao khan cap", "tin khan", "tin hoa toc"),
    ),
}
_KIND_OF = {word: kind for kind, words in _KINDS.items() for word in words}
_CLASS_OF = {word: level for level, words in _CLASSES.items() for word in words}


_SAYS_KIND = {
    Kind.LIVE: re.compile(r"\btruc tiep\b"),
    Kind.RELAY: re.compile(r"\btiep (?:am|song|phat)\b"),
    Kind.REPEAT: re.compile(r"\bphat lai\b"),
    Kind.OWN: re.compile(r"\btu (?:san xuat|bien tap|bien soan|thuc hien)\b|\btsx\b"),
}


def is_kind(text: str) -> bool:
    """Whether the text is nothing but the name of a kind."""
    return fold(text) in _KIND_OF


def is_class(text: str) -> bool:
    """Whether the text is nothing but the name of a class."""
    return bool(text) and fold(text) in _CLASS_OF


def is_emergency(text: str) -> bool:
    """Whether the text is nothing but a name of the class that no timetable may hold."""
    return _CLASS_OF.get(fold(text)) is BulletinClass.EMERGENCY


def read_kind(text: str) -> Kind:
    """Hình thức, also among other words: "Truyền thanh trực tiếp". Raises Misread if it says none, or several."""
    try:
        return (_KIND_OF | _KINDS_IN_SHORT)[fold(text)]
    except KeyError:
        said = [kind for kind, pattern in _SAYS_KIND.items() if pattern.search(fold(text))]
        if len(said) == 1 and not re.search(r"[,;+/]|\bpl\b|\bkhong\b", fold(text)):
            return said[0]
        vi = f"không hiểu hình thức “{tidy(text)}”; ghi một trong: Tự sản xuất, Tiếp âm, Phát lại, Trực tiếp"
        en = (
            f"unknown kind “{tidy(text)}”; write one of: Tự sản xuất (own), Tiếp âm (relay), Phát lại, Trực tiếp (live)"
        )
        raise Misread("unknown_kind", vi, en) from None


def read_class(text: str) -> BulletinClass:
    """Mức ưu tiên; empty is thông thường. Raises Misread."""
    try:
        return _CLASS_OF[fold(text)]
    except KeyError:
        vi = f"không hiểu mức ưu tiên “{tidy(text)}”; ghi Thông thường hoặc Ưu tiên"
        en = f"unknown class “{tidy(text)}”; write Thông thường (normal) or Ưu tiên (priority)"
        raise Misread("unknown_class", vi, en) from None


_ALL = {
    "",
    "all",
    "tat ca",
    "toan bo",
    "toan xa",
    "toan phuong",
    "toan dac khu",
    "toan thi tran",
    "ca xa",
    "tat ca cac cum",
}


def read_zone(text: str) -> str:
    """Phạm vi: the zone as written; empty, toàn xã, tất cả … mean all loudspeakers."""
    return ALL_ZONES if fold(text) in _ALL else tidy(text)
