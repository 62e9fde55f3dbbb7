"""A timetable that is written to a file reads back as the same timetable, or what differs is named."""

import tomllib
from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler import export
from scheduler.check import check
from scheduler.loaders import load
from scheduler.occurrence import BulletinClass, Kind
from scheduler.spoken.cells import excerpt
from scheduler.template import template_toml, write_template_xlsx
from scheduler.timetable import Item, Slot, Timetable, Weekdays, adopt, canonical_bytes
from tests.scheduler.test_conduct import conducts
from tests.scheduler.test_recurrence import explicit, holidays, lunar_days, recurrences

DAY = date(2026, 11, 23)
dates = st.integers(0, 400).map(lambda n: DAY + timedelta(days=n))
starts = st.times().map(lambda clock: clock.replace(microsecond=0))
LETTERS = "aăâbcdđeêghiklmnoôơpqrstuưvxyáàảãạếềểễệỐỒỔỖỘỲÝ 0123456789-,.:;/()'\"“”&=#"
any_text = st.text(alphabet=LETTERS, min_size=1, max_size=40).map(str.strip).filter(bool)
plain_words = st.sampled_from(["Bản tin sáng", "Thông báo của UBND xã", "Ca nhạc quê hương", "Nông nghiệp", "Lan"])


def slots(texts, when):
    item = st.builds(
        Item,
        title=texts,
        duration_ms=st.integers(1, 86_400).map(lambda s: s * 1_000),
        kind=st.sampled_from([kind for kind in Kind if kind is not Kind.FILLER]),
        bulletin_class=st.sampled_from([BulletinClass.NORMAL, BulletinClass.PRIORITY]),
        source=st.just("") | texts,
        field=st.just("") | texts,
        language=st.just("") | texts,
        author=st.just("") | texts,
        approver=st.just("") | texts,
        conduct=conducts,
    )
    relayed = st.tuples(item, st.sampled_from(["vov", "province", "other"])).map(
        lambda pair: replace(pair[0], origin=pair[1] if pair[0].kind is Kind.RELAY else None)
    )
    return st.builds(Slot, when, starts, relayed, st.just("all") | texts, st.just("") | texts)


def _alike(timetable: Timetable) -> Timetable:
    """As sheets are: by time (what goes back is the next day's), and all items have a session or none has."""
    timetable = replace(timetable, slots=tuple(sorted(timetable.slots, key=lambda slot: slot.starts)))
    if all(slot.session for slot in timetable.slots):
        return timetable
    return replace(timetable, slots=tuple(replace(slot, session="") for slot in timetable.slots))


def timetables(texts, titles):
    span = st.tuples(dates, st.integers(0, 60)).map(lambda s: (s[0], s[0] + timedelta(days=s[1])))
    ends = span | span.map(lambda s: (s[0], None)) | span.map(lambda s: (None, s[1])) | st.just((None, None))
    named = st.none() | st.one_of(explicit, lunar_days, holidays)
    whole = st.builds(Timetable, titles, st.lists(slots(texts, recurrences()), min_size=1, max_size=6).map(tuple))
    return st.builds(lambda one, s, on: replace(one, valid_from=s[0], valid_to=s[1], valid_on=on), whole, ends, named)


TITLES = st.sampled_from(["Lịch phát sóng tuần 47", "Buổi phát thanh mùa hè"])
sensible = timetables(plain_words, TITLES).map(_alike)
anything = timetables(any_text, any_text)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sensible)
def test_a_timetable_of_sensible_words_comes_back_equal_from_a_workbook(tmp_path, timetable):
    assert export.write_xlsx(timetable, tmp_path / "a.xlsx") == []
    loaded = load(tmp_path / "a.xlsx")
    assert loaded.errors == ()
    assert loaded.timetable == timetable


@settings(max_examples=200, deadline=None)
@given(sensible)
def test_a_timetable_of_sensible_words_comes_back_equal_from_toml(timetable):
    text, lost = export.to_toml(timetable)
    assert lost == []
    assert tomllib.loads(text)["title"] == timetable.title


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(anything)
def test_whatever_does_not_come_back_from_a_workbook_is_named(tmp_path, timetable):
    lost = export.write_xlsx(timetable, tmp_path / "a.xlsx")
    loaded = load(tmp_path / "a.xlsx")
    assert (loaded.timetable == timetable) == (lost == [])
    named = [
        slot for slot in timetable.slots if not any(f"“{excerpt(slot.item.title)}”" in problem.vi for problem in lost)
    ]
    assert set(named) <= set(loaded.readable.slots if loaded.readable else ())


@settings(max_examples=200, deadline=None)
@given(anything)
def test_any_timetable_can_be_written_as_toml(timetable):
    text, lost = export.to_toml(timetable)
    assert len(tomllib.loads(text)["slot"]) == len(timetable.slots)
    assert len(lost) <= len(timetable.slots) + 1


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"title": "Bản tin (PL)", "kind": Kind.OWN}, "Bản tin (PL)"),
        ({"duration_ms": 1_500}, "Bản tin"),
        ({"title": "=1+1"}, "=1+1"),
        ({"origin": "vov"}, "Bản tin"),
    ],
)
def test_an_item_that_the_form_cannot_say_is_named(tmp_path, change, named):
    item = replace(Item("Bản tin", 900_000), **change)
    timetable = Timetable("Lịch", (Slot(Weekdays(frozenset({0})), time(5), item),))
    (problem,) = export.write_xlsx(timetable, tmp_path / "a.xlsx")
    assert problem.code == "not_written_whole"
    assert named in problem.vi
    assert named in problem.en


def test_the_template_survives_being_loaded_exported_and_loaded(tmp_path):
    write_template_xlsx(tmp_path / "mau.xlsx")
    timetable = adopt(canonical_bytes(load(tmp_path / "mau.xlsx").timetable))
    assert export.write_xlsx(timetable, tmp_path / "again.xlsx") == []
    again = load(tmp_path / "again.xlsx")
    assert again.timetable == timetable
    assert (again.warnings, check(again.timetable).errors) == ((), ())
    (tmp_path / "mau.toml").write_text(export.to_toml(timetable)[0], encoding="utf-8")
    (tmp_path / "first.toml").write_text(template_toml(), encoding="utf-8")
    assert load(tmp_path / "mau.toml").timetable.slots == load(tmp_path / "first.toml").timetable.slots
