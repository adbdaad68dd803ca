"""How often a test runs until its figures mean something, and what is kept of its runs.

Two things only add to figures, and both go away in another run: requests of other threads, and code that is not warm.
CPython 3.11 and newer rewrite a function during its first ten calls or so, and then make fewer objects for the same
work. How warm a library is when a test begins depends on the tests before it. So a figure within its limits is good at
once, and a figure beyond them counts only when the test is warm: when it has stopped falling.

Every run of pytest loads this module, so nothing at its top imports heapster.
"""

import copy
import time
import warnings
from typing import TYPE_CHECKING, Callable, Dict, List, Optional, Sequence, Tuple

import pytest
from _pytest.runner import runtestprotocol

from pytest_heapster.collected import find_name
from pytest_heapster.options import Settings
from pytest_heapster.subreports import Recorder

if TYPE_CHECKING:
    from pytest_heapster.growth import Growth
    from pytest_heapster.judge import Limits
    from pytest_heapster.measurements import Measurements
    from pytest_heapster.records import Record

Reports = List[pytest.TestReport]

# A figure has stopped falling when so many runs in a row were not below the lowest: one that is far too high, one that is
# a little too high, one that an update writes.
STEADY_AFTER = 5
STEADY_AFTER_NARROW = 20
STEADY_AFTER_UPDATE = 10

# What an update sees in one of so many runs only is not what the test asks for.
RARE = 10

# Beyond heap_steady_runs a test runs only so often, and so long.
MOST_RUNS = 100
MOST_SECONDS = 1.0

# Seconds before each run of a second pass, which so is spread over a second: what a test asks for can hang on the clock.
# CPython makes an int of a log record's milliseconds only if they are above 256.
PAUSE = 0.05


# --- what the plugin keeps on an item ---


class Plan:
    """How a test is measured, and its present run. If `limits` is None, only the fixture measures."""

    def __init__(
        self, limits: "Optional[Limits]", marks: Sequence[pytest.Mark] = (), growth: "Optional[Growth]" = None
    ) -> None:
        self.limits = limits
        self.marks = marks
        self.growth = growth
        self.policy: Optional[RetryPolicy] = None  # of the present pass
        self.has_waited = False  # this is the second pass
        self.pause = 0.0  # seconds before each of its runs
        self.is_warmup = False
        self.may_repeat = False
        self.wanted: Optional[List[str]] = None  # this run explains the measurements of these names
        self.uncounted: Optional[str] = None  # what the run failed with, if its heap is not there, or not counted
        self.measurements: "Optional[Measurements]" = None

    def begin_run(self, is_warmup: bool, may_repeat: bool) -> None:
        self.is_warmup, self.may_repeat, self.measurements = is_warmup, may_repeat, None
        self.uncounted = None

    def make_measurements(self, item: pytest.Item) -> None:
        from pytest_heapster.measurements import Measurements

        self.measurements = Measurements(item, find_name(item), self.may_repeat)

    @property
    def records(self) -> "List[Record]":
        return self.measurements.records if self.measurements else []

    def drop_runs(self) -> None:
        self.measurements = None
        self.policy = None


PLAN = pytest.StashKey[Optional[Plan]]()


# --- how often ---


def _counts(record: "Record") -> Tuple[int, int]:
    figures = record["measured"]["figures"]
    return figures["alloc_count"], figures["realloc_growth_count"]


class History:
    """The runs of one measurement since its lowest, and without that. Those that other threads polluted are left out."""

    def __init__(self, first: "Record") -> None:
        self.lowest = _counts(first)
        self.low = first
        self.runs: "List[Record]" = []

    def add(self, record: "Record") -> bool:
        """Whether it is a new lowest."""
        counts = _counts(record)
        if counts < self.lowest or (self.low["state"] != "kept" and record["state"] == "kept"):
            self.lowest, self.low, self.runs = counts, record, []
            return True
        if record["state"] == "kept" or self.low["state"] != "kept":
            self.runs.append(record)
        return False

    @property
    def count(self) -> int:
        return 1 + len(self.runs)

    def find_seen(self) -> Dict[str, Tuple[int, int]]:
        """The least and the most of each figure, since the lowest run."""
        seen = [each["measured"]["figures"] for each in [self.low, *self.runs]]
        return {field: (min(each[field] for each in seen), max(each[field] for each in seen)) for field in seen[0]}

    def settle(self) -> "Record":
        """The run that is written to the baseline: the middle one, with what was seen of figures that differ. What one run in
        RARE asks for more is a table of CPython that grew, such as that of the subclasses of object; a check has other runs."""
        runs = sorted(self.runs or [self.low], key=_counts)
        middle = runs[len(runs) // 2]
        seen = [each["measured"]["figures"] for each in runs]
        values = {field: sorted(each[field] for each in seen) for field in seen[0]}
        kept = middle["measured"]["figures"]
        varies = {field: (every[0], max(kept[field], every[-1 - len(every) // RARE])) for field, every in values.items()}
        middle["measured"]["varies"] = {field: pair for field, pair in varies.items() if pair[0] != pair[1]}
        return middle


class RetryPolicy:
    """The runs that a test may still have. If `limits` is None, only its fixture measures."""

    def __init__(
        self, limits: "Optional[Limits]", settings: Settings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.warmup = limits.warmup if limits else 0
        self.retries = limits.retries if limits else settings.retries
        self.is_cold = limits is not None and limits.warmup == 0  # the author wants the figures of the first run
        self.least_runs = settings.steady_runs
        self.is_update = settings.mode == "update"
        self.clock = clock
        self.deadline: Optional[float] = None
        self.runs = self.warmup
        self.runs_since_low = 0
        self.history: Dict[str, History] = {}  # by the names of the measurements
        self.is_steady = True  # False: it still fell when it had run as often as it may

    def _note_run(self, records: "Sequence[Record]") -> None:
        self.runs += 1
        self.runs_since_low += 1
        for each in records:
            known = self.history.get(each["name"])
            if known is None:
                self.history[each["name"]] = History(each)
            if known is None or known.add(each):
                self.runs_since_low = 0

    def settle(self) -> "List[Record]":
        """What an update writes: of each measurement the figures that it came to."""
        return [each.settle() for each in self.history.values()]

    def _may_still_fall(self, patience: int) -> bool:
        if self.runs < self.least_runs:
            return True
        if self.least_runs <= self.warmup + 1 or self.runs_since_low >= patience:
            return False
        self.deadline = self.deadline or self.clock() + MOST_SECONDS
        if self.runs < MOST_RUNS and self.clock() < self.deadline:
            return True
        self.is_steady = self.runs_since_low >= STEADY_AFTER
        return False

    def try_take_run(self, measurements: "Optional[Measurements]") -> bool:
        """Take one more run if the run that has just ended settles nothing; these are its measurements."""
        if measurements is None or not measurements.records:
            return False  # the test failed, or measured nothing
        must_settle = measurements.is_broken or self.is_update
        if must_settle:
            self._note_run(measurements.records)
        else:
            self.runs += 1
        if measurements.foreign_count and self.retries > 0:
            self.retries -= 1
            return True
        if self.is_cold or not must_settle:
            return False
        if self.is_update:
            return self._may_still_fall(STEADY_AFTER_UPDATE)
        return self._may_still_fall(STEADY_AFTER if measurements.is_wide else STEADY_AFTER_NARROW)


# --- one run ---


def all_passed(reports: Reports) -> bool:
    return all(report.passed for report in reports)


def is_failure_of_call(reports: Reports) -> bool:
    """Whether the test itself failed, and nothing else did."""
    return [report.when for report in reports if not report.passed] == ["call"] and any(each.failed for each in reports)


class Runs:
    """Runs the whole protocol of a test: setup, call and teardown each time, with fresh function fixtures. A run begins
    without what the run before it left on the item."""

    def __init__(self, item: pytest.Function, nextitem: Optional[pytest.Item], subreports: Recorder) -> None:
        self.item = item
        self.nextitem = nextitem
        self.properties = list(item.user_properties)
        self.function = item.obj
        self.subreports = subreports
        self.warmup_reports: Reports = []  # of the first run, if another followed
        self.reports: Reports = []  # of the last run

    def restore_item(self) -> None:
        """Make the item what it was before its first run. Plugins for coroutines replace its function, and pytest makes
        an instance of its class only once."""
        is_method = isinstance(self.item.parent, pytest.Class)
        vars(self.item)["_obj"] = None if is_method else self.function
        if is_method:
            vars(self.item).pop("_instance", None)
        self.item.user_properties[:] = self.properties
        self.item._report_sections.clear()

    def _run(self, nextitem: Optional[pytest.Item]) -> Reports:
        self.restore_item()
        self.subreports.begin_run(self.item)
        try:
            return runtestprotocol(self.item, log=False, nextitem=nextitem)
        finally:
            self.subreports.end_run(self.item)

    def has_passed(self) -> bool:
        return all_passed(self.reports) and not self.subreports.has_failed()

    def warm_up(self) -> bool:
        """Run the test as if an item like it came next, which keeps the fixtures that items share. Return whether it
        passed; if not, this run is the last. A run that passes drops its warnings, because the next repeats them."""
        with warnings.catch_warnings(record=True) as caught:
            self.reports = self._run(copy.copy(self.item))
        if self.has_passed():
            self.warmup_reports = self.warmup_reports or self.reports
            return True
        for each in caught:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno, source=each.source)
        self._tear_down_shared()
        return False

    def _tear_down_shared(self) -> None:
        """Tear down the shared fixtures that a run has kept, without the hook: that was called already."""
        state = self.item.session._setupstate
        call = pytest.CallInfo.from_call(lambda: state.teardown_exact(self.nextitem), when="teardown")
        if call.excinfo is not None:
            self.reports[-1] = self.item.ihook.pytest_runtest_makereport(item=self.item, call=call)

    def run_measured(self) -> None:
        self.reports = self._run(self.nextitem)
