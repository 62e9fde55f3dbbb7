"""The bookmark never passes what the collector has; the window sends everything at last."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.outbox import WINDOW_MESSAGES, Bookmark, Receipt, Window


@pytest.mark.parametrize("arrival", list(itertools.permutations((1, 2, 3, 4))))
def test_the_bookmark_is_the_highest_receipt_in_whatever_order_they_come(arrival):
    bookmark = Bookmark("a1")
    for n, upto in enumerate(arrival, 1):
        bookmark = bookmark.confirm(Receipt("a1", upto), 10).confirm(Receipt("a1", upto), 10)
        assert bookmark.upto == max(arrival[:n])


def test_a_gap_that_many_receipts_of_a_flight_name_is_sent_once_more():
    window = Window(0, 0)
    for seq in range(1, 11):
        window = window.sent_upto(seq, 0.0)
    window = window.received(2, [(3, 4)], 1.0)
    assert (window.confirmed, window.sent) == (2, 2)
    window = window.sent_upto(10, 1.0)
    assert window.received(2, [(3, 5)], 1.1) == window.received(2, [(3, 6)], 1.2) == window


def test_what_the_collector_confirmed_and_lost_is_sent_again():
    window = Window(50, 50).sent_upto(55, 0.0).received(0, [(1, 50)], 1.0)
    assert (window.confirmed, window.sent, window.waiting_since_s) == (0, 0, None)
    assert window.sent_upto(55, 1.0).received(55, [], 2.0) == Window(55, 55)


def test_what_one_of_two_collectors_lost_is_sent_again_though_the_other_has_it():
    window = Window(50, 50).sent_upto(55, 0.0).received(0, [(1, 55)], 1.0).received(55, [], 1.0)
    assert (window.confirmed, window.sent) == (55, 0)
    assert window.sent_upto(55, 1.0).received(55, [], 2.0) == Window(55, 55)


@given(st.integers(1, 60), st.data())
def test_a_link_that_loses_anything_any_time_still_delivers_everything(count, data):
    """Messages of one entry; each may be lost, each receipt too; time-outs send again."""
    window, collected, now = Window(0, 0), set(), 0.0
    for _ in range(2_000):
        if len(collected) == count and window.confirmed == count:
            break
        while window.room > 0 and window.sent < count:
            seq = window.sent + 1
            window = window.sent_upto(seq, now)
            if data.draw(st.booleans(), label="arrives") or now > 50:
                collected.add(seq)
        now += 1
        upto = next(n for n in range(count + 1) if n + 1 not in collected)
        missing = [(n, n) for n in range(upto + 1, max(collected, default=0)) if n not in collected]
        if collected and (data.draw(st.booleans(), label="receipt") or now > 50):
            window = window.received(upto, missing, now)
        if window.late(now, 5):
            window = window.again()
        assert window.confirmed <= upto
        assert len(window.open_messages) <= WINDOW_MESSAGES
    assert (window.confirmed, len(collected)) == (count, count)
