"""The canonical JSON of a timetable: exact there and back, and deaf to everything else."""

import json
from datetime import date

import pytest
from hypothesis import given

from scheduler.timetable import MAX_BYTES, Dates, Timetable, adopt, canonical_bytes
from tests.scheduler.test_plan import MONDAY, slot, table, timetables


@given(timetables)
def test_canonical_json_gives_the_same_timetable_back(timetable):
    raw = canonical_bytes(timetable)
    assert adopt(raw) == timetable
    assert canonical_bytes(adopt(raw)) == raw


def changed(**changes) -> bytes:
    data = table(slot()).to_json()
    data["slots"][0].update({key: value for key, value in changes.items() if key in data["slots"][0]})
    data.update({key: value for key, value in changes.items() if key not in data["slots"][0]})
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def test_the_unchanged_one_is_adopted():
    assert adopt(changed()) == table(slot())


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b"9" * 5_000,
        b" " * (MAX_BYTES + 1),
        changed() + b" ",
        changed().replace(b'"version":3', b'"version":3,"version":3'),
        changed(version=1),
        changed(version=4),
        changed(version=True),
        changed(valid_from="2026-1-1"),
        changed(valid_from="20260101"),
        changed(slots={}),
        changed(slots=[0]),
        changed(slots=[{}]),
        changed(slots=[table(slot()).to_json()["slots"][0]] * 5_001),
        changed(volume=11),
        changed(start="5:00:00"),
        changed(start="05:00"),
        changed(start="24:00:00"),
        changed(start="05:00:00+07:00"),
        changed(duration_ms=0),
        changed(duration_ms=86_400_001),
        changed(duration_ms=900000.0),
        changed(duration_ms=True),
        changed(kind="music"),
        changed(on={}),
        changed(on={"weekdays": []}),
        changed(on={"weekdays": ["mon", "mon"]}),
        changed(on={"weekdays": [0]}),
        changed(on={"weekdays": ["mon"], "dates": ["2026-11-23"]}),
        changed(on={"dates": [20261123]}),
        changed(on={"dates": ["2026-11-23", "2026-11-22"]}),
        changed(zone=""),
        changed(source="a\nb"),
        changed(source="x" * 501),
        changed(title="x").replace(b'"x"', b'"\\ud800"'),
    ],
)
def test_whatever_is_not_canonical_is_refused_with_a_value_error(raw):
    with pytest.raises(ValueError, match=r"."):
        adopt(raw)


def test_validity_includes_its_last_day():
    week = Timetable("T", (), date(2026, 11, 23), date(2026, 11, 29))
    assert [week.in_span(date(2026, 11, day)) for day in (22, 23, 29, 30)] == [False, True, True, False]


def test_the_place_in_the_sheet_travels_but_is_no_part_of_what_is_compared():
    here = table(slot(recurrence=Dates(frozenset({MONDAY}))))
    data = here.to_json()
    data["slots"][0]["where"] = "Lịch!B7"
    there = Timetable.from_json(data)
    assert there == here
    assert there.slots[0].where == "Lịch!B7"
