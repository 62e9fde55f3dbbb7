"""Levels of the play path: decibels of full scale, of what sounds."""

from array import array

import pytest

from audio.format import BLOCK_FRAMES
from audio.quick_level import SILENCE_DBFS, level_dbfs
from tests.support.tones import tone


@pytest.mark.parametrize(("sample", "dbfs"), [(0, SILENCE_DBFS), (32_767, 0.0), (3_277, -20.0), (58, -55.0)])
def test_levels_are_decibels_of_full_scale(sample, dbfs):
    square = array("h", [sample, -sample] * (BLOCK_FRAMES // 2)).tobytes()
    assert level_dbfs(square) == pytest.approx(dbfs, abs=0.1)


@pytest.mark.parametrize("hz", [50, 440, 1_000, 3_000, 6_000, 8_000, 12_000])
def test_a_tone_is_as_loud_as_it_is_whatever_its_pitch(hz):
    assert level_dbfs(tone(hz, BLOCK_FRAMES, 0.1)) == pytest.approx(-23.0, abs=1.0)


def test_an_offset_is_no_sound():
    assert level_dbfs(array("h", [900] * BLOCK_FRAMES).tobytes()) == SILENCE_DBFS


def test_a_single_frame_or_none_has_no_level():
    assert level_dbfs(b"") == level_dbfs(b"\x00\x10") == SILENCE_DBFS
