"""Levels: a full-scale square is 0 dBFS, a sine −3, nothing −120."""

import numpy as np
import pytest

from audio.levels import DBFS_OF_NOTHING, peak_dbfs, rms_dbfs


@pytest.mark.parametrize(
    ("block", "rms", "peak"),
    [
        (np.full(480, -32_768, np.int16), 0.0, 0.0),
        ((np.sin(2 * np.pi * np.arange(480) / 48) * 32_767).astype(np.int16), -3.01, 0.0),
        (np.zeros(480, np.int16), DBFS_OF_NOTHING, DBFS_OF_NOTHING),
        (np.zeros(0, np.int16), DBFS_OF_NOTHING, DBFS_OF_NOTHING),
    ],
)
def test_levels_of_blocks(block, rms, peak):
    assert rms_dbfs(block) == pytest.approx(rms, abs=0.01)
    assert peak_dbfs(block) == pytest.approx(peak, abs=0.01)
