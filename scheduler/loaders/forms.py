"""Tables of a file → its timetable: each table is a list, a weekly grid or blocks of days by what it holds."""

from collections.abc import Sequence

from scheduler.loaders import plain_list, weekly_grid
from scheduler.loaders.fields import timetable_title
from scheduler.loaders.grid_columns import find
from scheduler.loaders.result import Loaded, SheetPlan, Unloadable
from scheduler.loaders.table import Table
from scheduler.timetable import Timetable

_SHOWN = "Ngày, Giờ, Thời lượng, Chương trình, Hình thức, Mức ưu tiên, Nguồn, Phạm vi"
_SURELY_DAYS = 3  # cells of a row that name days: no list has so many


def read(tables: Sequence[Table], stem: str) -> Loaded:
    """The timetable of all tables that hold one. Raises Unloadable if none does, or if they do not go together."""
    plans = [plan for table in tables if (plan := read_table(table)) is not None]
    if not plans:
        where = tables[0].where(0, 0) if tables and tables[0].rows else "A1"
        vi, en = f"không thấy dòng tiêu đề cột; cần: {_SHOWN}", f"no row of headings found; needed: {_SHOWN}"
        raise Unloadable(where, "no_heading", vi, en)
    if len(plans) > 1:
        names = ", ".join(f"“{plan.where.rpartition('!')[0]}”" for plan in plans)
        vi, en = f"có nhiều trang lịch: {names}; giữ lại một trang", f"several sheets hold a list: {names}; keep one"
        raise Unloadable(plans[1].where, "several_sheets", vi, en)
    return _loaded(plans[0], stem)


def read_table(table: Table) -> SheetPlan | None:
    """What a table plans; None if it is no timetable."""
    heading, grid = plain_list.find_heading(table), find(table)
    sure = grid is not None and not grid.view.turned and grid.day_count >= _SURELY_DAYS
    if grid is not None and (sure or heading is None or not heading.is_whole):
        return weekly_grid.read(grid)
    return plain_list.read(table, heading) if heading is not None else None


def _loaded(plan: SheetPlan, stem: str) -> Loaded:
    if not plan.slots and plan.errors and not plan.title and plan.span is None:
        return Loaded(None, plan.errors, plan.warnings)
    first, last = (plan.span.first, plan.span.last) if plan.span else (None, None)
    timetable = Timetable(timetable_title(plan.title or stem), plan.slots, first, last)
    return Loaded(timetable, plan.errors, plan.warnings)
