"""Tables of a file → its timetable: each table is a list, a weekly grid or blocks of days by what it holds."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import time

from scheduler.loaders import day_blocks, plain_list, sources, weekly_grid
from scheduler.loaders.cell_kinds import is_day
from scheduler.loaders.fields import timetable_title
from scheduler.loaders.grid_place import Found, find
from scheduler.loaders.grid_rows import notes_below
from scheduler.loaders.list_heading import Heading, find_heading
from scheduler.loaders.repeats import resolve
from scheduler.loaders.result import Loaded, SheetPlan, Unloadable, nothing_planned
from scheduler.loaders.sequence import without_doubles
from scheduler.loaders.table import Table
from scheduler.loaders.titles import NO_TITLES, Titles, read_titles
from scheduler.loaders.view import View
from scheduler.occurrence import ALL_ZONES
from scheduler.problem import Problem
from scheduler.spoken.sessions import session_if_any
from scheduler.spoken.spans import Span
from scheduler.timetable import Dates, Slot, Timetable, Weekdays
from scheduler.vietnamese import fold, read_zone

_SHOWN = "Ngày, Giờ, Thời lượng, Chương trình, Hình thức, Mức ưu tiên, Nguồn, Phạm vi"
_SURELY_DAYS = 3  # cells of a row that name days: no list has so many
_ZONE = re.compile(r"(?:thon|xom|ap|ban|buon|khu|cum|to|lang|khoi|tdp|khu pho)\b.+")


def read(tables: Sequence[Table], stem: str) -> Loaded:
    """The timetable of all tables that hold one. Raises Unloadable if none does, or if they do not go together."""
    sheets: list[tuple[Table, list[SheetPlan]]] = []
    above = NO_TITLES
    listed = [sources.read(table, heading) for table in tables if (heading := _heads_sources(table)) is not None]
    remarks: list[Problem] = []
    for table in tables:
        if sheets and is_of_document(table):
            remarks += _between_tables(table)
        plans = read_table(table, above) if _heads_sources(table) is None else []
        if is_of_document(table):  # whose tables stand below one title
            above = plans[-1].titles if plans else read_titles(table, range(len(table.rows)), above)
        if plans:
            sheets.append((table, plans))
    if not sheets:
        where = tables[0].where(0, 0) if tables and tables[0].rows else "A1"
        vi, en = f"không thấy dòng tiêu đề cột; cần: {_SHOWN}", f"no row of headings found; needed: {_SHOWN}"
        raise Unloadable(where, "no_heading", vi, en)
    loaded = _loaded(_together(_in_zones(sheets)), listed, stem)
    return replace(loaded, warnings=without_doubles((*loaded.warnings, *remarks, *_below(tables))))


def _between_tables(table: Table) -> list[Problem]:
    """What paragraphs over a later table of a document remark on the ones before."""
    return list(read_titles(table, range(table.above)).warnings)


def _below(tables: Sequence[Table]) -> list[Problem]:
    """And the paragraphs under the last table, but for those who sign."""
    last = tables[-1]
    view = View.of(Table(last.name, [[paragraph] for paragraph in last.below], above=len(last.below)))
    return list(notes_below(view, view.rows))


def _heads_sources(table: Table) -> Heading | None:
    heading = find_heading(table)
    return heading if sources.is_sources(heading) else None


def is_of_document(table: Table) -> bool:
    """Whether the table is one of a text document, where paragraphs stand between them."""
    return table.name.startswith("Bảng ")


def read_table(table: Table, above: Titles = NO_TITLES) -> list[SheetPlan]:
    """What a table plans; nothing if it is no timetable. *above*: what earlier tables of its document said."""
    heading, grid = find_heading(table), find(table)
    if grid is not None and _is_grid(grid, heading):
        return weekly_grid.read(grid, above)
    if heading is not None:
        return [plain_list.read(table, one, above) for one in (heading, *heading.beside)]
    blocks = day_blocks.read(table, above)
    return [blocks] if blocks is not None else []


def _is_grid(grid: Found, heading: Heading | None) -> bool:
    """Whether a table that may be both is no list: a list names its titles' column, and no row of it three days."""
    if heading is None:
        return True
    if heading.is_whole and heading.row < grid.headings[0] and not grid.view.turned:
        return False  # what looks like a heading of days is an item's row: "T2-T7 | … | 24/11/2026 | 27/11/2026"
    if grid.view.turned:
        return "title" not in heading.columns or is_day(grid.view.table.cell(heading.row, grid.headings[0]))
    return grid.day_count >= _SURELY_DAYS or not {"day", "title"} <= set(heading.columns)


# --- several sheets


def _in_zones(sheets: Sequence[tuple[Table, list[SheetPlan]]]) -> list[SheetPlan]:
    """Sheets that are named after parts of the commune are for those."""
    names = [table.name for table, _ in sheets]
    if len(sheets) < 2 or not all(_ZONE.fullmatch(fold(name)) for name in names) or len(set(names)) < len(names):
        return [plan for _, plans in sheets for plan in plans]
    return [replace(plan, slots=_in_zone(table.name, plan.slots)) for table, plans in sheets for plan in plans]


def _in_zone(name: str, slots: Iterable[Slot]) -> tuple[Slot, ...]:
    return tuple(replace(slot, zone=read_zone(name)) if slot.zone == ALL_ZONES else slot for slot in slots)


def _together(plans: Sequence[SheetPlan]) -> SheetPlan:
    """One plan of several that are for different days or zones. Raises Unloadable if they are not."""
    if len(plans) == 1:
        return _in_reading_order(plans[0])
    spans = {plan.titles.span for plan in plans}
    _refuse_same_days(plans)
    if len(spans) > 1:
        plans = [replace(plan, slots=tuple(_dated(slot, plan.titles.span) for slot in plan.slots)) for plan in plans]
    known = [span for span in spans if span is not None]
    whole = Span(min(s.first for s in known), max(s.last for s in known)) if known and None not in spans else None
    return SheetPlan(
        plans[0].where,
        replace(plans[0].titles, name=next((p.titles.name for p in plans if p.titles.name), ""), span=whole),
        tuple(slot for plan in plans for slot in plan.slots),
        tuple(problem for plan in plans for problem in _in_reading_order(plan).errors),
        tuple(problem for plan in plans for problem in _in_reading_order(plan).warnings),
    )


def _in_reading_order(plan: SheetPlan) -> SheetPlan:
    """Its problems, with those of its title, from top to bottom."""
    errors = sorted([*plan.titles.errors, *plan.errors], key=_line_of)
    return replace(
        plan, errors=tuple(errors), warnings=tuple(sorted([*plan.titles.warnings, *plan.warnings], key=_line_of))
    )


def _line_of(problem: Problem) -> tuple[int, int, str]:
    found = re.search(r"(?:!([A-Z]+)|^line )(\d+)", problem.where)
    return (int(found[2]), len(found[1] or ""), found[1] or "") if found else (0, 0, "")


def _refuse_same_days(plans: Sequence[SheetPlan]) -> None:
    """Two sheets for the same days and zones: which one is meant has to be asked. Parts of one sheet may be."""
    for n, later in enumerate(plans):
        for earlier in plans[:n]:
            if _sheet(earlier) != _sheet(later) and _share_days(earlier, later):
                names = ", ".join(f"“{name}”" for name in dict.fromkeys(map(_sheet, plans)))
                vi = f"có nhiều trang lịch cho cùng một ngày: {names}; giữ lại một trang"
                en = f"several sheets hold a timetable for the same days: {names}; keep one"
                raise Unloadable(later.where, "several_sheets", vi, en)


def _sheet(plan: SheetPlan) -> str:
    return plan.where.rpartition("!")[0] or plan.where


def _share_days(one: SheetPlan, other: SheetPlan) -> bool:
    """Sheets named after sessions, and tables of one document, may be for the same days: at different times."""
    spans = one.titles.span, other.titles.span
    if spans[0] and spans[1] and (spans[0].last < spans[1].first or spans[1].last < spans[0].first):
        return False
    if all(_may_share(_sheet(plan)) for plan in (one, other)):
        return bool(_starts(one) & _starts(other))
    return bool(_days(one) & _days(other))


def _may_share(name: str) -> bool:
    return name.startswith("Bảng ") or session_if_any(name) is not None


def _starts(plan: SheetPlan) -> set[tuple[object, str, time]]:
    return {(day, slot.zone, slot.starts) for slot in plan.slots for day in _days_of(slot)}


def _days(plan: SheetPlan) -> set[tuple[object, str]]:
    return {(day, slot.zone) for slot in plan.slots for day in _days_of(slot)}


def _days_of(slot: Slot) -> Iterable[object]:
    """Weekdays as numbers, dates as dates; of another recurrence itself."""
    match slot.recurrence:
        case Weekdays(weekdays):
            return weekdays
        case Dates(dates):
            return dates
    return (slot.recurrence,)


def _dated(slot: Slot, span: Span | None) -> Slot:
    """Of several weeks each has its own: weekdays are those of the week."""
    if span is None or not isinstance(slot.recurrence, Weekdays):
        return slot
    return replace(
        slot, recurrence=Dates(frozenset(day for day in span.dates() if day.weekday() in slot.recurrence.days))
    )


def _loaded(plan: SheetPlan, listed: Sequence[sources.Sources], stem: str) -> Loaded:
    if not plan.slots and plan.errors and not plan.titles.name and plan.titles.first is None:
        return Loaded(None, plan.errors, plan.warnings)
    repeats = resolve(plan.slots)
    errors = tuple(dict.fromkeys((*plan.errors, *repeats.errors, *(error for one in listed for error in one.errors))))
    warnings = without_doubles((*plan.warnings, *repeats.warnings))
    if not repeats.slots and not errors:
        warnings = (*warnings, nothing_planned(plan.where))
    known = {title: source for one in listed for title, source in one.by_title.items()}
    slots, titles = sources.with_sources(repeats.slots, known), plan.titles
    name = timetable_title(titles.name or stem)
    return Loaded(Timetable(name, slots, titles.first, titles.last, titles.only_on), errors, warnings)
