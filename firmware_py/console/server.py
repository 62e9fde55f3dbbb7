"""Runs the console: one socket, one event loop, an end that does not wait for open pages."""

import asyncio
import contextlib
import errno
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType

import uvicorn

from firmware_py.console.accounts import Accounts
from firmware_py.console.app import Console, create_app
from firmware_py.console.settings import ConsoleSettings
from scheduler.problem import reason

GRACEFUL_S = 2  # without it uvicorn waits for every open event stream, for ever
BACKLOG = 64
DATE_S = 1.0
log = logging.getLogger("smartradio")

BIND_HINTS = {
    errno.EADDRINUSE: (
        "cổng {port} đang có chương trình khác dùng; đổi [console] port",
        "port {port} is in use by another program; change [console] port",
    ),
    errno.EACCES: (
        "không có quyền mở cổng {port}; dùng cổng từ 1024 trở lên",
        "no permission for port {port}; use 1024 or higher",
    ),
    errno.EADDRNOTAVAIL: (
        "máy không có địa chỉ {host}; sửa [console] host",
        "this computer has no address {host}; change [console] host",
    ),
}


class CannotListen(Exception):
    """The address cannot be taken. ``vi`` and ``en`` say why and what to change."""

    def __init__(self, host: str, port: int, error: OSError) -> None:
        vi, en = BIND_HINTS.get(error.errno or 0, reason(error))
        self.vi = f"Trang điều khiển không mở được {host}:{port}: {vi.format(host=host, port=port)}."
        self.en = f"The console cannot listen on {host}:{port}: {en.format(host=host, port=port)}."
        super().__init__(self.en)


class _Server(uvicorn.Server):
    """Tells the open event streams to end, and leaves the end of the process to whoever called."""

    def __init__(self, config: uvicorn.Config, console: Console) -> None:
        super().__init__(config)
        self._console = console
        self._wake: Callable[[], object] = lambda: None

    async def main_loop(self) -> None:
        """As uvicorn's, which looks ten times a second whether it shall end: here the signal says so."""
        loop, told = asyncio.get_running_loop(), asyncio.Event()
        self._wake = partial(loop.call_soon_threadsafe, told.set)
        while not await self.on_tick(0):  # it also sets the date that answers carry
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), DATE_S)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._console.closing.set()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but a signal that ended us in good order is not raised a second time: exit code 0."""

        def end(number: int, frame: FrameType | None) -> None:
            self.handle_exit(number, frame)
            self._wake()

        earlier = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)


def listen_on(host: str, port: int) -> socket.socket:
    """A listening socket. Raises CannotListen."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise CannotListen(host, port, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotListen(host, port, error) from error
    return listener


def address_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def serve(
    settings: ConsoleSettings,
    announce: Callable[[str], None] = log.info,
    ready: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve until SIGTERM or SIGINT. *announce* is told the address and, while its file is there, the code.

    *ready* is told the address when pages that ask are waiting in the socket's queue.

    Call it in the main thread. Raises CannotListen, JournalError (accounts) or OSError (code file).
    """
    with contextlib.closing(listen_on(settings.host, settings.port)) as listener:
        accounts = Accounts(settings.state_dir)
        with contextlib.closing(accounts):
            _announce(settings, accounts, listener, announce)
            ready(address_of(listener))
            console = Console(settings, accounts)
            config = uvicorn.Config(
                create_app(settings, console),
                http="h11",
                ws="none",
                loop="asyncio",
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=GRACEFUL_S,
            )
            _Server(config, console).run(sockets=[listener])


def _announce(
    settings: ConsoleSettings, accounts: Accounts, listener: socket.socket, announce: Callable[[str], None]
) -> None:
    vi = settings.lang == "vi"
    announce(("trang điều khiển: " if vi else "console: ") + address_of(listener))
    if accounts.code.text is not None:
        announce(("mã của đài: " if vi else "the station's code: ") + f"{accounts.code.text} ({accounts.code.path})")
