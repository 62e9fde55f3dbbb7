"""The picture of a measurement, read back: what is where, in which colour, and that words are really there."""

import subprocess
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from PIL import Image

from audio.measure import MeasuredSegment, Measurement
from audio.spectrogram import BANDS
from audio.traces import Panels
from telemetry.reports import drawing, measure_png
from telemetry.reports.files import measure_png as write
from telemetry.reports.measure_png import LEFT, PLOT, QUALITIES, STATES, WIDTH, picture

PLAN = [  # seconds, state, quality
    (0, 30, "on_air", "ok"),
    (30, 40, "silence", "ok"),
    (40, 50, "noise", "ok"),
    (50, 60, "hum", "ok"),
    (60, 70, "foreign", "ok"),
    (70, 80, "unobserved", "ok"),
    (80, 90, "on_air", "overlaid"),
    (90, 100, "on_air", "low"),
    (100, 110, "on_air", "clipped"),
    (110, 119.95, "on_air", "ok"),
    (119.95, 120, "foreign", "ok"),
]
COLUMNS = 1_600


def measured(plan=PLAN, delay_ms=300.0):
    segments = tuple(MeasuredSegment(a * 1e3, b * 1e3, state, quality, delay_ms, 0.9) for a, b, state, quality in plan)
    ms = {
        state: round(sum(s.to_ms - s.from_ms for s in segments if s.state == state))
        for state in ("on_air", "unobserved")
    }
    total = round(segments[-1].to_ms)
    off = total - ms["on_air"] - ms["unobserved"]
    drift = None if delay_ms is None else 37.0
    return Measurement(
        sent_ms=total,
        on_air_ms=ms["on_air"],
        not_on_air_ms=off,
        unobserved_ms=ms["unobserved"],
        overlaid_ms=10_000,
        delay_ms=delay_ms,
        drift_ppm=drift,
        uncertainty_ms=37,
        evidence_share=0.8,
        snr_db=20.0,
        segments=segments,
    )


def panels(delay_ms=300.0):
    levels = np.linspace(-80, -10, COLUMNS * BANDS, dtype=np.float32).reshape(COLUMNS, BANDS)
    return Panels(levels, levels.copy(), np.full(COLUMNS, np.nan if delay_ms is None else delay_ms, np.float32))


def drawn(plan=PLAN, delay_ms=300.0, lang="vi", sent="phát.wav", heard="thu.wav"):
    return picture(measured(plan, delay_ms), panels(delay_ms), sent, heard, lang)


def bar_rows(image):
    """The y of the middle of the bar of states and of that of qualities: found by their colours."""
    pixels = np.asarray(image)
    left = pixels[:, LEFT + 30]
    (greens,) = np.nonzero((left == drawing.GREEN).all(axis=1))
    top = greens[0]
    return top + measure_png.STATE_HIGH // 2, top + measure_png.STATE_HIGH + 6 + measure_png.QUALITY_HIGH // 2


def colour_at(image, second, row, total=120, half=9):
    """The most frequent colour round an instant."""
    x = LEFT + round(second * PLOT / total)
    near = np.asarray(image)[row - half : row + half, x - 8 : x + 9].reshape(-1, 3)
    colours, counts = np.unique(near, axis=0, return_counts=True)
    return tuple(int(n) for n in colours[counts.argmax()])


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_each_stretch_has_the_colour_of_its_state_at_its_time(lang):
    image = drawn(lang=lang)
    states, qualities = bar_rows(image)
    for start, stop, state, quality in PLAN[:-1]:
        for second in (start + 1.5, stop - 1.5):  # beside the word
            assert colour_at(image, second, states) == STATES[state].colour, (second, state)
            expected = drawing.PAPER if quality == "ok" else QUALITIES[quality].colour
            assert colour_at(image, second, qualities) == expected, (second, quality)


def test_a_stretch_of_50_ms_is_seen_even_in_eight_hours():
    for total in (120, 28_800):
        plan = [(0, total / 2, "on_air", "ok"), (total / 2, total / 2 + 0.05, "foreign", "ok")]
        image = drawn([*plan, (total / 2 + 0.05, total, "on_air", "ok")])
        row, _ = bar_rows(image)
        line = np.asarray(image)[row - 20 : row + 20, LEFT + PLOT // 2 - 5 : LEFT + PLOT // 2 + 6]
        columns = (line == drawing.VERMILION).all(axis=2).sum(axis=0)
        assert (columns > 20).sum() == measure_png.NARROWEST


def test_every_kind_is_known_by_its_pattern_without_any_colour():
    looks = STATES | QUALITIES
    grey = {
        code: np.asarray(drawing.filled((60, 40), look.colour, look.pattern).convert("L"), np.int16)
        for code, look in looks.items()
    }
    for group in (STATES, QUALITIES):
        for one, other in combinations(group, 2):
            assert np.abs(grey[one] - grey[other]).mean() > 20, (one, other)
            assert looks[one].pattern != looks[other].pattern or {one, other} == {"on_air", "silence"}


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_kind_has_a_letter_of_its_own(lang):
    for group in (STATES, QUALITIES):
        assert len({look.letter(lang) for look in group.values()}) == len(group)


def ink(image, box):
    return int((np.asarray(image.crop(box).convert("L")) < 120).sum())


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_titles_figures_axes_and_legend_are_written(lang):
    image = drawn(lang=lang)
    states, _ = bar_rows(image)
    assert image.width == WIDTH
    assert 1_100 < image.height < 1_500
    assert ink(image, (0, 20, WIDTH, 70)) > 1_500  # the title
    assert ink(image, (0, 70, WIDTH, 150)) > 2_000  # names, length, delay
    for n in range(4):
        assert ink(image, (30 + n * 440, 160, 400 + n * 440, 232)) > 500  # the four figures
    assert ink(image, (0, states - 20, LEFT - 4, states + 20)) > 100  # "Trạng thái"
    assert ink(image, (0, image.height - 380, WIDTH, image.height)) > 10_000  # axis, legend, list


def test_a_name_longer_than_the_page_is_shortened_in_its_middle():
    name = "chương trình phát thanh xã Hoằng Đạo " * 9 + "ngày 22-11-2026.wav"
    short = drawing.shortened(name, 700, 24)
    assert drawing.width(short, 24) <= 700
    assert short.startswith("chương trình")
    assert short.endswith("22-11-2026.wav")
    image = drawn(sent=name, heard="x" * 255)
    assert ink(image, (WIDTH - 20, 70, WIDTH, 150)) == 0


def test_a_name_that_is_no_text_is_drawn_all_the_same():
    assert drawn(sent=b"th\xff\xfe.wav".decode("utf-8", "surrogateescape"), heard="a\nb\x00.wav").width == WIDTH


def test_what_never_locked_is_drawn_with_no_delay():
    image = drawn([(0, 120, "foreign", "ok")], delay_ms=None)
    assert image.width == WIDTH
    nothing = replace(measured(), sent_ms=0, on_air_ms=0, not_on_air_ms=0, unobserved_ms=0, segments=())
    unknown = Panels(*(np.full((1, BANDS), np.nan, np.float32) for _ in range(2)), np.full(1, np.nan, np.float32))
    assert picture(nothing, unknown, "a", "b", "en").width == WIDTH


@pytest.mark.parametrize("seconds", [0.05, 2, 9, 61, 600, 3_599, 3_601, 8 * 3_600, 31 * 86_400])
def test_the_axis_of_time_has_a_few_round_instants(seconds):
    ticks = drawing.time_ticks(seconds)
    assert 2 <= len(ticks) <= 32
    assert seconds > 86_400 or len(ticks) <= 13
    assert all(0 <= at <= seconds for at, _ in ticks)
    assert len({text for _, text in ticks}) == len(ticks)
    if seconds < 86_400:  # labels do not touch
        step = (ticks[1][0] - ticks[0][0]) * PLOT / seconds
        assert step > max(drawing.width(text, measure_png.SMALL) for _, text in ticks) + 8


@pytest.mark.parametrize(
    ("ms", "text"), [(0, "0:00.000"), (59_999, "0:59.999"), (578_400, "9:38.400"), (28_800_000, "8:00:00.000")]
)
def test_times_are_written_in_minutes_seconds_and_milliseconds(ms, text):
    assert drawing.clock(ms) == text


def test_values_on_an_axis_are_round():
    assert [text for _, text in drawing.value_ticks(295, 305)] == ["296", "298", "300", "302", "304"]
    assert [text for _, text in drawing.value_ticks(-0.4, 0.4)] == ["−0.4", "−0.2", "0.0", "0.2", "0.4"]


def test_levels_get_darker_from_nothing_to_loud():
    colours = drawing.level_colours(np.linspace(0, 1, 50, dtype=np.float32)[None, :])
    light = np.asarray(Image.fromarray(colours).convert("L"), np.int16)[0]
    assert np.all(np.diff(light) <= 0)
    assert light[0] > 240
    assert light[-1] < 40
    unknown = drawing.level_colours(np.array([[np.nan]], np.float32))
    assert tuple(unknown[0, 0]) == drawing.GREY


def test_the_file_is_a_png_that_another_program_reads(tmp_path):
    path = tmp_path / "ảnh đo.png"
    write(measured(), panels(), "a.wav", "b.wav", path, "vi")
    said = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name,width", "-of", "csv=p=0", path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == f"png,{WIDTH}"
    assert path.stat().st_size < 2_000_000
