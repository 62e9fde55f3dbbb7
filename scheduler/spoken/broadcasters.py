"""Whose programme a title says it is: VOV's, a province's station's, another one's."""

import re

from scheduler.vietnamese import fold, tidy

# The 34 provinces and cities since 07/2025 and those of the 63 before it whose stations people still name. Folded.
PROVINCES = (
    "an giang", "ba ria vung tau", "bac giang", "bac kan", "bac lieu", "bac ninh", "ben tre", "binh dinh",
    "binh duong", "binh phuoc", "binh thuan", "ca mau", "can tho", "cao bang", "da nang", "dak lak", "dak nong",
    "dien bien", "dong nai", "dong thap", "gia lai", "ha giang", "ha nam", "ha noi", "ha tinh", "hai duong",
    "hai phong", "hau giang", "ho chi minh", "hoa binh", "hue", "hung yen", "khanh hoa", "kien giang", "kon tum",
    "lai chau", "lam dong", "lang son", "lao cai", "long an", "nam dinh", "nghe an", "ninh binh", "ninh thuan",
    "phu tho", "phu yen", "quang binh", "quang nam", "quang ngai", "quang ninh", "quang tri", "soc trang", "son la",
    "tay ninh", "thai binh", "thai nguyen", "thanh hoa", "thua thien hue", "tien giang", "tp.hcm", "tra vinh",
    "tuyen quang", "vinh long", "vinh phuc", "yen bai",
)  # fmt: skip

_VOV = re.compile(r"\b(?:vov\s?\d?|tnvn|tieng noi viet nam|dai (?:phat thanh )?(?:trung uong|tw|quoc gia))\b")
_STATION = (
    r"(?:dai(?: phat thanh)?|pt\s?[-&]?\s?th|phat thanh(?:\s?[,-]| va)?\s?(?:va )?truyen hinh"
    r"|bao va|trung tam truyen thong)"
)
_PROVINCE_FOLDED = re.compile(rf"\b{_STATION}\s+(?:{_STATION}\s+)*tinh\b")
_NAMED_PROVINCE = re.compile(rf"\b(?:{'|'.join(map(re.escape, PROVINCES))})\b")
_BELOW_PROVINCE = re.compile(
    r"\b(?:huyen|thi xa|thi tran|quan|phuong|xa|thanh pho|tp)\b"
    r"(?!\.? (?:ho chi minh|ha noi|hai phong|hue|da nang|can tho)\b)"
)
_ITS_PROGRAMME = re.compile(
    r"(?:(?:chuong trinh|ban tin|tin|thoi su|ts|diem tin|thoi tiet)"
    r"\s*(?:tong hop|trong nuoc|trong ngay|sang|trua|chieu|toi)?"
    r"\s*(?:\d{1,2}h(?:\d\d)?)?\s*(?:cua|tren|-|:)?\s*)*"
)


def origin_named_in(title: str) -> str | None:
    """ "vov" or "province" if the title names that broadcaster, else None.

    "tỉnh" is looked for with its diacritics: folded it would be found in "tình hình" as well.
    """
    if _VOV.search(fold(title)):
        return "vov"
    if re.search(r"\btỉnh\b", tidy(title).casefold()) or _PROVINCE_FOLDED.search(fold(title)):
        return "province"
    return "province" if _station_of_a_province(fold(title)) else None


def _station_of_a_province(folded: str) -> bool:
    """ "Đài PT-TH Thanh Hóa"; not the station of a town or a district of that name."""
    station = re.search(rf"\b{_STATION}\b", folded)
    named = _NAMED_PROVINCE.search(folded, station.end()) if station else None
    return (
        named is not None and station is not None and not _BELOW_PROVINCE.search(folded, station.start(), named.start())
    )


def origin_of_relay(title: str) -> str:
    """Of what is certainly a relay: there the province's name alone is its station's."""
    folded = fold(title)
    if origin := origin_named_in(title):
        return origin
    named = _NAMED_PROVINCE.search(folded)
    return "province" if named and not _BELOW_PROVINCE.search(folded, 0, named.start()) else "other"


_ANOTHER = re.compile(  # stations of the towns and districts of before 07/2025 are still spoken of; television
    rf"{_STATION}\s+(?:(?:truyen thanh|truyen hinh|tt\s?-?\s?th|va|{_STATION})[\s,-]+)*"
    r"(?:huyen|quan|thi xa|thanh pho|tp|khu vuc|lien xa)\b|(?:vtv|htv|vtc)\s?\d{0,2}\b"
)


def is_theirs(title: str) -> bool:
    """Whether a title is nothing but a broadcaster's programme: "Thời sự Đài TNVN", "VOV1: Dân ta biết sử ta".

    Such a one can only be relayed. "Kỷ niệm ngày thành lập Đài TNVN" names the broadcaster as its subject.
    """
    folded = fold(title)
    start = _ITS_PROGRAMME.match(folded)
    rest = folded[start.end() :] if start else folded
    if _ANOTHER.match(rest):
        return True
    return bool(_VOV.match(rest) or re.match(rf"(?:{_STATION})\b", rest)) and origin_named_in(title) is not None
