"""Audio behind an address: a real https server that is right, slow, endless, or sends us elsewhere."""

import http.server
import ssl
import threading
import time

import pytest

from firmware_py.alerts import fetch as fetching
from firmware_py.alerts.fetch import FetchError, fetch
from tests.support.tls import self_signed


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
            return
        if self.path == "/header-by-header":
            self.send_response(200)
            for n in range(25):
                self.send_header(f"X-{n}", "x")
                self.flush_headers()
                time.sleep(0.2)
        self.send_response(404 if self.path == "/missing" else 200)
        self.end_headers()
        try:
            for piece in {"/slow": [b"x"] * 100, "/endless": [b"x" * 65_536] * 9_999}.get(self.path, [b"sound"]):
                self.wfile.write(piece)
                if self.path == "/slow":
                    time.sleep(0.1)
        except OSError:
            pass  # the listener had enough

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    certificate, key = self_signed(tmp_path_factory.mktemp("tls"), "localhost", "DNS:localhost")
    listening = http.server.ThreadingHTTPServer(("localhost", 0), Answers)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listening.socket = context.wrap_socket(listening.socket, server_side=True)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield f"https://localhost:{listening.server_port}", ssl.create_default_context(cafile=str(certificate))
    listening.shutdown()
    listening.server_close()
    thread.join(10)
    for late in [t for t in threading.enumerate() if t.name == "alert-fetch"]:
        late.join(10)


def test_what_is_there_comes_whole(server):
    address, trust = server
    assert fetch(f"{address}/a.mp3", trust=trust) == b"sound"
    assert fetch(f"{address}/to/{address}/a.mp3", trust=trust) == b"sound"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/missing", "404"),
        ("/slow", "too long"),
        ("/header-by-header", "too long"),
        ("/endless", "larger than"),
        ("/to/http://localhost/a.mp3", "only https"),
    ],
)
def test_what_cannot_be_had_in_time_is_told(server, monkeypatch, path, why):
    address, trust = server
    monkeypatch.setattr(fetching, "MAX_BYTES", 1 << 20)
    began = time.monotonic()
    with pytest.raises(FetchError, match=why):
        fetch(address + path, time_limit_s=3.0, trust=trust)
    assert time.monotonic() - began < 5


def test_a_server_that_nobody_vouches_for_is_not_believed(server):
    with pytest.raises(FetchError, match="CERTIFICATE_VERIFY_FAILED"):
        fetch(f"{server[0]}/a.mp3")


@pytest.mark.parametrize("uri", ["http://localhost/a.mp3", "file:///etc/passwd", "a.mp3", "", "https://", "https://[x"])
def test_only_https_addresses_are_fetched(uri):
    with pytest.raises(FetchError):
        fetch(uri)
