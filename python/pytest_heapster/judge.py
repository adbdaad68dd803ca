"""What a measurement means for its limits: the core says whether a figure breaks one, this file whose fault it was.

Other threads add to the process's figures. Where both the process's figure and the test's own thread's keep a limit, it
is kept; where both break it, it is broken; where only one does, nobody can tell from this sample.
"""

from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional

import heapster
from heapster import figures
from heapster.baseline import Entry, entry_of, size_changes

LARGEST = 2**63 - 1

# How many buckets are named.
FEW = 3


class Bound(NamedTuple):
    """A limit, and the words for a Stats that breaks it."""

    limit: heapster.Limit
    words: Callable[[heapster.Stats], str]

    @classmethod
    def of_limit(cls, limit: heapster.Limit) -> "Bound":
        return cls(limit, lambda stats: limit.broken(stats))

    @classmethod
    def of_baseline(cls, field: str, entry: Entry, tolerance: int) -> "Bound":
        """The figure of an entry, and no more than the tolerance above it."""
        expected = entry.figures[field]
        most: Dict[str, Any] = {field: min(expected + tolerance, LARGEST)}
        return cls(heapster.limit(**most), lambda stats: above_baseline(field, entry, entry_of(stats), tolerance))


def above_baseline(field: str, before: Entry, after: Entry, tolerance: int) -> str:
    """The line for a figure that rose: both numbers, and the buckets that grew most."""
    found, expected = after.figures[field], before.figures[field]
    grown = [each for each in size_changes(before, after) if each[1] > 0][:FEW]
    where = f" ({figures.buckets(grown)})" if grown and field.startswith("alloc") else ""
    more = f", tolerance {figures.figure(field, tolerance)}" if tolerance else ""
    return (f"{field}: {figures.figure(field, found)} is {figures.gap(field, found, expected)} the baseline of "
            f"{figures.figure(field, expected)}{more}{where}")  # fmt: skip


class Verdict(NamedTuple):
    """The lines of what was broken, and of what only other threads may have broken."""

    failed: List[str]
    polluted: List[str]


def _lines(bound: Bound, stats: heapster.Stats) -> List[str]:
    return bound.words(stats).splitlines()


def judge(bounds: Iterable[Bound], whole: heapster.Stats, own: Optional[heapster.Stats]) -> Verdict:
    """The verdict on a window; `own` is its own thread's share, or None where no other thread took part."""
    verdict = Verdict([], [])
    for bound in bounds:
        is_broken = bool(bound.limit.broken(whole))
        is_own_broken = is_broken if own is None else bool(bound.limit.broken(own))
        if is_broken and is_own_broken:
            verdict.failed.extend(_lines(bound, own or whole))
        elif is_broken != is_own_broken:
            verdict.polluted.extend(_lines(bound, whole if is_broken or own is None else own))
    return verdict
