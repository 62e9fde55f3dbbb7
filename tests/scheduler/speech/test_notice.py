"""Notices as people say them: every rule by its example, whole sentences, and whatever else can be typed."""

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.speech.abbreviations import Abbreviations, BadAbbreviations, read_abbreviations
from scheduler.speech.letters import is_abbreviation, is_syllable
from scheduler.speech.notice import MAX_CHARS, RULES, as_said
from scheduler.speech.numerals import SOUTH, cardinal, roman_value, written_number
from scheduler.speech.rule import Manner


@pytest.mark.parametrize("rule", RULES, ids=[rule.written for rule in RULES])
def test_a_rule_says_its_example(rule):
    assert as_said(rule.written).text.rstrip(".") == rule.said.rstrip(".")


NUMBERS = {
    0: "không",
    10: "mười",
    14: "mười bốn",
    15: "mười lăm",
    21: "hai mươi mốt",
    24: "hai mươi tư",
    25: "hai mươi lăm",
    55: "năm mươi lăm",
    100: "một trăm",
    101: "một trăm linh một",
    105: "một trăm linh năm",
    111: "một trăm mười một",
    1_005: "một nghìn không trăm linh năm",
    2_026: "hai nghìn không trăm hai mươi sáu",
    1_250_000: "một triệu hai trăm năm mươi nghìn",
    1_000_005: "một triệu không trăm linh năm",
    10**9 + 5: "một tỷ không trăm linh năm",
    3 * 10**12: "ba nghìn tỷ",
}


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_said_as_in_school(number):
    assert cardinal(number) == NUMBERS[number]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1.250.000", "một triệu hai trăm năm mươi nghìn"),
        ("1,250,000", "một triệu hai trăm năm mươi nghìn"),
        ("3,5", "ba phẩy năm"),
        ("3.5", "ba phẩy năm"),
        ("0,05", "không phẩy không năm"),
        ("3,14", "ba phẩy mười bốn"),
        ("05", "năm"),
        ("007", "không không bảy"),
    ],
)
def test_a_written_number_is_understood(written, said):
    assert written_number(written) == said


def test_the_south_says_ngan_and_le():
    assert cardinal(1_005, SOUTH) == "một ngàn không trăm lẻ năm"
    assert as_said("1.005 hộ", Manner(SOUTH)).text == "một ngàn không trăm lẻ năm hộ."


def test_roman_numerals_are_those_of_congresses_and_quarters():
    assert [roman_value(text) for text in ("I", "IV", "IX", "XIV", "XV", "XXI")] == [1, 4, 9, 14, 15, 21]
    assert [roman_value(text) for text in ("", "IIII", "VX", "LX", "CV")] == [None] * 5


WORDS = ("THÔNG", "BÁO", "NGHIÊM", "QUYẾT", "HUYỆN", "KHUYẾN", "GIỮ", "XUÂN", "ĐƯỜNG", "NGOẰN")


def test_a_syllable_is_told_from_an_abbreviation():
    assert all(
        is_syllable(word)
        for word in ["THÔNG", "BÁO", "NGHIÊM", "QUYẾT", "HUYỆN", "KHUYẾN", "GIỮ", "XUÂN", "ĐƯỜNG", "NGOẰN"]
    )
    assert not any(is_syllable(word) for word in ["UBND", "BHYT", "ATGT", "CAND", "ĐVTN"])
    assert is_abbreviation("XYZW")
    assert not is_abbreviation("INTERNET")


SENTENCES = [
    (
        "UBND xã mời bà con họp lúc 7h30 sáng CN, 23/11/2026 tại NVH thôn 3.",
        "Ủy ban nhân dân xã mời bà con họp lúc bảy giờ ba mươi phút sáng chủ nhật, ngày hai mươi ba "
        "tháng mười một năm hai nghìn không trăm hai mươi sáu tại nhà văn hóa thôn ba.",
    ),
    (
        "Theo Quyết định số 135/QĐ-TTg và QĐ 45/2026/QĐ-UBND",
        "Theo Quyết định số một trăm ba mươi lăm của Thủ tướng Chính phủ và quyết định số bốn mươi lăm "
        "năm hai nghìn không trăm hai mươi sáu của Ủy ban nhân dân.",
    ),
    (
        "Giá 50.000đ/kg, tăng 3,5%",
        "Giá năm mươi nghìn đồng một ki lô gam, tăng ba phẩy năm phần trăm.",
    ),
    (
        "Thu BHYT, BHXH từ 28/11 - 2/12",
        "Thu bảo hiểm y tế, bảo hiểm xã hội từ ngày hai mươi tám tháng mười một đến ngày mùng hai tháng mười hai.",
    ),
    (
        "Liên hệ: 0912.345.678 hoặc gọi 114",
        "Liên hệ: không chín một hai, ba bốn năm, sáu bảy tám hoặc gọi một một bốn.",
    ),
    (
        "Trời rét, 8-10°C, vùng núi -2°C",
        "Trời rét, tám đến mười độ xê, vùng núi âm hai độ xê.",
    ),
    (
        "1/2 số hộ; ngày 1/2; lễ 2/9; 30/4; 3/4 diện tích",
        "một phần hai số hộ; ngày mùng một tháng hai; lễ ngày mùng hai tháng chín; ngày ba mươi tháng "
        "tư; ba phần bốn diện tích.",
    ),
    (
        "Đại hội Đảng bộ lần thứ XIV, khóa XV, quý IV/2026",
        "Đại hội Đảng bộ lần thứ mười bốn, khóa mười lăm, quý bốn năm hai nghìn không trăm hai mươi sáu.",
    ),
    (
        "Thôn 3A, tổ 12B cắt điện 5/8-7/8; dòng 10A. ĐT: (0208) 3.850.123",
        "Thôn ba a, tổ mười hai bê cắt điện ngày mùng năm tháng tám đến ngày mùng bảy tháng tám; dòng mười am pe. "
        "điện thoại: không hai không tám, ba, tám năm không, một hai ba.",
    ),
    (
        "THÔNG BÁO VỀ VIỆC TIÊM CHỦNG",
        "thông báo về việc tiêm chủng.",
    ),
    (
        "a) Thời gian: 05:30-06:00\n- Địa điểm: sân UBND",
        "a, Thời gian: năm giờ ba mươi phút đến sáu giờ.\nĐịa điểm: sân Ủy ban nhân dân.",
    ),
    (
        "Diện tích 300 m², đường QL1A, bệnh H5N1 😀",
        "Diện tích ba trăm mét vuông, đường quốc lộ một a, bệnh hát năm nờ một.",
    ),
    (
        "TP. Huế, Q.5, TP.HCM",
        "thành phố Huế, quận năm, Thành phố Hồ Chí Minh.",
    ),
    (
        "2-3 ngày, nhiệm kỳ 2025-2030, tỷ số 2-1",
        "hai đến ba ngày, nhiệm kỳ hai nghìn không trăm hai mươi lăm đến hai nghìn không trăm ba mươi, tỷ số hai, một.",
    ),
]


@pytest.mark.parametrize(("written", "said"), SENTENCES)
def test_a_sentence_is_said_as_people_say_it(written, said):
    assert as_said(written).text == said


def test_letters_that_compose_themselves_are_read_as_their_composed_forms():
    written = "Thông báo của UBND, HĐND: 5 giờ sáng thứ 2"
    assert as_said(unicodedata.normalize("NFD", written)) == as_said(written)


def test_what_was_spelt_or_left_out_is_told():
    said = as_said("Báo cáo ZKQW theo https://xa.gov.vn/tin?id=5 và ZKQW")
    assert said.spelt == ("ZKQW",)
    assert said.dropped == ("https://xa.gov.vn/tin?id=5",)
    assert said.text == "Báo cáo dét ca quy vê kép theo và dét ca quy vê kép."


def test_a_stations_own_abbreviations_come_before_the_common_ones(tmp_path):
    file = tmp_path / "viet-tat.txt"
    file.write_text("\ufeff# của đài\nZKQW = hội làm vườn\n\nUBND=ủy ban xã # nói gọn\n", encoding="utf-8")
    manner = Manner(abbreviations=read_abbreviations(file))
    assert as_said("UBND và ZKQW", manner).text == "ủy ban xã và hội làm vườn."


def test_every_line_of_a_stations_file_that_is_none_is_told(tmp_path):
    file = tmp_path / "viet-tat.txt"
    file.write_text("ZK hội làm vườn\nZQ = \nTDP = tổ\n", encoding="utf-8")
    with pytest.raises(BadAbbreviations) as caught:
        read_abbreviations(file)
    assert [problem.where for problem in caught.value.problems] == ["viet-tat.txt:1", "viet-tat.txt:2"]


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"A = b\n" * 100_000])
def test_a_file_that_is_no_list_of_abbreviations_is_refused(tmp_path, content):
    file = tmp_path / "viet-tat.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadAbbreviations):
        read_abbreviations(file)


PIECES = (
    "UBND", "5h30", "-", "/", "23", "11", "2026", ",", ".", "ngày", "NĐ-CP", "số", "%", "m2", "kg", "0912",
    "345", "678", "(", ")", "a", "B", "XV", "khóa", "thứ", "T2", "CN", "\n", "°C", "đ", "QL1A", "@", "gov.vn",
    "https://", "😀", "½", "²", "Ⅳ", "٣", "THÔNG", "XYZW", ":", "h", "'", "1.250.000", "3,5", "tr", "_", "+84",
    "gọi", "113", "–",
)  # fmt: skip
MESS = st.one_of(
    st.text(max_size=80),
    st.lists(st.sampled_from(PIECES), max_size=25).map("".join),
    st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join),
)


@settings(max_examples=300, deadline=None)
@given(MESS)
def test_whatever_is_typed_is_said_without_a_digit(text):
    said = as_said(text).text
    assert not [c for c in said if c != "\n" and unicodedata.category(c)[0] in "NSC"]


PHRASES = st.sampled_from([*(written for written, _ in SENTENCES), *(rule.written for rule in RULES)])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(PHRASES, st.sampled_from([", ", ". ", "; ", "\n- "])), max_size=6))
def test_what_was_said_once_is_said_the_same_again(parts):
    said = as_said("".join(part for pair in parts for part in pair)).text
    assert as_said(said).text == said


@pytest.mark.parametrize(
    "piece", ["1", "1-", "1/", "1 ", "-", " ", "a@", "1 000 ", "/km", "A-", "1.", "a.", "T2-", "x\n", "số ", "113 "]
)
def test_a_text_made_to_be_slow_is_not(piece):
    began = time.process_time()
    as_said(piece * (MAX_CHARS // len(piece)))
    assert time.process_time() - began < 3


def test_a_common_meaning_holds_no_digit_and_no_abbreviation():
    for meaning in Abbreviations().meanings.values():
        assert as_said(meaning).text.rstrip(".").lower() == meaning.lower()
