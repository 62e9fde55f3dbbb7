"""What is ours at a delay of its own, too short for the follower to find, is on air; what is not ours stays off."""

import numpy as np
import pytest

from bench.measure import SCENARIOS, make
from bench.recordings import Channel, Recording, speech
from tests.audio.match.helpers import bulletin, in_state_ms, matched, on_air_ms

RATE_HZ = 16_000
SECONDS = 30.0


def heard_late(*jumps: tuple[float, float | None]) -> Recording:
    """100 ms late; at each (second, ms) at another delay; None: another voice."""
    sent = bulletin(SECONDS)
    heard = np.roll(sent, RATE_HZ // 10)
    other = speech(SECONDS, 5, "vi-vn-x-south+f4", RATE_HZ)
    for second, late_ms in jumps:
        at = round(second * RATE_HZ)
        heard[at:] = (other if late_ms is None else np.roll(sent, round(late_ms * RATE_HZ / 1_000)))[at:]
    return Recording("jumps", RATE_HZ, sent, heard, (), Channel())


@pytest.mark.parametrize("between_ms", [500, 900, 1_300])
def test_what_lies_between_two_jumps_is_on_air(between_ms):
    """200 ms come twice at the first; 150 are skipped at the second, and at the end not heard yet."""
    back = 20 + between_ms / 1_000
    segments = matched(heard_late((20.0, 300.0), (back, 150.0)), prior_delay_ms=100)
    assert on_air_ms(segments, 19.7, 19.7 + between_ms / 1_000) == pytest.approx(between_ms, abs=15)
    assert on_air_ms(segments) == pytest.approx(SECONDS * 1_000 - 2 * 150, abs=15)


@pytest.mark.parametrize("least_ms", [500, 700])
def test_what_lies_between_a_jump_and_other_audio_is_on_air(least_ms):
    gone = 20 + least_ms / 1_000
    segments = matched(heard_late((20.0, 40.0), (gone, None), (gone + 4, 40.0)), prior_delay_ms=100)
    assert on_air_ms(segments, 19.96, gone - 0.04) == pytest.approx(least_ms, abs=30)
    assert in_state_ms(segments, "foreign", gone, gone + 3.9) == pytest.approx(3_900, abs=150)


def test_what_is_found_in_retrospect_is_on_air_for_as_long_as_it_goes_on():
    """Between two jumps, the first of which the follower had no time to prove: it is found piece by piece."""
    (jumps,) = (scenario for scenario in SCENARIOS if scenario.name.startswith("6 delay jumps"))
    whole, seconds = make(jumps, 300.0, 555), slice(127 * RATE_HZ, 159 * RATE_HZ)
    segments = matched(Recording("jumps", RATE_HZ, whole.sent[seconds], whole.heard[seconds], (), whole.channel))
    assert on_air_ms(segments, 20, 21) == pytest.approx(1_000, abs=5)
