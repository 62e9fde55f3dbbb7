"""The configuration: read whole, every error at once, with its line and a way to mend it."""

from datetime import date
from typing import get_args

import pytest

from firmware_py.config import Config, ConfigError, Section, load
from scheduler.recurrence import LAST, Holidays, LunarDays, Weekdays

GOOD = """
[station]
id = "52-21640"
name = "Đài truyền thanh xã Mẫu"
province = "phu-tho"
[output]
device = "USB"
[[channel]]
name = "return"
device = "USB"
account = true
"""


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "station.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def problems(path):
    with pytest.raises(ConfigError) as caught:
        load(path)
    return caught.value.problems


def test_a_good_configuration_is_read(file):
    config = load(file(GOOD))
    assert config.account_channel == "return"
    assert config.guards.quiet_windows  # there are quiet hours unless a station says otherwise


def test_an_unknown_key_is_named_with_its_line_and_the_key_that_was_meant(file):
    (problem,) = problems(file(GOOD.replace('device = "USB"\n[[', 'devise = "x"\ndevice = "USB"\n[[')))
    assert "station.toml:7" in problem.where
    assert "output.devise" in problem.where
    assert 'did you mean "device"?' in problem.en
    assert "device" in problem.vi


def test_every_error_is_told_at_once(file):
    found = problems(file('[station]\nid = "có dấu"\n[output]\ndevice = ""\ncolour = 1\n'))
    places = " ".join(problem.where for problem in found)
    assert len(found) == 5
    for place in ("station.id", "station.name", "station.province", "output.device", "output.colour"):
        assert place in places


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("account = true", "account = false"), "account = true"),
        (("[output]", '[guards]\nquiet_hours = ["25:00-04:00"]\n[output]'), "is not a window"),
        (("[output]", "[faults.dead_ear]\nraise_after_s = 1\n[output]"), "dead_air"),
        (("[output]", "[faults.dead_air]\nraise_after_s = -1\n[output]"), "must be 0 or more"),
        (("[output]", "[console]\nport = 99999\n[output]"), "must be 65535 or less"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(file, change, says):
    assert any(says in problem.en for problem in problems(file(GOOD.replace(*change))))


HOLIDAYS = """
[guards]
no_play = ["CN", "30 Tết", "ngày lễ Hội làng"]
longest_session_min = 120
[[holiday]]
name = "Hội làng"
lunar = "12/1"
[[holiday]]
name = "Ngày Quốc khánh"
date = [2027-09-02, 2027-09-03]
[[holiday]]
name = "Làm bù"
date = 2027-05-01
working = true
[output]"""


def test_holidays_and_guards_are_read_as_an_operator_writes_them(file):
    config = load(file(GOOD.replace("[output]", HOLIDAYS)))
    guards = config.station_guards
    assert guards.longest_session_min == 120
    assert guards.no_play == (
        Weekdays(frozenset({6})),
        LunarDays(frozenset({(12, LAST)})),
        Holidays(frozenset({"Hội làng"})),
    )
    assert guards.holidays == config.holidays
    assert config.holidays.on(date(2027, 2, 17)) == {"Hội làng"}
    assert config.holidays.on(date(2027, 9, 3)) == {"Quốc khánh"}
    assert config.holidays.on(date(2027, 5, 1)) == frozenset()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"CN"', '"2-6"', "T2-T6"),
        ('"12/1"', '"12"', "10/3"),
        ('"12/1"', '"31/1"', "31/1"),
        ('lunar = "12/1"', "", "needs date or lunar"),
        ('Hội làng"]', 'Hội xã"]', "Hội xã"),
        ("= 120", "= 0", "must be 1 or more"),
    ],
)
def test_a_day_that_cannot_be_read_in_the_configuration_is_told(file, old, new, says):
    assert any(says in problem.en for problem in problems(file(GOOD.replace("[output]", HOLIDAYS.replace(old, new)))))


RELAYS = """
[input.tuner]
device = "USB 2"
[relay]
fallback = ["line:tuner", "ident"]
ident = "hiệu.mp3"
stall_s = 4
[relay.vov1]
links = ["https://vov.example/a", "line:tuner", "file:nhạc chờ.mp3", "ident"]
silence_s = 30
"""


def test_relays_and_inputs_are_read_and_a_chain_leaves_out_what_holds_for_all(file):
    config = load(file(GOOD + RELAYS))
    assert config.input["tuner"].device == "USB 2"
    assert set(config.relay.files) == {"nhạc chờ.mp3", "hiệu.mp3"}
    patience = config.relay.with_own(config.relay.chains["vov1"]).patience
    assert (patience.silence_ns, patience.stall_ns, patience.back_after_ns) == (30 * 10**9, 4 * 10**9, 10 * 10**9)
    assert load(file(GOOD)).relay.fallback == ()


@pytest.mark.parametrize(
    ("change", "vi", "en"),
    [
        (('fallback = ["line:tuner"', 'fallback = ["line:tunner"'), "có phải là", 'did you mean "tuner"?'),
        (('"https://vov.example/a"', '"ftp://vov.example/a"'), "không dùng được", "is no link"),
        (('"https://vov.example/a"', '"chain:vov1"'), "không dùng được", "is no link"),
        (('"file:nhạc chờ.mp3"', '"file:../nhạc chờ.mp3"'), "không dùng được", "is no link"),
        (('ident = "hiệu.mp3"', ""), "chưa ghi ident", "does not say ident"),
        (("fallback =", "fallbak ="), "có phải là", 'did you mean "fallback"?'),
        (("silence_s = 30", "silence_s = 0"), "", "greater than 0"),
        (("silence_s = 30", 'silence_s = 30\n"tên lạ" = 1'), "không có mục", "is no setting"),
        (("[input.tuner]", '[input."bộ thu"]'), "", "letters without marks"),
    ],
)
def test_a_relay_that_cannot_be_is_refused_with_its_reason_in_both_languages(file, change, vi, en):
    assert change[0] in RELAYS
    found = problems(file(GOOD + RELAYS.replace(*change)))
    assert any(en in problem.en and vi in problem.vi for problem in found), found


def test_a_syntax_error_says_where(file):
    (problem,) = problems(file("[station\n"))
    assert "line 1" in problem.en


def test_a_missing_file_and_a_file_that_is_no_text_are_clear(file, tmp_path):
    assert "No such file" in problems(tmp_path / "none.toml")[0].en
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in problems(path)[0].en


WRONG_VALUES = ('"x y"', '""', "-1", "1e9", "true", "[]", "[[1]]", "{ x = 1 }", "2026-11-23", "07:30:00")


def sections(model):
    """(name, model) of every section, with those in lists and tables."""
    for name, info in model.model_fields.items():
        for found in (info.annotation, *get_args(info.annotation)):
            if isinstance(found, type) and issubclass(found, Section):
                yield name, found


@pytest.mark.parametrize("value", WRONG_VALUES)
def test_whatever_is_wrong_with_a_setting_is_said_in_vietnamese_too(file, value):
    """Of every setting there is; what is right by chance says nothing."""
    told = []
    for name, section in sections(Config):
        for key in section.model_fields:
            head = "" if name in ("station", "output") else GOOD
            header = f"[[{name}]]" if name in ("channel", "holiday") else f"[{name}]"
            try:
                load(file(f"{head}\n{header}\n{key} = {value}\n"))
            except ConfigError as error:
                told += error.problems
    assert told
    assert [problem for problem in told if problem.vi == problem.en] == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[[channel]]\nname = "return"\ndevice = "USB"', "trùng tên"),
        ('[[channel]]\nname = "two"\ndevice = "USB"\naccount = true', "chỉ một [[channel]]"),
        ("[faults.mat_tieng]\nraise_after_s = 1", "không có sự cố"),
        ('[guards]\nquiet_hours = ["21h-4h"]', "khoảng giờ"),
        ('[guards]\nquiet_hours = ["21:00-21:00"]', "trùng nhau"),
        ('[guards]\nno_play = ["giỗ làng"]', "giỗ làng"),
        ('[[holiday]]\nname = "Giỗ làng"', "cần date hoặc lunar"),
        ('[[holiday]]\nname = "Giỗ làng"\nlunar = "12"', "không phải là ngày âm lịch"),
        ('[clock]\ntrust = "yes"', "'auto' hoặc 'host'"),
        ("[uplink]\nport = 0", "từ 1 trở lên"),
    ],
)
def test_a_rule_that_is_broken_is_told_in_vietnamese(file, more, said):
    (problem,) = problems(file(GOOD + more))
    assert said in problem.vi
    assert said not in problem.en or said == "giỗ làng"


@pytest.mark.parametrize("text", ["a = " + "[" * 5_000, "a = " + "9" * 5_000, "a = ", 'a = "\x00"'])
def test_what_is_meant_to_break_a_reader_is_wrong_syntax(file, text):
    (problem,) = problems(file(text))
    assert (problem.code, problem.vi[:11]) == ("toml_syntax", "sai cú pháp")


def test_a_configuration_that_is_not_there_says_so_in_vietnamese(tmp_path):
    (problem,) = problems(tmp_path / "station.toml")
    assert problem.vi == "không đọc được: không có tệp hoặc thư mục này"
