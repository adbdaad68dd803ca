"""Which runs a test gets, and what is kept of them: the plan on an item, how often it runs, a run of its whole protocol.

Two things only add to them, and both go away in another run: what other threads ask for meanwhile, and code that is not
warm. CPython 3.11 and newer rewrite a function while it is called the first ten times or so, and then make fewer objects
for the same work; how warm a library is when a test begins depends on the tests before it. So a figure within its limits
is good at once, and one beyond them only when the test is warm.

Every run of pytest loads this module, so nothing at its top imports heapster.
"""

import copy
import warnings
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

import pytest
from _pytest.runner import runtestprotocol

from pytest_heapster.options import Settings

if TYPE_CHECKING:
    from pytest_heapster.probe import Probe
    from pytest_heapster.record import Record
    from pytest_heapster.terms import Terms


# What a report carries the figures home as.
PARCEL = "heapster"


def _rank(record: "Record") -> Tuple[bool, int, int]:
    figures = record["measured"]["figures"]
    return record["state"] != "kept", figures["alloc_count"], figures["realloc_growth_count"]


class Plan:
    """How a test is measured: where `terms` is None, only by the fixture. And its run at hand."""

    def __init__(self, terms: "Optional[Terms]", marks: Sequence[pytest.Mark] = ()) -> None:
        self.terms = terms
        self.marks = marks
        self.rehearses = False
        self.may_repeat = False
        self.probe: "Optional[Probe]" = None
        self.best: "Dict[str, Record]" = {}  # of all runs, by the names of the measurements

    def begin(self, rehearses: bool, may_repeat: bool) -> None:
        self.rehearses, self.may_repeat, self.probe = rehearses, may_repeat, None

    def new_probe(self, item: pytest.Item) -> None:
        from pytest_heapster.probe import Probe

        self.probe = Probe(name_of(item), self.may_repeat, item.user_properties)

    def records(self) -> "List[Record]":
        return self.probe.records if self.probe else []

    def keep_best(self) -> None:
        """The run with the fewest requests, of those that others did not disturb."""
        for each in self.records():
            known = self.best.get(each["name"])
            if known is None or _rank(each) < _rank(known):
                self.best[each["name"]] = each

    def end(self) -> None:
        """Gives up what only a run needs."""
        self.probe = None
        self.best = {}


PLAN = pytest.StashKey[Optional[Plan]]()


def name_of(item: pytest.Item) -> str:
    """The node id, without the group that xdist's loadgroup adds."""
    group = item.get_closest_marker("xdist_group")
    words = [*group.args, group.kwargs.get("name")] if group else []
    return item.nodeid[: -len(words[0]) - 1] if words and item.nodeid.endswith(f"@{words[0]}") else item.nodeid


class Steadiness:
    """The runs that are left to a test; `terms` None: only its fixture measures."""

    def __init__(self, terms: "Optional[Terms]", settings: Settings) -> None:
        self.warmup = terms.warmup if terms else 0
        self.retries = terms.retries if terms else settings.retries
        is_cold = terms is not None and terms.warmup == 0  # somebody wants to know the first run
        self.to_warm = 0 if is_cold else max(settings.steady_runs - 1 - self.warmup, 0)
        self.is_update = settings.mode == "update"

    def wants_another(self, probe: "Optional[Probe]") -> bool:
        """Whether to measure once more; `probe` is of the run that has just ended. A baseline is made of the best of all."""
        if probe is None or not probe.records:
            return False  # the test failed, or measured nothing
        if probe.foreign_count and self.retries > 0:
            self.retries -= 1
            return True
        if (probe.is_broken or self.is_update) and self.to_warm > 0:
            self.to_warm -= 1
            return True
        return False


Reports = List[pytest.TestReport]


def passed(reports: Reports) -> bool:
    return all(report.passed for report in reports)


class Runs:
    """The runs of one test. What an earlier run left on the item is taken away before the next."""

    def __init__(self, item: pytest.Function, nextitem: Optional[pytest.Item]) -> None:
        self.item = item
        self.nextitem = nextitem
        self.properties = list(item.user_properties)
        self.function = item.obj
        self.rehearsed: Reports = []  # the reports of the first run, where it was not the last
        self.reports: Reports = []  # those of the last one

    def _refresh(self) -> None:
        """The test's own function, which plugins for coroutines replace; and a new instance of its class, which pytest
        makes once an item."""
        is_method = isinstance(self.item.parent, pytest.Class)
        vars(self.item)["_obj"] = None if is_method else self.function
        if is_method:
            vars(self.item).pop("_instance", None)

    def clear(self) -> None:
        """Leaves the item as it was found, for its next run."""
        self._refresh()
        self.item.user_properties[:] = self.properties
        self.item._report_sections.clear()

    def _run(self, nextitem: Optional[pytest.Item]) -> Reports:
        self.clear()
        return runtestprotocol(self.item, log=False, nextitem=nextitem)

    def rehearse(self) -> bool:
        """A run before the one that counts, as if an item like this one came next, so that what the items share is
        kept. False: it did not pass, and is the last. Its warnings are those of the run that counts."""
        with warnings.catch_warnings(record=True) as caught:
            self.reports = self._run(copy.copy(self.item))
        if passed(self.reports):
            self.rehearsed = self.rehearsed or self.reports
            return True
        for each in caught:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno, source=each.source)
        self._leave()
        return False

    def _leave(self) -> None:
        """Tears down what the items share, after a run that had kept it. Not by the hook of teardown: that was called."""
        state = self.item.session._setupstate
        call = pytest.CallInfo.from_call(lambda: state.teardown_exact(self.nextitem), when="teardown")
        if call.excinfo is not None:
            self.reports[-1] = self.item.ihook.pytest_runtest_makereport(item=self.item, call=call)

    def perform(self) -> None:
        """A run that counts."""
        self.reports = self._run(self.nextitem)
