"""A baseline: figures of measurements, by environment and by name. Plain values."""

from itertools import compress
from typing import Dict, Iterable, Iterator, List, Mapping, NamedTuple, Tuple

from heapster import Stats

# Part of a fingerprint. It moves only when the same program is counted differently, never with heapster's version alone.
COUNTING_RULES = 1

# The figures of a measurement. An entry has those that are compared.
FIGURES = ("alloc_count", "alloc_sum", "realloc_growth_count", "use_peak")

# Those that rise only with the number of requests. Bytes change with the length of a path or a name.
COUNTS = ("alloc_count", "realloc_growth_count")

# The lower bound of each bucket of a histogram.
LOWS = (0, *(1 << index for index in range(1, 64)))


class Entry(NamedTuple):
    """One measurement: its figures, its requests by the lower bound of their bucket, and the least and the most that was
    seen of figures that vary by themselves."""

    figures: Dict[str, int]
    sizes: Dict[int, int]
    varies: Mapping[str, Tuple[int, int]] = {}


# Entries by the name of the measurement; those by the fingerprint of the environment.
Entries = Dict[str, Entry]
Baseline = Dict[str, Entries]


def entry_of(stats: Stats) -> Entry:
    """Return the entry of a window."""
    figures = {name: int(getattr(stats, name)) for name in FIGURES}
    counts = list(stats.alloc_histogram)
    return Entry(figures, dict(compress(zip(LOWS, counts), counts)))


def size_changes(before: Entry, after: Entry) -> List[Tuple[int, int]]:
    """Return the buckets that changed, and by how many requests; the largest change first."""
    lows = {*before.sizes, *after.sizes}
    changes = [(low, after.sizes.get(low, 0) - before.sizes.get(low, 0)) for low in sorted(lows)]
    return sorted((each for each in changes if each[1]), key=lambda each: -abs(each[1]))


class Change(NamedTuple):
    """A figure that changed. If it is the count of requests, with the buckets that changed."""

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
    """Return every figure that differs in measurements of both, by the measurements' names."""
    both: Iterable[str] = sorted({*before} & {*after})
    return [change for name in both for change in _entry_changes(name, before[name], after[name])]
