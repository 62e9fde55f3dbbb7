"""What systems say in English is told in Vietnamese, and what they said stands beside it."""

import errno
import os
import socket

import pytest

from audio.card import CardError, Device, find_device
from telemetry.database import JournalError
from telemetry.journal import PlayoutReader
from telemetry.mqtt import Broker, Link, LinkError
from telemetry.reports.reasons import explained, gravest_first, reason_of


@pytest.mark.parametrize(
    ("said", "vietnamese"),
    [
        ("air1: [Errno -9985] Device unavailable", "thiết bị đang bận hoặc đã rút ra"),
        ("air1: [Errno -9997] Invalid sample rate", "thiết bị không nhận 48 kHz"),
        ("air1: [Errno -9996] Invalid device", "thiết bị không dùng được hoặc đã rút ra"),
        ("air1: Unanticipated host error", "hệ thống âm thanh của máy báo lỗi"),
        ("air1: the sound server moved the stream to 'air2'", "âm thanh đã bị chuyển sang thiết bị khác: “air2”"),
        ("refused: Not authorized", "máy chủ từ chối: sai tên hoặc mật khẩu"),
        ("refused: Server busy", "máy chủ đang quá tải hoặc đang tắt"),
        ("refused: Banned", "máy chủ từ chối"),
        ("lost: MQTT_ERR_CONN_LOST", "đường truyền tới máy chủ bị ngắt"),
        ("no receipt from the collector", "máy thu thập không xác nhận số liệu"),
        ("/var/x.db: database or disk is full", "thẻ nhớ đã đầy"),
        ("mic:phong: the configuration has no [input.phong]", "cấu hình không có [input.phong]"),
    ],
)
def test_a_known_reason_is_told_in_vietnamese_with_the_original_beside_it(said, vietnamese):
    assert explained(said, "vi") == f"{vietnamese} ({said})"
    assert explained(said, "en") == said


@pytest.mark.parametrize(
    "number", [errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ETIMEDOUT, errno.ECONNRESET, errno.ENOSPC, errno.EROFS]
)
def test_the_systems_own_words_are_known(number):
    assert explained(os.strerror(number)) != os.strerror(number)


def test_what_no_rule_knows_stays_as_it_was_said():
    assert explained("the moon is in the way") == "the moon is in the way"
    assert explained("") == ""


def test_a_device_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(CardError) as refused:
        find_device([Device("USB Audio", 1, 2)], "air1", output=True)
    assert explained(str(refused.value)).startswith("không có thiết bị tên “air1”; máy đang có: 'USB Audio'")


def test_a_broker_that_is_not_there_is_told_in_vietnamese():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        link = Link(Broker("127.0.0.1", taken.getsockname()[1]), "reasons")
        with pytest.raises(LinkError) as refused:
            link.open()
    assert explained(str(refused.value)).startswith("máy chủ từ chối kết nối")


def test_a_journal_that_is_none_is_told_in_vietnamese(tmp_path):
    (tmp_path / "playout.db").write_bytes(b"no database" * 500)
    with pytest.raises(JournalError) as refused:
        PlayoutReader(tmp_path / "playout.db").timetables()
    assert explained(str(refused.value)).startswith("tệp bị hỏng")


def test_the_reason_of_a_fault_is_what_its_evidence_says():
    assert reason_of({"file": "x"}) == ""
    assert reason_of({"reason": "disk I/O error"}) == "thẻ nhớ bị lỗi (disk I/O error)"
    assert (reason_of({"why": "stall"}), reason_of({"why": "stall"}, "en")) == (
        "không còn tín hiệu đến",
        "nothing comes any more",
    )


def test_the_gravest_fault_is_told_first_and_of_equals_the_newest():
    said = [
        ("warning", "05:00"),
        ("critical", "04:00"),
        ("major", "06:00"),
        ("critical", "05:00"),
        ("new kind", "07:00"),
    ]
    faults = [{"severity": severity, "since": since} for severity, since in said]
    told = [(fault["severity"], fault["since"]) for fault in gravest_first(faults)]
    assert told == [said[3], said[1], said[2], said[0], said[4]]
