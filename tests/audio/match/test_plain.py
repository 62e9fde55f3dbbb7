"""What was plainly on air when it came is not looked at again, and nothing but that is taken as it was."""

import numpy as np
import pytest

from audio.match import judge
from audio.match.channel import Channel as Path
from audio.match.evidence import Evidence
from audio.match.plain import STEP, Plain, is_plain
from tests.audio.match.helpers import Channel, Fault, heard_through, in_state_ms, matched, on_air_ms

LOOKS = 16
TICK = LOOKS * STEP


def seen(first: int = 0, llr: float = 2.0) -> Evidence:
    """Looks numbered in their heard power."""
    figures = np.ones(LOOKS, np.float32)
    return Evidence(figures * llr, figures, figures, figures, first + np.arange(LOOKS, dtype=np.float32), figures)


def filled(*starts: int, track: int = 1) -> Plain:
    plain = Plain()
    for start in starts:
        plain.add(start, start + TICK, track, seen(start // STEP))
    return plain


def test_looks_come_back_across_the_ticks_they_were_kept_in():
    found = filled(5 * STEP, 5 * STEP + TICK).seen(8 * STEP, 30 * STEP, 1)
    assert found is not None
    assert found.heard_power.tolist() == list(range(8, 30))


@pytest.mark.parametrize(
    ("start", "stop", "track"),
    [
        pytest.param(0, TICK, 2, id="along another track"),
        pytest.param(-STEP, TICK, 1, id="before what is known"),
        pytest.param(2 * TICK, 3 * TICK + STEP, 1, id="beyond it"),
        pytest.param(0, 3 * TICK, 1, id="over a hole"),
    ],
)
def test_what_was_not_plain_throughout_is_not_there(start, stop, track):
    plain = filled(0, 2 * TICK)
    assert plain.has(0, TICK, 1)
    assert not plain.has(start, stop, track)
    assert plain.seen(start, stop, track) is None


def test_nothing_is_kept_longer_than_an_account_waits():
    plain = filled(*range(0, 200 * TICK, TICK))
    assert not plain.has(0, TICK, 1)
    assert plain.has(150 * TICK, 200 * TICK, 1)


def test_what_speaks_against_and_what_is_louder_or_quieter_than_the_floor_is_not_plain():
    path, usual = Path(), np.zeros(LOOKS, np.float32)
    path.lowest = -1.0
    assert is_plain(seen(), usual, path)
    assert not is_plain(seen(llr=-0.2), usual, path)
    assert not is_plain(seen(), usual + np.float32(path.scatter + 0.1), path)
    assert not is_plain(seen(), usual - np.float32(2.1), path)


def test_the_account_is_that_of_looking_at_everything_twice(monkeypatch):
    faults = (Fault(22.0, 0.15, "silence"), Fault(26.0, 3.0, "voice"), Fault(33.0, 0.6, "hiss"))
    recording = heard_through(Channel(20, (60, 7_500), drift_ppm=40), faults)
    looked: list[int] = []
    look_back = judge.Judge.look_back

    def counted(self, track, judged):
        looked.append(len(judged))
        return look_back(self, track, judged)

    monkeypatch.setattr(judge.Judge, "look_back", counted)
    ours, looks = matched(recording), sum(looked)
    looked.clear()
    monkeypatch.setattr(Plain, "has", lambda *_: False)
    twice = matched(recording)
    assert looks < sum(looked) - 30  # of 64 blocks after the channel is grown
    assert on_air_ms(ours) == pytest.approx(on_air_ms(twice), abs=5)
    for state in ("foreign", "noise", "silence"):
        assert in_state_ms(ours, state) == pytest.approx(in_state_ms(twice, state), abs=5)
