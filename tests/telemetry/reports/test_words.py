"""One word for one thing, in both languages, for every code that the house uses; tables that stay aligned."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.events import EndCause
from audio.segments import Quality, State
from scheduler.clock import ClockQuality
from scheduler.occurrence import BulletinClass, Kind
from telemetry.reports import table
from telemetry.reports.words import WORDS, UnknownWord, word, word_or_code
from tests.telemetry.reports import sample

CAUSES = [
    "source_short",
    "source_missing",
    "source_failed",
    "pre_empted",
    "stopped_by",
    "quiet_hours",
    "clock_untrusted",
    "dead_air",
    "foreign",
    "noise",
    "hum",
    "silence",
    "power_lost",
    "device_lost",
    "frozen",
    "playout_down",
    "meter_down",
    "return_lost",
    "not_proven",
    "no_return_channel",
    "ended_early",
    "late_start",
    "missed",
    "clock_moved",
    "measured",
    "self_reported",
    "critical",
    "major",
    "warning",
]
CODES = [*CAUSES, *Kind, *BulletinClass, *State, *Quality, *EndCause, *(f"clock.{q}" for q in ClockQuality)]


@pytest.mark.parametrize("code", [str(c) for c in CODES])
def test_every_code_of_the_values_has_a_word(code):
    assert word(code, "vi")
    assert word(code, "en")


def test_an_unknown_code_raises_and_is_printed_as_itself_only_where_that_is_asked_for():
    with pytest.raises(UnknownWord, match="fried_egg"):
        word("fried_egg")
    assert word_or_code("fried_egg") == "fried_egg"


def test_the_words_of_the_account_are_the_agreed_ones():
    said = [word(code) for code in ("played", "on_air", "not_on_air", "unobserved", "unplanned")]
    assert said == ["máy đã phát", "đã lên sóng", "không lên sóng", "chưa đo được", "ngoài lịch"]


def test_no_word_is_decomposed_or_has_stray_blanks():
    import unicodedata

    for vi, en in WORDS.values():
        assert vi == unicodedata.normalize("NFC", vi).strip()
        assert en == en.strip()
        assert en.isascii()


def test_words_and_tables_bring_no_report_library_into_a_process():
    heavy = "{m for m in sys.modules if m.split('.')[0] in ('fpdf', 'docx', 'xlsxwriter', 'PIL')}"
    code = f"import sys, telemetry.reports.words, telemetry.reports.table, telemetry.reports.files; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("text", "width"), [("Bản tin", 7), ("Ba\u0309n tin", 7), ("広播", 4), ("a\u200bb", 2), ("📢", 2), ("", 0)]
)
def test_display_width_counts_what_the_eye_sees(text, width):
    assert table.display_width(text) == width


@settings(deadline=None)
@given(st.lists(st.lists(st.text("aảĐ広\u0309 ", max_size=9), min_size=3, max_size=3), max_size=6))
def test_every_line_of_a_table_puts_its_columns_at_the_same_place(rows):
    rows = [[*row, "|"] for row in rows]
    lines = table.plain_table(["một", "hai", "ba", "|"], rows, right=(1,)).splitlines()
    del lines[1]
    assert len({table.display_width(line) for line in lines}) == 1


@settings(deadline=None)
@given(st.text(max_size=40), st.integers(1, 30))
def test_a_shortened_text_fits(text, width):
    assert table.display_width(table.shorten(text, width)) <= max(width, 1)


@pytest.mark.parametrize("width", [80, 120, 500])
def test_the_terminals_month_shows_exact_seconds_that_add_up(width):
    figure = sample.month()
    lines = table.airtime_table(figure, "vi", width).splitlines()
    total = next(line for line in lines if "Tổng cộng" in line)
    assert table.seconds(figure["totals"]["on_air_ms"], "vi") in total
    assert lines[-1] == "Ngoài lịch: 12,345 s"


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("width", [80, 100, 120, 200, 400])
def test_the_terminals_month_fits_the_terminal_and_keeps_every_word_of_a_folded_row(lang, width):
    figure = sample.month()
    said = table.airtime_table(figure, lang, width)
    assert max(map(table.display_width, said.splitlines())) <= width
    if width <= 120:
        assert sample.LONG_TITLE in " ".join(said.split())


def test_a_month_without_broadcasts_says_so():
    nothing = {"occurrences": [], "totals": sample.totals([])}
    assert table.airtime_table(nothing, "vi").startswith("Không có lượt phát nào")


@settings(deadline=None)
@given(st.text(max_size=60), st.integers(4, 40))
def test_no_line_of_a_wrapped_text_is_too_wide(text, width):
    assert all(table.display_width(line) <= width for line in table._wrapped(text, width))


def test_a_vietnamese_number_has_a_comma():
    """15.000 is fifteen thousand there."""
    assert (table.seconds(15_004, "vi"), table.seconds(15_004, "en")) == ("15,004", "15.004")


def test_a_title_cannot_send_control_codes_to_the_terminal():
    assert "\x1b" not in table.plain_table(["a"], [["\x1b[31mred"]])
