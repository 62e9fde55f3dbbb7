"""What comes from a broker is checked before anybody uses it, and what we send comes back as it was."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telemetry.airtime import AirtimeRecord
from telemetry.canonical import canonical
from telemetry.chain import Entry, genesis, link
from telemetry.upstream.archive import Archive, ArchiveReader, Arrived
from telemetry.wire import (
    MAX_ENTRIES,
    Ack,
    Address,
    BadMessage,
    ack_payload,
    check_body,
    events_payload,
    messages,
    parse_ack,
    parse_events,
)

STATION = "tram-1"
TOPIC = Address("bac-kan", STATION).topic("evt")
leaves = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=5)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner))


def chained(count: int, ledger: str = "a1", station: str = STATION, text: str = "phát") -> list[Entry]:
    entries, prev = [], genesis(station, ledger)
    for seq in range(1, count + 1):
        body = {"n": seq, "text": text, "days": ["2026-11-23"]}
        hashed = link(station, ledger, seq, "command", body, prev)
        entries.append(Entry(ledger, seq, "command", body, prev, hashed))
        prev = hashed
    return entries


def arrived(entries: list[Entry], topic: str = TOPIC) -> Arrived:
    return Arrived(topic, events_payload(STATION, entries))


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(st.text(max_size=5), values, max_size=3), min_size=1, max_size=5))
def test_entries_come_out_of_a_message_as_they_went_in(bodies):
    entries, prev = [], genesis(STATION, "a1")
    for seq, body in enumerate(bodies, 1):
        prev_hash, prev = prev, link(STATION, "a1", seq, "x", body, prev)
        entries.append(Entry("a1", seq, "x", body, prev_hash, prev))
    assert parse_events(events_payload(STATION, entries)) == (STATION, entries)


@given(st.builds(Ack, st.just("a1"), st.integers(0, 99), st.just(((3, 4), (9, 9))), st.just((7,))))
def test_a_receipt_comes_out_as_it_went_in(ack):
    assert parse_ack(ack_payload(ack)) == ack


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode()))
def test_whatever_comes_in_is_parsed_or_refused(payload):
    for parse in (parse_events, parse_ack):
        with pytest.raises(BadMessage):
            parse(payload)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_message_with_any_part_replaced_never_breaks_the_archive(tmp_path_factory, data):
    message = json.loads(events_payload(STATION, chained(3)))
    target = data.draw(st.sampled_from([message, message["entries"][0], message["entries"][1]["body"]]))
    key = data.draw(st.sampled_from(sorted(target)))
    target[key] = data.draw(values)
    archive = Archive(tmp_path_factory.mktemp("fuzz") / "archive.db")
    acks = archive.store([Arrived(TOPIC, json.dumps(message).encode())], 0)
    assert len(acks) <= 1
    archive.close()


BOMBS = {
    "deep": events_payload(STATION, chained(1)).replace(b'"text"', b'"deep":' + b"[" * 900 + b"]" * 900 + b',"text"'),
    "deeper": b"[" * 200_000,
    "long number": b'{"v":' + b"9" * 5_000 + b"}",
    "NaN": b'{"v":NaN}',
    "infinite": b'{"v":1e999,"ledger":"a1","upto":1,"missing":[],"refused":[]}',
    "not UTF-8": b'{"v":"\xff"}',
    "true for one": b'{"v":true,"ledger":"a1","upto":1,"missing":[],"refused":[]}',
    "too long": b'"' + b"x" * (2 << 20) + b'"',
}  # fmt: skip


@pytest.mark.parametrize("payload", BOMBS.values(), ids=BOMBS)
def test_what_is_meant_to_break_a_parser_is_refused(payload):
    with pytest.raises(BadMessage):
        parse_events(payload)
    with pytest.raises(BadMessage):
        parse_ack(payload)


@pytest.mark.parametrize("topic", ["tt/v1/p/s", "tt/v2/p/s/evt", "tt/v1/p/#/evt", "tt/v1//s/evt", "tt/v1/p/s/evt/x"])
def test_a_topic_that_is_not_ours_is_refused(topic):
    with pytest.raises(BadMessage):
        Address.of(topic)


@given(st.lists(st.integers(1, 150_000), max_size=30))
def test_messages_are_of_bearable_size_and_lose_nothing(sizes):
    entries = [Entry("a1", n, "x", {"t": "x" * size}, "", "") for n, size in enumerate(sizes, 1)]
    parts = list(messages(entries))
    assert [entry for part in parts for entry in part] == entries
    for part in parts:
        assert len(part) <= MAX_ENTRIES
        assert len(part) == 1 or sum(len(canonical(e.body)) for e in part) <= 200_000


def airtime_body(**changed) -> dict:
    share = {
        "planned_ms": 10, "programme_ms": 10, "played_ms": 10, "on_air_ms": 7, "not_on_air_ms": 2, "unobserved_ms": 1,
        "not_on_air": {"dead_air": 2}, "unobserved": {"meter_down": 1}, "overlaid_ms": 0, "low_ms": 0, "clipped_ms": 0,
    }  # fmt: skip
    body = share | {
        "occurrence": "a", "programme": "p", "starts_at": "2026-11-23T05:00:00+07:00",
        "ends_at": "2026-11-23T05:00:10+07:00", "kind": "own", "origin": None, "repeat_of": None, "class": "normal",
        "zone": "all", "source": "", "session": "", "field": "", "language": "",
        "author": "", "approver": "", "waits_ms": 0, "days": {"2026-11-23": share},
        "evidence": "measured", "began_at": None,
        "ended_at": None, "start_error_ms": None, "clock": "ntp", "clock_moved": False, "delay_ms": None,
        "coherence": None, "coverage": {}, "withdrawn_by": None, "revision": 0, "causes": {},
    }  # fmt: skip
    return body | changed


SILENT = {"integrated_lufs": None, "max_short_term_lufs": None, "true_peak_dbtp": -30}
LOUDNESS = {"from_ms": 0, "to_ms": 10, "heard_ms": 9, "sent": SILENT | {"integrated_lufs": -23.5}, "heard": SILENT}


@pytest.mark.parametrize(
    "evidence", [{}, {"loudness": None}, {"loudness": LOUDNESS}, {"content": None}, {"content": "0a" * 32}]
)
def test_an_account_that_adds_up_is_taken(evidence):
    check_body(Entry("a1", 1, "airtime", airtime_body(**evidence), "", ""))


def test_an_account_that_says_how_sure_it_is_is_taken():
    body = airtime_body(uncertainty_ms=240, evidence_share=0.7)
    check_body(Entry("a1", 1, "airtime", body, "", ""))
    record = AirtimeRecord.from_json(body)
    assert (record.uncertainty_ms, record.evidence_share) == (240, 0.7)


@pytest.mark.parametrize(
    "changed",
    [
        {"on_air_ms": 8},
        {"uncertainty_ms": -1},
        {"uncertainty_ms": 0.5},
        {"evidence_share": 1.5},
        {"evidence_share": "0.5"},
        {"on_air_ms": 7.0},
        {"loudness": 3},
        {"loudness": LOUDNESS | {"heard_ms": -1}},
        {"loudness": LOUDNESS | {"heard": {}}},
        {"loudness": LOUDNESS | {"heard": SILENT | {"true_peak_dbtp": "loud"}}},
        {"content": "bulletin"},
        {"content": 5},
        {"on_air_ms": True},
        {"played_ms": -1},
        {"not_on_air": {"dead_air": 3}},
        {"days": {}},
        {"days": {"2026-11-31": {}}},
        {"days": "2026-11-23"},
        {"days": 5},
        {"kind": "song"},
        {"starts_at": "2026-11-23T05:00:00"},
        {"starts_at": 5},
        {"occurrence": ["a"]},
        {"overlaid_ms": None},
    ],
    ids=str,
)
def test_an_account_that_does_not_add_up_never_enters_the_archive(changed):
    with pytest.raises(BadMessage):
        check_body(Entry("a1", 1, "airtime", airtime_body(**changed), "", ""))


@pytest.fixture
def archive(tmp_path):
    opened = Archive(tmp_path / "archive.db")
    yield opened
    opened.close()


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_in_any_order_and_however_often_the_archive_becomes_the_ledger(tmp_path_factory, data):
    entries = chained(12)
    cuts = sorted(data.draw(st.sets(st.integers(1, 11), max_size=5)))
    parts = [entries[a:b] for a, b in zip([0, *cuts], [*cuts, 12], strict=True)]
    path = tmp_path_factory.mktemp("order") / "archive.db"
    archive = Archive(path)
    reached = 0
    while reached < 12:
        for part in data.draw(st.permutations(parts + parts)):
            (told,) = archive.store([arrived(part)], 0)
            first, last = part[0].seq, part[-1].seq
            taken = first <= reached + 1
            assert told.ack.missing == (() if taken else ((reached + 1, last),))
            reached = max(reached, last) if taken else reached
            assert told.ack.upto == reached
    assert list(ArchiveReader(path).entries(STATION)) == entries
    archive.close()


def test_another_entry_under_a_known_number_is_refused_and_kept_as_evidence(archive, tmp_path):
    archive.store([arrived(chained(3))], 0)
    for _ in range(5):
        (told,) = archive.store([arrived(chained(3, text="khác"))], 1)
    assert (told.ack.upto, told.ack.refused) == (3, (1, 2, 3))
    reader = ArchiveReader(tmp_path / "archive.db")
    assert [entry.body["text"] for entry in reader.entries(STATION)] == ["phát"] * 3
    assert [(seq, why) for _, seq, why in reader.refused()] == [
        (n, "another entry is known under this number") for n in (1, 2, 3)
    ]


def test_a_chain_that_does_not_fit_its_neighbours_is_refused(archive):
    archive.store([arrived(chained(5)[:2])], 0)
    (told,) = archive.store([arrived(chained(5, text="khác")[2:4])], 0)
    assert (told.ack.upto, told.ack.refused) == (2, (3,))


def test_an_entry_of_which_nobody_knows_what_came_before_is_asked_for_again_with_the_gap(archive, tmp_path):
    ours, forged = chained(9), chained(9, text="khác")
    archive.store([arrived(ours[:3])], 0)
    (told,) = archive.store([arrived(forged[3:5]), arrived(forged[6:])], 0)
    assert told.ack == Ack("a1", 3, ((4, 9),), (4,))
    assert archive.store([arrived(ours[3:])], 0)[0].ack == Ack("a1", 9)
    assert list(ArchiveReader(tmp_path / "archive.db").entries(STATION)) == ours


def test_one_station_cannot_write_anothers_ledger(archive, tmp_path):
    assert archive.store([arrived(chained(2), Address("bac-kan", "tram-2").topic("evt"))], 0) == []
    assert ArchiveReader(tmp_path / "archive.db").sources() == []


def test_a_station_that_began_a_new_ledger_keeps_the_old_one_too(archive, tmp_path):
    archive.store([arrived(chained(3, "a1"))], 0)
    (told,) = archive.store([arrived(chained(2, "b2"))], 0)
    reader = ArchiveReader(tmp_path / "archive.db")
    assert told.ack == Ack("b2", 2)
    assert [(s.ledger, s.upto) for s in reader.sources()] == [("a1", 3), ("b2", 2)]
    assert reader.upto(STATION) == 2


def test_two_machines_under_one_name_are_told_apart_from_a_station_that_began_a_new_ledger(archive):
    def superseded(entries):
        return [told.superseded for told in archive.store([arrived(entries)], 0)]

    old, new = chained(5, "a1"), chained(5, "b2")
    assert superseded(old[:3]) == superseded(new[:2]) == superseded(old[:3]) == superseded(new[2:4]) == [False]
    assert superseded(old[3:]) == [True]


def test_evidence_of_a_station_gone_mad_does_not_fill_the_disk(archive, tmp_path):
    for n in range(30):
        archive.store([Arrived(TOPIC, f"rubbish {n} {m}".encode()) for m in range(50)], 0)
    assert len(ArchiveReader(tmp_path / "archive.db").refused()) <= 1_000
