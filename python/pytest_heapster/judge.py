"""What figures mean: the limits of a test and the verdict on a measurement. Pure functions, tested without pytest.

The core says whether a figure breaks a limit. This module says whose fault it was, because other threads add to the
process's figures. A limit is kept if the process's figure and the figure of the test's own thread both keep it, and
broken if both break it. If they disagree, this measurement cannot tell.
"""

import operator
from typing import Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional

import heapster
from heapster import figures
from heapster.baseline import Entry, entry_of, size_changes

OPTIONS = ("heap", "scope", "warmup", "retries", "own_threads")

# Those of heapster.limit that the plugin sets by itself.
OTHER_OPTIONS = ("explain", "root")

LARGEST = 2**63 - 1

LIVE = ("live_change", "use_change")

# How many buckets a message names.
FEW = 5

# A figure is narrowly above its limit by so many or less, or by so large a part of the limit.
NARROW = 16
NARROW_PART = 4


def is_near(value: int, most: int) -> bool:
    """Whether a figure is narrowly above its limit, if it is above."""
    return value - most <= max(NARROW, most // NARROW_PART)


class Bound(NamedTuple):
    """A limit, a function that describes how a Stats breaks it, and the largest value of which field it allows, if that
    is known."""

    limit: heapster.Limit
    describe: Callable[[heapster.Stats], str]
    field: str = ""
    most: Optional[int] = None

    @classmethod
    def from_limit(cls, field: str, value: Any) -> "Bound":
        """A limit of a marker."""
        limits: Dict[str, Any] = {field: value}
        limit = heapster.limit(**limits)
        most = value[1] if isinstance(value, tuple) else value
        return cls(limit, limit.broken, field, operator.index(most) if hasattr(most, "__index__") else None)

    @classmethod
    def from_baseline(cls, field: str, entry: Entry, tolerance: int) -> "Bound":
        """At most the figure of the entry plus the tolerance."""
        most: Dict[str, Any] = {field: min(entry.figures[field] + tolerance, LARGEST)}
        limit = heapster.limit(**most)
        return cls(limit, lambda stats: describe_rise(field, entry, entry_of(stats), tolerance), field, most[field])

    def is_narrow(self, stats: heapster.Stats) -> bool:
        """Whether a figure that breaks the limit is only a little above it."""
        value = getattr(stats, self.field, None) if self.most is not None else None
        return value is not None and self.most is not None and is_near(value, self.most)


def describe_parts(before: Entry, after: Entry) -> str:
    """The buckets that changed, the largest change first; the changes add up to that of the count."""
    changed = size_changes(before, after)
    rest = sum(change for _, change in changed[FEW:])
    words = figures.buckets(changed[:FEW])
    if len(changed) <= FEW:
        return words
    sizes = len(changed) - FEW
    return f"{words}, {rest:+,} in {sizes} other size{'' if sizes == 1 else 's'}"


def describe_rise(field: str, before: Entry, after: Entry, tolerance: int) -> str:
    """The line for a figure above its baseline: both numbers, and of the count of requests in which sizes."""
    found, expected = after.figures[field], before.figures[field]
    parts = describe_parts(before, after) if field == "alloc_count" else ""
    more = f", tolerance {figures.figure(field, tolerance)}" if tolerance and field not in before.varies else ""
    if field in before.varies:
        least, most = (figures.figure(field, value) for value in before.varies[field])
        more = f", which varies by itself ({least} .. {most} were seen)"
    return (f"{field}: {figures.figure(field, found)} is {figures.gap(field, found, expected)} the baseline of "
            f"{figures.figure(field, expected)}{more}{f' ({parts})' if parts else ''}")  # fmt: skip


# --- the limits of a test ---


class Limits(NamedTuple):
    """What a test asks for by its markers: which limits, on what, how often it runs."""

    bounds: List[Bound]
    heap: Optional[Any]  # a name or a heapster.Heap; None for all
    scope: Any  # "process" or "thread"
    warmup: int
    retries: int
    own_threads: bool  # other threads belong to the test and do not pollute it

    def make_window(self, root: Optional[str] = None) -> heapster.Measuring:
        """A new window for a measurement under these limits; it can tell the test's own thread from others. With a root
        it is explained."""
        gc: Any = "stop" if self.judges_live_figures() else "quick"
        is_explained = root is not None
        return heapster.measuring(
            self.heap, self.scope, gc=gc, thread_peak=self.can_be_polluted(), explain=is_explained, root=root
        )

    def judges_live_figures(self) -> bool:
        return any(bound.field in LIVE for bound in self.bounds)

    def breaks_live_figures(self, whole: heapster.Stats) -> bool:
        """Whether blocks that stayed break a limit."""
        return any(bound.field in LIVE and bound.limit.broken(whole) for bound in self.bounds)

    def can_be_polluted(self) -> bool:
        return self.scope == "process" and not self.own_threads


def _read_count(keys: Mapping[str, Any], name: str, default: int) -> int:
    value = keys.get(name, default)
    if isinstance(value, bool) or not hasattr(value, "__index__") or operator.index(value) < 0:
        raise ValueError(f"{name} must be an int, 0 or more, not {value!r}")
    return operator.index(value)


def _make_bounds(keys: Mapping[str, Any]) -> List[Bound]:
    """A limit of None lifts one that a class or a module has set."""
    for name in keys:
        if name in OTHER_OPTIONS:
            raise ValueError(f"unknown key {name!r}; keys: fields, such as alloc_count, and {', '.join(OPTIONS)}")
    limits = {name: value for name, value in keys.items() if name not in OPTIONS and value is not None}
    return [Bound.from_limit(name, value) for name, value in limits.items()]


def parse_limits(keys: Mapping[str, Any], warmup: int, retries: int) -> Limits:
    """The limits that the keys of a marker set, with these defaults. ValueError says what is wrong with a key."""
    try:
        heapster.measuring(keys.get("heap"), keys.get("scope", "process"))
        bounds = _make_bounds(keys)
    except (TypeError, ValueError) as error:
        others = f"; and {', '.join(OPTIONS)}" if "fields: " in str(error) else ""
        raise ValueError(f"{error}{others}") from None
    warmup, retries = _read_count(keys, "warmup", warmup), _read_count(keys, "retries", retries)
    own_threads = keys.get("own_threads", False)
    if not isinstance(own_threads, bool):
        raise ValueError(f"own_threads must be True or False, not {own_threads!r}")
    return Limits(bounds, keys.get("heap"), keys.get("scope", "process"), warmup, retries, own_threads)


# --- the verdict ---


class Verdict(NamedTuple):
    """A line for each limit that is broken, and for each that perhaps only other threads broke; and whether a figure is
    far above its limit."""

    failed: List[str]
    polluted: List[str]
    wide: List[str]


def judge(bounds: Iterable[Bound], whole: heapster.Stats, own: Optional[heapster.Stats]) -> Verdict:
    """The verdict on a window; `own` is the part of its own thread, or None if no other thread took part."""
    verdict = Verdict([], [], [])
    for bound in bounds:
        is_broken = bool(bound.limit.broken(whole))
        is_own_broken = is_broken if own is None else bool(bound.limit.broken(own))
        if is_broken and is_own_broken:
            verdict.failed.extend(bound.describe(own or whole).splitlines())
            verdict.wide.extend([] if bound.is_narrow(own or whole) else [bound.field])
        elif is_broken != is_own_broken:
            verdict.polluted.extend(bound.describe(whole if is_broken or own is None else own).splitlines())
    return verdict


def list_unjudged(bounds: Iterable[Bound], whole: heapster.Stats) -> List[str]:
    """A line for each limit that the peak of several threads is above, by no more than it may be off."""
    return [line for bound in bounds for line in bound.limit.unjudged(whole).splitlines()]


def _move_peak(whole: heapster.Stats, by: int) -> heapster.Stats:
    """The window, if its peak is off by that."""
    figures = whole.as_dict()
    return heapster.Stats.from_dict({**figures, "use_peak": max(figures["use_peak"] + by, 0), "use_peak_error": 0})


def is_barely_kept(bounds: Iterable[Bound], whole: heapster.Stats) -> bool:
    """Whether a limit on use_peak is kept by less than the peak may be off with other threads at work."""
    error = whole.use_peak_error
    if not error:
        return False
    on_peak = [each.limit for each in bounds if each.field == "use_peak"]
    kept = [limit for limit in on_peak if not limit.broken(whole) and not limit.unjudged(whole)]
    return any(limit.broken(_move_peak(whole, by)) for limit in kept for by in (-error, error))
