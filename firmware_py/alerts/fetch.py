"""A resource that an alert names by its address: https only, not larger and not slower than an alert can wait for."""

import http.client
import queue
import threading
import time
import urllib.error
import urllib.request
from ssl import SSLContext
from typing import IO

MAX_BYTES = 10 << 20
TIME_LIMIT_S = 5.0  # for all of it; the words are said when the sound does not come
_CHUNK_BYTES = 1 << 16


class FetchError(Exception):
    """The resource could not be had; the message says why."""


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        _refuse_others(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(uri: str, time_limit_s: float = TIME_LIMIT_S, trust: SSLContext | None = None) -> bytes:
    """The bytes behind *uri*. Raises FetchError.

    By a thread of its own that is left behind when its time is up: names are looked up, redirections followed and
    headers read for as long as a server likes, and an alert waits for none of it.
    """
    _refuse_others(uri)
    answers: queue.SimpleQueue[bytes | str] = queue.SimpleQueue()  # or why not

    def run() -> None:
        try:
            answers.put(_fetched(uri, time_limit_s, trust))
        except FetchError as error:
            answers.put(str(error))

    threading.Thread(target=run, name="alert-fetch", daemon=True).start()
    try:
        answer = answers.get(timeout=time_limit_s)
    except queue.Empty:
        raise FetchError(f"{uri}: takes too long") from None
    if isinstance(answer, str):
        raise FetchError(answer)
    return answer


def _fetched(uri: str, time_limit_s: float, trust: SSLContext | None) -> bytes:
    until = time.monotonic() + time_limit_s
    opener = urllib.request.build_opener(_OnlyHttps, urllib.request.HTTPSHandler(context=trust))
    try:
        with opener.open(uri, timeout=time_limit_s) as answer:
            return _read(answer, until)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise FetchError(f"{uri}: {error}") from error


def _read(answer: http.client.HTTPResponse, until: float) -> bytes:
    body = b""
    while chunk := answer.read1(_CHUNK_BYTES):
        body += chunk
        if len(body) > MAX_BYTES:
            raise FetchError(f"larger than {MAX_BYTES >> 20} MB")
        if time.monotonic() > until:
            raise FetchError("takes too long")
    return body


def _refuse_others(uri: str) -> None:
    if not uri.lower().startswith("https://"):
        raise FetchError(f"{uri[:200]}: only https addresses are fetched")
