"""What has to be there after a power cut."""

import os
from pathlib import Path


def make_durable(path: Path) -> None:
    """fsync a file, before a name points at it, or the folder in which a name was given. Raises OSError."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
