"""A boundary is found to the millisecond, whatever takes over, and whatever the path rings on with."""

from dataclasses import replace

import numpy as np
import pytest

from audio.match import noise, refine
from audio.match.channel import AFTER, BEFORE, Channel
from audio.match.grid import RATE_HZ, milliseconds

SIZE = 2 * refine.REACH
MIDDLE_MS = [-12.0, 0.0, 13.0]  # of the truth against where Viterbi saw it


def direct_path() -> Channel:
    channel = Channel()
    channel.taps[BEFORE] = 1.0
    return channel


def programme(random: np.random.Generator) -> np.ndarray:
    """A low voice's worth of noise that swells and fades as syllables do, between −14 and −34 dBFS."""
    size = SIZE + AFTER + BEFORE
    swell = 1 + 0.8 * np.sin(2 * np.pi * 4 * np.arange(size) / RATE_HZ + random.uniform(0, 6))
    spectrum, hz = np.fft.rfft(random.standard_normal(size)), np.fft.rfftfreq(size, 1 / RATE_HZ)
    sound = np.fft.irfft(spectrum / (1 + (hz / 200) ** 2), size)
    return (0.1 * swell * sound / sound.std()).astype(np.float32)


def what_else(kind: str, random: np.random.Generator) -> np.ndarray:
    at = np.arange(SIZE) / RATE_HZ
    made = {
        "silence": np.zeros(SIZE),
        "hiss": 0.15 * random.standard_normal(SIZE),
        "hum": 0.1 * sum(np.sin(2 * np.pi * 50 * k * at + k) / k for k in (1, 2, 3, 5, 7, 9)),
        "music": 0.2 * np.sin(2 * np.pi * 440 * at) * (np.sin(2 * np.pi * 6 * at) > 0),  # it pauses
    }
    return np.asarray(made[kind], np.float32)


def changed(kind: str, ends: bool, off_ms: float, high_pass_hz: float = 0.0) -> refine.Scene:
    """A scene in which the air changes *off_ms* after its middle, with a floor of −80 dBFS."""
    random = np.random.default_rng(5)
    sent = programme(random)
    on = np.arange(SIZE) < refine.REACH + round(off_ms * RATE_HZ / 1_000)
    heard = np.where(on if ends else ~on, sent[AFTER:-BEFORE], what_else(kind, random))
    if high_pass_hz:
        spectrum, hz = np.fft.rfft(heard), np.fft.rfftfreq(SIZE, 1 / RATE_HZ)
        heard = np.fft.irfft(spectrum / np.sqrt(1 + (high_pass_hz / np.maximum(hz, 1)) ** 8), SIZE)
    heard = heard + 0.0001 * random.standard_normal(SIZE)
    return refine.Scene(heard.astype(np.float32), sent, np.ones(SIZE, np.float32), ends, 8_000, 8_000)


@pytest.mark.parametrize("off_ms", MIDDLE_MS)
@pytest.mark.parametrize("ends", [True, False], ids=["end", "return"])
@pytest.mark.parametrize("kind", ["silence", "hiss", "hum", "music"])
def test_a_change_is_found_within_three_milliseconds(kind, ends, off_ms):
    found = refine.boundary(changed(kind, ends, off_ms), direct_path())
    assert milliseconds(found.offset) == pytest.approx(off_ms, abs=3.0)


@pytest.mark.parametrize("ends", [True, False], ids=["end", "return"])
def test_a_path_that_cuts_the_basses_rings_on_both_sides_and_is_dated_all_the_same(ends):
    found = refine.boundary(changed("silence", ends, 6.0, high_pass_hz=60.0), direct_path())
    assert milliseconds(found.offset) == pytest.approx(6.0, abs=2.0)


def taken_over(ends: bool, off_ms: int, seed: int) -> refine.Scene:
    """Another voice as loud is heard where ours is not."""
    random = np.random.default_rng(seed)
    sent, voice = programme(random), 2 * programme(random)
    on = np.arange(SIZE) < refine.REACH + off_ms * RATE_HZ // 1_000
    air = np.where(on if ends else ~on, sent[AFTER:-BEFORE], voice[AFTER:-BEFORE])
    heard = np.float32(air + 0.001 * random.standard_normal(SIZE))
    return refine.Scene(heard, sent, np.ones(SIZE, np.float32), ends, 8_000, 8_000)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("off_ms", [-50, 50])
@pytest.mark.parametrize("ends", [True, False], ids=["end", "return"])
def test_a_first_guess_amid_another_voice_as_loud_does_not_teach_that_the_voice_is_ours(ends, off_ms, seed):
    """What is learnt about a guess 50 ms beside the truth holds some of both sides, and confirms the guess."""
    found = refine.boundary(taken_over(ends, off_ms, seed), direct_path())
    assert milliseconds(found.offset) == pytest.approx(off_ms, abs=7.0)


@pytest.mark.parametrize(("ends", "off_ms", "seed"), [(True, -50, 3), (True, -50, 4), (False, 50, 2), (False, 50, 7)])
def test_a_change_that_could_be_at_two_places_is_said_to_be_doubtful(ends, off_ms, seed):
    """Either was found as surely as any other: within a millisecond."""
    assert milliseconds(refine.boundary(taken_over(ends, off_ms, seed), direct_path()).deviation) > 30
    assert milliseconds(refine.boundary(taken_over(ends, -off_ms, seed), direct_path()).deviation) < 2


def test_words_between_a_pause_and_a_hum_are_ours():
    """That it ended in the pause would mean that the words after it were heard as something else, not as nothing."""
    random = np.random.default_rng(3)
    sent, end, at = programme(random), refine.REACH + 96, np.arange(SIZE)
    sent[AFTER:-BEFORE][(at >= end - 1_120) & (at < end - 480)] = 0
    air = np.where(at < end, sent[AFTER:-BEFORE], 0.3 * what_else("hum", random))
    heard = np.float32(air + 2e-5 * random.standard_normal(SIZE))
    found = refine.boundary(refine.Scene(heard, sent, np.ones(SIZE, np.float32), True, 8_000, 1_472), direct_path())
    assert milliseconds(found.offset) == pytest.approx(12.0, abs=1.5)


def test_returns_on_a_horn_do_not_wait_until_a_louder_voice_has_rung_out():
    """RT60 0.8 s, half of the energy direct; the voice is 16 dB louder than what returns."""
    late_ms = [milliseconds(refine.boundary(*returned_on_a_horn(seed)).offset) for seed in range(16)]
    assert 0 <= float(np.mean(late_ms)) < 12
    assert max(late_ms) < 45


def returned_on_a_horn(seed: int) -> tuple[refine.Scene, Channel]:
    random = np.random.default_rng(seed)
    at = np.arange(6_400) / RATE_HZ
    tail = random.standard_normal(len(at)) * 10 ** (-3 * at / 0.8)
    rings = np.concatenate([[1.0], tail[1:] / np.sqrt(np.sum(tail[1:] ** 2))])
    sent, voice = programme(random), 6 * programme(random)
    air = np.where(np.arange(len(sent)) < AFTER + refine.REACH, voice, sent)
    heard = np.convolve(air, rings)[AFTER : AFTER + SIZE] + 0.003 * random.standard_normal(SIZE)
    channel = Channel()
    channel.taps[BEFORE:] = rings[:AFTER]
    channel.mean_power[:], channel.floor[:] = 1.0, 0.001
    return refine.Scene(heard.astype(np.float32), sent, np.ones(SIZE, np.float32), False, 8_000, 8_000), channel


def test_how_sure_it_is_counts_what_is_audible():
    """Where SENT is silent nobody can date a silence, and no time is lost."""
    scene = changed("silence", True, 0.0)
    pause = np.abs(np.arange(SIZE) - refine.REACH) < 200
    sent, heard = scene.sent.copy(), scene.heard.copy()
    sent[AFTER:-BEFORE][pause] = 0
    heard[pause] = 0.0001 * np.random.default_rng(6).standard_normal(int(pause.sum()))
    lost = replace(scene, heard=heard, sent=sent)
    none = replace(lost, audible=np.where(pause, 0, 1).astype(np.float32))
    sure, unsure = (refine.boundary(one, direct_path()).deviation for one in (none, lost))
    assert sure < unsure / 2


@pytest.mark.parametrize(("floor_db", "share_db"), [(-50, -20), (-30, -25), (-60, -30)])
def test_a_floor_and_an_error_that_grows_with_the_prediction_are_told_apart(floor_db, share_db):
    random = np.random.default_rng(7)
    envelope = np.float32(0.01) * (1 + np.sin(np.arange(1_024) / 60)).astype(np.float32)
    floor, share = 10 ** (floor_db / 10), 10 ** (share_db / 10)
    left = (np.sqrt(floor + share * envelope) * random.standard_normal(1_024)).astype(np.float32)
    fitted = noise.rest_of(left, envelope)
    for loud in (0.0, 0.02):
        is_there, true = fitted.floor + fitted.share * loud, floor + share * loud
        assert abs(10 * np.log10(is_there / true)) < 3


@pytest.mark.parametrize("due_ms", [-40, -12, 0, 60])  # against where Viterbi saw it
@pytest.mark.parametrize("floor", [0.0, 1e-4])
def test_a_return_in_a_pause_that_tells_nothing_is_dated_where_programme_is_next_due(due_ms, floor):
    """Every instant of such a pause is as good: which one is said must not depend on where the grid lies."""
    random, due = np.random.default_rng(3), refine.REACH + due_ms * RATE_HZ // 1_000
    sent = programme(random)
    sent[: AFTER + due] = 0
    audible = np.asarray(np.arange(SIZE) >= due, np.float32)
    heard = np.float32(sent[AFTER:-BEFORE] + floor * random.standard_normal(SIZE))
    found = refine.boundary(refine.Scene(heard, sent, audible, False, 20_000, 20_000), direct_path())
    assert milliseconds(found.offset) == pytest.approx(due_ms, abs=3.0)


def test_where_next_to_nothing_was_predicted_no_error_of_it_is_learnt():
    """SENT pauses, and the filter's rounding is all that is predicted: the word after it is no error of the path."""
    random = np.random.default_rng(8)
    swell = np.linspace(1, 2, 1_024)  # by chance of both
    left = (1e-4 * swell * random.standard_normal(1_024)).astype(np.float32)
    rounding = (1e-12 * swell**2).astype(np.float32)
    fitted, word = noise.rest_of(left, rounding), 1e-3
    assert fitted.floor + fitted.share * word < 20 * word


@pytest.mark.parametrize("kind", ["silence", "hiss"])
@pytest.mark.parametrize(("ends", "off_ms"), [(True, -40.0), (True, 40.0), (False, -40.0), (False, 40.0)])
def test_a_pause_beside_a_change_tells_no_gain_and_costs_no_word(kind, ends, off_ms):
    """SENT pauses on the air for 150 ms next to the change: what lies between the two instants is not audible."""
    scene = changed(kind, ends, off_ms)
    middle = refine.REACH + round(off_ms * RATE_HZ / 1_000)
    at = np.arange(SIZE)
    pause = (middle - 1_200 <= at) & (at < middle) if ends else (middle <= at) & (at < middle + 1_200)
    sent = scene.sent.copy()
    sent[AFTER:-BEFORE][pause] *= 1e-4
    random = np.random.default_rng(5)
    on_air = np.where(at < middle if ends else at >= middle, sent[AFTER:-BEFORE], what_else(kind, random))
    heard = (on_air + 0.0001 * random.standard_normal(SIZE)).astype(np.float32)
    found = refine.boundary(replace(scene, heard=heard, sent=sent), direct_path())
    low, high = sorted((middle, refine.REACH + found.offset))
    assert milliseconds(np.count_nonzero(~pause[low:high])) < 3.0
