"""One private sound server for all tests of audio; nothing here touches the machine's own sound."""

import os

import pytest

from firmware_py.demo.soundserver import SoundServer


@pytest.fixture(scope="session")
def sound_server(tmp_path_factory):
    with SoundServer(tmp_path_factory.mktemp("sound")) as server:
        yield server


@pytest.fixture
def sound(sound_server, monkeypatch):
    """The server, running and reached by this process's PortAudio."""
    if not sound_server.running:
        sound_server.restart()
    for name, value in sound_server.env.items():
        monkeypatch.setenv(name, value)
    assert os.environ["ALSA_CONFIG_PATH"]
    return sound_server
