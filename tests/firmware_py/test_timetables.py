"""`schedule load | list | drop`: what would change is said first, what is held is listed, one of it can be dropped."""

import json
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from firmware_py import spool
from firmware_py.cli import main
from scheduler.book import NO_TIMETABLES, TimetableBook, id_of
from scheduler.clock import STATION_TZ, ClockQuality, Reading
from scheduler.loaders import load
from scheduler.recurrence import EVERY_DAY, Holidays
from scheduler.timetable import Item, Slot, Timetable
from telemetry.journal import PlayoutJournal
from tests.firmware_py.station_file import CONFIG

SHEET = """
title = "Lịch mới"
[[slot]]
days = "Hằng ngày"
start = "{start}"
duration = 15
title = "Bản tin chiều"
source = "http://example.org/a"
"""


def daily(title: str, **validity) -> Timetable:
    return Timetable(
        title, (Slot(EVERY_DAY, time(5), Item(title, 900_000, source="http://example.org/b")),), **validity
    )


class Box:
    """A station's folder, and the command line on it."""

    def __init__(self, folder, capsys):
        self.folder, self.capsys = folder, capsys
        (folder / "station.toml").write_text(
            (CONFIG + "[guards]\nquiet_hours = []\n").format(folder=folder), encoding="utf-8"
        )

    def hold(self, *timetables: Timetable) -> None:
        journal = PlayoutJournal(self.folder / "playout.db")
        book = NO_TIMETABLES
        for one in timetables:
            book = book.with_timetable(one, None)
        journal.adopt_timetables(book.to_json(), Reading(1, 1, 1, ClockQuality.NTP), "chị Lan")
        journal.commit()
        journal.close()

    def run(self, *words: str) -> tuple[int, str, str]:
        code = main([*words, "--config", str(self.folder / "station.toml"), "--lang", "vi"])
        said = self.capsys.readouterr()
        return code, said.out, said.err

    def asked(self) -> list[spool.Request]:
        return [request for _, request in spool.pending(self.folder / "spool") if request is not None]

    def sheet(self, start: str = "17h") -> str:
        path = self.folder / "moi.toml"
        path.write_text(SHEET.format(start=start), encoding="utf-8")
        return str(path)


@pytest.fixture
def box(tmp_path, capsys):
    return Box(tmp_path, capsys)


def test_load_says_what_is_added_and_withdrawn_before_it_hands_the_timetable_over(box):
    box.hold(daily("Lịch cũ"))
    code, out, _ = box.run("schedule", "load", box.sheet())
    assert code == 0
    added = [line for line in out.splitlines() if line.startswith("+ ") and "Bản tin chiều" in line]
    withdrawn = [line for line in out.splitlines() if line.startswith("- ") and "Lịch cũ" in line]
    assert len(added) in (7, 8)  # today's may be over
    assert len(withdrawn) in (7, 8)
    (request,) = box.asked()
    assert (request.command, request.body["timetable"]["title"]) == ("timetable", "Lịch mới")


def test_a_dry_run_says_the_same_and_hands_over_nothing(box):
    box.hold(daily("Lịch cũ"))
    code, out, err = box.run("schedule", "load", box.sheet(), "--dry-run")
    assert (code, box.asked()) == (0, [])
    assert "+ " in out
    assert "- " in out
    assert "xem trước" in err


def test_the_same_timetable_again_changes_nothing_and_that_is_said(box):
    sheet = box.sheet()
    box.run("schedule", "load", sheet)
    (request,) = box.asked()
    box.hold(Timetable.from_json(request.body["timetable"]))
    _, out, _ = box.run("schedule", "load", sheet, "--dry-run")
    assert out.strip() == "Bảy ngày tới không có gì thay đổi."


def test_a_timetable_for_other_days_leaves_the_days_of_the_present_one_alone(box):
    today = datetime.now(STATION_TZ).date()
    box.hold(daily("Tuần này", valid_from=today, valid_to=today + timedelta(days=30)))
    _, out, _ = box.run("schedule", "load", box.sheet(), "--dry-run")
    assert out.strip() == "Bảy ngày tới không có gì thay đổi."


def test_the_list_tells_every_timetable_and_marks_the_one_in_force(box):
    year = {"valid_from": date(2026, 1, 1), "valid_to": date(2099, 12, 31)}
    held = (daily("Lịch thường"), daily("Ngày lễ", valid_on=Holidays(frozenset({"30/4"}))), daily("Năm nay", **year))
    box.hold(*held)
    code, out, _ = box.run("schedule", "list", "--json")
    listed = json.loads(out)
    assert code == 0
    assert [(row["n"], row["id"], row["title"]) for row in listed] == [
        (n, id_of(one), one.title) for n, one in enumerate(held, 1)
    ]
    assert [row["valid_on"] for row in listed] == [None, "ngày lễ 30/4", None]
    in_force = TimetableBook(held).on(datetime.now(STATION_TZ).date())
    assert [row["title"] for row in listed if row["in_force"]] == [in_force.title]
    _, out, _ = box.run("schedule", "list")
    assert "3. " in out
    assert "01/01/2026 – 31/12/2099" in out


@pytest.mark.parametrize("wanted", ["2", "Ngày lễ", "ngay le"])
def test_one_is_dropped_by_its_number_or_its_title(box, wanted):
    holiday = daily("Ngày lễ", valid_on=Holidays())
    box.hold(daily("Lịch thường"), holiday)
    assert box.run("schedule", "drop", wanted)[0] == 0
    (request,) = box.asked()
    assert (request.command, request.body["id"]) == ("drop_timetable", id_of(holiday))


def test_one_that_is_not_there_or_not_alone_is_refused(box):
    assert box.run("schedule", "list")[2].strip() == "Chưa có lịch nào."
    box.hold(daily("Lịch"), daily("Lịch", valid_from=date(2026, 1, 1)))
    for wanted, why in (("3", "không có lịch"), ("khác", "không có lịch"), ("Lịch", "nhiều lịch tên")):
        code, _, err = box.run("schedule", "drop", wanted)
        assert (code, box.asked()) == (1, [])
        assert why in err


@pytest.mark.parametrize("words", [("template",), ("export",)])
def test_a_workbook_for_a_full_device_leaves_the_device(box, words):
    box.hold(daily("Lịch thường"))
    code, _, err = box.run("schedule", *words, "--xlsx", "/dev/full")
    assert (code, err.startswith("/dev/full: không ghi được")) == (1, True)
    assert Path("/dev/full").is_char_device()


@pytest.mark.parametrize(
    "words",
    [
        ("schedule", "show", "{sheet}", "--from", "0001-01-01", "--to", "2026-11-30"),
        ("schedule", "show", "{sheet}", "--from", "2026-11-23", "--to", "31/12/9999"),
        ("logbook", "--week", "9999-W52", "--pdf", "{sheet}.pdf"),
        ("logbook", "--week", "0001-W01", "--pdf", "{sheet}.pdf"),
        ("airtime", "--month", "0001-01"),
        ("airtime", "--month", "9999-12"),
    ],
)
def test_a_day_in_a_year_that_no_broadcast_can_be_in_is_refused(box, words):
    code, out, err = box.run(*(word.format(sheet=box.sheet()) for word in words))
    assert (code, out) == (1, "")
    assert "không phải là" in err


def test_a_timetable_is_exported_and_what_was_exported_loads_as_the_same(box):
    ordinary, holiday = daily("Lịch thường"), daily("Ngày lễ", valid_on=Holidays())
    box.hold(ordinary, holiday)
    sheet = box.folder / "lich.xlsx"
    code, _, err = box.run("schedule", "export", "1", "--xlsx", str(sheet))
    assert (code, err.strip()) == (0, f"Đã ghi {sheet}")
    assert load(sheet).timetable == ordinary
    text = box.folder / "lich.toml"
    code, out, err = box.run("schedule", "export", "ngày lễ")
    text.write_text(out, encoding="utf-8")
    assert (code, err, load(text).timetable) == (0, "", holiday)


def test_what_an_exported_sheet_cannot_say_is_told(box):
    box.hold(daily("Lịch hè (PL)"))  # its item is called so as well, and is no repeat
    code, _, err = box.run("schedule", "export", "--xlsx", str(box.folder / "lich.xlsx"))
    assert code == 0
    assert "dạng tệp này không ghi được đủ mục này" in err


def test_nothing_is_exported_where_nothing_is_in_force(box):
    box.hold(daily("Lịch cũ", valid_from=date(2020, 1, 1), valid_to=date(2020, 1, 2)))
    code, _, err = box.run("schedule", "export")
    assert code == 1
    assert "chưa có lịch nào có hiệu lực" in err
    assert box.run("schedule", "export", "1", "--xlsx", str(box.folder / "khong" / "co.xlsx"))[0] == 1


def test_a_sheet_in_an_old_character_set_is_shown_converted_and_loaded_when_asked(box):
    path = box.folder / "cu.csv"
    path.write_bytes("Ngµy;Giê;Thêi l\xadîng;Néi dung;Nguån\nThø hai;5h;15;B¶n tin;http://a.b/c\n".encode("latin-1"))
    code, out, _ = box.run("schedule", "check", str(path), "--json")
    (error,) = json.loads(out)["errors"]
    assert (code, error["code"]) == (1, "old_charset")
    assert "“Thời lượng”" in error["message"]
    assert box.run("schedule", "load", str(path))[0] == 1
    assert box.run("schedule", "load", str(path), "--convert", "tcvn3")[0] == 0
    (request,) = box.asked()
    assert request.body["timetable"]["slots"][0]["title"] == "Bản tin"


def told_of(box, path):
    """What the check says, without the path."""
    code, _, err = box.run("schedule", "check", str(path))
    return code, err.replace(str(path), "FILE").splitlines()


def test_errors_stand_at_their_line_in_the_readers_language_and_warnings_are_marked(box):
    path = box.folder / "lich.csv"
    path.write_text("Ngày,Giờ,Thời lượng,Chương trình\nT2,99h,15,Bản tin\nT3,5h,15,Bản tin\n", encoding="utf-8")
    code, (error, warning) = told_of(box, path)
    assert code == 1
    assert error.startswith('FILE:dòng 2, cột "Giờ": không có giờ')
    assert warning.startswith('FILE:dòng 3, cột "Chương trình": cảnh báo: ')
    _, out, _ = box.run("schedule", "check", str(path), "--json")
    assert json.loads(out)["errors"][0]["where"] == 'line 2, column "Giờ"', "programs see one language"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("khong-co.xlsx", "không đọc được tệp: không có tệp hoặc thư mục này"),
        ("khong-co", "không đọc được tệp: không có tệp hoặc thư mục này"),
        ("media", "không đọc được tệp: đó là một thư mục"),
        ("rong.toml", "tệp rỗng"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_once_and_the_reason_is_right(box, name, why):
    (box.folder / "media").mkdir()
    (box.folder / "rong.toml").write_bytes(b"")
    assert told_of(box, box.folder / name) == (1, [f"FILE: {why}"])


OVER_MIDNIGHT = SHEET.format(start="23h50").replace("duration = 15", "duration = 20")


def test_check_finds_what_load_would_find_beside_the_timetables_that_the_station_holds(box):
    tomorrow = datetime.now(STATION_TZ).date() + timedelta(days=1)
    early = Slot(EVERY_DAY, time(0, 5), Item("Nhạc đêm", 900_000, source="http://example.org/b"))
    box.hold(Timetable("Một ngày", (early,), valid_from=tomorrow, valid_to=tomorrow))
    path = box.folder / "dem.toml"
    path.write_text(OVER_MIDNIGHT, encoding="utf-8")
    code, out, _ = box.run("schedule", "check", str(path), "--json")
    assert (code, [error["code"] for error in json.loads(out)["errors"]]) == (1, ["overlap"])
    assert box.run("schedule", "load", str(path))[0] == 1


def test_check_goes_on_without_a_journal_that_cannot_be_read_and_says_so(box):
    (box.folder / "playout.db").write_bytes(b"no journal at all" * 100)
    code, _, err = box.run("schedule", "check", box.sheet())
    assert code == 0
    assert "playout.db: cảnh báo: không đọc được" in err


def test_a_default_configuration_with_errors_is_told_by_check(box, monkeypatch):
    (box.folder / "station.toml").write_text("[station]\nnam = 1\n", encoding="utf-8")
    monkeypatch.setenv("SMARTRADIO_CONFIG", str(box.folder / "station.toml"))
    assert main(["schedule", "check", box.sheet(), "--lang", "vi"]) == 0
    assert "station.toml" in box.capsys.readouterr().err
    monkeypatch.setenv("SMARTRADIO_CONFIG", str(box.folder / "khong-co.toml"))
    assert main(["schedule", "check", box.sheet(), "--lang", "vi"]) == 0
    assert "khong-co.toml" not in box.capsys.readouterr().err


def test_show_begins_today_and_ends_after_a_week(box):
    today = datetime.now(STATION_TZ).date()
    _, out, _ = box.run("schedule", "show", box.sheet(), "--json")
    assert [row["starts_at"][:10] for row in json.loads(out)] == [f"{today + timedelta(days=n)}" for n in range(7)]
    _, out, _ = box.run("schedule", "show", box.sheet(), "--from", "2026-11-23", "--json")
    assert [row["starts_at"][:10] for row in json.loads(out)][::6] == ["2026-11-23", "2026-11-29"]
