"""What the page says of the station: never better than what is known."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_py.console.page import MARKUP, data_block, load_page
from firmware_py.console.patience import FIRST_WAIT_S, LONGEST_WAIT_S, Patience
from firmware_py.console.status import Level, page_levels, page_status, verdict
from firmware_py.console.texts import TEXTS
from firmware_py.live import Live
from tests.firmware_py.console.station import channel, ledger, meter, playout

OLD = Live({}, False)
STOPPED = {"by": "NN", "why": "lũ", "until": None}


def fresh(document) -> Live:
    return Live(document, True)


def lives(**changes):
    return {"playout": fresh(playout()), "meter": fresh(meter()), "ledger": fresh(ledger())} | changes


@pytest.mark.parametrize(
    ("said", "heard", "code", "level"),
    [
        (playout(), channel(), "verdict.on_air", Level.GOOD),
        (playout(), channel(quality="clipped"), "verdict.poor", Level.WARN),
        (playout(), channel(state="unobserved"), "verdict.unobserved", Level.WARN),
        (playout(), channel(state="something new"), "verdict.unobserved", Level.WARN),
        (playout(), channel(device="lost"), "verdict.return_lost", Level.WARN),
        (playout(), channel(account=False), "verdict.unmeasured", Level.WARN),
        (playout(), channel(state="silence"), "verdict.silence", Level.BAD),
        (playout(), channel(state="noise"), "verdict.noise", Level.BAD),
        (playout(), channel(state="hum"), "verdict.hum", Level.BAD),
        (playout(), channel(state="foreign"), "verdict.foreign", Level.BAD),
        (playout(card="lost"), channel(), "verdict.card_lost", Level.BAD),
        (playout(stopped=STOPPED), channel(), "verdict.stopped", Level.BAD),
        (playout(clock={"quality": "none"}), channel(), "verdict.no_clock", Level.BAD),
        (playout(on_air=None), channel(state="silence"), "verdict.idle", Level.IDLE),
        (playout(on_air=None), channel(state="foreign"), "verdict.unplanned", Level.BAD),
    ],
)
def test_the_verdict_says_the_worst_that_is_known(said, heard, code, level):
    given_verdict = verdict(fresh(said), fresh(meter(heard)))
    assert (given_verdict.code, given_verdict.level) == (code, level)
    assert code in TEXTS


def test_without_news_of_playout_or_meter_nothing_is_good():
    assert verdict(OLD, fresh(meter())).level is Level.BAD
    assert verdict(fresh(playout()), OLD).code == "verdict.unmeasured"
    assert verdict(Live(playout(), False), fresh(meter())).code == "verdict.no_playout"


@pytest.mark.parametrize("silent", ["playout", "meter", "ledger"])
def test_old_news_is_not_shown_at_all(silent):
    said = lives()
    said[silent] = Live(said[silent].data, False)
    status = page_status(said)
    assert status["news"][silent] is False
    assert status[silent] is None


def test_old_levels_and_old_records_are_not_shown():
    said = lives(meter=Live(meter(), False), ledger=Live(ledger(), False))
    assert page_levels(said)["heard"] == []
    assert all(line["on_air_ms"] is None for line in page_status(said)["playout"]["today"])


def test_what_moves_is_apart_so_that_the_rest_is_not_sent_again():
    before = lives()
    after = lives(playout=fresh(playout(sent_dbfs=-3.0)), meter=fresh(meter(channel(heard_dbfs=-9.0))))
    assert page_status(before) == page_status(after)
    assert page_levels(before) != page_levels(after)


def test_a_process_that_says_the_least_is_still_shown():
    least = {"playout": fresh({}), "meter": fresh({}), "ledger": fresh({})}
    assert page_status(least)["verdict"]["level"] == "bad"
    assert page_levels(least)["heard"] == []


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_template_finds_all_its_texts(lang):
    page = load_page(lang, "Đài <xã>").with_status({"a": "</script>"})
    assert "{{" not in page
    assert "Đài &lt;xã&gt;" in page


@settings(deadline=None)
@given(st.text())
def test_data_in_the_page_cannot_end_its_element(text):
    assert not set(MARKUP) & set(data_block({"title": text}))


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(1, 6))
def test_wrong_codes_cost_ever_longer_waits_after_the_free_ones(count, free):
    patience, now_s, waits = Patience(free), 0.0, []
    for _ in range(count):
        patience.wrong("a", now_s)
        waits.append(patience.wait_s("a", now_s))
        now_s += waits[-1]
        assert patience.wait_s("a", now_s) == 0
    assert all(wait == 0 for wait in waits[: free - 1])
    assert all(FIRST_WAIT_S <= wait <= LONGEST_WAIT_S for wait in waits[free - 1 :])
    assert waits == sorted(waits)
    assert patience.wait_s("b", 0.0) == 0


def test_patience_does_not_grow_with_the_number_of_addresses():
    patience = Patience(5)
    for address in range(5_000):
        patience.wrong(address, 0.0)
    assert len(patience._tries) == 1_000


def test_what_was_planned_as_new_and_turned_out_a_repeat_is_shown_as_one():
    said = lives()
    line = said["playout"].data["today"][0]
    record = {line["occurrence"]: {"kind": "repeat", "on_air_ms": 1_000, "planned_ms": 1}}
    said["ledger"] = Live(said["ledger"].data | {"records_today": record}, True)
    shown = page_status(said)["playout"]["today"]
    assert (shown[0]["kind"], shown[0]["on_air_ms"], shown[0]["planned_ms"]) == ("repeat", 1_000, line["planned_ms"])
    assert [one["kind"] for one in shown[1:]] == [one["kind"] for one in said["playout"].data["today"][1:]]
