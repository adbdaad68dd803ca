"""pytest's hooks around a test that is measured: they run it as often as needed, with a function that measures it.

This module is loaded only if a collected test is to be measured, so that other runs do not pay for it.
"""

import contextlib
import inspect
from typing import Any, Callable, Dict, Generator, Iterator, Optional

import pytest

from pytest_heapster.measure import Engine
from pytest_heapster.options import hookimpl
from pytest_heapster.results import UNREPEATABLE, attach_payload
from pytest_heapster.retries import PLAN, Plan, Reports, RetryPolicy, Runs, all_passed, find_name

RAN_BEFORE = (
    "It passed when it ran the first time, to warm up. If it cannot run twice in a process: heap_limit(warmup=0)."
)


@contextlib.contextmanager
def replace_function(item: pytest.Function, function: Callable[..., Any]) -> Iterator[None]:
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


def is_rerun_on_failure(item: pytest.Item) -> bool:
    """Whether pytest-rerunfailures runs the item again when it fails."""
    plugin = item.config.pluginmanager.getplugin("rerunfailures")
    count = getattr(plugin, "get_reruns_count", None)
    return count is not None and bool(count(item))


class Reruns:
    """The failed tests that pytest-rerunfailures runs again. Each of its runs is measured, and its report carries the
    figures."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.plans: Dict[str, Plan] = {}  # by node id

    def hand_over(self, item: pytest.Item, plan: Plan) -> None:
        plan.begin_run(is_warmup=False, may_repeat=False)
        self.plans[item.nodeid] = plan

    @hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        plan = self.plans.get(report.nodeid)
        if plan is not None and plan.records and report.when == "call" and str(report.outcome) != "rerun":
            attach_payload(report, self.engine.fingerprint, plan.records)


class Protocol:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.reruns: Optional[Reruns] = None

    @hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: Optional[pytest.Item]) -> Optional[bool]:
        plan = item.stash.get(PLAN, None)
        if plan is None or not isinstance(item, pytest.Function):
            return None
        ihook = item.ihook  # looking it up is not free
        runs = Runs(item, nextitem)
        ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports = self._run(runs, plan)
        is_handed_over = any(report.failed for report in reports) and is_rerun_on_failure(item)
        if is_handed_over:
            self._hand_over(runs, plan)
        for report in () if is_handed_over else reports:
            ihook.pytest_runtest_logreport(report=report)
        plan.drop_runs()
        ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return None if is_handed_over else True

    def _hand_over(self, runs: Runs, plan: Plan) -> None:
        """Leave a failed test to pytest-rerunfailures, which begins anew."""
        if self.reruns is None:
            self.reruns = Reruns(self.engine)
            runs.item.config.pluginmanager.register(self.reruns)
        runs.restore_item()
        self.reruns.hand_over(runs.item, plan)

    def _run(self, runs: Runs, plan: Plan) -> Reports:
        """Run a test as often as needed; return the reports of its last run, with the figures."""
        policy = RetryPolicy(plan.limits, self.engine.settings)
        for _ in range(policy.warmup):
            plan.begin_run(is_warmup=True, may_repeat=False)
            if not runs.warm_up():
                return runs.reports
        while True:
            plan.begin_run(is_warmup=False, may_repeat=policy.retries > 0)
            runs.run_measured()
            plan.keep_best()
            if not policy.try_take_run(plan.measurements):
                return self._finish_reports(runs, plan)

    def _finish_reports(self, runs: Runs, plan: Plan) -> Reports:
        """A test that cannot run twice has passed all the same, unless its author asked for it to be measured."""
        fails_again = bool(runs.warmup_reports) and not plan.records and not all_passed(runs.reports)
        if fails_again and not plan.marks:
            attach_payload(runs.warmup_reports[-1], self.engine.fingerprint, [], (find_name(runs.item), UNREPEATABLE))
            return runs.warmup_reports
        if fails_again:
            next(each for each in runs.reports if not each.passed).sections.append(("heapster", RAN_BEFORE))
        if plan.records:
            called = next(each for each in runs.reports if each.when == "call")
            records = list(plan.best.values()) if self.engine.settings.mode == "update" else plan.records
            attach_payload(called, self.engine.fingerprint, records)
        return runs.reports

    @hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        plan = item.stash.get(PLAN, None)
        if plan is not None:
            plan.make_measurements(item)

    @hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, None]:
        plan = item.stash.get(PLAN, None)
        if plan is None or plan.is_warmup or plan.measurements is None or not isinstance(item, pytest.Function):
            yield
            return
        with replace_function(item, self.engine.wrap(item.obj, plan.measurements, plan.limits)):
            yield
