"""Decoding: the one door of ffmpeg, always a child process, so that a crash or a hostile file stays outside.

A header's length is never the truth (an MP3 without one was believed to last 620 s instead of 300), so a file is
decoded when it is loaded: once to count and measure it, once more to store it at the right level. Children are limited
in CPU time, memory and file size, may open local files only, and are killed by the kernel when the *thread* that
started them ends.
"""

import errno
import hashlib
import json
import os
import re
import select
import stat
import subprocess
import threading
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from audio.fallback import Trouble
from audio.format import BYTES_PER_FRAME, FULL_SCALE, RATE_HZ
from audio.levelling import CEILING_DBTP, Sound, SoundReport
from audio.mp3 import stated_seconds
from scheduler.problem import Problem, reason

MAX_HOURS = 12
MEMORY_BYTES = 1 << 30  # address space; ffmpeg needs 55 MB of it
STREAM_MEMORY_BYTES = 512 << 20  # the same; an endless playlist took 500 MB of memory within 8 s
CPU_SECONDS = 3_600  # 12 h of sound that has to be limited cost 350 s here, some 2,000 s on a Pi 4
WALL_SECONDS = 5_400
PROBE_SECONDS = 30
MAX_FILE_BYTES = 8 << 30
MIN_FRAMES = RATE_HZ // 10
LEAST_OFFSET = 0.002  # of full scale: -54 dBFS
# Containers whose stated length is exact.
EXACT_CONTAINERS = ("wav", "flac", "mov,mp4,m4a,3gp,3g2,mj2", "aiff", "caf", "w64", "matroska,webm")
# No playlists (concat, hls, …): a text file that calls itself MP3 could name any file of the box.
CONTAINERS = f"{','.join(EXACT_CONTAINERS)},mp3,aac,ogg,asf,amr,au,ac3,mpeg,mpegts,avi"
STREAM_PROTOCOLS = "http,https,tcp,tls,hls,crypto,httpproxy,rtp,rtsp,udp,srt,rtmp"
STREAM_TIMEOUT_US = 10_000_000
STREAM_PROBE_BYTES = 16_384  # to know its format by; left to itself ffmpeg reads 128 kB of an MP3: 4 s of waiting
STREAM_TROUBLES = (  # what ffmpeg says, and the word for it
    ("Connection refused", "refused"),
    ("401 Unauthorized", "forbidden"),
    ("403 Forbidden", "forbidden"),
    ("404 Not Found", "not_found"),
    ("Server returned", "server_error"),
    ("Failed to resolve", "unresolved"),
    ("timed out", "timeout"),
    ("Network is unreachable", "unreachable"),
    ("No route to host", "unreachable"),
    ("Invalid data found", "not_audio"),
    ("does not contain any stream", "not_audio"),  # a picture, a film without sound
    (STARVED := "no sound came", "stall"),
)
PLAYLISTS = (".m3u", ".pls", ".asx", ".xspf")  # they name the stream; .m3u8 is one
_CHUNK_BYTES = 1 << 16
_DIES_WITH_THREAD = ("setpriv", "--pdeathsig", "KILL", "--")
_LIMITED = ("prlimit", f"--as={MEMORY_BYTES}", f"--cpu={CPU_SECONDS}", f"--fsize={MAX_FILE_BYTES}", "--core=0", "--")
_LASTING = ("prlimit", f"--as={STREAM_MEMORY_BYTES}", "--core=0", "--")
_FFMPEG = ("ffmpeg", "-nostdin", "-v", "error", "-threads", "1")
# In floating point, where an MP3's peaks above full scale survive; channels are averaged, as in 16 bit, not summed.
_MONO_48K = f"aresample={RATE_HZ}:rematrix_maxval=1,aformat=sample_fmts=flt:channel_layouts=mono"
_HIGH_PASS = "highpass=f=20"  # an offset, wind and footsteps take headroom, and no horn sounds them
# The last hop is made whole: what is not, is not measured. Zeros within one window change no loudness.
_SAYING = f"apad=pad_len={RATE_HZ // 10 - 1},ebur128=metadata=1:peak=true,ametadata=print:file=/dev/fd/{{}},anullsink"
_LIMITER_MARGIN_DB = 0.2  # what comes back from 192 kHz overshoots by some hundredths
_LIMITER = (
    f"aresample={4 * RATE_HZ},alimiter=limit={10 ** ((CEILING_DBTP - _LIMITER_MARGIN_DB) / 20):.4f}"
    f":attack=5:release=50:level=disabled:latency=enabled,aresample={RATE_HZ}"
)
_RAW_PIPE = ("-f", "s16le", "pipe:1")
_RAW_OUT = ("-f", "s16le", "-ar", str(RATE_HZ), "-ac", "1", "pipe:1")


class MediaError(Exception):
    """A file that cannot be played, with the reason for the person who brought it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.where}: {problem.en}")
        self.problem = problem


Watch = Callable[[int, int | None], None]  # called often: frames gone through so far, and of how many (None: unknown)


def unwatched(_done: int, _of: int | None) -> None:
    """For those who need not be told how far it is."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a file really holds. ``pcm_digest``: SHA-256 of its samples as 48 kHz s16le mono, before any gain."""

    frames: int
    pcm_digest: str
    codec: str
    sound: Sound  # without the offset
    offset: float  # mean of its samples, of full scale; 0 where it is small enough to be left to the high-pass
    clipped_share: float  # of its samples that are at full scale
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Claim:
    """What the header says."""

    codec: str
    seconds: float | None
    exact_s: float | None  # the same, if less than that means that a part is missing or broken


def examine(path: Path, watch: Watch = unwatched) -> Decoded:
    """Decode *path* once, counting and measuring what comes out. Raises MediaError.

    Partial damage is accepted with a warning that says how much there is.
    """
    refuse_odd_files(path)
    claim = _probe(path)
    expected = None if claim.seconds is None else round(claim.seconds * RATE_HZ)
    pcm, child, sound = _listened(path, 0.0, lambda done: watch(done, expected and 2 * expected))
    damage = _damage(path, claim, pcm.frames, bool(child.complaints))
    offset = pcm.mean if abs(pcm.mean) > LEAST_OFFSET else 0.0
    if offset:  # seldom: its peaks have to be measured without it
        _, _, sound = _listened(path, offset, lambda done: watch(done, expected and 2 * expected))
    clipped_share = pcm.full_scale / pcm.frames
    return Decoded(pcm.frames, pcm.digest.hexdigest(), claim.codec, sound, offset, clipped_share, damage)


def convert(path: Path, flac: Path, decoded: Decoded, gain_db: float, limit: bool, watch: Watch = unwatched) -> Sound:
    """Decode *path* again into *flac* (48 kHz mono 16 bit), louder by *gain_db*; how that sounds. Raises MediaError.

    *limit*: peaks are kept below ``CEILING_DBTP``. *decoded*: of ``examine``. *flac* may be left half-written.
    """
    frames = decoded.frames
    limiter = f"{_LIMITER},apad=whole_len={frames},atrim=end_sample={frames}," if limit else ""
    levelled = f"{_without(decoded.offset)},volume={gain_db}dB:precision=float,{limiter}aformat=sample_fmts=s16"
    graph = f"[0:a:0]{_MONO_48K},{levelled},asplit=3[kept][counted][sound];[sound]"
    outputs = "-map_metadata", "-1", "-map", "[kept]", "-c:a", "flac", "-f", "flac", "-y", f"file:{flac}"
    size = 0
    with _measured(path, graph, *outputs, "-map", "[counted]", *_RAW_PIPE) as (child, report):
        while chunk := child.read():
            size += len(chunk)
            watch(frames + size // BYTES_PER_FRAME, 2 * frames)
    _refuse_failed(path, child, size // BYTES_PER_FRAME)
    if size != frames * BYTES_PER_FRAME:
        raise MediaError(changing(path.name))
    return report.sound(frames)


def convert_at_once(path: Path, flac: Path, gain_db: float) -> tuple[int, str]:
    """Decode *path* into *flac* in one go, its peaks limited: what cannot wait to be measured. Raises MediaError.

    Returns its frames and the SHA-256 of its samples before the gain.
    """
    refuse_odd_files(path)
    louder = f"{_HIGH_PASS},volume={gain_db}dB:precision=float,{_LIMITER},aformat=sample_fmts=s16"
    graph = f"[0:a:0]{_MONO_48K},asplit=2[louder][plain];[plain]aformat=sample_fmts=s16[counted];[louder]{louder}[kept]"
    command = [*_FFMPEG, "-t", str(MAX_HOURS * 3_600), *_input_options(path), "-filter_complex", graph]
    command += ["-map_metadata", "-1", "-map", "[kept]", "-c:a", "flac", "-f", "flac", "-y", f"file:{flac}"]
    pcm = _Pcm()
    with _running([*command, "-map", "[counted]", *_RAW_PIPE], WALL_SECONDS) as child:
        while chunk := child.read():
            pcm.take(chunk)
    _refuse_failed(path, child, pcm.frames)
    return pcm.frames, pcm.digest.hexdigest()


def changing(name: str) -> Problem:
    """Somebody is still writing the file."""
    return Problem(name, "changing", "Tệp đang được chép, hãy thử lại sau", "the file changes; try again later")


def reading(flac: Path, seconds: int) -> AbstractContextManager["Child"]:
    """A child that decodes a library file from a whole second on, as s16le mono 48 kHz.

    Whole seconds, because ffmpeg seeks in microseconds and 1/48000 s is none: the caller drops the rest.
    """
    seek = ("-ss", str(seconds)) if seconds else ()
    return _running([*_FFMPEG, *seek, *_input_options(flac), *_RAW_OUT])


def streaming(url: str) -> AbstractContextManager["Child"]:
    """A child that decodes a relay's address, as s16le mono 48 kHz, for as long as the relay lasts."""
    patience = ("-rw_timeout", str(STREAM_TIMEOUT_US)) if url.startswith(("http:", "https:")) else ()
    probe = ("-formatprobesize", str(STREAM_PROBE_BYTES))
    return _running([*_FFMPEG, "-protocol_whitelist", STREAM_PROTOCOLS, *patience, *probe, "-i", url, "-vn", *_RAW_OUT])


def stream_trouble(complaints: Sequence[str], url: str = "") -> Trouble:
    """Why a stream's child ended, by what it complained of."""
    trouble = _said_of(complaints)
    is_list = url.lower().partition("?")[0].endswith(PLAYLISTS) and trouble.code in ("not_audio", "failed", "ended")
    return Trouble("playlist", trouble.said) if is_list else trouble


def _said_of(complaints: Sequence[str]) -> Trouble:
    for known, code in STREAM_TROUBLES:
        if said := next((line for line in complaints if known in line), None):
            return Trouble(code, without_password(said))
    return Trouble("failed", without_password(complaints[-1])) if complaints else Trouble("ended", "the stream ended")


def without_password(text: str) -> str:
    """*text* without the names and passwords in its addresses: it goes into records and logs."""
    return re.sub(r"(?<=://)[^/\s]*@", "", text)


# -- children -------------------------------------------------------------------------------------------------------


def _input_options(path: Path) -> tuple[str, ...]:
    return ("-protocol_whitelist", "file,pipe", "-format_whitelist", CONTAINERS, "-i", f"file:{path.absolute()}")


@dataclass(slots=True)
class Child:
    """A decoding process: its samples, and what it last complained of (complete when its context is left)."""

    process: subprocess.Popen[bytes]
    complaints: deque[str] = field(default_factory=lambda: deque(maxlen=20))

    def read(self, starved_s: float | None = None) -> bytes:
        """What there is, at least one byte; none at the end. A child that gives nothing for *starved_s* is killed."""
        assert self.process.stdout is not None
        pipe = self.process.stdout.fileno()
        if starved_s is not None and not _readable(pipe, starved_s):
            self.complaints.append(f"{STARVED} for {starved_s:g} s")
            self.process.kill()
            return b""
        return os.read(pipe, _CHUNK_BYTES)

    @property
    def returncode(self) -> int:
        """Of the ended process; negative if a signal ended it."""
        return self.process.returncode

    def listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.complaints.append(line.decode(errors="replace").strip())


def _readable(pipe: int, timeout_s: float) -> bool:
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    return bool(poll.poll(timeout_s * 1_000))


@dataclass(slots=True)
class _Pcm:
    """What was read of a child's samples (s16le)."""

    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    frames: int = 0
    total: int = 0  # of the samples
    full_scale: int = 0  # samples within 0.07 dB of it
    _odd: bytes = b""

    @property
    def mean(self) -> float:
        return self.total / self.frames / FULL_SCALE

    def take(self, chunk: bytes) -> None:
        chunk = self._odd + chunk
        whole = len(chunk) // BYTES_PER_FRAME * BYTES_PER_FRAME
        chunk, self._odd = chunk[:whole], chunk[whole:]
        high = chunk[1::2]
        self.full_scale += high.count(0x7F) + high.count(0x80)
        self.total += sum(array("h", chunk))
        self.digest.update(chunk)
        self.frames += len(chunk) // BYTES_PER_FRAME


def _listened(path: Path, offset: float, watch: Callable[[int], None]) -> tuple[_Pcm, Child, Sound]:
    """Go through a file: its samples as they are, and how they sound without *offset*. Raises MediaError."""
    graph = f"[0:a:0]{_MONO_48K},asplit=2[sound][plain];[plain]aformat=sample_fmts=s16[counted];[sound]"
    pcm = _Pcm()
    with _measured(path, f"{graph}{_without(offset)},", "-map", "[counted]", *_RAW_PIPE) as (child, report):
        while chunk := child.read():
            pcm.take(chunk)
            watch(pcm.frames)
    _refuse_failed(path, child, pcm.frames)
    return pcm, child, report.sound(pcm.frames)


def _without(offset: float) -> str:
    """The high-pass removes an offset, but begins with a thump of its height: a large one is subtracted before."""
    return f"aeval=val(0)-({offset:.6f}),aformat=channel_layouts=mono,{_HIGH_PASS}" if offset else _HIGH_PASS


@contextmanager
def _measured(path: Path, graph: str, *outputs: str) -> Iterator[tuple[Child, SoundReport]]:
    """A limited child whose *graph* ends with what is to be measured; the report is whole when the context is left."""
    report = SoundReport()
    receive, send = os.pipe()
    with os.fdopen(receive, encoding="ascii", errors="replace") as lines:
        listener = threading.Thread(target=report.hear, args=(lines,), name="sound-report", daemon=True)
        listener.start()
        command = [*_FFMPEG, "-t", str(MAX_HOURS * 3_600), *_input_options(path)]
        command += ["-filter_complex", graph + _SAYING.format(send), *outputs]
        try:
            with os.fdopen(send, "wb") as sender, _running(command, WALL_SECONDS, send) as child:
                sender.close()  # the child alone holds it: the report ends when the child does
                yield child, report
        finally:
            listener.join()


@contextmanager
def _running(command: list[str], wall_s: float | None = None, inherited: int | None = None) -> Iterator[Child]:
    """Start a child; limited in memory, and in all it can use up if it has *wall_s* seconds. Reaped when the context is
    left.

    It is given the time to end by itself after its last byte was read; on an exception it is killed. *inherited*: a
    file descriptor that it keeps.
    """
    limits = _LIMITED if wall_s is not None else _LASTING
    with subprocess.Popen(
        [*_DIES_WITH_THREAD, *limits, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=() if inherited is None else (inherited,),
    ) as process:
        child = Child(process)
        listener = threading.Thread(target=child.listen, name="decoder-complaints", daemon=True)
        listener.start()
        alarm = threading.Timer(wall_s or 0.0, process.kill)
        if wall_s is not None:
            alarm.start()
        try:
            yield child
            process.wait()
        finally:
            alarm.cancel()
            process.kill()
            listener.join()


def _probe(path: Path) -> _Claim:
    """Ask the header for codec and length. Raises MediaError if there is no audio to speak of."""
    wanted = ("-show_entries", "format=format_name,duration:stream=codec_name", "-select_streams", "a:0", "-of", "json")
    with _running(["ffprobe", "-v", "error", *wanted, *_input_options(path)], PROBE_SECONDS) as child:
        answer = b"".join(iter(child.read, b""))
    if child.returncode:
        raise MediaError(_unreadable(path, child))
    found = json.loads(answer)
    if not found.get("streams"):
        raise MediaError(Problem(path.name, "no_audio", "Tệp không có phần âm thanh", "the file holds no sound"))
    codec = found["streams"][0].get("codec_name", "?")
    container, seconds = found["format"].get("format_name", "?"), found["format"].get("duration")
    claimed_s = float(seconds) * _riff_excess(path) if seconds else None
    exact_s = claimed_s if container in EXACT_CONTAINERS else stated_seconds(path) if container == "mp3" else None
    return _Claim(codec, claimed_s, exact_s)


def _riff_excess(path: Path) -> float:
    """How many times as long as it is a WAV says it is: ffprobe believes the file's size instead. 1 for the others."""
    with path.open("rb") as file:
        head = file.read(8)
    stated = int.from_bytes(head[4:8], "little") + 8
    truncated = head[:4] == b"RIFF" and stated < 0xFFFF_FFFF  # a recorder that was streaming states the most it can
    return max(1.0, stated / path.stat().st_size) if truncated else 1.0


# -- reasons --------------------------------------------------------------------------------------------------------


def refuse_odd_files(path: Path) -> None:
    """Raise MediaError for what is missing, locked, empty, or no regular file (opening a pipe would wait for ever)."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise MediaError(Problem(path.name, "not_a_file", "Đây không phải là một tệp", "this is no regular file"))
        path.open("rb").close()
    except FileNotFoundError:
        raise MediaError(Problem(path.name, "missing", "Không tìm thấy tệp", "there is no such file")) from None
    except OSError as error:
        why_vi, why = reason(error)
        vi, en = f"Không mở được tệp ({why_vi})", f"the file cannot be opened ({why})"
        raise MediaError(Problem(path.name, "unreadable", vi, en)) from error
    if not status.st_size:
        vi, en = "Tệp rỗng (0 byte): hãy chép lại tệp", "the file is empty (0 bytes): copy it again"
        raise MediaError(Problem(path.name, "empty", vi, en))


def _unreadable(path: Path, child: Child) -> Problem:
    if any("moov atom not found" in line for line in child.complaints):
        return Problem(
            path.name,
            "truncated",
            "Tệp bị cắt cụt, thiếu phần mục lục ở cuối: hãy chép lại tệp",
            "the file is cut off, its index at the end is missing: copy it again",
        )
    return Problem(
        path.name,
        "not_audio",
        "Không phải tệp âm thanh đọc được (có thể là tệp hỏng, hoặc loại tệp khác bị đổi tên)",
        "not a readable audio file (broken, or another kind of file with a changed name)",
    )


def _refuse_failed(path: Path, child: Child, frames: int) -> None:
    if any(os.strerror(errno.ENOSPC) in line for line in child.complaints):
        raise MediaError(Problem(path.name, "no_space", "Thẻ nhớ đã đầy", "the disk is full"))
    if child.returncode < 0 or child.returncode > 128:
        raise MediaError(
            Problem(
                path.name,
                "too_costly",
                "Tệp đòi hỏi quá nhiều thời gian hoặc bộ nhớ để giải mã",
                "decoding the file takes too much time or memory",
            )
        )
    if frames >= MAX_HOURS * 3_600 * RATE_HZ:
        raise MediaError(
            Problem(path.name, "too_long", f"Tệp dài quá {MAX_HOURS} giờ", f"the file is longer than {MAX_HOURS} hours")
        )
    if child.returncode or frames < MIN_FRAMES:
        raise MediaError(_unreadable(path, child))


def _damage(path: Path, claim: _Claim, frames: int, complained: bool) -> tuple[Problem, ...]:
    """The warning for a file of which a part is missing or broken."""
    seconds = frames / RATE_HZ
    claimed = claim.exact_s
    if not complained and (claimed is None or claimed - seconds < 0.5):
        return ()
    vi, en = (f" trên {claimed:.1f}", f" of {claimed:.1f}") if claimed and claimed - seconds >= 0.1 else ("", "")
    return (
        Problem(
            path.name,
            "damaged",
            f"Tệp bị hỏng một phần: giải mã được {seconds:.1f}{vi} giây",
            f"the file is partly damaged: {seconds:.1f}{en} seconds could be decoded",
        ),
    )
