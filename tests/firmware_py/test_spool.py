"""Requests: dropped whole, taken in order, harmless when repeated, set aside when they are none."""

import queue
import time
from datetime import UTC, datetime, timedelta

import pytest

from firmware_py import spool
from firmware_py.folder_watch import FolderWatch

NOON = datetime(2026, 11, 23, 5, tzinfo=UTC)


def test_requests_come_in_the_order_they_were_made_whoever_made_them(tmp_path):
    for n, writer in enumerate(("cli", "console", "cli")):
        spool.drop(tmp_path, writer, "stop", f"người {n}", NOON + timedelta(seconds=n), why="bão")
    taken = [request for _, request in spool.pending(tmp_path)]
    assert [request.by for request in taken] == ["người 0", "người 1", "người 2"]
    assert taken[0].body["why"] == "bão"


def test_a_request_stays_until_it_is_done(tmp_path):
    spool.drop(tmp_path, "cli", "resume", "A", NOON)
    (path, _), *_ = spool.pending(tmp_path)
    assert list(spool.pending(tmp_path))
    spool.done(path)
    assert list(spool.pending(tmp_path)) == []


def test_what_is_no_request_is_set_aside_and_kept(tmp_path):
    folder = tmp_path / "console"
    folder.mkdir()
    (folder / "1.json").write_text("{half", encoding="utf-8")
    (folder / "2.json").write_text('["a list"]', encoding="utf-8")
    (folder / "4.json").write_text("[" * 100_000, encoding="utf-8")
    (folder / ".3.json").write_text('{"being": "written"}', encoding="utf-8")
    found = list(spool.pending(tmp_path))
    assert [request for _, request in found] == [None, None, None]
    for path, _ in found:
        spool.set_aside(path)
    assert list(spool.pending(tmp_path)) == []
    assert sorted(path.name for path in folder.iterdir()) == [".3.json", "1.refused", "2.refused", "4.refused"]


def test_each_try_is_counted_in_the_requests_name_and_changes_neither_it_nor_its_place(tmp_path):
    for n in range(2):
        spool.drop(tmp_path, "cli", "stop", f"người {n}", NOON + timedelta(seconds=n))
    for tries in (1, 2, 3, 4):
        (path, request), (_, other) = spool.pending(tmp_path)
        assert (request.by, request.tries, other.tries) == ("người 0", tries, 1)
        path = spool.count_try(path)
    spool.set_aside(path)
    assert path.with_name(path.name.replace("~4.json", ".refused")).exists()
    ((_, other),) = spool.pending(tmp_path)
    assert other.by == "người 1"


def test_a_disk_that_lets_nothing_go_ends_nobody(tmp_path):
    (tmp_path / "cli").mkdir()
    stubborn = tmp_path / "cli" / "1.json"
    stubborn.mkdir()
    spool.done(stubborn)
    assert spool.count_try(tmp_path / "cli" / "2.json") == tmp_path / "cli" / "2.json"
    assert stubborn.exists()


def test_whoever_watches_is_told_of_a_request_at_once_and_of_the_next(tmp_path):
    told = queue.Queue()
    spool.watch(tmp_path, lambda: told.put(time.monotonic()))
    for writer in spool.WRITERS:
        time.sleep(0.1)
        dropped = time.monotonic()
        spool.drop(tmp_path, writer, "resume", "A", NOON)
        assert told.get(timeout=5) - dropped < 2


def test_a_folder_that_is_not_there_cannot_be_watched_and_one_in_which_nothing_happens_says_nothing(tmp_path):
    with pytest.raises(FileNotFoundError), FolderWatch([tmp_path / "away"]):
        pass
    with FolderWatch([tmp_path]) as watch:
        assert not watch.wait(0.05)
