"""Loudness against the cases of EBU Tech 3341 that one channel can meet, against ffmpeg's ebur128, and by its rules."""

import math
import re
import subprocess
import tracemalloc
import wave

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.format import RATE_HZ
from audio.loudness import _HIGH_PASS, _PHASES, _SHELF, HOP_FRAMES, LoudnessMeter, _Gates, _KWeighting
from audio.segments import Loudness
from bench.recordings import music, resample, speech

LU = 0.1  # EBU Tech 3341: tolerance of loudness
PEAK_UNDER_DB, PEAK_OVER_DB = 0.4, 0.2  # of true peak
ONE_CHANNEL_DB = 10 * math.log10(2)  # Tech 3341 has its tones in two channels: one needs twice the energy


def pcm(sound):
    return (sound * 32768).round().clip(-32768, 32767).astype(np.int16)


def tone(*parts, hz=1_000):
    """1 kHz, in parts of (stereo dBFS of Tech 3341, seconds), without a break of phase; None is silence."""
    levels = [np.full(round(s * RATE_HZ), 0 if db is None else 10 ** ((db + ONE_CHANNEL_DB) / 20)) for db, s in parts]
    gain = np.concatenate(levels)
    return pcm(gain * np.sin(np.arange(len(gain)) * 2 * np.pi * hz / RATE_HZ))


def measured(block):
    meter = LoudnessMeter()
    meter.push(block)
    return meter.so_far()


def over_time(block, ask):
    """What *ask* of the meter says after each hop."""
    meter = LoudnessMeter()
    for hop in block[: len(block) // HOP_FRAMES * HOP_FRAMES].reshape(-1, HOP_FRAMES):
        meter.push(hop)
        yield ask(meter)


# EBU Tech 3341, table 1


@pytest.mark.parametrize(
    ("parts", "lufs"),
    [
        pytest.param([(-23, 20)], -23, id="case 1"),
        pytest.param([(-33, 20)], -33, id="case 2"),
        pytest.param([(-36, 10), (-23, 60), (-36, 10)], -23, id="case 3"),
        pytest.param([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23, id="case 4"),
        pytest.param([(-26, 20), (-20, 20.1), (-26, 20)], -23, id="case 5"),
    ],
)
def test_integrated_loudness_meets_tech_3341(parts, lufs):
    assert measured(tone(*parts)).integrated_lufs == pytest.approx(lufs, abs=LU)


@pytest.mark.parametrize("lufs", [-23, -33])
def test_a_steady_tone_is_as_loud_at_every_scale(lufs):
    """Cases 1 and 2: after 3 s the three scales agree."""
    meter = LoudnessMeter()
    meter.push(tone((lufs, 20)))
    figures = meter.momentary_lufs(), meter.short_term_lufs(), meter.so_far().max_short_term_lufs
    assert figures == pytest.approx((lufs, lufs, lufs), abs=LU)


def test_short_term_is_constant_where_its_window_holds_the_whole_pattern():
    """Case 9."""
    said = list(over_time(tone(*[(-20, 1.34), (-30, 1.66)] * 5), LoudnessMeter.short_term_lufs))
    assert said[:29] == [None] * 29
    assert said[29:] == pytest.approx([-23] * len(said[29:]), abs=LU)


def test_momentary_is_constant_where_its_window_holds_the_whole_pattern():
    """Case 12."""
    said = list(over_time(tone(*[(-20, 0.18), (-30, 0.22)] * 25), LoudnessMeter.momentary_lufs))
    assert said[:3] == [None] * 3
    assert said[10:] == pytest.approx([-23] * len(said[10:]), abs=LU)


@pytest.mark.parametrize("i", range(0, 20, 3))
def test_the_highest_short_term_finds_a_tone_wherever_it_begins(i):
    """Case 10."""
    assert measured(tone((None, 0.15 * i), (-23, 3), (None, 1))).max_short_term_lufs == pytest.approx(-23, abs=LU)


@pytest.mark.parametrize(
    ("part", "degrees", "amplitude", "dbtp"),
    [
        pytest.param(4, 0, 0.5, -6, id="case 15"),
        pytest.param(4, 45, 0.5, -6, id="case 16"),
        pytest.param(6, 60, 0.5, -6, id="case 17"),
        pytest.param(8, 67.5, 0.5, -6, id="case 18"),
        pytest.param(4, 45, 1.41, 3, id="case 19"),
    ],
)
def test_true_peak_meets_tech_3341(part, degrees, amplitude, dbtp):
    turned = 2 * np.pi * np.arange(RATE_HZ) / part + math.radians(degrees)
    fade = np.clip(np.arange(RATE_HZ) / 4_800, 0, 1)  # a tone that is switched on has peaks of its own
    peak = measured(pcm(amplitude * fade * np.sin(turned))).true_peak_dbtp
    assert dbtp - PEAK_UNDER_DB <= peak <= dbtp + PEAK_OVER_DB


# ffmpeg, a meter of other people


def by_ffmpeg(block, path):
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(block.tobytes())
    filters = "ebur128=peak=true:metadata=1:framelog=verbose,ametadata=print:key=lavfi.r128.S"
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-i", str(path), "-af", filters, "-f", "null", "-"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    summary = told[told.index("Summary:") :]
    short_term = [float(value) for value in re.findall(r"lavfi\.r128\.S=(\S+)", told)]
    return Loudness(
        float(re.search(r"I:\s+(\S+) LUFS", summary)[1]),
        max(short_term[30:]),  # before, ffmpeg takes what is not there yet for silence
        float(re.search(r"Peak:\s+(\S+) dBFS", summary)[1]),
    )


def hum(seconds):
    return 0.02 * np.sin(np.arange(round(seconds * RATE_HZ)) * 2 * np.pi * 50 / RATE_HZ)


SOUNDS = {
    "speech": lambda: speech(40, 11, "vi-vn-x-south+f4", RATE_HZ),
    "music": lambda: music(40, 12, RATE_HZ),
    "music far too loud, clipped": lambda: resample((music(30, 13) * 12).clip(-0.7, 0.7), 16_000, RATE_HZ),
    "quiet speech with hum": lambda: speech(40, 14, rate=RATE_HZ) * 0.05 + hum(40) * 0.1,
    "speech, a long pause, music": lambda: np.concatenate(
        (speech(20, 15, rate=RATE_HZ), np.zeros(20 * RATE_HZ, np.float32), music(20, 15, RATE_HZ) * 0.3)
    ),
    "hiss": lambda: np.random.default_rng(16).normal(0, 0.05, 20 * RATE_HZ),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_says_what_ffmpeg_says(name, tmp_path):
    block = pcm(SOUNDS[name]())
    ours, theirs = measured(block), by_ffmpeg(block, tmp_path / "sound.wav")
    assert ours.integrated_lufs == pytest.approx(theirs.integrated_lufs, abs=LU)
    assert ours.max_short_term_lufs == pytest.approx(theirs.max_short_term_lufs, abs=LU)
    assert theirs.true_peak_dbtp - PEAK_UNDER_DB <= ours.true_peak_dbtp <= theirs.true_peak_dbtp + PEAK_OVER_DB


def test_of_corners_the_standard_filter_sees_a_little_less_than_a_longer_one(tmp_path):
    block = pcm(music(10, 13, RATE_HZ) * 12)
    ours, theirs = measured(block).true_peak_dbtp, by_ffmpeg(block, tmp_path / "sound.wav").true_peak_dbtp
    assert theirs - 1.0 <= ours <= theirs + PEAK_OVER_DB


# Rules


def test_of_silence_nothing_is_said():
    assert measured(np.zeros(10 * RATE_HZ, np.int16)) == Loudness(None, None, None)


def test_of_less_than_a_gating_block_only_the_peak_is_said():
    said = measured(tone((-23, 0.39)))
    assert (said.integrated_lufs, said.max_short_term_lufs) == (None, None)
    assert said.true_peak_dbtp == pytest.approx(-20, abs=0.1)


def test_what_is_below_the_absolute_gate_has_no_integrated_loudness():
    said = measured(tone((-75, 10)))
    assert said.integrated_lufs is None
    assert said.max_short_term_lufs == pytest.approx(-75, abs=0.2)  # 5 steps of 16 bit: they are heard


def test_a_peak_in_the_last_unfinished_hop_is_seen():
    block = np.zeros(HOP_FRAMES + 100, np.int16)
    block[-1] = -32768
    assert measured(block).true_peak_dbtp == 0.0


@pytest.fixture(scope="module")
def varied():
    """7 s in which each figure has something to find."""
    random = np.random.default_rng(5)
    loud = np.repeat(random.uniform(0.0, 0.5, 14), RATE_HZ // 2)
    return pcm(loud * random.normal(0, 1, len(loud)))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 7 * RATE_HZ), max_size=12))
def test_no_split_of_the_input_changes_an_answer(varied, cuts):
    meter = LoudnessMeter()
    for block in np.split(varied, sorted(cuts)):
        meter.push(block)
    whole = LoudnessMeter()
    whole.push(varied)
    assert meter.so_far() == whole.so_far()
    assert (meter.momentary_lufs(), meter.short_term_lufs()) == (whole.momentary_lufs(), whole.short_term_lufs())


def test_being_asked_changes_nothing(varied):
    asked = list(over_time(varied, LoudnessMeter.so_far))
    assert asked[-1] == measured(varied)


def recursion(sound, b0, b1, b2, a1, a2):
    """A biquad frame by frame, as BS.1770-4 draws it."""
    y, x1, x2, y1, y2 = [], 0.0, 0.0, 0.0, 0.0
    for x in sound:
        y.append(b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2)
        x1, x2, y1, y2 = x, x1, y[-1], y1
    return y


def test_the_weighting_is_the_recursion_of_the_standard():
    sound = pcm(np.random.default_rng(1).normal(0.3, 0.2, 3 * HOP_FRAMES))
    weighting = _KWeighting()
    ours = np.concatenate([weighting.filtered(hops).ravel() for hops in np.split(sound.reshape(3, HOP_FRAMES), [2])])
    wanted = recursion(recursion(sound, *_SHELF), *_HIGH_PASS)
    assert 20 * math.log10(np.abs(ours - wanted).max() / 32768) < -105


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_no_peak_between_samples_is_missed_for_the_sake_of_speed(seed):
    random = np.random.default_rng(seed)
    loud = np.repeat(random.uniform(0, 0.2, 100), 144)
    block = pcm(loud * random.normal(0, 1, len(loud)))
    every = max(np.abs(np.convolve(block / 32768, phase)[: len(block)]).max() for phase in _PHASES)
    wanted = max(every, np.abs(block.astype(int)).max() / 32768)
    assert measured(block).true_peak_dbtp == pytest.approx(20 * math.log10(wanted), abs=1e-5)


def both_gates(energies):
    loudness = -0.691 + 10 * np.log10(energies)
    above = energies[loudness > -70]
    return above[above > above.mean() / 10].mean()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(5, 25))
def test_the_bins_of_the_gates_cost_less_than_two_hundredths(seed, spread_lu):
    energies = 10 ** (np.random.default_rng(seed).normal(-30, spread_lu, 2_000).clip(-110, 2) / 10)
    gates = _Gates()
    for energy in energies:
        gates.take(energy)
    assert 10 * math.log10(gates.mean() / both_gates(energies)) == pytest.approx(0, abs=0.02)


def test_no_window_spans_a_gap():
    meter = LoudnessMeter()
    meter.push(tone((-20, 2.95)))
    meter.cut()
    assert (meter.momentary_lufs(), meter.short_term_lufs()) == (None, None)
    meter.push(tone((-40, 2.95)))
    said = meter.so_far()
    assert said.max_short_term_lufs is None
    assert said.integrated_lufs == pytest.approx(-20, abs=LU)  # what was before counts


def test_silence_after_sound_leaves_nothing_behind():
    meter = LoudnessMeter()
    meter.push(tone((-20, 1), (None, 20)))
    assert meter.momentary_lufs() is None


def test_memory_stays_flat():
    meter, second = LoudnessMeter(), pcm(np.random.default_rng(3).normal(0, 0.1, RATE_HZ))
    for _ in range(40):
        meter.push(second)
    tracemalloc.start()
    for _ in range(200):
        meter.push(second)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 20_000
