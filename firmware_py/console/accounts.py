"""Who may give orders: the station's code, and the sessions of those who gave it.

The code stands in ``state_dir/console-code`` (mode 0600) for the technician; the database keeps its scrypt hash, so the
file may be removed once the code is known. Writing another code into the file and restarting changes the code and ends
all sessions.
"""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from telemetry.database import Database

CODE_FILE = "console-code"
CODE_DIGITS = 6
MOST_SESSIONS = 20  # the oldest ends when another opens
TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class StationCode:
    """``text`` is None when only its hash is known."""

    text: str | None
    path: Path


def _scrypt(code: str, salt: bytes) -> bytes:
    """60 ms and 16 MB a try (RFC 7914, N = 2^14, r = 8, p = 1)."""
    return hashlib.scrypt(code.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)


class Accounts:
    """One writer of ``console.db``. Sessions are looked up in memory. Raises JournalError when the disk fails."""

    def __init__(self, state_dir: Path) -> None:
        self._database = Database(state_dir / "console.db", "console")
        os.chmod(state_dir / "console.db", 0o600)
        self.code = self._adopt_code(state_dir / CODE_FILE)
        stored = self._database.rows("SELECT token_hash, name FROM session ORDER BY opened_at")
        self._names: dict[bytes, str] = dict(stored)

    def close(self) -> None:
        self._database.close()

    def code_is(self, code: str) -> bool:
        """Takes 60 ms, right or wrong."""
        salt, expected = self._database.rows("SELECT salt, hash FROM code")[0]
        return hmac.compare_digest(_scrypt(code, salt), expected)

    def open_session(self, name: str, at: datetime) -> str:
        """A new token for the person's browser; only its hash is kept."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        ended = list(self._names)[: max(0, len(self._names) - MOST_SESSIONS + 1)]
        row = (_hashed(token), name, at.isoformat())
        self._database.write_all(
            [
                *(("DELETE FROM session WHERE token_hash = ?", (old,)) for old in ended),
                ("INSERT INTO session (token_hash, name, opened_at) VALUES (?, ?, ?)", row),
            ]
        )
        for old in ended:
            del self._names[old]
        self._names[_hashed(token)] = name
        return token

    def name_of(self, token: str | None) -> str | None:
        return self._names.get(_hashed(token)) if token else None

    def end_session(self, token: str) -> None:
        self._database.execute("DELETE FROM session WHERE token_hash = ?", (_hashed(token),))
        self._names.pop(_hashed(token), None)

    def _adopt_code(self, path: Path) -> StationCode:
        """The file's code if there is one, else the stored one, else a new one."""
        written = path.read_text(encoding="utf-8").strip() if path.exists() else ""
        stored = bool(self._database.rows("SELECT 1 FROM code"))
        if not written and stored:
            return StationCode(None, path)
        code = written or f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        if not written:
            _write_secret(path, code)
        if not (stored and self.code_is(code)):
            self._store_code(code)
        return StationCode(code, path)

    def _store_code(self, code: str) -> None:
        salt = secrets.token_bytes(16)
        self._database.write_all(
            [
                ("DELETE FROM session", ()),
                ("INSERT OR REPLACE INTO code (id, salt, hash) VALUES (1, ?, ?)", (salt, _scrypt(code, salt))),
            ]
        )


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _write_secret(path: Path, text: str) -> None:
    """Readable by its owner alone from the first instant."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
