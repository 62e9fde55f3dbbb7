"""A station's very first programme, which nothing was learnt from before: a tune or a few words of five to ten seconds.

What of it is booked on air, though all of it is: through each kind of channel, live, a capture's block at a time.
"""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from audio.format import BLOCK_FRAMES
from audio.match import Matcher, Settings, merged
from audio.segments import State
from bench.measure import FM, HORN, RATE, claimed_by_chromaprint
from bench.recordings import Channel, Recording, Samples, as_int16, record, resample, speech, write_wav
from bench.rows import Row, progress, row
from firmware_py.demo.samples import music

SEED = 11_001
EACH, EACH_QUICK = 16, 4
SILENCE_S = (2.0, 6.0)  # before it
LENGTHS_S = (5, 6, 8, 10)
NOTES_PER_S = (1.5, 2.0, 3.0, 5.0)
AFTER_S = 4
CHANNELS = {
    "line": Channel(),
    "FM 20 dB": Channel(20, FM),
    "FM 10 dB": Channel(10, FM),
    "horn, RT60 0.35 s, 20 dB": Channel(20, HORN, reverb_s=0.35, direct_db=3),
    "horn, RT60 0.8 s, 10 dB": Channel(10, HORN, reverb_s=0.8),
}


def rows(quick: bool = False) -> list[Row]:
    """A row a channel and kind of sound. ``quick``: four recordings each."""
    made: list[Row] = []
    for name, channel in CHANNELS.items():
        progress(f"cold: {name}")
        for kind in ("tunes", "words"):
            made += _rows_of(f"{name}, {kind}", list(_recordings(channel, kind, EACH_QUICK if quick else EACH)))
    return made


def _rows_of(what: str, found: Sequence[tuple[Recording, float, float]]) -> list[Row]:
    missing = [100 - _on_air_percent(*one) for one in found]
    peer = None
    if shutil.which("fpcalc"):
        peer = "chromaprint", float(np.mean([100 - _chromaprint_percent(*one) for one in found]))
    return [
        row("cold", f"{what}: not booked on air, mean", float(np.mean(missing)), "%", peer=peer, runs=len(found)),
        row("cold", f"{what}: at worst", max(missing), "%", runs=len(found)),
    ]


def _recordings(channel: Channel, kind: str, count: int) -> Iterator[tuple[Recording, float, float]]:
    """Each with the second in which the programme begins, and that in which it ends."""
    for n in range(count):
        chance = np.random.default_rng([SEED, n])
        sound = _sound(kind, LENGTHS_S[n % len(LENGTHS_S)], SEED + n, NOTES_PER_S[n // 4 % len(NOTES_PER_S)])
        begins = int(chance.uniform(*SILENCE_S) * RATE)
        sent = np.concatenate([np.zeros(begins), sound, np.zeros(AFTER_S * RATE)]).astype(np.float32)
        yield record("cold", sent, channel, (), SEED + n, RATE), begins / RATE, (begins + len(sound)) / RATE


def _sound(kind: str, seconds: int, seed: int, notes_per_s: float) -> Samples:
    if kind == "words":
        return speech(seconds, seed)[: seconds * RATE]
    return resample(music(seconds, seed, notes_per_s) / 4, 48_000, RATE)[: seconds * RATE]


def _on_air_percent(recording: Recording, begins_s: float, ends_s: float) -> float:
    sent, heard = (as_int16(resample(s, recording.rate, 48_000)) for s in (recording.sent, recording.heard))
    matcher, segments = Matcher(settings=Settings(earliest_ms=-100.0)), []
    for at in range(0, len(sent), BLOCK_FRAMES):
        matcher.push_sent(sent[at : at + BLOCK_FRAMES], begins_s * 48_000 - BLOCK_FRAMES < at < ends_s * 48_000)
        matcher.push_heard(heard[at : at + BLOCK_FRAMES])
        segments += matcher.step()
    low, high = begins_s * 48_000, ends_s * 48_000
    on_air = (s for s in merged(segments + matcher.finish()) if s.state is State.ON_AIR)
    return 100 * sum(max(0, min(s.to_frame, high) - max(s.from_frame, low)) for s in on_air) / (high - low)


def _chromaprint_percent(recording: Recording, begins_s: float, ends_s: float) -> float:
    with tempfile.TemporaryDirectory() as folder:
        sent = write_wav(Path(folder, "sent.wav"), recording.sent, recording.rate)
        heard = write_wav(Path(folder, "heard.wav"), recording.heard, recording.rate)
        claimed = claimed_by_chromaprint(recording, heard, sent)
    return 100 * float(claimed[round(begins_s * 1_000) : round(ends_s * 1_000)].mean())
