"""What is no word: addresses of the net, list marks, brackets, pictures, capitals. All end as words or pauses."""

import re
import unicodedata

from scheduler.speech.letters import NAMES, is_abbreviation, is_syllable, spelt
from scheduler.speech.numerals import roman_value
from scheduler.speech.rule import Manner, Rule

_LINK = re.compile(r"(?:https?://|ftp://)\S+|\bwww\.\S+/\S*", re.IGNORECASE)
_NET_WORDS = {
    "vn": "vi en",
    "gov": "gốp",
    "edu": "ê đu",
    "org": "o rờ gờ",
    "www": "vê kép vê kép vê kép",
    "gmail": "gi meo",
}
_KEPT = frozenset(".,;:?!")
_SIGNS = str.maketrans(
    {
        "&": " và ", "=": " bằng ", "≥": " lớn hơn hoặc bằng ", "≤": " nhỏ hơn hoặc bằng ", ">": " lớn hơn ",
        "<": " nhỏ hơn ", "×": " nhân ", "±": " cộng trừ ", "≈": " khoảng ", "~": " khoảng ", "%": " phần trăm ",
        "°": " độ ", "…": ".",
    }
    | dict.fromkeys("()[]{}–—→|•·", ", ")
)  # fmt: skip


def clean(text: str) -> str:
    """NFC; digits of any script as 0-9, ½ as 1/2; blanks and line ends of one kind; nothing invisible."""
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    areas = lines.replace("m²", "m2").replace("m³", "m3")
    return unicodedata.normalize("NFC", "".join(map(_plain, areas)))


def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if character == "\n":
        return character
    if category in ("Nl", "No"):
        return _numeral(character)
    if category[0] == "Z" or character == "\t":
        return " "
    return "" if category in ("Cc", "Cf", "Co", "Cs", "Cn") else character


def _numeral(character: str) -> str:
    """Ⅳ, ½, ①: as letters and digits, or nothing."""
    plain = unicodedata.normalize("NFKC", character).replace("\u2044", "/")
    return f" {plain} " if plain.isascii() else " "


def links(text: str) -> tuple[str, ...]:
    """Addresses too long to be said: a listener could not write them down."""
    return tuple(_LINK.findall(text))


def without_links(text: str) -> str:
    return _LINK.sub(" ", text)


def _net_name(found: re.Match[str], manner: Manner) -> str:
    """Mail addresses and names of hosts, dot by dot."""
    said = re.sub(r"[A-Za-z]+", lambda word: _NET_WORDS.get(word[0].lower(), word[0].lower()), found[0])
    return said.replace("@", " a còng ").replace(".", " chấm ").replace("-", " gạch ngang ").replace("_", " gạch dưới ")


def _list_head(found: re.Match[str], manner: Manner) -> str:
    """1. 2) a) IV. at the beginning of a line: said, with a pause behind."""
    head = found["head"]
    value = roman_value(head.upper()) if len(head) > 1 or head in "IVX" else None
    return f"{manner.cardinal(str(value)) if value else spelt(head) if head.isalpha() else head}, "


def _shout_or_letters(found: re.Match[str], manner: Manner) -> str:
    word = found[0]
    if not word.isupper() or (len(word) == 1 and not is_syllable(word)):
        return word
    return spelt(word) if is_abbreviation(word) else word.lower()


LINE_RULES = (
    Rule(
        re.compile(r"^[\s–—+*•·▪►➢✓✔●○■□◆\uf0b7-]+(?=[^\W\d]|\d+\s*[^\W\d])"),
        lambda found, _: "",
        "- Họp dân",
        "Họp dân.",
    ),
    Rule(
        re.compile(r"^\s*(?P<head>\d{1,2}|[a-zđ]|[IVX]{1,5}|[A-ZĐ])(?:\)|\.(?!\d))\s+(?=\S)"),
        _list_head,
        "a) Thời gian",
        "a, Thời gian.",
    ),
    Rule(
        re.compile(
            r"(?<![\w@.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+"
            r"|(?<![\w@.])(?:[a-z0-9-]{1,63}\.){1,5}(?:vn|com|net|org)(?![\w.]*\w)"
        ),
        _net_name,
        "ubnd@dongtam.gov.vn",
        "ubnd a còng dongtam chấm gốp chấm vi en.",
    ),
)

_TITLES = {"TP": "thành phố", "TX": "thị xã", "TT": "thị trấn", "P": "phường", "Q": "quận", "H": "huyện", "X": "xã",
           "T": "tỉnh", "Đ": "đường"}  # fmt: skip

PLACE_RULES = (  # titles before a name; behind the abbreviations, whose table has those without a dot
    Rule(
        re.compile(r"(?<!\w)TP\s*\.?\s?HCM(?!\w)"),
        lambda found, _: "Thành phố Hồ Chí Minh",
        "TP.HCM",
        "Thành phố Hồ Chí Minh.",
    ),
    Rule(
        re.compile(r"(?<!\w)(?P<title>TP|TX|TT|Tp|Tx|Tt|P|Q|H|X|T|Đ)\.\s?(?=[^\W\d_a-zđ]|\d)"),
        lambda found, _: _TITLES[found["title"].upper()] + " ",
        "TP. Huế, P. Vĩ Dạ, Q.1",
        "thành phố Huế, phường Vĩ Dạ, quận một.",
    ),
)

WORD_RULES = (
    Rule(
        re.compile(r"[^\W\d_]+"),
        _shout_or_letters,
        "THÔNG BÁO của XYZW",
        "thông báo của ích y dét vê kép.",
    ),
    Rule(
        re.compile(r"(?<![\w.])[b-df-hj-np-tv-xzB-DF-HJ-NP-TV-XZ](?!\w)"),
        lambda found, _: NAMES[found[0].upper()],
        "khoản b",
        "khoản bê.",
    ),
)


def pauses(line: str) -> str:
    """Only letters, blanks and the marks that a voice understands; a line ends with a stop."""
    said = re.sub(r"\s+", " ", line.translate(_SIGNS))
    said = re.sub(r"(?<=\w)\s*/\s*(?=\w)|\s[-−]\s", ", ", said)
    said = "".join(c if c.isalpha() or unicodedata.combining(c) or c in _KEPT else " " for c in said)
    said = re.sub(r"\s+", " ", said)  # the rules below would take long over thousands of blanks
    said = re.sub(r" ?[.,;:?!](?: ?[.,;:?!])*", _strongest, said)
    said = re.sub(r"\s+", " ", said).strip(" ,;:")
    said = re.sub(r"^[.,;:?!\s]+", "", said)
    return said if not said or said[-1] in ".?!" else said + "."


def _strongest(found: re.Match[str]) -> str:
    """Of marks in a row the one with the longest pause."""
    return next(mark for mark in ".?!;:," if mark in found[0]) + " "
