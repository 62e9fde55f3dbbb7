"""The audio ring never shows a torn block, tells what was lost, and outlives its writer."""

import random
import subprocess
import sys
import time
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.format import BLOCK_BYTES, BLOCK_FRAMES
from audio.ring import SLOTS, Batch, RingError, RingReader, RingWriter


def block_of(number):
    """A block whose every sample tells its number."""
    return array("h", [number % 32_768] * BLOCK_FRAMES).tobytes()


def put_some(writer, numbers):
    for n in numbers:
        writer.put(block_of(n), n * BLOCK_FRAMES, n * 1_000, f"tin-{n}")


def is_whole(block):
    number = block.first_frame // BLOCK_FRAMES
    return block.pcm == block_of(number) and block.sink_ns == number * 1_000 and block.occurrence_id == f"tin-{number}"


def test_what_is_put_is_read_with_all_its_fields(tmp_path):
    writer = RingWriter(tmp_path / "ring", boot=7)
    writer.put(block_of(5), 123, -456, "bản-tin-sáng")
    (block,) = RingReader(tmp_path / "ring").read_from(1).blocks
    assert (block.seq, block.epoch, block.boot, block.first_frame, block.sink_ns) == (1, 1, 7, 123, -456)
    assert block.occurrence_id == "bản-tin-sáng"
    assert block.pcm == block_of(5)


@pytest.mark.parametrize(("length", "name"), [(BLOCK_BYTES - 2, "a"), (BLOCK_BYTES, "ấ" * 54)])
def test_a_block_that_does_not_fit_is_refused(tmp_path, length, name):
    with pytest.raises(ValueError, match="does not fit"):
        RingWriter(tmp_path / "ring", 1).put(bytes(length), 0, 0, name)


@settings(max_examples=15, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 500), st.integers(1, 800)), min_size=1, max_size=6))
def test_a_reader_gets_every_block_in_order_or_is_told_how_many_it_lost(tmp_path_factory, steps):
    path = tmp_path_factory.mktemp("ring") / "ring"
    writer, written, expected_next = RingWriter(path, 1), 0, 1
    reader = RingReader(path)
    for puts, limit in steps:
        put_some(writer, range(written, written + puts))
        written += puts
        batch = reader.read_from(expected_next, limit)
        assert all(map(is_whole, batch.blocks))
        assert batch.next_seq - expected_next == len(batch.blocks) + batch.lost
        assert [b.seq for b in batch.blocks] == list(range(batch.next_seq - len(batch.blocks), batch.next_seq))
        assert not batch.lost or written - expected_next >= SLOTS - 2
        expected_next = batch.next_seq


def test_a_restarted_writer_goes_on_in_a_new_epoch_and_knows_what_sounded_last(tmp_path):
    first = RingWriter(tmp_path / "ring", 1)
    put_some(first, range(10))
    assert first.last_block() is None
    first.close()
    second = RingWriter(tmp_path / "ring", 1)
    assert second.last_block().first_frame == 9 * BLOCK_FRAMES
    put_some(second, [77])
    batch = RingReader(tmp_path / "ring").read_from(1)
    assert [b.epoch for b in batch.blocks] == [1] * 10 + [2]
    assert [b.seq for b in batch.blocks] == list(range(1, 12))


def test_a_replaced_file_is_noticed_and_read_from_its_start(tmp_path):
    path = tmp_path / "ring"
    put_some(RingWriter(path, 1), range(20))
    reader = RingReader(path)
    assert reader.read_from(1).next_seq == 21
    path.unlink()
    assert reader.read_from(21).blocks == []
    put_some(RingWriter(path, 1), range(30, 33))
    batch = reader.read_from(21)
    assert batch.replaced
    assert [b.first_frame // BLOCK_FRAMES for b in batch.blocks] == [30, 31, 32]
    assert batch.lost == 0
    assert not reader.read_from(batch.next_seq).replaced


@pytest.mark.parametrize("content", [b"", b"x" * 100, b"SRRING0\n" + bytes(8_000_000)])
def test_a_file_of_another_format_is_no_news_to_readers_and_replaced_by_a_writer(tmp_path, content):
    path = tmp_path / "ring"
    path.write_bytes(content)
    reader = RingReader(path)
    assert reader.read_from(1) == Batch([], 0, 1)
    put_some(RingWriter(path, 1), [1])
    assert len(reader.read_from(1).blocks) == 1


def test_a_reader_may_be_there_before_the_ring(tmp_path):
    reader = RingReader(tmp_path / "ring")
    assert reader.read_from(0) == Batch([], 0, 0)
    put_some(RingWriter(tmp_path / "ring", 1), [1, 2])
    batch = reader.read_from(0)
    assert (len(batch.blocks), batch.lost, batch.next_seq) == (2, 0, 3)


def test_a_missing_folder_is_the_worlds_fault(tmp_path):
    with pytest.raises(RingError):
        RingWriter(tmp_path / "nowhere" / "ring", 1)


@settings(max_examples=60, deadline=None)
@given(offset=st.integers(0, 8_400), flip=st.integers(1, 255))
def test_any_changed_byte_of_a_block_costs_that_block_only(tmp_path_factory, offset, flip):
    path = tmp_path_factory.mktemp("ring") / "ring"
    put_some(RingWriter(path, 1), range(3))
    slot = (path.stat().st_size - 4_096) // SLOTS
    with path.open("r+b") as file:
        at = 4_096 + 2 * slot + offset % slot
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ flip]))
    batch = RingReader(path).read_from(1)
    assert all(map(is_whole, batch.blocks))
    assert {1, 3} <= {b.seq for b in batch.blocks}
    assert len(batch.blocks) + batch.lost == 3


WRITE_FOR_EVER = """
import sys
from pathlib import Path
from audio.ring import RingWriter
from tests.audio.test_ring import put_some
writer, n = RingWriter(Path(sys.argv[1]), 1), int(sys.argv[2])
print("writing", flush=True)
while True:
    put_some(writer, [n])
    n += 1
"""


def test_a_writer_killed_at_any_instant_leaves_only_whole_blocks_and_can_be_followed(tmp_path):
    path, dice = tmp_path / "ring", random.Random(4)
    RingWriter(path, 1).close()
    reader, next_seq, seen = RingReader(path), 1, 0
    for life in range(20):
        command = [sys.executable, "-c", WRITE_FOR_EVER, str(path), str(1_000_000 * life)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            child.stdout.readline()
            deadline = time.monotonic() + 0.03 * dice.random()
            while time.monotonic() < deadline:
                batch = reader.read_from(next_seq)
                assert all(map(is_whole, batch.blocks))
                next_seq, seen = batch.next_seq, seen + len(batch.blocks)
            child.kill()
        batch = reader.read_from(next_seq)
        assert all(map(is_whole, batch.blocks))
        next_seq = batch.next_seq
    assert seen > 100
    last = RingWriter(path, 1).last_block()
    assert is_whole(last)
    assert last.seq >= next_seq - 1
