"""The month's broadcast time as a document: summary by kind, causes, every broadcast."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from scheduler.clock import STATION_TZ
from telemetry.figures import month_days
from telemetry.reports.document import Align, Amount, Cell, Column, Document, Row, Style, Table, amounts, one_line
from telemetry.reports.figures import Broadcast, Durations, Json, slot_text
from telemetry.reports.form import Form
from telemetry.reports.rounding import RoundedTable, apportion, round_table
from telemetry.reports.words import KINDS, Lang, decimal, sentence, word_or_code

TEXTS = {
    "vi": {
        "title": "BÁO CÁO THỜI LƯỢNG PHÁT SÓNG",
        "subtitle": "Tháng {month} (từ ngày {first} đến hết ngày {last}). Đơn vị tính: {unit}",
        "lead": "Tổng thời gian phát sóng: {airtime}. Tổng thời gian chương trình: {programme}.",
        "unplanned": "Âm thanh ngoài lịch phát sóng: {unplanned} (không tính vào thời gian phát sóng).",
        "by_kind": "Tổng hợp theo hình thức",
        "causes": "Nguyên nhân không lên sóng hoặc chưa đo được",
        "details": "Chi tiết từng lượt phát",
        "total": "Tổng cộng",
        "count": "Số lượt",
        "number": "STT",
        "day": "Ngày",
        "time": "Giờ theo lịch",
        "programme": "Chương trình",
        "kind": "Hình thức",
        "cause": "Nguyên nhân",
        "remarks": "Nguyên nhân, ghi chú",
        "evidence": "Căn cứ",
        "revision": "sửa lần {n}",
        "partly": "chỉ tính phần trong kỳ",
        "unaccounted": "Lượt phát theo lịch chưa có số liệu (không nằm trong các bảng khác)",
        "adds_up": "Đã lên sóng + không lên sóng + chưa đo được = theo lịch, ở từng dòng và ở mọi dòng cộng.",
        "rounding": "Số liệu gốc tính bằng mili giây; số in ra làm tròn đến {digit} {unit} sao cho mọi tổng đều khớp.",
        "measured": (
            "“Đã lên sóng” là thời gian máy đo nhận ra đúng tiếng của đài trên tín hiệu hồi tiếp; "
            "“máy đã phát” là thời gian máy tự ghi nhận, không dùng để tính thời gian phát sóng."
        ),
        "ledger": "Số liệu lấy từ sổ cái của máy, đến bản ghi số {seq}{hash}.",
        "hash": ", mã băm {hash}",
    },
    "en": {
        "title": "BROADCAST TIME REPORT",
        "subtitle": "Month {month} (from {first} to {last} inclusive). Unit: {unit}",
        "lead": "Total broadcast time: {airtime}. Total programme time: {programme}.",
        "unplanned": "Sound outside the schedule: {unplanned} (not counted as broadcast time).",
        "by_kind": "Summary by kind",
        "causes": "Causes of time not on air or unobserved",
        "details": "Every broadcast",
        "total": "Total",
        "count": "Broadcasts",
        "number": "No.",
        "day": "Day",
        "time": "Scheduled",
        "programme": "Programme",
        "kind": "Kind",
        "cause": "Cause",
        "remarks": "Causes, remarks",
        "evidence": "Evidence",
        "revision": "revision {n}",
        "partly": "only the share of this period",
        "unaccounted": "Planned broadcasts without any account (in no other table)",
        "adds_up": "On air + not on air + unobserved = planned, in every row and in every total.",
        "rounding": "Counted in milliseconds; printed figures are rounded to {digit} {unit} so that all sums agree.",
        "measured": (
            "“On air” is the time in which the station's own sound was recognised on the return signal; "
            "“played” is what the machine says of itself and is not counted as broadcast time."
        ),
        "ledger": "Counted from the station's ledger up to record {seq}{hash}.",
        "hash": ", hash {hash}",
    },
}
SHORTEST_SAID_MS = 50  # printed as 0,1s
EXACT_COLUMNS = (
    "occurrence",
    "programme",
    "starts_at",
    "ends_at",
    "kind",
    "origin",
    "class",
    "zone",
    "source",
    "planned_ms",
    "programme_ms",
    "played_ms",
    "on_air_ms",
    "not_on_air_ms",
    "unobserved_ms",
    "overlaid_ms",
    "low_ms",
    "clipped_ms",
    "causes",
    "evidence",
    "start_error_ms",
    "revision",
)


def airtime_document(figure: Json, form: Form) -> Document:
    """The report of the figure that ``airtime --month --json`` prints.

    Raises KeyError where a figure is missing and ValueError where the totals are not the sums of the occurrences.
    """
    text = TEXTS[form.lang]
    shown = [Broadcast.from_json(o) for o in figure["occurrences"]]
    check_sums(figure["totals"], [b.durations for b in shown])
    parts, played, content = printed_figures(shown, [b.kind for b in shown], form)
    first, last = month_days(figure["month"])
    return Document(
        form=form,
        station=one_line(form.station_name or figure["station"]),
        title=text["title"],
        subtitle=text["subtitle"].format(
            month=f"{first:%m/%Y}", first=_date(first), last=_date(last), unit=form.unit.name_in(form.lang)
        ),
        lead=_lead(figure, form, parts, content),
        tables=_numbered(
            _by_kind(shown, form, parts, played, content),
            *_causes(shown, form, parts),
            *_unaccounted(figure.get("unaccounted", ()), form),
            _details(shown, form, parts, played),
        ),
        notes=notes(form),
        evidence=ledger_line(figure, form),
        exact=exact_table(figure["occurrences"]),
    )


def check_sums(totals: Json, durations: Sequence[Durations]) -> None:
    """A report whose totals are not the sums of its rows must never be printed. Raises ValueError."""
    for name in Durations.__dataclass_fields__:
        summed = sum(getattr(d, name) for d in durations)
        if summed != totals[name]:
            raise ValueError(f"{name}: the total says {totals[name]}, its rows sum to {summed}")
    for d in durations:
        if sum(d.parts) != d.planned_ms:
            raise ValueError(f"on air + not on air + unobserved = {sum(d.parts)}, planned = {d.planned_ms}")


def printed_figures(
    broadcasts: Sequence[Broadcast], groups: Sequence[str | date], form: Form
) -> tuple[RoundedTable, RoundedTable, RoundedTable]:
    """The rounded (on air, not on air, unobserved), (played,) and (programme time,) of every broadcast."""
    durations = [b.durations for b in broadcasts]
    return (
        round_table([d.parts for d in durations], groups, form.quantum_ms, width=3),
        round_table([(d.played_ms,) for d in durations], groups, form.quantum_ms, width=1),
        round_table([(d.programme_ms,) for d in durations], groups, form.quantum_ms, width=1),
    )


def notes(form: Form) -> tuple[str, ...]:
    text = TEXTS[form.lang]
    digit, unit = form.number(1), form.unit.name_in(form.lang)
    return text["measured"], text["adds_up"], text["rounding"].format(digit=digit, unit=unit)


def ledger_line(figure: Json, form: Form) -> str:
    text = TEXTS[form.lang]
    head = text["hash"].format(hash=figure["head"]) if figure.get("head") else ""
    return text["ledger"].format(seq=figure["seq"], hash=head)


def kind_text(broadcast: Broadcast, form: Form) -> str:
    """The kind; of a relay with its origin: "tiếp âm (Đài TNVN)"."""
    kind = word_or_code(broadcast.kind, form.lang)
    return f"{kind} ({word_or_code(broadcast.origin, form.lang)})" if broadcast.origin else kind


def remarks(broadcast: Broadcast, form: Form) -> str:
    """Causes with their time, then what else is out of the ordinary. A time that would be printed as 0 says nothing."""
    lost = (*broadcast.causes.items(), *broadcast.flags.items())
    said = [
        f"{word_or_code(code, form.lang)} {short_time(ms, form.lang)}" for code, ms in lost if ms >= SHORTEST_SAID_MS
    ]
    if broadcast.bulletin_class != "normal":
        said.append(word_or_code(broadcast.bulletin_class, form.lang))
    if broadcast.partly:
        said.append(TEXTS[form.lang]["partly"])
    if broadcast.revision:
        said.append(TEXTS[form.lang]["revision"].format(n=broadcast.revision))
    return sentence("; ".join(said))


def short_time(duration_ms: int, lang: Lang) -> str:
    """A duration beside a cause: 12:03, or 4,2s below ten seconds (no unit words: it stands in a narrow column)."""
    if duration_ms < 10_000:
        return decimal(f"{duration_ms / 1000:.1f}s", lang)
    minutes, seconds = divmod(round(duration_ms / 1000), 60)
    return f"{minutes:02d}:{seconds:02d}"


def exact_table(occurrences: Sequence[Json]) -> Table:
    """The integers and codes as the ledger gave them."""
    columns = tuple(Column(name, 1.0) for name in EXACT_COLUMNS)
    return Table("exact", columns, tuple(Row(tuple(_exact(o.get(n)) for n in EXACT_COLUMNS)) for o in occurrences))


def figure_columns(form: Form, names: Sequence[str], width: float) -> tuple[Column, ...]:
    return tuple(Column(sentence(word_or_code(name, form.lang)), width, Align.RIGHT) for name in names)


def _numbered(*tables: Table) -> tuple[Table, ...]:
    numerals = ("I", "II", "III", "IV")
    return tuple(replace(t, caption=f"{n}. {t.caption}") for n, t in zip(numerals, tables, strict=False))


def _date(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _exact(value: object) -> Cell:
    if isinstance(value, Mapping):
        return " ".join(f"{key}={ms}" for key, ms in value.items())
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "" if value is None else str(value)
    return value


def _lead(figure: Json, form: Form, parts: RoundedTable, content: RoundedTable) -> tuple[str, ...]:
    text = TEXTS[form.lang]
    lead = text["lead"].format(airtime=form.in_hours(parts.totals[0]), programme=form.in_hours(content.totals[0]))
    unplanned = -(-int(figure["totals"]["unplanned_ms"]) // form.quantum_ms)  # rounded up: never hidden by rounding
    return lead, text["unplanned"].format(unplanned=form.in_hours(unplanned))


def _by_kind(
    shown: Sequence[Broadcast], form: Form, parts: RoundedTable, played: RoundedTable, content: RoundedTable
) -> Table:
    text = TEXTS[form.lang]
    names = ("programme_time", "planned", "played", "on_air", "not_on_air", "unobserved")
    columns = (
        Column(text["kind"], 3.0),
        Column(text["count"], 1.4, Align.RIGHT),
        *figure_columns(form, names, 2.0),
    )
    rows = []
    for kind in [k for k in KINDS if any(b.kind == k for b in shown)]:
        spread, (played_q,), (content_q,) = (table.group_totals(kind) for table in (parts, played, content))
        label, count = sentence(word_or_code(kind, form.lang)), sum(b.kind == kind for b in shown)
        rows.append(Row((label, count, *amounts(form, (content_q, sum(spread), played_q, *spread)))))
    spread, (played_q,), (content_q,) = parts.totals, played.totals, content.totals
    figures = amounts(form, (content_q, sum(spread), played_q, *spread))
    return Table(text["by_kind"], columns, (*rows, Row((text["total"], len(shown), *figures), Style.TOTAL)))


def _causes(shown: Sequence[Broadcast], form: Form, parts: RoundedTable) -> tuple[Table, ...]:
    """No table when nothing was lost. Printed causes sum to what was printed as lost, if the exact ones do."""
    text = TEXTS[form.lang]
    by_cause: dict[str, list[int]] = {}
    for broadcast in shown:
        for code, ms in broadcast.causes.items():
            if ms:
                by_cause.setdefault(code, []).append(ms)
    if not by_cause:
        return ()
    codes = sorted(by_cause, key=lambda code: -sum(by_cause[code]))
    exact = [sum(by_cause[code]) for code in codes]
    lost_ms = sum(b.durations.not_on_air_ms + b.durations.unobserved_ms for b in shown)
    complete = sum(exact) == lost_ms
    whole = sum(parts.totals[1:]) if complete else round(sum(exact) / form.quantum_ms)
    printed = apportion(exact, whole, form.quantum_ms)
    rows = [
        Row((sentence(word_or_code(code, form.lang)), len(by_cause[code]), Amount(quanta, form.decimals)))
        for code, quanta in zip(codes, printed, strict=True)
    ]
    columns = (
        Column(text["cause"], 5.0),
        Column(text["count"], 1.4, Align.RIGHT),
        Column(sentence(form.unit.name_in(form.lang)), 2.0, Align.RIGHT),
    )
    total = Row((text["total"], "", Amount(whole, form.decimals)), Style.TOTAL)
    return (Table(text["causes"], columns, (*rows, total), width=0.6),)


def _unaccounted(occurrences: Sequence[Json], form: Form) -> tuple[Table, ...]:
    """What was planned and is over, and of which the ledger knows nothing: shown, never simply absent."""
    if not occurrences:
        return ()
    text = TEXTS[form.lang]
    planned = round_table([(int(o["planned_ms"]),) for o in occurrences], [""] * len(occurrences), form.quantum_ms, 1)
    rows = []
    for o, quanta in zip(occurrences, planned.rows, strict=True):
        starts_at, ends_at = (datetime.fromisoformat(o[key]).astimezone(STATION_TZ) for key in ("starts_at", "ends_at"))
        slot, kind = slot_text(starts_at, ends_at), word_or_code(o["kind"], form.lang)
        rows.append(Row((f"{starts_at:%d/%m}", slot, one_line(o["programme"]), kind, *amounts(form, quanta))))
    total = Row(("", "", text["total"], "", *amounts(form, planned.totals)), Style.TOTAL)
    columns = (
        Column(text["day"], 1.5, Align.CENTER),
        Column(text["time"], 1.9, Align.CENTER),
        Column(text["programme"], 5.0),
        Column(text["kind"], 2.2),
        *figure_columns(form, ("planned",), 1.6),
    )
    return (Table(text["unaccounted"], columns, (*rows, total), width=0.7),)


def _details(shown: Sequence[Broadcast], form: Form, parts: RoundedTable, played: RoundedTable) -> Table:
    text = TEXTS[form.lang]
    columns = (
        Column(text["number"], 0.9, Align.CENTER),
        Column(text["day"], 1.5, Align.CENTER),
        Column(text["time"], 1.9, Align.CENTER),
        Column(text["programme"], 5.0),
        Column(text["kind"], 2.2),
        *figure_columns(form, ("planned", "played", "on_air", "not_on_air", "unobserved"), 1.45),
        Column(text["remarks"], 3.6),
        Column(text["evidence"], 1.9),
    )
    rows = [_detail(n, *line, form) for n, line in enumerate(zip(shown, parts.rows, played.rows, strict=True), 1)]
    figures = amounts(form, _in_order(parts.totals, played.totals[0]))
    total = Row(("", "", "", text["total"], "", *figures, "", ""), Style.TOTAL)
    return Table(text["details"], columns, (*rows, total))


def _detail(n: int, b: Broadcast, spread: Sequence[int], played: Sequence[int], form: Form) -> Row:
    figures = amounts(form, _in_order(spread, played[0]))
    when, evidence = (f"{b.day:%d/%m}", slot_text(b.starts_at, b.ends_at)), word_or_code(b.evidence, form.lang)
    return Row((n, *when, one_line(b.programme), kind_text(b, form), *figures, remarks(b, form), evidence))


def _in_order(spread: Sequence[int], played: int) -> tuple[int, ...]:
    """Planned (the sum of its three parts), played, then the parts."""
    return sum(spread), played, *spread
