"""Sets of time as sorted, disjoint, half-open spans of whole numbers. Pure."""

from collections.abc import Iterable

Spans = tuple[tuple[int, int], ...]


def normal(spans: Iterable[tuple[int, int]]) -> Spans:
    """Sort, drop the empty, join what touches: after this nothing is counted twice."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def union(*sets: Spans) -> Spans:
    return normal(span for spans in sets for span in spans)


def common(a: Spans, b: Spans) -> Spans:
    """What lies in both."""
    found, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        start, end = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if start < end:
            found.append((start, end))
        if a[i][1] <= b[j][1]:
            i += 1
        else:
            j += 1
    return tuple(found)


def without(a: Spans, b: Spans) -> Spans:
    """What lies in *a* and not in *b*."""
    left: list[tuple[int, int]] = []
    j = 0
    for start, end in a:
        while j < len(b) and b[j][1] <= start:
            j += 1
        k = j
        while k < len(b) and b[k][0] < end:
            if start < b[k][0]:
                left.append((start, b[k][0]))
            start = max(start, b[k][1])
            k += 1
        if start < end:
            left.append((start, end))
    return tuple(left)


def total(spans: Spans) -> int:
    return sum(end - start for start, end in spans)
