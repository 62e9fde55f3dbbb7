"""A folder in memory, for tests in which nothing but a power cut could tell a disk from it."""

import tempfile
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")


@pytest.fixture
def memory_path():
    """Like ``tmp_path``, but a synced commit takes no time there: the disk is shared with every other test."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)
