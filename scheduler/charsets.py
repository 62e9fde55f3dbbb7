r"""Vietnamese written in the character sets before Unicode, TCVN3 (fonts .VnTime …) and VNI: recognised and converted.

Such text reaches us as Latin-1 letters ("Ch\u00ad¬ng tr×nh", "Chöông trình") in cells that are Unicode by form. It is
told from right Vietnamese, and from any other language, by one rule: as it stands its words are no syllables of
Vietnamese, and converted they are.

Tables: TCVN 5712:1993 (VN3) and VNI for Windows. TCVN3 has no capitals with a tone: in the fonts whose names end in H
its small letters look like capitals, and they come out small.
"""

import enum
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

_TONES = "\u0300\u0309\u0303\u0301\u0323"  # huyền, hỏi, ngã, sắc, nặng
_TCVN3_VOWELS = {  # each with its codes in the order of the tones above
    "a": "\xb5\xb6\xb7\xb8\xb9",
    "ă": "\xbb\xbc\xbd\xbe\xc6",
    "â": "\xc7\xc8\xc9\xca\xcb",
    "e": "\xcc\xce\xcf\xd0\xd1",
    "ê": "\xd2\xd3\xd4\xd5\xd6",
    "i": "\xd7\xd8\xdc\xdd\xde",
    "o": "\xdf\xe1\xe2\xe3\xe4",
    "ô": "\xe5\xe6\xe7\xe8\xe9",
    "ơ": "\xea\xeb\xec\xed\xee",
    "u": "\xef\xf1\xf2\xf3\xf4",
    "ư": "\xf5\xf6\xf7\xf8\xf9",
    "y": "\xfa\xfb\xfc\xfd\xfe",
}
_TCVN3_PLAIN = dict(zip("\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xab\xac\xad\xae", "ĂÂÊÔƠƯĐăâêôơưđ", strict=True))
_VNI_MARKS = {"a": "øûõùï", "ă": "èúüéë", "â": "àåãáä"}  # a mark follows its letter, in the order of the tones above
_VNI_BASES = {"a": ("a", "a"), "ă": ("a", "ă"), "â": ("a", "â"), "e": ("e", "a"), "ê": ("e", "â")} | {
    "o": ("o", "a"),
    "ô": ("o", "â"),
    "ơ": ("ô", "a"),
    "u": ("u", "a"),
    "ư": ("ö", "a"),
    "y": ("y", "a"),
}
_VNI_PLAIN = {"aê": "ă", "aâ": "â", "eâ": "ê", "oâ": "ô", "ô": "ơ", "ö": "ư", "ñ": "đ"} | dict(
    zip("ìæóíòî", "ìỉĩíịỵ", strict=True)
)


def _toned(vowel: str, tone: str) -> str:
    return unicodedata.normalize("NFC", vowel + tone)


def _tcvn3() -> dict[str, str]:
    pairs = ((code, _toned(vowel, tone)) for vowel, codes in _TCVN3_VOWELS.items() for code, tone in _with_tone(codes))
    return _TCVN3_PLAIN | dict(pairs)


def _with_tone(codes: str) -> Iterable[tuple[str, str]]:
    return zip(codes, _TONES, strict=True)


def _vni() -> dict[str, str]:
    found = dict(_VNI_PLAIN)
    for vowel, (letter, marks) in _VNI_BASES.items():
        found |= {letter + mark: _toned(vowel, tone) for mark, tone in _with_tone(_VNI_MARKS[marks])}
    found["yï"] = "ỵ"
    return found | {key.upper(): value.upper() for key, value in found.items()} | _mixed_case(found)


def _mixed_case(lower: Mapping[str, str]) -> dict[str, str]:
    """A capital letter with a small mark behind it, as "Aù"."""
    return {key[0].upper() + key[1:]: value.upper() for key, value in lower.items() if len(key) == 2}


class Charset(enum.StrEnum):
    TCVN3 = "tcvn3"
    VNI = "vni"


_LETTERS: Mapping[Charset, Mapping[str, str]] = {Charset.TCVN3: _tcvn3(), Charset.VNI: _vni()}
_CODES = {
    charset: re.compile("|".join(map(re.escape, sorted(letters, key=len, reverse=True))))
    for charset, letters in _LETTERS.items()
}


def to_unicode(text: str, charset: Charset) -> str:
    """The text as it was meant; what is no code of *charset* stays."""
    letters = _LETTERS[charset]
    return unicodedata.normalize("NFC", _CODES[charset].sub(lambda found: letters[found[0]], text))


# --- what is Vietnamese

_INITIAL = "ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdđghklmnprstvx]"
_RHYMES = {  # a nucleus and the consonants or half-vowels that may end it; "-" is none
    "a": "- c ch i m n ng nh o p t u y",
    "ă": "c m n ng p t",
    "â": "c m n ng p t u y",
    "e": "- c m n ng o p t",
    "ê": "- ch m n ng nh p t u",
    "i": "- a ch m n nh p t u",
    "iê": "c m n ng p t u",
    "o": "- c i m n ng p t",
    "oa": "- c ch i m n ng nh o p t y",
    "oă": "c m n ng p t",
    "oe": "- m n o t",
    "oo": "c ng",
    "ô": "- c i m n ng p t",
    "ơ": "- i m n p t",
    "u": "- a c i m n ng p t",
    "uâ": "c n ng t y",
    "uê": "- ch n nh t",
    "uô": "c i m n ng p t",
    "uơ": "- t",
    "uy": "- a ch n nh p t u",
    "uyê": "n t",
    "ư": "- a c i m n ng t u",
    "ươ": "c i m n ng p t u",
    "y": "- m n t u",
    "yê": "m n ng t u",
}
_RHYME = "|".join(
    nucleus + end.replace("-", "") for nucleus, ends in _RHYMES.items() for end in sorted(ends.split(), key=len)
)
_SYLLABLE = re.compile(rf"(?:{_INITIAL})?(?:{_RHYME})|gi(?:n|m|eng)?")
_STOPPED = re.compile(r"(?:c|ch|p|t)\Z")
_BETWEEN_WORDS = re.compile(r"[\x00-@\[-`{-\x7f\xa0“”‘’–—…\s]+")
_ASCII_LETTER = re.compile(r"[A-Za-z]")
_SOUND = {tone: n for n, tone in enumerate(_TONES)}


@lru_cache(maxsize=8192)
def is_syllable(word: str) -> bool:
    """Whether *word* is written as a Vietnamese syllable: an initial, a rhyme, at most one tone that the end allows."""
    decomposed = unicodedata.normalize("NFD", word.casefold())
    tones = [letter for letter in decomposed if letter in _SOUND]
    plain = unicodedata.normalize("NFC", "".join(letter for letter in decomposed if letter not in _SOUND))
    if len(tones) > 1 or not _SYLLABLE.fullmatch(plain):
        return False
    return not _STOPPED.search(plain) or (bool(tones) and tones[0] in "\u0301\u0323")


def marked_words(text: str) -> list[str]:
    """The words that hold a letter beyond ASCII beside one of ASCII: they tell the character set."""
    words = _BETWEEN_WORDS.split(text)
    return [word for word in words if not word.isascii() and _ASCII_LETTER.search(word)]


def gain(text: str, charset: Charset) -> int:
    """How many more words of *text* are Vietnamese when it is taken for *charset* than as it stands."""
    return sum(is_syllable(to_unicode(word, charset)) - is_syllable(word) for word in marked_words(text))


def has_vietnamese_letters(text: str) -> bool:
    """Letters that only Unicode (or Windows-1258) has: ă, đ, ơ, ư, ế …; then it is in no older set."""
    return any(letter in _UNICODE_ONLY for letter in text)


_UNICODE_ONLY = frozenset(
    letter
    for vowel in "aăâeêioôơuưy"
    for tone in ("", *_TONES)
    for letter in (_toned(vowel, tone), _toned(vowel.upper(), tone))
    if letter > "\xff"
) | frozenset("đĐ")


def recognise(texts: Iterable[str]) -> Charset | None:
    """The older character set in which these texts, or some of them, are written; None if they are right."""
    suspects = [text for text in texts if not text.isascii() and not has_vietnamese_letters(text)]
    gains = {charset: sum(max(0, gain(text, charset)) for text in suspects) for charset in Charset}
    best = max(gains, key=lambda charset: gains[charset])
    words = sum(len(marked_words(text)) for text in suspects)
    return best if gains[best] >= 2 or 0 < words == gains[best] else None


def converter(texts: Iterable[str], charset: Charset) -> Callable[[str], str]:
    """What makes each of these texts Unicode. Among right Vietnamese, what may be either is left alone."""
    is_mixed = any(map(has_vietnamese_letters, texts))

    def convert(text: str) -> str:
        if has_vietnamese_letters(text) or gain(text, charset) < (1 if is_mixed else 0):
            return text
        return to_unicode(text, charset)

    return convert


def read_bytes(raw: bytes) -> tuple[str, str] | None:
    """Text that is not UTF-8, with the name of its encoding: Windows-1258, or bytes of an older set as Latin-1.

    None if it reads as Vietnamese in none of them.
    """
    latin = raw.decode("latin-1")
    readings = [(_vietnamese(to_unicode(latin, charset)), latin, str(charset)) for charset in Charset]
    try:
        windows = unicodedata.normalize("NFC", raw.decode("cp1258"))
        readings.append((_vietnamese(windows), windows, "Windows-1258"))
    except UnicodeDecodeError:
        pass
    score, text, name = max(readings)
    return (text, name) if score > 0 else None


def _vietnamese(text: str) -> int:
    return sum(1 if is_syllable(word) else -1 for word in marked_words(text))
