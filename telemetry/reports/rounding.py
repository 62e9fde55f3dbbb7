"""Round a table of milliseconds so that everything printed adds up: along rows, columns, groups and totals.

Rounding each number by itself makes columns that do not sum to their totals, which is what offices complain about. This
is controlled rounding (L. H. Cox, "A constructive procedure for unbiased controlled rounding", JASA 82, 1987) for rows
that belong to groups. The figures form a circulation: what enters a node leaves it. Fractional figures lie on cycles;
pushing a little round a cycle keeps every sum and makes at least one figure whole. Each figure, sums included, ends as
its floor or its ceiling, and one that is whole stays.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

Node = Hashable


@dataclass(slots=True)
class _Arc:
    """An amount that flows from *tail* to *head*."""

    tail: Node
    head: Node
    amount: int

    def other_end(self, node: Node) -> Node:
        return self.head if node == self.tail else self.tail


@dataclass(frozen=True, slots=True)
class RoundedTable:
    """Cells in quanta (one unit of the last printed digit). Sums are sums of the printed cells."""

    rows: tuple[tuple[int, ...], ...]
    groups: tuple[Hashable, ...]  # of each row
    width: int  # columns; known also when there is no row

    @property
    def totals(self) -> tuple[int, ...]:
        return self._sums(self.rows)

    def group_totals(self, group: Hashable) -> tuple[int, ...]:
        return self._sums([row for row, its in zip(self.rows, self.groups, strict=True) if its == group])

    def _sums(self, rows: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
        return tuple(sum(row[c] for row in rows) for c in range(self.width))


def round_table(rows: Sequence[Sequence[int]], groups: Sequence[Hashable], quantum: int, width: int) -> RoundedTable:
    """Round *rows* (ms; each *width* long) to multiples of *quantum* (ms). ``groups`` names the group of each row."""
    cells = {(r, c): _Arc(("row", r), ("group column", groups[r], c), v) for r, c, v in _cells(rows)}
    _make_whole([*cells.values(), *_sums(rows, groups, width)], quantum)
    rounded = tuple(tuple(cells[r, c].amount // quantum for c in range(len(row))) for r, row in enumerate(rows))
    return RoundedTable(rounded, tuple(groups), width)


def apportion(parts: Sequence[int], whole: int, quantum: int) -> tuple[int, ...]:
    """Round *parts* (ms) to quanta that sum to *whole* (quanta), by the largest remainders."""
    shares = [part // quantum for part in parts]
    left = whole - sum(shares)
    by_remainder = sorted(range(len(parts)), key=lambda i: parts[i] % quantum, reverse=left > 0)
    able = by_remainder if left > 0 else [i for i in by_remainder if shares[i] > 0]
    if left and not able:
        raise ValueError(f"{whole} quanta cannot be shared between {list(parts)}")
    for n in range(abs(left)):
        shares[able[n % len(able)]] += 1 if left > 0 else -1
    return tuple(shares)


def _cells(rows: Sequence[Sequence[int]]) -> Iterator[tuple[int, int, int]]:
    return ((r, c, value) for r, row in enumerate(rows) for c, value in enumerate(row))


def _sums(rows: Sequence[Sequence[int]], groups: Sequence[Hashable], width: int) -> Iterator[_Arc]:
    """All sums of the table, as arcs that close the circulation: source → group → row … column → sink → source."""
    columns = range(width)
    for group in dict.fromkeys(groups):
        mine = [row for row, its_group in zip(rows, groups, strict=True) if its_group == group]
        yield _Arc("source", ("group", group), sum(map(sum, mine)))
        yield from (_Arc(("group column", group, c), ("column", c), sum(row[c] for row in mine)) for c in columns)
    yield from (_Arc(("group", groups[r]), ("row", r), sum(row)) for r, row in enumerate(rows))
    yield from (_Arc(("column", c), "sink", sum(row[c] for row in rows)) for c in columns)
    yield _Arc("sink", "source", sum(map(sum, rows)))


def _make_whole(arcs: Sequence[_Arc], quantum: int) -> None:
    """Change the amounts of a circulation to multiples of *quantum*, each to a neighbouring one."""
    touching: dict[Node, list[_Arc]] = {}
    for arc in arcs:
        touching.setdefault(arc.tail, []).append(arc)
        touching.setdefault(arc.head, []).append(arc)
    for arc in arcs:
        while arc.amount % quantum:
            _push(_cycle(arc, touching, quantum), quantum)


def _cycle(start: _Arc, touching: dict[Node, list[_Arc]], quantum: int) -> list[tuple[_Arc, bool]]:
    """A cycle of fractional arcs, each with whether it is walked forwards.

    The walk cannot get stuck: at a node whose amounts cancel, no single one can be fractional.
    """
    walked: list[tuple[_Arc, bool]] = [(start, True)]
    reached_at = {start.tail: 0, start.head: 1}
    node = start.head
    while True:
        last = walked[-1][0]
        arc = next(a for a in touching[node] if a is not last and a.amount % quantum)
        walked.append((arc, arc.tail == node))
        node = arc.other_end(node)
        if node in reached_at:
            return walked[reached_at[node] :]
        reached_at[node] = len(walked)


def _push(cycle: Sequence[tuple[_Arc, bool]], quantum: int) -> None:
    """Push the least amount, one way or the other, that makes an arc of the cycle whole."""
    up = min(-arc.amount % quantum if forwards else arc.amount % quantum for arc, forwards in cycle)
    down = min(arc.amount % quantum if forwards else -arc.amount % quantum for arc, forwards in cycle)
    step = up if up <= down else -down
    for arc, forwards in cycle:
        arc.amount += step if forwards else -step
