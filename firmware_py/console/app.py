"""The console's web application. Reading needs no account; orders need a session, opened with the station's code."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from firmware_py.clocks import boottime_ns
from firmware_py.console.accounts import Accounts
from firmware_py.console.live_events import Looker, live_events
from firmware_py.console.page import TYPES, load_page, load_static
from firmware_py.console.patience import Patience
from firmware_py.console.settings import ConsoleSettings
from firmware_py.console.texts import text
from firmware_py.live import look_at_all
from firmware_py.playout.orders import LONGEST_STOP
from firmware_py.spool import drop
from telemetry.database import JournalError
from telemetry.reports.document import one_line

T = TypeVar("T")
COOKIE = "smartradio_session"
COOKIE_AGE_S = 180 * 86_400
MOST_BODY_BYTES = 4_096
MOST_STREAMS = 12
FREE_WRONG_CODES = 4  # of one address: the fifth wrong one costs a wait
FREE_WRONG_CODES_OF_ALL = 40
EVERYBODY = "*"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Refused(Exception):
    """The request is answered with an error that says what to do. ``code`` is in ``texts``."""

    def __init__(self, status: int, code: str, **values: object) -> None:
        super().__init__(code)
        self.status, self.code, self.values = status, code, values


@dataclass
class Console:
    """What the handlers share. One event loop owns it."""

    settings: ConsoleSettings
    accounts: Accounts
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    monotonic_s: Callable[[], float] = time.monotonic
    one_address: Patience = field(default_factory=lambda: Patience(FREE_WRONG_CODES + 1))
    all_addresses: Patience = field(default_factory=lambda: Patience(FREE_WRONG_CODES_OF_ALL + 1))
    login: asyncio.Lock = field(default_factory=asyncio.Lock)  # one guess at a time: each holds 16 MB
    streams: int = 0


def create_app(settings: ConsoleSettings, console: Console | None = None) -> Starlette:
    """The application. Raises JournalError or OSError when the accounts cannot be opened."""
    app = Starlette(
        routes=[
            Route("/", _page),
            Route("/static/{name}", _static),
            Route("/favicon.ico", _nothing),
            Route("/healthz", _health),
            Route("/api/status", _status),
            Route("/api/events", _events),
            Route("/api/me", _me),
            Route("/api/login", _log_in, methods=["POST"]),
            Route("/api/logout", _log_out, methods=["POST"]),
            Route("/api/stop", _stop, methods=["POST"]),
            Route("/api/resume", _resume, methods=["POST"]),
        ],
        exception_handlers={Refused: _refused},
    )
    app.add_middleware(SecurityHeaders)
    app.state.console = console or Console(settings, Accounts(settings.state_dir))
    app.state.page = load_page(settings.lang, settings.station_name)
    app.state.static = {name: load_static(name) for name in TYPES}
    app.state.looker = Looker(settings.run_dir, boottime_ns)
    return app


class SecurityHeaders:
    """Adds the headers to every answer, also to errors."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


# -- looking


async def _page(request: Request) -> Response:
    status, levels = request.app.state.looker.look()
    return HTMLResponse(request.app.state.page.with_status({"status": status, "levels": levels}))


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in TYPES:
        return PlainTextResponse("not found", 404)
    return Response(request.app.state.static[name], headers={"Content-Type": TYPES[name], "Cache-Control": "no-cache"})


async def _nothing(request: Request) -> Response:
    return Response(status_code=204)


async def _health(request: Request) -> Response:
    return PlainTextResponse("ok")


async def _status(request: Request) -> Response:
    """The three documents as they are, null where there is no news; and the verdict that the page shows."""
    lives = look_at_all(_console(request).settings.run_dir, boottime_ns())
    status, _ = request.app.state.looker.look()
    documents = {name: dict(live.data) if live.fresh else None for name, live in lives.items()}
    return JSONResponse({"verdict": status["verdict"], **documents})


async def _events(request: Request) -> Response:
    console = _console(request)
    if console.streams >= MOST_STREAMS:
        raise Refused(503, "error.busy")
    stream = _counted(console, live_events(request.app.state.looker.look, console.closing))
    return StreamingResponse(stream, media_type="text/event-stream")


async def _counted(console: Console, events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    console.streams += 1
    try:
        async for event in events:
            yield event
    finally:
        console.streams -= 1


async def _me(request: Request) -> Response:
    return JSONResponse({"name": _console(request).accounts.name_of(request.cookies.get(COOKIE))})


# -- accounts


async def _log_in(request: Request) -> Response:
    console = _console(request)
    body = await _order(request)
    name, code = _line(body.get("name"), 60, "error.name"), str(body.get("code", ""))[:64].strip()
    async with console.login:
        _wait_if_told(console, request)
        if not await asyncio.to_thread(console.accounts.code_is, code):
            _note_wrong(console, request)
            raise Refused(403, "error.wrong_code")
        console.one_address.right(_address(request))
        token = await _stored(asyncio.to_thread(console.accounts.open_session, name, datetime.now(UTC)))
    answer = JSONResponse({"name": name})
    answer.set_cookie(COOKIE, token, max_age=COOKIE_AGE_S, httponly=True, samesite="strict")
    return answer


async def _log_out(request: Request) -> Response:
    await _order(request)
    token = request.cookies.get(COOKIE)
    if token:
        await _stored(asyncio.to_thread(_console(request).accounts.end_session, token))
    answer = JSONResponse({"name": None})
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def _wait_if_told(console: Console, request: Request) -> None:
    now_s = console.monotonic_s()
    waits = console.one_address.wait_s(_address(request), now_s), console.all_addresses.wait_s(EVERYBODY, now_s)
    if max(waits) > 0:
        raise Refused(429, "error.wait", seconds=int(max(waits)) + 1)


def _note_wrong(console: Console, request: Request) -> None:
    now_s = console.monotonic_s()
    console.one_address.wrong(_address(request), now_s)
    console.all_addresses.wrong(EVERYBODY, now_s)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


# -- orders


async def _stop(request: Request) -> Response:
    body, name = await _order(request), _person(request)
    why = _line(body.get("why"), 200, "error.why")
    return await _drop(request, "stop", name, why=why, until=_until(body.get("until"), datetime.now(UTC)))


async def _resume(request: Request) -> Response:
    body, name = await _order(request), _person(request)
    return await _drop(request, "resume", name, why=one_line(str(body.get("why") or ""))[:200])


async def _drop(request: Request, command: str, name: str, **body: Any) -> Response:
    """202: it is durable and playout will take it; whether it has is seen in its next word."""
    spool_dir = _console(request).settings.spool_dir
    identity = await _stored(asyncio.to_thread(drop, spool_dir, "console", command, name, datetime.now(UTC), **body))
    return JSONResponse({"id": identity}, 202)


def _person(request: Request) -> str:
    name = _console(request).accounts.name_of(request.cookies.get(COOKIE))
    if name is None:
        raise Refused(401, "error.log_in")
    return name


def _until(value: object, now: datetime) -> str | None:
    if value is None:
        return None
    try:
        until = datetime.fromisoformat(str(value))
    except ValueError:
        raise Refused(400, "error.until") from None
    if until.tzinfo is None or not now < until <= now + LONGEST_STOP:
        raise Refused(400, "error.until")
    return until.isoformat()


def _line(value: object, longest: int, code: str) -> str:
    line = one_line(value) if isinstance(value, str) else ""
    if not 0 < len(line) <= longest:
        raise Refused(400, code)
    return line


async def _order(request: Request) -> Mapping[str, Any]:
    """The JSON object of a POST that came from our own page. Raises Refused."""
    if not _from_our_page(request):
        raise Refused(403, "error.origin")
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise Refused(415, "error.request")
    try:
        body = json.loads(await _short_body(request))
    except (ValueError, RecursionError):
        raise Refused(400, "error.request") from None
    if not isinstance(body, dict):
        raise Refused(400, "error.request")
    return body


def _from_our_page(request: Request) -> bool:
    """A browser names the page that sends a POST (Fetch standard, 3.2): another site's page cannot give orders."""
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host")


async def _short_body(request: Request) -> bytes:
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BODY_BYTES:
                raise Refused(413, "error.request")
    except ClientDisconnect:
        raise Refused(400, "error.request") from None
    return body


async def _stored(write: Awaitable[T]) -> T:
    """Await a write to the disk; a failing card is the world's fault and said so."""
    try:
        return await write
    except (OSError, JournalError) as error:
        raise Refused(507, "error.storage") from error


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    message = text(error.code, _console(request).settings.lang).format(**error.values)
    return JSONResponse({"error": error.code, "message": message, **error.values}, error.status)


def _console(request: Request) -> Console:
    console: Console = request.app.state.console
    return console
