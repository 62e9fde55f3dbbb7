"""``./dev run``: a whole station on this computer, something on air at once, and a line that shows it live."""

import argparse
import contextlib
import fcntl
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from audio.decode import MediaError
from audio.library import ingest
from firmware_py.commands.context import CommandError, print_whatever_the_locale
from firmware_py.console.accounts import CODE_FILE
from firmware_py.demo.broker import BrokerError
from firmware_py.demo.line import BETWEEN, live_parts, parted
from firmware_py.demo.outcome import Outcome, outcome, print_outcome
from firmware_py.demo.rig import Rig, RigSettings
from firmware_py.demo.samples import ENOUGH_S, demo_programme, demo_timetable, make_samples, week_timetable
from firmware_py.demo.soundserver import SoundServer, SoundServerError
from firmware_py.spool import drop
from scheduler.clock import STATION_TZ
from scheduler.loaders import load
from telemetry.reports.files import can_be_written, written_whole
from telemetry.reports.reasons import explained
from telemetry.reports.words import Lang

FOLDER = Path(".demo")
SLOW_S = 0.3
START_S = 30.0  # until playout speaks, on a slow computer
TAKEN_S = 2.0  # until playout has done what it is asked
CARD_S = 5.0  # until its card is open


def main() -> int:
    print_whatever_the_locale()
    args = _parser().parse_args()
    try:
        return _run_alone(args)
    except CommandError as error:
        _cannot_run("; ".join(p.vi for p in error.problems), "; ".join(p.en for p in error.problems))
    except (SoundServerError, BrokerError, TimeoutError, OSError, subprocess.CalledProcessError) as error:
        _cannot_run(explained(str(error)), str(error))
    except KeyboardInterrupt:
        return 130
    return 1


def _run_alone(args: argparse.Namespace) -> int:
    """Two demos in one folder would be one station with two of each process."""
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Đài mẫu đang chạy rồi.", "The demo station is already running here.")
            return 1
        return _run(args.seconds, args.virtual or not _has_card(), args.json, args.lang or demo_language())


def _parser() -> argparse.ArgumentParser:
    about = "Đài mẫu trên máy này / a demo station on this computer"
    parser = argparse.ArgumentParser(prog="./dev run", description=about)
    parser.add_argument("--for", dest="seconds", type=_seconds, metavar="S", help="tự dừng sau S giây / then end")
    parser.add_argument("--virtual", action="store_true", help="dùng thiết bị âm thanh ảo / use a virtual sound card")
    parser.add_argument("--lang", choices=("vi", "en"), help="tiếng Việt / English")
    parser.add_argument("--json", type=_writable, metavar="F", help="ghi kết quả / write the outcome")
    return parser


def _seconds(text: str) -> float:
    """An argparse type: how long to run. Raises ArgumentTypeError."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r}: số giây phải lớn hơn 0 / a number of seconds above 0")
    return seconds


def _writable(text: str) -> Path:
    """An argparse type: refused at the start, not when the run is over. Raises ArgumentTypeError."""
    if not can_be_written(path := Path(text)):
        raise argparse.ArgumentTypeError(f"{text}: không ghi được / cannot be written")
    return path


def demo_language() -> Lang:
    """The line and the tables are Vietnamese where nobody says otherwise; what is said between them is in both."""
    said = next(filter(None, (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "en" if said.startswith("en") else "vi"


def _has_card() -> bool:
    cards = Path("/proc/asound/cards")
    return cards.exists() and "[" in cards.read_text(encoding="utf-8")


def _run(seconds: float | None, virtual: bool, json_path: Path | None, lang: Lang) -> int:
    _say("Chuẩn bị chương trình mẫu…", "Making sample programmes…")
    make_samples(FOLDER / "media", lambda name: _say(f"  {name}", f"  {name}"))
    sound = SoundServer(FOLDER / "sound") if virtual else None
    settings = RigSettings(**({} if virtual else _real_card()))
    with Stack(sound), Rig(FOLDER, settings, sound) as rig:
        result = _broadcast(rig, seconds, lang)
    print_outcome(result, lang)
    if json_path:
        with written_whole(json_path) as unfinished:
            unfinished.write_text(json.dumps(result.to_json(), ensure_ascii=False, indent=2), encoding="utf-8")
    return 0


class Stack:
    """The sound server, where there is one."""

    def __init__(self, sound: SoundServer | None) -> None:
        self.sound = sound

    def __enter__(self) -> None:
        if self.sound:
            self.sound.start()

    def __exit__(self, *_: object) -> None:
        if self.sound:
            self.sound.stop()


def _real_card() -> dict[str, Any]:
    """A computer's own card has no return unless it offers a monitor: then its airtime is self-reported."""
    from audio.card import list_devices

    names = [device.name for device in list_devices() if device.inputs]
    monitor = next((name for name in names if "monitor" in name.lower()), None)
    channels = (("return", monitor, True),) if monitor else ()
    return {"output": "default", "channels": channels}


def _broadcast(rig: Rig, seconds: float | None, lang: Lang) -> Outcome:
    """Bring the station up, then plan something for right now: on a slow computer that is later than on a fast one."""
    _load_library(rig)
    rig.start_station()
    rig.start_collector()
    _wait_until_it_can_play(rig)
    began = datetime.now(STATION_TZ)
    _load_timetable(rig, demo_timetable(began, seconds), began)
    if not demo_programme(began, seconds):
        _say(
            f"{seconds:g} giây là quá ngắn, không phát gì: hãy chạy từ {ENOUGH_S} giây.",
            f"{seconds:g} seconds are too short for any programme: give {ENOUGH_S} or more.",
        )
    address = rig.wait_for_console()
    _say(f"Trang điều khiển: {address}  (Ctrl-C để dừng)", f"Console: {address}  (Ctrl-C ends)")
    _tell_code(rig)
    _tell_of_stop(rig)
    _show_until(_ending(seconds), rig, lang)
    _say("Đang kết thúc…", "Ending…")
    ended = datetime.now(STATION_TZ)
    _leave_the_week(rig, ended)
    rig.stop_station()
    return outcome(rig, began, ended)


def _wait_until_it_can_play(rig: Rig) -> None:
    """A programme planned before the card is open would start late. Without a card the station shows what is wrong."""
    rig.wait_until(lambda: rig.said_now("playout"), START_S, "playout")
    with contextlib.suppress(TimeoutError):
        rig.wait_until(lambda: rig.said_now("playout").get("card") == "ok", CARD_S, "card")


def _tell_code(rig: Rig) -> None:
    with contextlib.suppress(OSError):  # who put it away knows it
        code = (rig.state_dir / CODE_FILE).read_text(encoding="utf-8").strip()
        _say(f"Mã để dừng phát trên trang: {code}", f"The code for orders on the page: {code}")


def _tell_of_stop(rig: Rig) -> None:
    """A stop outlives a restart, as it should; who runs the demo again may not remember it."""
    if rig.said_now("playout").get("stopped"):
        order = f"./dev smartradio resume --config {FOLDER}/station.toml"
        _say(f"Đài đang DỪNG PHÁT. Cho phát lại: {order}", f"The station is STOPPED. Resume: {order}")


def _load_library(rig: Rig) -> None:
    """What is known costs only its checksum; what takes longer is named while it is taken in."""
    for path in sorted(rig.media_dir.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            began_s = time.monotonic()
            try:
                ingest(path, rig.state_dir / "library")
            except MediaError as error:  # its programmes will be booked as without a source
                _say(f"  {path}: {error.problem.vi}", f"  {path}: {error.problem.en}")
            if time.monotonic() - began_s > SLOW_S:
                _say(f"  {path.name} → thư viện", f"  {path.name} → library")


def _load_timetable(rig: Rig, text: str, now: datetime) -> None:
    path = rig.folder / "demo.toml"
    path.write_text(text, encoding="utf-8")
    loaded = load(path)
    if loaded.timetable is None:
        raise RuntimeError(f"the demo's own timetable is wrong: {loaded.errors}")
    timetable = loaded.timetable.to_json()
    drop(rig.state_dir / "spool", "cli", "timetable", "demo", now, file="demo.toml", timetable=timetable)


def _leave_the_week(rig: Rig, now: datetime) -> None:
    """Take back what the demo had planned for itself: with nobody there it would all be booked as not on air."""
    _load_timetable(rig, week_timetable(), now)
    with contextlib.suppress(TimeoutError):
        rig.wait_until(lambda: not any((rig.state_dir / "spool" / "cli").glob("*.json")), TAKEN_S, "spool")


def _ending(seconds: float | None) -> Callable[[], bool]:
    """True when it is time to end: a signal came, or the seconds are over."""
    ends = time.monotonic() + seconds if seconds else None
    told: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: told.append(number))
    return lambda: bool(told) or (ends is not None and time.monotonic() >= ends)


def _show_until(ending: Callable[[], bool], rig: Rig, lang: Lang) -> None:
    terminal = sys.stderr.isatty()
    shown_at, above = 0.0, 0
    while not ending():
        if rig.supervisor:
            rig.supervisor.watch()
        if time.monotonic() - shown_at >= (0.25 if terminal else 5.0):
            shown_at = time.monotonic()
            parts = live_parts(rig, lang)
            if terminal:
                above = _draw(parted(parts, shutil.get_terminal_size().columns - 1), above)
            else:
                sys.stderr.write(BETWEEN.join(parts) + "\n")
            sys.stderr.flush()
        time.sleep(0.05)
    if terminal:
        sys.stderr.write("\n")


def _draw(lines: Sequence[str], above: int) -> int:
    """Put *lines* where the last ones stand, of which *above* were above the cursor; how many are so now."""
    up = f"\x1b[{above}A" if above else ""
    sys.stderr.write(f"\r{up}\x1b[J" + "\n".join(lines))
    return len(lines) - 1


def _cannot_run(vi: str, en: str) -> None:
    _say(f"Đài mẫu không chạy được: {vi}", f"The demo station cannot run: {en}")


def _say(vi: str, en: str) -> None:
    sys.stderr.write(f"{vi}\n" if vi == en else f"{vi}  /  {en}\n")
    sys.stderr.flush()
