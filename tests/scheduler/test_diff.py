"""What a new plan changes: what has begun stays, the past is not rewritten."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from scheduler.diff import plan_change
from tests.scheduler.shell import at, occurrence
from tests.scheduler.test_agenda import plans

A, B, C = occurrence("05:00", 10, "a"), occurrence("06:00", 10, "b"), occurrence("07:00", 10, "c")


def test_the_same_sheet_again_changes_nothing():
    change = plan_change([A, B], [A, B], at("05:05"))
    assert change.is_empty
    assert change.plan == (A, B)


def test_added_withdrawn_changed_and_kept_are_told_apart():
    longer = replace(B, ends_at=at("06:20"))
    change = plan_change([A, B], [longer, C], at("04:00"))
    assert (change.added, change.withdrawn, change.changed, change.kept) == ((C,), (A,), (longer,), ())
    assert change.plan == (longer, C)


def test_what_has_begun_or_is_cued_stays_as_it_was_planned():
    other = replace(A, ends_at=at("05:02"))
    assert plan_change([A], [], at("05:05")).kept == (A,)
    assert plan_change([A], [other], at("05:05")).plan == (A,)
    assert plan_change([A], [], at("04:59:58"), begun={A.id}).plan == (A,)


def test_the_name_of_a_file_that_is_waited_for_may_be_corrected_in_its_slot_but_no_more_than_that():
    wrong = replace(A, source="sai.mp3")
    right = replace(A, source="dung.mp3", ends_at=at("05:20"))
    change = plan_change([wrong], [right], at("05:05"))
    assert change.plan == change.changed == (replace(A, source="dung.mp3"),)
    assert plan_change([wrong], [right], at("05:05"), begun={A.id}).kept == (wrong,)
    assert plan_change([wrong], [right], at("05:15")).kept == (wrong,)


def test_a_programme_in_progress_is_added_if_nothing_that_stays_wants_its_place():
    late, same_time = occurrence("05:01", 20, "late"), occurrence("04:00", 5, "past")
    assert plan_change([], [late, same_time], at("05:05")).added == (late,)
    assert plan_change([A], [late], at("05:05")).added == ()
    elsewhere = replace(A, zone="Thôn 1")
    assert plan_change([elsewhere], [replace(late, zone="Thôn 2")], at("05:05")).added[0].programme == "late"


@given(plans(), plans(), st.integers(0, 900), st.sets(st.sampled_from(["o0", "o1", "o2"])))
def test_every_occurrence_is_in_one_group_and_nothing_begun_is_lost(old, new, seconds, begun):
    now = at("05:00").replace(minute=seconds // 60, second=seconds % 60)
    change = plan_change(old, new, now, begun)
    ids = [o.id for o in change.plan]
    assert len(ids) == len(set(ids))
    assert all(o in change.plan for o in old if o.id in begun or o.starts_at <= now)
    assert {o.id for o in old} <= set(ids) | {o.id for o in change.withdrawn}
    assert not set(ids) & {o.id for o in change.withdrawn}
    assert all(o.ends_at > now for o in (*change.added, *change.changed))
    again = plan_change(change.plan, new, now, begun)
    assert again.is_empty
