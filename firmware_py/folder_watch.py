"""Waits until a file appears in one of some folders (inotify, see inotify(7)): no polling, and no delay."""

import ctypes
import os
import select
from collections.abc import Iterable
from pathlib import Path

IN_MOVED_TO = 0x80
_BUFFER_BYTES = 65_536


class FolderWatch:
    """Raises OSError where a folder cannot be watched. What was moved in before the watch began is not told."""

    def __init__(self, folders: Iterable[Path]) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd: int = _checked(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        try:
            for folder in folders:
                _checked(libc.inotify_add_watch(self._fd, os.fsencode(folder), IN_MOVED_TO))
        except OSError:
            self.close()
            raise

    def wait(self, timeout_s: float | None = None) -> bool:
        """True once something was renamed into a folder (whatever came at once is told once); False when time is up."""
        ready, _, _ = select.select([self._fd], [], [], timeout_s)
        if ready:
            os.read(self._fd, _BUFFER_BYTES)
        return bool(ready)

    def close(self) -> None:
        os.close(self._fd)

    def __enter__(self) -> "FolderWatch":
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
