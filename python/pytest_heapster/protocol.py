"""pytest's hooks around a test that is measured: its runs, and the function that is run in the place of its own.

Loaded and registered when tests have been collected of which one is to be measured, so that others do not pay for it.
"""

import contextlib
import inspect
from typing import Any, Callable, Dict, Generator, Iterator, Optional

import pytest

from pytest_heapster.measure import Engine
from pytest_heapster.options import hookimpl
from pytest_heapster.record import UNREPEATABLE
from pytest_heapster.retries import PLAN, Plan, Reports, Runs, Steadiness, name_of, passed

RAN_BEFORE = (
    "It passed when it ran the first time, to warm up. If it cannot run twice in a process: heap_limit(warmup=0)."
)


@contextlib.contextmanager
def replaced(item: pytest.Function, function: Callable[..., Any]) -> Iterator[None]:
    """The item runs `function` instead of its own. A TestCase looks up coroutine functions on itself."""
    original = item.obj
    testcase = getattr(original, "__self__", None)
    is_testcase = hasattr(testcase, "assertEqual") and hasattr(testcase, "run") and inspect.iscoroutinefunction(original)
    item.obj = function
    if is_testcase:
        setattr(testcase, item.name, function)
    try:
        yield
    finally:
        item.obj = original
        if is_testcase:
            delattr(testcase, item.name)


def is_wanted(item: pytest.Item) -> bool:
    """Whether that plugin is to run the item again when it fails."""
    plugin = item.config.pluginmanager.getplugin("rerunfailures")
    count = getattr(plugin, "get_reruns_count", None)
    return count is not None and bool(count(item))


class Reruns:
    """The tests that were left to it. Each of its runs is measured, and the figures go home with its reports."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.plans: Dict[str, Plan] = {}  # by node id

    def leave(self, item: pytest.Item, plan: Plan) -> None:
        plan.begin(rehearses=False, may_repeat=False)
        self.plans[item.nodeid] = plan

    @hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        plan = self.plans.get(report.nodeid)
        if plan is not None and plan.records() and report.when == "call" and str(report.outcome) != "rerun":
            self.engine.attach(report, plan.records())


class Protocol:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.settings = engine.settings
        self.reruns: Optional[Reruns] = None

    @hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: Optional[pytest.Item]) -> Optional[bool]:
        plan = item.stash.get(PLAN, None)
        if plan is None or not isinstance(item, pytest.Function):
            return None
        ihook = item.ihook  # to ask for it is not for free
        every = Runs(item, nextitem)
        ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports = self._reports(every, plan)
        is_left = not passed(reports) and self._leave(every, plan, reports)
        for report in () if is_left else reports:
            ihook.pytest_runtest_logreport(report=report)
        plan.end()
        ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return None if is_left else True

    def _leave(self, every: Runs, plan: Plan, reports: Reports) -> bool:
        """Whether a failed test is another plugin's to run again, which then begins anew."""
        if not any(report.failed for report in reports) or not is_wanted(every.item):
            return False
        if self.reruns is None:
            self.reruns = Reruns(self.engine)
            every.item.config.pluginmanager.register(self.reruns)
        every.clear()
        self.reruns.leave(every.item, plan)
        return True

    def _reports(self, every: Runs, plan: Plan) -> Reports:
        steadiness = Steadiness(plan.terms, self.settings)
        for _ in range(steadiness.warmup):
            plan.begin(rehearses=True, may_repeat=False)
            if not every.rehearse():
                return every.reports
        is_wanted = True
        while is_wanted:
            plan.begin(rehearses=False, may_repeat=steadiness.retries > 0)
            every.perform()
            plan.keep_best()
            is_wanted = steadiness.wants_another(plan.probe)
        return self._outcome(every, plan)

    def _outcome(self, every: Runs, plan: Plan) -> Reports:
        """The reports of the last run, with the figures. A test that nobody asked to run twice, and that cannot, has
        passed all the same."""
        records = plan.records()
        fails_again = bool(every.rehearsed) and not records and not passed(every.reports)
        if fails_again and not plan.marks:
            self.engine.attach(every.rehearsed[-1], [], (name_of(every.item), UNREPEATABLE))
            return every.rehearsed
        if fails_again:
            next(each for each in every.reports if not each.passed).sections.append(("heapster", RAN_BEFORE))
        if records:
            called = next(each for each in every.reports if each.when == "call")
            self.engine.attach(called, list(plan.best.values()) if self.settings.mode == "update" else records)
        return every.reports

    @hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        plan = item.stash.get(PLAN, None)
        if plan is not None:
            plan.new_probe(item)

    @hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, None]:
        plan = item.stash.get(PLAN, None)
        if plan is None or plan.rehearses or plan.probe is None or not isinstance(item, pytest.Function):
            yield
            return
        with replaced(item, self.engine.measured(item.obj, plan.probe, plan.terms)):
            yield
