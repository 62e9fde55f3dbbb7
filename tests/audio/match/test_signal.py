"""One side of the comparison, as it is kept: any stretch of its last minute, whatever was pushed since."""

import numpy as np
import pytest

from audio.match.grid import RATE_HZ
from audio.match.signal import Signal

KEPT = 2 * RATE_HZ


@pytest.fixture
def all_of_it():
    """A tone of five seconds, kept for longer than it lasts, and for two seconds."""
    frames = np.int16(8_000 * np.sin(np.arange(5 * 48_000) ** 1.3))
    whole, last = Signal(8 * RATE_HZ), Signal(KEPT)
    for at in range(0, len(frames), 4_096):
        whole.push(frames[at : at + 4_096])
        last.push(frames[at : at + 4_096])
    return whole, last


@pytest.mark.parametrize("back", [KEPT, KEPT - 100, 4_000, 300])
@pytest.mark.parametrize("size", [1, 256, 300, 9_000])
def test_what_is_kept_is_read_as_it_was_pushed_wherever_it_lies(all_of_it, back, size):
    whole, last = all_of_it
    start = last.end - back
    assert np.array_equal(last.read(start, start + size), whole.read(start, start + size))


def test_what_is_no_longer_kept_and_what_is_not_there_yet_reads_as_zeros(all_of_it):
    whole, last = all_of_it
    assert not last.read(0, RATE_HZ).any()
    assert not last.read(last.end, last.end + 500).any()
    read = last.read(last.end - 200, last.end + 300)
    assert np.array_equal(read[:200], whole.read(last.end - 200, last.end))
    assert not read[200:].any()
