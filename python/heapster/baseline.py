"""A baseline: what measurements asked of the heap when it was made, by where and what was measured. Plain values."""

from itertools import compress
from typing import Dict, Iterable, Iterator, List, NamedTuple, Tuple

from heapster import Stats

# What an entry holds of each measurement.
FIGURES = ("alloc_count", "alloc_sum", "realloc_growth_count", "use_peak")

# Those that rise only if the program asks more often. Bytes change with the length of a path or a name.
COUNTS = ("alloc_count", "realloc_growth_count")

# The least size of each bucket of a histogram.
LOWS = (0, *(1 << index for index in range(1, 64)))


class Entry(NamedTuple):
    """One measurement: its figures, and its requests by the least size of their bucket."""

    figures: Dict[str, int]
    sizes: Dict[int, int]


# By the name of the measurement; and those by the fingerprint of what measured.
Entries = Dict[str, Entry]
Baseline = Dict[str, Entries]


def entry_of(stats: Stats) -> Entry:
    """The entry of a window."""
    figures = {name: int(getattr(stats, name)) for name in FIGURES}
    counts = list(stats.alloc_histogram)
    return Entry(figures, dict(compress(zip(LOWS, counts), counts)))


def size_changes(before: Entry, after: Entry) -> List[Tuple[int, int]]:
    """By how many requests each bucket grew or shrank, the largest change first; only those that did."""
    lows = {*before.sizes, *after.sizes}
    changes = [(low, after.sizes.get(low, 0) - before.sizes.get(low, 0)) for low in sorted(lows)]
    return sorted((each for each in changes if each[1]), key=lambda each: -abs(each[1]))


class Change(NamedTuple):
    """A figure that is not what it was, with the buckets that changed where it is the count of requests."""

    name: str
    field: str
    before: int
    after: int
    sizes: List[Tuple[int, int]]


def _entry_changes(name: str, before: Entry, after: Entry) -> Iterator[Change]:
    for field in FIGURES:
        if field not in before.figures or field not in after.figures:
            continue
        if before.figures[field] != after.figures[field]:
            sizes = size_changes(before, after) if field == "alloc_count" else []
            yield Change(name, field, before.figures[field], after.figures[field], sizes)


def changes(before: Entries, after: Entries) -> List[Change]:
    """Every figure of a measurement in both that differs, by the measurements' names."""
    both: Iterable[str] = sorted({*before} & {*after})
    return [change for name in both for change in _entry_changes(name, before[name], after[name])]
