"""Whole days, as an operator would tell them, through the real journals and the real ledger."""

from pathlib import Path

import pytest

from telemetry.airtime import AirtimeRecord
from telemetry.figures import monthly
from tests.telemetry.station_day import Day

FOLDER = Path(__file__).parents[1] / "scenarios"
FIGURES = ("planned", "on_air", "not_on_air", "unobserved", "played", "programme", "overlaid", "low", "clipped")


def value_of(record: dict, key: str):
    if key in FIGURES:
        return f"{record[f'{key}_ms'] / 1000:g}s"
    if key in record and key not in ("not_on_air", "unobserved"):
        return str(record[key]).lower()
    return f"{record['causes'].get(key, 0) / 1000:g}s"


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.day")), ids=lambda file: file.stem)
def test_a_day_is_accounted_for_as_an_operator_would_tell_it(file, memory_path):
    day = Day(memory_path, file.read_text(encoding="utf-8")).run()
    entries = day.ledger().entries_since(0, 10_000)
    records = {e.body["occurrence"]: e.body for e in entries if e.kind == "airtime"}
    for words in day.expected:
        check(words, records, entries)
    for body in records.values():
        assert AirtimeRecord.from_json(body).to_json() == body
        assert body["on_air_ms"] + body["not_on_air_ms"] + body["unobserved_ms"] == body["planned_ms"]
    assert day.ledger().verify() == (len(entries), None)


def check(words, records, entries):
    subject, *claims = words
    if subject == "fault":
        assert claims[0] in {e.body["code"] for e in entries if e.kind == "fault"}
        return
    if subject == "unplanned":
        assert f"{sum(e.body['unplanned_ms'] for e in entries if e.kind == 'unplanned') / 1000:g}s" == claims[0]
        return
    if subject == "month":
        figure = monthly("tram-1", entries, claims[0]).to_json()["totals"]
        for claim in claims[1:]:
            key, _, wanted = claim.partition("=")
            assert f"{figure[f'{key}_ms'] / 1000:g}s" == wanted, (claim, figure)
        return
    if claims == ["no", "account"]:
        assert subject not in records
        return
    for claim in claims:
        key, _, wanted = claim.partition("=")
        assert value_of(records[subject], key) == wanted, (claim, records[subject])
