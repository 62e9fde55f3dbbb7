"""TCVN3 and VNI: recognised where they are, never where they are not, and converted to the letter."""

import subprocess
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler import charsets
from scheduler.charsets import Charset, is_syllable, read_bytes, recognise, to_unicode
from scheduler.loaders import load
from scheduler.template import GUIDE, WEEK
from tests.scheduler.sheets import HEADINGS, write_csv, write_xlsx

LETTERS = "aăâeêioôơuưy"
WORDS = """Chương trình phát thanh của xã Hoằng Đạo, Thời sự Đài Tiếng nói Việt Nam, thông báo của ủy ban nhân dân, hằng
ngày, thứ hai, giờ, thời lượng, nội dung, hình thức, quyết định, đêm khuya, nghiêng, giếng nước, gìn giữ, huỳnh quang,
khuyến nông, quýt, xoắn, ngoằn ngoèo, thuở, hoà giải, hòa bình, thúy, thuý,
loa, xoong, yểu điệu, ướt, ừ, ồ, ô, uỵch, đ"""


def written_in(charset: Charset, text: str) -> str:
    """What a person typed with such a font, as Latin-1 letters. Only what the set has."""
    codes = {}
    for code, letter in charsets._LETTERS[charset].items():
        codes.setdefault(letter, code)
    return "".join(codes.get(letter, letter) for letter in text)


def test_the_table_of_tcvn3_is_that_of_the_c_library():
    for code, letter in charsets._LETTERS[Charset.TCVN3].items():
        command = ["iconv", "-f", "TCVN5712-1", "-t", "UTF-8"]
        done = subprocess.run(command, input=code.encode("latin-1"), capture_output=True, check=True)
        assert done.stdout.decode() == letter


@pytest.mark.parametrize(
    ("old", "text"),
    [
        ("Ch\xad¬ng tr×nh ph¸t thanh x· §¹i §ång", "Chương trình phát thanh xã Đại Đồng"),
        ("TiÕp ©m §µi TiÕng nãi ViÖt Nam", "Tiếp âm Đài Tiếng nói Việt Nam"),
        ("H»ng ngµy, thø hai, b¶n tin buæi s¸ng", "Hằng ngày, thứ hai, bản tin buổi sáng"),
    ],
)
def test_tcvn3_as_people_have_it_in_old_sheets(old, text):
    assert recognise([old]) is Charset.TCVN3
    assert to_unicode(old, Charset.TCVN3) == text


@pytest.mark.parametrize(
    ("old", "text"),
    [
        ("Chöông trình phaùt thanh xaõ Ñaïi Ñoàng", "Chương trình phát thanh xã Đại Đồng"),
        ("Tieáp aâm Ñaøi Tieáng noùi Vieät Nam", "Tiếp âm Đài Tiếng nói Việt Nam"),
        ("THÔØI SÖÏ, BAÛN TIN, KYÕ THUAÄT, XAÕ LYÙ KYØ, NGHÓ", "THỜI SỰ, BẢN TIN, KỸ THUẬT, XÃ LÝ KỲ, NGHĨ"),
    ],
)
def test_vni_as_people_have_it_in_old_sheets(old, text):
    assert recognise([old]) is Charset.VNI
    assert to_unicode(old, Charset.VNI) == text


@pytest.mark.parametrize("charset", Charset)
def test_every_letter_comes_back_from_either_set(charset):
    letters = set(charsets._LETTERS[charset].values())
    small = {charsets._toned(vowel, tone) for vowel in LETTERS for tone in ("", *charsets._TONES)} - set("aeiouy")
    assert letters >= small | {"đ", "Đ"}
    for letter in letters:
        assert to_unicode(written_in(charset, letter), charset) == letter


@pytest.mark.parametrize("charset", Charset)
def test_a_text_in_either_set_is_recognised_and_comes_back_whole(charset):
    old = written_in(charset, WORDS)
    assert recognise([old]) is charset
    assert to_unicode(old, charset) == WORDS
    assert read_bytes(old.encode("latin-1")) == (old, str(charset))


def test_the_words_of_our_own_sheets_are_syllables_and_no_alarm():
    texts = [*HEADINGS, *GUIDE, *(row[3] for row in WEEK), WORDS]
    for path in (*Path("docs").glob("*.md"), Path("README.vi.md")):
        texts += path.read_text(encoding="utf-8").splitlines()
    marked = [word for text in texts for word in charsets.marked_words(text)]
    assert sum(map(is_syllable, marked)) > 0.95 * len(marked)
    assert [text for text in texts if recognise([text])] == []
    assert recognise(texts) is None


@pytest.mark.parametrize(
    "text",
    [
        "Café de São Paulo, Müller, naïve, façade, Peña, Señor, Ångström, smörgåsbord, Curaçao",
        "à la carte", "Thôn Hoà", "Thôn Ba, ấp Mỹ Thạnh", "tiếng Êđê, Ba Na, Xơ-đăng, K'Ho", "« tin »", "30°C", "½ giờ",
        "5 m²", "± 3 %", "© 2026 · xã", "Ngày", "Giờ", "Bán", "Ô tô", "×", "VOV1", "news at 5", "", "日本", "Привет",
    ],
)  # fmt: skip
def test_other_texts_are_no_alarm(text):
    assert recognise([text]) is None


@given(st.lists(st.sampled_from(WORDS.split()), min_size=1), st.sampled_from(["NFC", "NFD"]))
def test_right_vietnamese_is_no_alarm_however_little_of_it_there_is(words, form):
    assert recognise([unicodedata.normalize(form, " ".join(words))]) is None


@given(st.text())
def test_conversion_takes_any_text(text):
    for charset in Charset:
        to_unicode(text, charset)
    recognise([text])
    read_bytes(text.encode("utf-8", "surrogatepass"))


# --- in a file

LIST = [HEADINGS[:4], ["Thứ hai", "5h30", "15", "Bản tin buổi sáng"], ["Hằng ngày", "17h", "15", "Thời sự"]]


@pytest.mark.parametrize("charset", Charset)
def test_a_sheet_in_an_old_set_is_refused_with_a_preview_and_read_when_asked(tmp_path, charset):
    rows = [[written_in(charset, cell) for cell in row] for row in LIST]
    path = write_xlsx(tmp_path / "a.xlsx", rows)
    (error,) = load(path).errors
    assert (error.where, error.code) == ("Lịch!A1", "old_charset")
    assert "“Thời lượng”" in error.vi
    assert f"--convert {charset}" in error.vi
    assert f"--convert {charset}" in error.en
    loaded = load(path, charset)
    assert loaded.errors == ()
    assert [slot.item.title for slot in loaded.timetable.slots] == ["Bản tin buổi sáng", "Thời sự"]
    assert loaded.timetable.slots == load(write_xlsx(tmp_path / "b.xlsx", LIST)).timetable.slots


@pytest.mark.parametrize("charset", Charset)
def test_a_csv_in_an_old_set_is_asked_about_in_the_same_way(tmp_path, charset):
    rows = [[written_in(charset, cell) for cell in row] for row in LIST]
    path = write_csv(tmp_path / "a.csv", rows, ";", "latin-1")
    (error,) = load(path).errors
    assert (error.where, error.code) == ("line 1", "old_charset")
    assert [slot.item.title for slot in load(path, charset).timetable.slots] == ["Bản tin buổi sáng", "Thời sự"]


def test_cells_pasted_from_an_old_file_are_found_among_right_ones_which_stay(tmp_path):
    pasted = written_in(Charset.TCVN3, "Thông báo của ủy ban")
    rows = [*LIST, ["Thứ ba", "6h", "15", pasted], ["Thứ tư", "6h", "15", "Thôn Hoà Sơn"]]
    path = write_xlsx(tmp_path / "a.xlsx", rows)
    assert [(error.where, error.code) for error in load(path).errors] == [("Lịch!D4", "old_charset")]
    titles = [slot.item.title for slot in load(path, Charset.TCVN3).timetable.slots]
    assert titles == ["Bản tin buổi sáng", "Thời sự", "Thông báo của ủy ban", "Thôn Hoà Sơn"]


def test_asking_to_convert_what_is_right_changes_nothing(tmp_path):
    path = write_xlsx(tmp_path / "a.xlsx", LIST)
    assert load(path, Charset.VNI) == load(path)
