"""How often a test runs until its figures mean something, and what is kept of its runs.

Two things only add to figures, and both go away in another run: requests of other threads, and code that is not warm.
CPython 3.11 and newer rewrite a function during its first ten calls or so, and then make fewer objects for the same
work. How warm a library is when a test begins depends on the tests before it. So a figure within its limits is good at
once, and a figure beyond them counts only when the test is warm.

Every run of pytest loads this module, so nothing at its top imports heapster.
"""

import copy
import warnings
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

import pytest
from _pytest.runner import runtestprotocol

from pytest_heapster.options import Settings

if TYPE_CHECKING:
    from pytest_heapster.judge import Limits
    from pytest_heapster.measure import Measurements
    from pytest_heapster.results import Record

Reports = List[pytest.TestReport]


# --- what the plugin keeps on an item ---


def _rank(record: "Record") -> Tuple[bool, int, int]:
    figures = record["measured"]["figures"]
    return record["state"] != "kept", figures["alloc_count"], figures["realloc_growth_count"]


def find_name(item: pytest.Item) -> str:
    """The node id, without the group that xdist's loadgroup adds."""
    group = item.get_closest_marker("xdist_group")
    words = [*group.args, group.kwargs.get("name")] if group else []
    return item.nodeid[: -len(words[0]) - 1] if words and item.nodeid.endswith(f"@{words[0]}") else item.nodeid


class Plan:
    """How a test is measured, and its present run. If `limits` is None, only the fixture measures."""

    def __init__(self, limits: "Optional[Limits]", marks: Sequence[pytest.Mark] = ()) -> None:
        self.limits = limits
        self.marks = marks
        self.is_warmup = False
        self.may_repeat = False
        self.measurements: "Optional[Measurements]" = None
        self.best: "Dict[str, Record]" = {}  # of all runs, by the names of the measurements

    def begin_run(self, is_warmup: bool, may_repeat: bool) -> None:
        self.is_warmup, self.may_repeat, self.measurements = is_warmup, may_repeat, None

    def make_measurements(self, item: pytest.Item) -> None:
        from pytest_heapster.measure import Measurements

        self.measurements = Measurements(find_name(item), self.may_repeat, item.user_properties)

    @property
    def records(self) -> "List[Record]":
        return self.measurements.records if self.measurements else []

    def keep_best(self) -> None:
        """Of the runs that other threads did not pollute, keep the one with the fewest requests."""
        for each in self.records:
            known = self.best.get(each["name"])
            if known is None or _rank(each) < _rank(known):
                self.best[each["name"]] = each

    def drop_runs(self) -> None:
        self.measurements = None
        self.best = {}


PLAN = pytest.StashKey[Optional[Plan]]()


# --- how often ---


class RetryPolicy:
    """The runs that a test may still have. If `limits` is None, only its fixture measures."""

    def __init__(self, limits: "Optional[Limits]", settings: Settings) -> None:
        self.warmup = limits.warmup if limits else 0
        self.retries = limits.retries if limits else settings.retries
        is_cold = limits is not None and limits.warmup == 0  # the author wants the figures of the first run
        self.runs_to_warm = 0 if is_cold else max(settings.steady_runs - 1 - self.warmup, 0)
        self.is_update = settings.mode == "update"

    def try_take_run(self, measurements: "Optional[Measurements]") -> bool:
        """Take one more run if the run that has just ended settles nothing; these are its measurements. An update takes
        all runs, and keeps the best."""
        if measurements is None or not measurements.records:
            return False  # the test failed, or measured nothing
        if measurements.foreign_count and self.retries > 0:
            self.retries -= 1
            return True
        if (measurements.is_broken or self.is_update) and self.runs_to_warm > 0:
            self.runs_to_warm -= 1
            return True
        return False


# --- one run ---


def all_passed(reports: Reports) -> bool:
    return all(report.passed for report in reports)


class Runs:
    """Runs the whole protocol of a test: setup, call and teardown each time, with fresh function fixtures. A run begins
    without what the run before it left on the item."""

    def __init__(self, item: pytest.Function, nextitem: Optional[pytest.Item]) -> None:
        self.item = item
        self.nextitem = nextitem
        self.properties = list(item.user_properties)
        self.function = item.obj
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
        return runtestprotocol(self.item, log=False, nextitem=nextitem)

    def warm_up(self) -> bool:
        """Run the test as if an item like it came next, which keeps the fixtures that items share. Return whether it
        passed; if not, this run is the last. A run that passes drops its warnings, because the next repeats them."""
        with warnings.catch_warnings(record=True) as caught:
            self.reports = self._run(copy.copy(self.item))
        if all_passed(self.reports):
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
