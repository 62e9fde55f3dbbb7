"""A real headless Chromium, driven through its debugging pipe (Chrome DevTools Protocol): no library is needed."""

import contextlib
import json
import os
import subprocess
import time
from pathlib import Path

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
PATIENCE_S = 15.0
KEYS = {"Tab": 9, "Enter": 13, "Escape": 27}


def dump_dom(url: str, profile: Path) -> str:
    """The page's DOM when it has loaded. Virtual time cannot be used: it stands still while an event stream is open."""
    command = ["chromium", *FLAGS, f"--user-data-dir={profile}", "--timeout=5000", "--dump-dom", url]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    return done.stdout.decode()


class Tab:
    """One page of the width of a phone. ``eval`` runs JavaScript in it and gives its value."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, os.fdopen(from_browser, "rb", buffering=0)
        self._rest, self._id, self._session = b"", 0, None
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._call("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=2, mobile=True)

    def open(self, url: str) -> None:
        self._call("Page.navigate", url=url)
        self.wait_for("document.readyState === 'complete' && document.getElementById('verdict') !== null")

    def eval(self, expression: str):
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait_for(self, expression: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not self.eval(expression):
            assert time.monotonic() < deadline, f"never true: {expression}\n{self.eval('document.body.innerText')}"
            time.sleep(0.05)

    def text(self, element: str) -> str:
        return self.eval(f"document.getElementById('{element}').innerText")

    def click(self, element: str) -> None:
        self.eval(f"document.getElementById('{element}').click()")

    def type_in(self, element: str, text: str) -> None:
        self.eval(f"document.getElementById('{element}').value = {json.dumps(text)}")

    def press(self, key: str) -> None:
        """A key for whatever has the focus, as of a keyboard."""
        of_key = {"key": key, "code": key, "windowsVirtualKeyCode": KEYS[key]}
        self._call("Input.dispatchKeyEvent", type="keyDown", **of_key, **({"text": "\r"} if key == "Enter" else {}))
        self._call("Input.dispatchKeyEvent", type="keyUp", **of_key)

    def focus(self) -> str:
        return self.eval("document.activeElement.id")

    def submit(self, form: str) -> None:
        self.eval(f"document.querySelector('#{form} button[type=submit]').click()")

    def _call(self, method: str, **params):
        self._id += 1
        message = {"id": self._id, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._id:
                assert "error" not in answer, answer
                return answer["result"]

    def _receive(self):
        while b"\0" not in self._rest:
            chunk = self._from.read(65_536)
            assert chunk, "the browser has gone"
            self._rest += chunk
        message, self._rest = self._rest.split(b"\0", 1)
        return json.loads(message)

    def close(self) -> None:
        self._from.close()
        os.close(self._to)


@contextlib.contextmanager
def open_tab(profile: Path):
    """Chromium reads commands on its descriptor 3 and answers on 4."""
    command_end, to_browser = os.pipe()
    from_browser, answer_end = os.pipe()
    flags = " ".join((*FLAGS, "--remote-debugging-pipe", f"--user-data-dir={profile}"))
    shell = f"exec chromium {flags} 3<&{command_end} 4>&{answer_end}"
    process = subprocess.Popen(
        ["bash", "-c", shell],
        pass_fds=(command_end, answer_end),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(command_end)
    os.close(answer_end)
    tab = None
    try:
        tab = Tab(to_browser, from_browser)
        yield tab
    finally:
        process.terminate()
        process.wait(timeout=15)
        if tab:
            tab.close()
