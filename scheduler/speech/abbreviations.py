"""Abbreviations of a commune's notices, and the file in which a station adds its own."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from scheduler.problem import Problem, reason

MAX_FILE_BYTES = 200_000
MAX_LETTERS = 60

BODIES = {  # who signs: also behind the number of a document, 12/2026/NĐ-CP
    "BCA": "Bộ Công an",
    "BCH": "ban chấp hành",
    "BCHQS": "ban chỉ huy quân sự",
    "BCT": "Bộ Công Thương",
    "BGDĐT": "Bộ Giáo dục và Đào tạo",
    "BGTVT": "Bộ Giao thông vận tải",
    "BKHCN": "Bộ Khoa học và Công nghệ",
    "BLĐTBXH": "Bộ Lao động, Thương binh và Xã hội",
    "BNN": "Bộ Nông nghiệp",
    "BNNMT": "Bộ Nông nghiệp và Môi trường",
    "BNNPTNT": "Bộ Nông nghiệp và Phát triển nông thôn",
    "BNV": "Bộ Nội vụ",
    "BQP": "Bộ Quốc phòng",
    "BTC": "Bộ Tài chính",
    "BTNMT": "Bộ Tài nguyên và Môi trường",
    "BTP": "Bộ Tư pháp",
    "BTTTT": "Bộ Thông tin và Truyền thông",
    "BVHTTDL": "Bộ Văn hóa, Thể thao và Du lịch",
    "BXD": "Bộ Xây dựng",
    "BYT": "Bộ Y tế",
    "BCĐ": "ban chỉ đạo",
    "CP": "Chính phủ",
    "ĐU": "Đảng ủy",
    "HĐND": "Hội đồng nhân dân",
    "MTTQ": "Mặt trận Tổ quốc",
    "QH": "Quốc hội",
    "TTg": "Thủ tướng Chính phủ",
    "TW": "Trung ương",
    "UBMTTQ": "Ủy ban Mặt trận Tổ quốc",
    "UBND": "Ủy ban nhân dân",
    "UBTVQH": "Ủy ban Thường vụ Quốc hội",
    "VPCP": "Văn phòng Chính phủ",
}

PAPERS = {  # kinds of documents
    "BC": "báo cáo",
    "CĐ": "công điện",
    "CT": "chỉ thị",
    "CTr": "chương trình",
    "CV": "công văn",
    "ĐA": "đề án",
    "GM": "giấy mời",
    "HD": "hướng dẫn",
    "KH": "kế hoạch",
    "KL": "kết luận",
    "NĐ": "nghị định",
    "NQ": "nghị quyết",
    "PA": "phương án",
    "QC": "quy chế",
    "QĐ": "quyết định",
    "TB": "thông báo",
    "TT": "thông tư",
    "TTLT": "thông tư liên tịch",
    "TTr": "tờ trình",
}

WORDS = {
    "ANQP": "an ninh quốc phòng",
    "ANTT": "an ninh trật tự",
    "ASEAN": "a sê an",
    "ATGT": "an toàn giao thông",
    "ATTP": "an toàn thực phẩm",
    "ATVSTP": "an toàn vệ sinh thực phẩm",
    "BHTN": "bảo hiểm thất nghiệp",
    "BHXH": "bảo hiểm xã hội",
    "BHYT": "bảo hiểm y tế",
    "BQL": "ban quản lý",
    "BTXH": "bảo trợ xã hội",
    "BVMT": "bảo vệ môi trường",
    "BVTV": "bảo vệ thực vật",
    "CAND": "công an nhân dân",
    "CBCC": "cán bộ, công chức",
    "CCB": "cựu chiến binh",
    "CCCD": "căn cước công dân",
    "CCHC": "cải cách hành chính",
    "CLB": "câu lạc bộ",
    "CMND": "chứng minh nhân dân",
    "CN": "chủ nhật",
    "CNTT": "công nghệ thông tin",
    "CSGT": "cảnh sát giao thông",
    "CSXH": "chính sách xã hội",
    "DQTV": "dân quân tự vệ",
    "DVC": "dịch vụ công",
    "ĐBQH": "đại biểu Quốc hội",
    "ĐKXT": "đăng ký xét tuyển",
    "ĐT": "điện thoại",
    "ĐTN": "Đoàn Thanh niên",
    "ĐVTN": "đoàn viên thanh niên",
    "GCN": "giấy chứng nhận",
    "GDĐT": "giáo dục và đào tạo",
    "GD&ĐT": "giáo dục và đào tạo",
    "GPLX": "giấy phép lái xe",
    "GPMB": "giải phóng mặt bằng",
    "GTNT": "giao thông nông thôn",
    "GV": "giáo viên",
    "HKTT": "hộ khẩu thường trú",
    "HS": "học sinh",
    "HPN": "Hội Phụ nữ",
    "HTX": "hợp tác xã",
    "HTTTN": "hệ thống thông tin nguồn",
    "KCN": "khu công nghiệp",
    "KHHGĐ": "kế hoạch hóa gia đình",
    "KHKT": "khoa học kỹ thuật",
    "KT-XH": "kinh tế, xã hội",
    "KTXH": "kinh tế, xã hội",
    "LHPN": "Liên hiệp Phụ nữ",
    "LĐLĐ": "Liên đoàn Lao động",
    "LLVT": "lực lượng vũ trang",
    "MTTQVN": "Mặt trận Tổ quốc Việt Nam",
    "NCT": "người cao tuổi",
    "NHCSXH": "Ngân hàng Chính sách xã hội",
    "NKT": "người khuyết tật",
    "NN&PTNT": "nông nghiệp và phát triển nông thôn",
    "NTM": "nông thôn mới",
    "NVQS": "nghĩa vụ quân sự",
    "NVH": "nhà văn hóa",
    "NXB": "nhà xuất bản",
    "OCOP": "ô cốp",
    "PCCC": "phòng cháy, chữa cháy",
    "PCCCR": "phòng cháy, chữa cháy rừng",
    "PCCC&CNCH": "phòng cháy, chữa cháy và cứu nạn, cứu hộ",
    "CNCH": "cứu nạn, cứu hộ",
    "PCLB": "phòng, chống lụt bão",
    "PCT": "phó chủ tịch",
    "PCTN": "phòng, chống tham nhũng",
    "PCTT": "phòng, chống thiên tai",
    "PTDS": "phòng thủ dân sự",
    "PTTH": "phát thanh truyền hình",
    "PT-TH": "phát thanh truyền hình",
    "QL": "quốc lộ",
    "QP-AN": "quốc phòng, an ninh",
    "QPAN": "quốc phòng, an ninh",
    "QSDĐ": "quyền sử dụng đất",
    "SĐT": "số điện thoại",
    "SN": "sinh năm",
    "STK": "số tài khoản",
    "SXKD": "sản xuất, kinh doanh",
    "SXNN": "sản xuất nông nghiệp",
    "TBLS": "thương binh, liệt sĩ",
    "TDP": "tổ dân phố",
    "TDTT": "thể dục, thể thao",
    "TH": "tiểu học",
    "THCS": "trung học cơ sở",
    "THPT": "trung học phổ thông",
    "TKCN": "tìm kiếm cứu nạn",
    "TL": "tỉnh lộ",
    "TNCS": "Thanh niên Cộng sản",
    "TNHH": "trách nhiệm hữu hạn",
    "TNTP": "Thiếu niên Tiền phong",
    "TNXP": "thanh niên xung phong",
    "TP": "thành phố",
    "TPHCM": "Thành phố Hồ Chí Minh",
    "TTATGT": "trật tự an toàn giao thông",
    "TTHC": "thủ tục hành chính",
    "TTHTCĐ": "trung tâm học tập cộng đồng",
    "TTXH": "trật tự xã hội",
    "TTYT": "trung tâm y tế",
    "TƯ": "Trung ương",
    "TX": "thị xã",
    "TYT": "trạm y tế",
    "UB": "Ủy ban",
    "UBMTTQVN": "Ủy ban Mặt trận Tổ quốc Việt Nam",
    "UNICEF": "u ni xép",
    "VĐV": "vận động viên",
    "VHTT": "văn hóa, thông tin",
    "VHXH": "văn hóa, xã hội",
    "VN": "Việt Nam",
    "VSATTP": "vệ sinh an toàn thực phẩm",
    "VSMT": "vệ sinh môi trường",
    "XDCB": "xây dựng cơ bản",
    "XHCN": "xã hội chủ nghĩa",
    "CHXHCN": "Cộng hòa xã hội chủ nghĩa",
    "CT UBND": "chủ tịch Ủy ban nhân dân",
    "TM.": "thay mặt",
    "T/M": "thay mặt",
    "KT.": "ký thay",
    "Đ/c": "đồng chí",
    "đ/c": "đồng chí",
    "v/v": "về việc",
    "V/v": "về việc",
    "v.v.": "vân vân",
    "v.v": "vân vân",
    "vv": "vân vân",
    "PGS.TS": "phó giáo sư, tiến sĩ",
    "GS.TS": "giáo sư, tiến sĩ",
    "PGS": "phó giáo sư",
    "ThS": "thạc sĩ",
    "TS.": "tiến sĩ",
    "BS.": "bác sĩ",
    "VietGAP": "viét gáp",
    "COVID": "cô vít",
    "Covid": "cô vít",
    "HIV": "hát i vê",
    "AIDS": "ết",
    "WiFi": "oai phai",
    "Wifi": "oai phai",
    "wifi": "oai phai",
    "Zalo": "da lô",
    "Facebook": "phây búc",
    "internet": "in tơ nét",
    "Internet": "in tơ nét",
    "email": "i meo",
    "Email": "i meo",
    "online": "on lai",
    "website": "oép sai",
    "VNeID": "vi en i đi",
}


class BadAbbreviations(Exception):
    """A station's own file cannot be used; ``problems`` has every line at fault."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{problem.where}: {problem.en}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class Abbreviations:
    """What is said for an abbreviation; capitals count (TH is not th)."""

    own: Mapping[str, str] = field(default_factory=dict)  # the station's; they come before the common ones

    @cached_property
    def meanings(self) -> dict[str, str]:
        # Alone, the other kinds of documents are as often something else: TT, CT, ĐA …
        papers = {short: PAPERS[short] for short in ("NĐ", "QĐ", "NQ")}
        return papers | BODIES | WORDS | dict(self.own)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The longest first; letters or digits may not touch either end."""
        longest_first = sorted(self.meanings, key=len, reverse=True)
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")


def read_abbreviations(path: Path) -> Abbreviations:
    """The station's own file: a line an abbreviation, ``TDP = tổ dân phố``; # begins a remark.

    Raises BadAbbreviations with every line that is none.
    """
    problems: list[Problem] = []
    own: dict[str, str] = {}
    for number, line in enumerate(_lines(path), 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        short, equals, meaning = (part.strip() for part in text.partition("="))
        if not (equals and short and meaning and len(short) <= MAX_LETTERS):
            vi, en = "ghi như: TDP = tổ dân phố", "write it like: TDP = tổ dân phố"
            problems.append(Problem(f"{path.name}:{number}", "bad_abbreviation", vi, en))
        own[short] = meaning
    if problems:
        raise BadAbbreviations(*problems)
    return Abbreviations(own)


def _lines(path: Path) -> list[str]:
    try:
        data = path.read_bytes()[: MAX_FILE_BYTES + 1]
        text = data.decode("utf-8-sig")
    except OSError as error:
        why_vi, why = reason(error)
        raise _unusable(path, "unreadable", f"không đọc được: {why_vi}", f"cannot be read: {why}") from None
    except UnicodeDecodeError:
        raise _unusable(path, "not_utf8", "không phải UTF-8", "is not UTF-8") from None
    if len(data) > MAX_FILE_BYTES:
        raise _unusable(path, "too_big", "tệp quá lớn", "the file is too large")
    return unicodedata.normalize("NFC", text).splitlines()


def _unusable(path: Path, code: str, vi: str, en: str) -> BadAbbreviations:
    return BadAbbreviations(Problem(path.name, code, vi, en))
