"""The door of PyAudio, on a real sound server; names and channel counts on values."""

import subprocess
import sys
import time
from array import array
from contextlib import closing
from functools import partial

import pytest

from audio.card import (
    CardError,
    Device,
    averaged,
    duplicated,
    find_device,
    list_devices,
    open_input,
    open_output,
)
from audio.format import BLOCK_BYTES, BLOCK_FRAMES, RATE_HZ
from audio.placement import Placements, server_address
from firmware_py.demo.soundserver import MonitorRecorder, SoundServer

DEVICES = [
    Device("USB Audio Device: - (hw:1,0)", 1, 2),
    Device("USB Receiver: - (hw:2,0)", 2, 0),
    Device("air1", 32, 32),
    Device("air10", 32, 32),
]


def repeat(times, act, *arguments):
    for _ in range(times):
        act(*arguments)


@pytest.mark.parametrize(
    ("name", "output", "index"),
    [("air1", True, 2), ("air10", True, 3), ("usb audio", True, 0), ("receiver", False, 1), ("USB", True, 0)],
)
def test_a_device_is_found_by_its_name_or_the_only_one_that_contains_it(name, output, index):
    assert find_device(DEVICES, name, output) == index


@pytest.mark.parametrize(
    ("name", "output", "words"),
    [
        ("air", True, "output 'air' is not unique"),
        ("receiver", True, "output 'receiver' does not exist"),
        ("USB", False, "input 'USB' is not unique"),
        ("piano", True, "there are: 'USB Audio Device: - (hw:1,0)', 'air1', 'air10'"),
    ],
)
def test_a_wrong_name_is_refused_with_the_names_there_are(name, output, words):
    with pytest.raises(CardError) as caught:
        find_device(DEVICES, name, output)
    assert words in str(caught.value)


def test_a_stereo_card_gets_mono_twice_and_gives_the_mean():
    mono = array("h", [-32_768, -1, 0, 5, 32_767]).tobytes()
    assert array("h", duplicated(mono)).tolist() == [-32_768, -32_768, -1, -1, 0, 0, 5, 5, 32_767, 32_767]
    assert averaged(duplicated(mono)) == mono
    assert array("h", averaged(array("h", [100, 50, -3, -4]).tobytes())).tolist() == [75, -4]


def test_the_servers_devices_are_listed_by_name(sound):
    assert {"air1", "mon1", "air2", "mon2"} <= {device.name for device in list_devices()}


def test_an_unknown_device_is_a_card_error(sound):
    with pytest.raises(CardError, match=r"there are: .*'air1'"):
        open_output("hw:7")
    with pytest.raises(CardError, match="input 'micro' does not exist"):
        open_input("micro")


def test_the_delay_of_a_card_is_its_whole_buffer_or_what_the_configuration_says(sound):
    card = open_output("air1")
    assert card.latency_ns == pytest.approx(256e6, abs=1e6)
    card.close()
    card = open_output("air1", delay_ns=12_345)
    assert card.latency_ns == 12_345
    card.close()


def test_writes_are_paced_by_the_card(sound):
    card = open_output("air1")
    for _ in range(8):  # the buffer, and a sink that wakes up
        card.write(bytes(BLOCK_BYTES))
    began = time.monotonic()
    for _ in range(12):
        card.write(bytes(BLOCK_BYTES))
    assert time.monotonic() - began == pytest.approx(12 * BLOCK_FRAMES / RATE_HZ, rel=0.2)
    card.close()


def test_a_server_that_dies_is_a_card_error_on_both_sides_and_both_reopen_after_its_restart(sound):
    output, source = open_output("air1"), open_input("mon1")
    output.write(bytes(BLOCK_BYTES))
    assert len(source.read()) == BLOCK_BYTES
    sound.kill()
    with pytest.raises(CardError):
        repeat(20, output.write, bytes(BLOCK_BYTES))
    with pytest.raises(CardError):
        repeat(20, source.read)
    output.close()
    source.close()
    with pytest.raises(CardError):
        open_output("air1")
    sound.start()
    output, source = open_output("air1"), open_input("mon1")
    for _ in range(5):
        output.write(bytes(BLOCK_BYTES))
        assert len(source.read()) == BLOCK_BYTES
    output.close()
    source.close()


def test_opening_is_silent_on_standard_error(sound):
    code = "from audio.card import list_devices; print(len(list_devices()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) >= 5
    assert done.stderr == ""


# -- the sound server itself ------------------------------------------------------------------------------------------


def test_a_muted_sink_is_silent_and_an_unmuted_one_is_heard(sound, tmp_path):
    tone = array("h", [8_000, -8_000] * RATE_HZ)
    card = open_output("air2")
    levels = []
    for muted in (True, False):
        sound.mute("air2", muted)
        recorder = MonitorRecorder(sound, "air2")
        for _ in range(24):
            card.write(tone[:BLOCK_FRAMES].tobytes())
        pcm, marks = recorder.finish()
        assert marks[-1][0] * 2 == len(pcm)
        levels.append(max(array("h", pcm)[RATE_HZ // 2 :], default=0))
    card.close()
    assert levels == [0, 8_000]


def test_streams_are_moved_to_another_sink_and_keep_alives_stay(sound):
    card = open_output("air1")
    card.write(bytes(BLOCK_BYTES))
    assert len(sound.streams_on("air1")) == 1
    assert sound.move_streams("air1", "air2") == 1
    assert (len(sound.streams_on("air1")), len(sound.streams_on("air2"))) == (0, 1)
    card.close()


@pytest.mark.parametrize(("output", "name", "elsewhere"), [(True, "air1", "air2"), (False, "mon1", "air2.monitor")])
def test_a_stream_that_the_server_moves_is_a_lost_card(sound, output, name, elsewhere):
    card = open_output(name) if output else open_input(name)
    turn = partial(card.write, bytes(BLOCK_BYTES)) if output else card.read
    repeat(4, turn)
    what, move = ("sink-inputs", "sink-input") if output else ("source-outputs", "source-output")
    ours = sound.pactl("list", "short", what).splitlines()[-1].split("\t")[0]
    sound.pactl(f"move-{move}", ours, elsewhere)
    with pytest.raises(CardError, match=f"moved the stream to '{elsewhere}'"):
        repeat(24, turn)  # 2 s
    card.close()
    with open_again(name, output) as again:
        repeat(12, partial(again.write, bytes(BLOCK_BYTES)) if output else again.read)


def open_again(name, output):
    return closing(open_output(name) if output else open_input(name))


def test_without_a_sound_server_nobody_is_asked(tmp_path):
    assert server_address({}) is None
    assert server_address({"PULSE_SERVER": "unix:/x"}) == "unix:/x"
    assert server_address({"XDG_RUNTIME_DIR": str(tmp_path)}) is None
    assert Placements(None).watch(True, Placements(None).streams(True)) is None
    assert Placements(f"unix:{tmp_path}/native").streams(True) == frozenset()


def test_an_unloaded_sink_is_gone_until_it_is_loaded_again(sound):
    sound.unload_sink("air2")
    assert "air2" not in sound.pactl("list", "short", "sinks")
    sound.reload_sink("air2")
    assert "air2" in sound.pactl("list", "short", "sinks")


def test_the_server_dies_with_the_program_that_started_it(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from firmware_py.demo.soundserver import SoundServer\n"
        "server = SoundServer(Path(sys.argv[1]), ['air1']); server.start()\n"
        "print(server._server.pid, *[k.pid for k in server._keepers], flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "s")], stdout=subprocess.PIPE) as child:
        pids = child.stdout.readline().split()
        child.kill()
    deadline = time.monotonic() + 5
    while any(_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(pids) == 2
    assert not any(_alive(pid) for pid in pids)


def _alive(pid):
    try:
        with open(f"/proc/{int(pid)}/stat", encoding="utf-8") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_two_servers_do_not_hear_each_other(sound, tmp_path):
    with SoundServer(tmp_path / "other", ["air9"]) as other:
        assert "air9" in other.pactl("list", "short", "sinks")
        assert "air1" not in other.pactl("list", "short", "sinks")
        assert SoundServer.monitor_device("air9") == "mon9"
    assert not other.running
