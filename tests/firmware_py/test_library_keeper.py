"""New programme files are taken in without anybody loading anything."""

import wave

import pytest

from audio.library import ingest, read_index
from firmware_py.library_keeper import LibraryKeeper


class Folders:
    """A media folder, a library, and the keeper between them; ``taken`` is what it has tried."""

    def __init__(self, folder):
        self.media, self.library, self.taken = folder / "media", folder / "library", []
        self.media.mkdir()
        self.keeper = LibraryKeeper(self.media, self.take)

    def take(self, path):
        self.taken.append(path.name)
        return ingest(path, self.library)

    def put(self, name, seconds=1):
        with wave.open(str(self.media / name), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16_000)
            file.writeframes(bytes(range(1, 251)) * 2 * 64 * seconds)


@pytest.fixture
def folders(tmp_path):
    return Folders(tmp_path)


def test_a_file_is_taken_in_once_it_has_stopped_growing_and_again_when_it_changed(folders):
    folders.put("sang.wav")
    folders.keeper.look()
    assert folders.taken == []
    folders.put("sang.wav", 2)  # it was still being copied
    folders.keeper.look()
    assert folders.taken == []
    folders.keeper.look()
    folders.keeper.look()
    assert folders.taken == ["sang.wav"]
    first = read_index(folders.library)["sang.wav"]
    folders.put("sang.wav", 3)
    folders.keeper.look()
    folders.keeper.look()
    assert read_index(folders.library)["sang.wav"].frames > first.frames


def test_what_is_no_programme_is_told_once_and_harms_nothing(folders, caplog):
    (folders.media / "ghi-chu.txt").write_text("nhớ thu bản tin")
    (folders.media / ".sang.wav.part").write_text("…")
    (folders.media / "thu-muc").mkdir()
    for _ in range(4):
        folders.keeper.look()
    assert folders.taken == ["ghi-chu.txt"]
    assert "ghi-chu.txt" in caplog.text


def test_a_media_folder_that_is_away_for_a_while_is_no_trouble(folders):
    folders.put("sang.wav")
    folders.media.rename(folders.media.with_name("away"))
    folders.keeper.look()
    folders.media.with_name("away").rename(folders.media)
    folders.keeper.look()
    folders.keeper.look()
    assert folders.taken == ["sang.wav"]
