"""The delay is found again soon after a long silence, whatever it has become meanwhile."""

import numpy as np
import pytest

from audio.match import Matcher, Settings
from audio.segments import State
from bench.recordings import as_int16, resample
from tests.audio.match.helpers import bulletin

RATE_HZ = 48_000
BLOCK = 4_096


@pytest.mark.parametrize("jump_ms", [-20, 10, 75])
def test_a_delay_that_changed_before_a_long_silence_is_found_three_seconds_after_it(jump_ms):
    sound = bulletin(30.0)
    sent = as_int16(resample(sound, len(sound) // 30, RATE_HZ))[: 30 * RATE_HZ]
    before, after = (round(ms * RATE_HZ / 1_000) for ms in (100, 100 + jump_ms))
    heard = np.roll(sent, before)
    heard[9 * RATE_HZ :] = np.roll(sent, after)[9 * RATE_HZ :]
    heard[10 * RATE_HZ : 22 * RATE_HZ] = 0
    matcher, found_s = Matcher(settings=Settings(earliest_ms=-100.0)), None
    for at in range(0, len(sent), BLOCK):
        matcher.push_sent(sent[at : at + BLOCK], True)
        matcher.push_heard(heard[at : at + BLOCK])
        matcher.step()
        if at > 23 * RATE_HZ and found_s is None and matcher.live().state is State.ON_AIR:
            found_s = at / RATE_HZ - 22
    assert found_s is not None
    assert found_s <= 3.0
    assert matcher.live().delay_ms == pytest.approx(100 + jump_ms, abs=1)
