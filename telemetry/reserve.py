"""A file that is given up when the disk is full, so that the ledger can still write that it is."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

RESERVE_BYTES = 2 << 20
ROOMY = 4


class Reserve:
    """Holds *size* bytes of the disk under *path*."""

    def __init__(self, path: Path, size: int = RESERVE_BYTES) -> None:
        self._path = path
        self._size = size

    def hold(self) -> bool:
        """Take the room, or take it again; False where there is none to be had."""
        if not self._path.exists() and not self._roomy():
            return False
        try:
            with open(self._path, "ab") as file:
                os.posix_fallocate(file.fileno(), 0, self._size)
        except OSError:
            self.release()
            return False
        return True

    def _roomy(self) -> bool:
        """Whether the disk would still have room: a reserve that fills the disk again would cure nothing."""
        try:
            return shutil.disk_usage(self._path.parent).free > ROOMY * self._size
        except OSError:
            return False

    def release(self) -> None:
        """Give the room up."""
        with suppress(OSError):
            self._path.unlink()
