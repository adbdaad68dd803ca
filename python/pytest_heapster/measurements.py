"""The measurements of one run of a test: their windows, and which lines made their requests."""

from typing import Container, Dict, List, Optional, Sequence

import heapster
import pytest

from pytest_heapster import tracing
from pytest_heapster.explained import COUNTS, Explained, explain, make_surplus
from pytest_heapster.judge import Limits
from pytest_heapster.records import Record


class Measurement:
    """One measurement of a test: its limits, its window, and what made its figures others than the test's."""

    def __init__(self, limits: Limits, root: Optional[str] = None) -> None:
        self.limits = limits
        self.is_explained = root is not None
        self.window = limits.make_window(root)
        self.why_uncompared: Optional[str] = None

    @property
    def whole(self) -> heapster.Stats:
        return self.window.diff

    @property
    def own(self) -> Optional[heapster.Stats]:
        """The part of the test's own thread, or None if no other thread took part."""
        whole = self.window.diff
        return whole.thread if self.limits.can_be_polluted() and whole.foreign_count else None

    @property
    def is_finished(self) -> bool:
        try:
            self.window.diff
        except RuntimeError:
            return False
        return True

    def note_tracer(self, is_warm: bool) -> bool:
        """Whether a tracer can be paused in the window; if not, the measurement is not compared."""
        name = tracing.find_tracer()
        if name is None or (is_warm and tracing.can_pause()):
            return name is not None
        self.why_uncompared = tracing.TRACED.format(name)
        return False


class Measurements:
    """All measurements of one run of a test, each under a name of its own.

    `may_repeat` says whether the test can run once more if other threads pollute it. JUnit shows `properties`.
    """

    def __init__(self, item: pytest.Item, name: str, may_repeat: bool) -> None:
        self.test = name
        self.path, self.line = str(item.path), item.location[1]
        self.may_repeat = may_repeat
        self.properties = item.user_properties
        self.by_name: Dict[str, Measurement] = {}  # "" is the test itself
        self.root: Optional[str] = None  # with one, measurements are explained
        self.wanted: Optional[Container[str]] = None  # only those of these names; None: all
        self.records: List[Record] = []
        self.distances: Dict[str, int] = {}  # of explained runs from the measured one, in requests, by name
        self.is_broken = False  # a figure is outside its limits
        self.is_wide = False  # and far above
        self.is_beyond_limit = False  # of a marker, or of --heap-strict
        self.is_beside_baseline = True  # no limit but the baseline's is broken, below it under --heap-strict
        self.foreign_count = 0  # of the polluted measurements

    def add(self, limits: Limits, name: str = "") -> Measurement:
        """A new measurement of that name. A line break in it would forge a line of the summary, such as a command of
        GitHub's, so it is escaped, as pytest escapes its own ids."""
        if not name.isprintable():
            name = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in name)
        if name in self.by_name:
            raise ValueError(f"heap: {name!r} was measured in this test already: give this one another name")
        self.by_name[name] = measurement = Measurement(limits, self.root if self._may_explain(name) else None)
        return measurement

    def _may_explain(self, name: str) -> bool:
        """One is explained at a time: of measurements that nest, the outermost."""
        is_wanted = self.wanted is None or name in self.wanted
        return is_wanted and all(each.is_finished for each in self.by_name.values() if each.is_explained)

    def find_unfinished(self) -> Optional[str]:
        """The name of a measurement whose window never began or has not ended."""
        return next((name for name, each in self.by_name.items() if not each.is_finished), None)

    def list_unexplained(self) -> List[str]:
        """The names of the measurements that failed, and are not explained yet."""
        names = [each["name"] for each in self.records if each["state"] == "failed" and each["explained"] is None]
        return [name[len(self.test) + 1 :] for name in names]

    def list_unsteady(self) -> List[str]:
        """The names of the measurements of which the run that explained them made other requests."""
        return [name for name, distance in self.distances.items() if distance]

    def take_explanations(self, other: "Measurements", prefixes: Sequence[str]) -> None:
        """Explain the measurements by another run of the test, if that came to its end, and came closer than others."""
        ended = {each["name"] for each in other.records}
        for record in self.records:
            name = record["name"][len(self.test) + 1 :]
            own, again = self.by_name[name], other.by_name.get(name)
            sites = again.window.sites if again is not None and record["name"] in ended else None
            distance = measure_distance(record, sites) if sites is not None else None
            if distance is not None and distance < self.distances.get(name, distance + 1):
                self.distances[name] = distance
                is_live = own.limits.breaks_live_figures(own.whole)
                record["explained"] = explain_record(record, sites, is_live, prefixes)


def measure_distance(record: Record, sites: heapster.Sites) -> int:
    figures = record["measured"]["figures"]
    return sum(abs(getattr(sites.counted, name) - figures[name]) for name in COUNTS)


def explain_record(
    record: Record, sites: Optional[heapster.Sites], is_live: bool, prefixes: Sequence[str]
) -> Optional[Explained]:
    if sites is None:
        return None
    before = record["baseline"]
    surplus = make_surplus(before["sizes"], record["measured"]["sizes"]) if before is not None else None
    return explain(sites, record["measured"]["figures"], surplus, is_live, prefixes)
