"""New programme files are taken in without anybody loading anything."""

import os
import wave
from pathlib import Path

import pytest

from audio.library import ingest, read_index, unchanged_stamps
from firmware_py.library_keeper import LibraryKeeper


class Folders:
    """A media folder, a library, and the keeper between them; ``taken`` is what it has tried."""

    def __init__(self, folder):
        self.media, self.library, self.taken = folder / "media", folder / "library", []
        self.media.mkdir()
        self.start_console()

    def start_console(self):
        self.keeper = LibraryKeeper(self.media, self.take, unchanged_stamps(self.library))

    def take(self, path, stamp):
        self.taken.append(path.name)
        return ingest(path, self.library, settled=stamp)

    def look_twice(self):
        self.keeper.look()
        self.keeper.look()

    def put(self, name, seconds=1):
        with wave.open(str(self.media / name), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16_000)
            file.writeframes(bytes(range(1, 251)) * 2 * 64 * seconds)


def bytes_read():
    """By this process so far, its children not counted."""
    return int(Path("/proc/self/io").read_text(encoding="ascii").split()[1])


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


def test_what_has_not_changed_since_it_was_read_is_not_read_again_when_the_console_starts(folders):
    folders.put("sang.wav")
    folders.look_twice()
    entry = read_index(folders.library)["sang.wav"]
    folders.start_console()
    folders.look_twice()
    assert folders.taken == ["sang.wav"]
    entry.path_in(folders.library).unlink()
    folders.start_console()
    folders.look_twice()
    assert folders.taken == ["sang.wav", "sang.wav"]
    assert entry.path_in(folders.library).is_file()


def test_what_has_changed_is_read_again_though_its_size_and_its_time_are_as_before(folders):
    path = folders.media / "sang.wav"
    folders.put("sang.wav")
    folders.look_twice()
    before, status = read_index(folders.library)["sang.wav"], path.stat()
    with path.open("r+b") as file:
        file.seek(-100, os.SEEK_END)
        file.write(bytes(100))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    folders.start_console()
    folders.look_twice()
    after = read_index(folders.library)["sang.wav"]
    assert (after.stamp.size, after.stamp.mtime_ns) == (before.stamp.size, before.stamp.mtime_ns)
    assert after.pcm_digest != before.pcm_digest


def test_two_files_of_the_same_content_are_known_by_a_stamp_each(folders):
    folders.put("sang.wav")
    folders.put("trua.wav")
    folders.look_twice()
    folders.start_console()
    folders.look_twice()
    assert folders.taken == ["sang.wav", "trua.wav"]


def test_a_file_that_is_loaded_while_it_may_still_change_is_not_known_by_its_stamp(folders):
    folders.put("sang.wav")
    assert ingest(folders.media / "sang.wav", folders.library).stamp is None
    folders.look_twice()
    assert read_index(folders.library)["sang.wav"].stamp is not None


def test_what_the_keeper_has_read_is_not_read_again_to_load_the_week(folders):
    folders.put("sang.wav", 60)
    path = folders.media / "sang.wav"
    folders.look_twice()
    kept, before = read_index(folders.library)["sang.wav"], bytes_read()
    assert ingest(path, folders.library) == kept
    assert bytes_read() - before < path.stat().st_size / 10
