"""A week's *sổ nhật ký chương trình phát thanh* as a document: every day, its broadcasts, its faults."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from scheduler.clock import STATION_TZ, local_day
from telemetry.reports.airtime import (
    exact_table,
    figure_columns,
    kind_text,
    ledger_line,
    notes,
    printed_figures,
    remarks,
)
from telemetry.reports.document import Align, Column, Document, Row, Style, Table, amounts, cell_text, one_line
from telemetry.reports.figures import Broadcast, FaultEntry, Json, slot_text, week_days
from telemetry.reports.form import Form
from telemetry.reports.table import FoldedLine, folded_table
from telemetry.reports.words import sentence, word, word_or_code

TEXTS = {
    "vi": {
        "title": "SỔ NHẬT KÝ CHƯƠNG TRÌNH PHÁT THANH",
        "subtitle": "Tuần {week} (từ ngày {first} đến ngày {last}). Đơn vị tính: {unit}",
        "lead": "Số lượt phát theo lịch: {count}. Thời gian phát sóng trong tuần: {airtime}.",
        "total": "Cộng trong ngày",
        "week_total": "Cộng trong tuần",
        "planned_time": "Giờ theo lịch",
        "actual_time": "Giờ phát thực tế",
        "programme": "Tên chương trình",
        "kind": "Hình thức",
        "remarks": "Ghi chú (nguyên nhân, sự cố)",
        "on_duty": "Người trực",
        "nothing": "Không có chương trình theo lịch.",
        "to_come": "Chưa đến ngày này.",
        "unaccounted": "Chưa quyết toán: {slot} {programme}",
        "fault": "Sự cố: {title}{target} – {severity}, từ {since} {until}",
        "until": "đến {end}",
        "open": "(chưa hết)",
    },
    "en": {
        "title": "PROGRAMME LOGBOOK",
        "subtitle": "Week {week} ({first} to {last}). Unit: {unit}",
        "lead": "Planned broadcasts: {count}. Broadcast time of the week: {airtime}.",
        "total": "Total of the day",
        "week_total": "Total of the week",
        "planned_time": "Scheduled",
        "actual_time": "Actual",
        "programme": "Programme",
        "kind": "Kind",
        "remarks": "Remarks (causes, faults)",
        "on_duty": "On duty",
        "nothing": "Nothing was scheduled.",
        "to_come": "Still to come.",
        "unaccounted": "Not accounted for: {slot} {programme}",
        "fault": "Fault: {title}{target} – {severity}, from {since} {until}",
        "until": "to {end}",
        "open": "(still open)",
    },
}
WEEKDAYS = {
    "vi": ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
Line = tuple[Broadcast, Sequence[int], Sequence[int]]  # with its printed parts and printed played time
NEVER = "–"  # began, nor ended
FIGURES = ("planned", "played", "on_air", "not_on_air", "unobserved")


def logbook_document(week: Json, form: Form) -> Document:
    """The logbook of {"station", "week": "2026-W47", "as_of", "seq", "occurrences", "unaccounted", "faults": […]}.

    The occurrences are as in ``airtime``. A fault is {"target", "severity", "since", "cleared_at" or null, "title_vi",
    "title_en"}; it is printed on each day that it touched. Raises KeyError where something is missing.
    """
    text = TEXTS[form.lang]
    days = week_days(week["week"])
    shown = sorted((Broadcast.from_json(o) for o in week["occurrences"]), key=lambda b: b.starts_at)
    faults = [FaultEntry.from_json(f) for f in week.get("faults", ())]
    parts, played, _ = printed_figures(shown, [b.day for b in shown], form)
    lines = list(zip(shown, parts.rows, played.rows, strict=True))
    on_air = sum(spread[0] for _, spread, _ in lines)
    return Document(
        form=form,
        station=one_line(form.station_name or week["station"]),
        title=text["title"],
        subtitle=text["subtitle"].format(
            week=f"{days[0]:%V/%G}", first=_date(days[0]), last=_date(days[-1]), unit=form.unit.name_in(form.lang)
        ),
        lead=(text["lead"].format(count=len(shown), airtime=form.in_hours(on_air)),),
        tables=(_table(days, lines, _remarks(week, faults, form), form),),
        notes=notes(form),
        evidence=ledger_line(week, form),
        exact=exact_table(week["occurrences"]),
    )


def logbook_text(week: Json, form: Form, width: int) -> str:
    """The same logbook for a terminal of *width* columns."""
    document = logbook_document(week, form)
    lines = [_text_line(row, form) for row in document.tables[0].rows]
    names = [sentence(word(name, form.lang)) for name in FIGURES]
    table = folded_table(TEXTS[form.lang]["planned_time"], names, lines, width)
    return "\n".join([document.station, document.title, document.subtitle, *document.lead, "", table])


def _text_line(row: Row, form: Form) -> FoldedLine:
    cells = [cell_text(cell, form) for cell in row.cells]
    if row.spans:
        return FoldedLine(cells[0])
    slot, actual, programme, kind, *figures, remarks_, on_duty = cells
    if row.style is Style.TOTAL:
        return FoldedLine(programme, figures)
    began = "" if actual == NEVER else f"{TEXTS[form.lang]['actual_time']}: {actual}"
    words = [" · ".join(filter(None, [programme, kind, began, on_duty])), remarks_]
    return FoldedLine(slot, figures, [said for said in words if said])


def _date(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _columns(form: Form) -> tuple[Column, ...]:
    text = TEXTS[form.lang]
    return (
        Column(text["planned_time"], 2.9, Align.CENTER),
        Column(text["actual_time"], 2.9, Align.CENTER),
        Column(text["programme"], 4.2),
        Column(text["kind"], 2.2),
        *figure_columns(form, FIGURES, 1.45),
        Column(text["remarks"], 3.4),
        Column(text["on_duty"], 1.9),
    )


def _remarks(week: Json, faults: Sequence[FaultEntry], form: Form) -> dict[date, list[Row]]:
    """What is written below a day's broadcasts: what has no account, faults, else why there is nothing."""
    text, today = TEXTS[form.lang], local_day(datetime.fromisoformat(week["as_of"]))
    unaccounted = [_planned(o) for o in week.get("unaccounted", ())]
    found = {}
    for day in week_days(week["week"]):
        told = [text["unaccounted"].format(slot=slot, programme=name) for at, slot, name in unaccounted if at == day]
        said = [_remark(line) for line in told]
        said += [_fault(fault, day, form) for fault in faults if fault.since.date() <= day <= _last_day(fault, week)]
        if not told and not any(local_day(datetime.fromisoformat(o["starts_at"])) == day for o in week["occurrences"]):
            said.append(_remark(text["to_come" if day > today else "nothing"]))
        found[day] = said
    return found


def _planned(occurrence: Json) -> tuple[date, str, str]:
    starts_at, ends_at = (
        datetime.fromisoformat(occurrence[key]).astimezone(STATION_TZ) for key in ("starts_at", "ends_at")
    )
    return starts_at.date(), slot_text(starts_at, ends_at), one_line(occurrence["programme"])


def _remark(line: str) -> Row:
    return Row((line,), Style.REMARK)


def _table(days: Sequence[date], lines: Sequence[Line], below: Mapping[date, Sequence[Row]], form: Form) -> Table:
    rows: list[Row] = []
    for day in days:
        mine = [line for line in lines if line[0].day == day]
        rows.append(Row((f"{WEEKDAYS[form.lang][day.weekday()]}, {_date(day)}",), Style.HEADING))
        rows.extend(_broadcast(*line, form) for line in mine)
        rows.extend(below[day])
        if mine:
            rows.append(_sum("total", [(spread, p) for _, spread, p in mine], form))
    rows.append(_sum("week_total", [(spread, p) for _, spread, p in lines], form))
    return Table("", _columns(form), tuple(rows))


def _broadcast(b: Broadcast, spread: Sequence[int], played: Sequence[int], form: Form) -> Row:
    figures = amounts(form, (sum(spread), *played, *spread))
    slot = slot_text(b.starts_at, b.ends_at)
    return Row((slot, _actual(b), one_line(b.programme), kind_text(b, form), *figures, remarks(b, form), b.on_duty))


def _actual(b: Broadcast) -> str:
    """When it really sounded, to the second: inspectors ask whether it began on time."""
    if b.began_at is None:
        return NEVER
    end = f"–{_to_the_second(b.ended_at)}" if b.ended_at else ""
    return f"{_to_the_second(b.began_at)}{end}"


def _to_the_second(when: datetime) -> str:
    """Rounded: what begins 0.01 ms early began on the second."""
    return f"{when + timedelta(milliseconds=500):%H:%M:%S}"


def _sum(label: str, lines: Sequence[tuple[Sequence[int], Sequence[int]]], form: Form) -> Row:
    on_air, missing, unobserved = (sum(spread[i] for spread, _ in lines) for i in range(3))
    played = sum(p[0] for _, p in lines)
    figures = amounts(form, (on_air + missing + unobserved, played, on_air, missing, unobserved))
    return Row(("", "", TEXTS[form.lang][label], "", *figures, "", ""), Style.TOTAL)


def _last_day(fault: FaultEntry, week: Json) -> date:
    """The last day to print a fault on. An open one goes on until the logbook's own ``as_of``, not into the future."""
    if fault.cleared_at is not None:
        return fault.cleared_at.date()
    return local_day(datetime.fromisoformat(week["as_of"]))


def _fault(fault: FaultEntry, day: date, form: Form) -> Row:
    text = TEXTS[form.lang]
    title = fault.title_vi if form.lang == "vi" else fault.title_en
    until = text["until"].format(end=_moment(fault.cleared_at, day)) if fault.cleared_at else text["open"]
    line = text["fault"].format(
        title=sentence(one_line(title)),
        target=f" ({one_line(fault.target)})" if fault.target else "",
        severity=word_or_code(fault.severity, form.lang),
        since=_moment(fault.since, day),
        until=until,
    )
    return _remark(line)


def _moment(when: datetime, day: date) -> str:
    """The time of day; with its date when that is another day."""
    return f"{when:%H:%M:%S}" if when.date() == day else f"{when:%H:%M:%S %d/%m}"
