"""pytest's hooks around a test that is measured: they run it as often as needed, with a function that measures it.

This module is loaded only if a collected test is to be measured, so that other runs do not pay for it.
"""

import contextlib
import inspect
import time
from typing import Any, Callable, Dict, Generator, Iterator, List, Optional, Tuple

import heapster
import pytest

from pytest_heapster.collected import Collected, find_name
from pytest_heapster.explained import list_words
from pytest_heapster.failure import note_line
from pytest_heapster.measure import Engine
from pytest_heapster.options import hookimpl
from pytest_heapster.order import Order
from pytest_heapster.records import UNREPEATABLE, Record, attach_payload
from pytest_heapster.retries import PLAN, Plan, Reports, RetryPolicy, Runs, is_failure_of_call
from pytest_heapster.second_pass import SecondPass, is_wait
from pytest_heapster.subreports import Recorder

RAN_BEFORE = (
    "It passed when it ran the first time, to warm up. If it cannot run twice in a process: heap_limit(warmup=0)."
)

UNHOOKED = 'heap "malloc" is not counted: its functions are not hooked'

UNCOUNTED = (heapster.NotCounting, heapster.UnknownHeap)

HOOK_MALLOC = "To count malloc in every run, add `heap_hooks = python malloc` to the ini file."

UNEXPLAINED = "Which lines made its requests is not known: the run that was to say it did not come to the end of its window."

# A test whose requests vary is explained by the run that is closest to the measured one.
MOST_EXPLAINED_RUNS = 5


def list_sections(records: List[Record]) -> List[Tuple[str, str]]:
    """What a report says of the lines that made the requests, a section for each measurement."""
    return [(f"heapster: where the requests of {each['name']} come from", "\n".join(list_words(each["explained"])))
            for each in records if each["explained"] is not None]  # fmt: skip


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
        self.plans[item.nodeid] = plan

    @hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        plan = self.plans.get(report.nodeid)
        if plan is not None and plan.records and report.when == "call" and str(report.outcome) != "rerun":
            attach_payload(report, self.engine.fingerprint, plan.records)


class Protocol:
    def __init__(self, engine: Engine, order: Order, collected: Collected) -> None:
        self.engine = engine
        self.reruns: Optional[Reruns] = None
        self.recorder: Optional[Recorder] = None  # of the last item's hooks
        self.timer: Optional[Tuple[pytest.Item, Any]] = None  # pytest-timeout's, and its settings
        self.second_pass = SecondPass(engine, order, collected)

    @hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: Optional[pytest.Item]) -> Optional[bool]:
        plan = item.stash.get(PLAN, None)
        if plan is None or not isinstance(item, pytest.Function):
            return None
        return None if self._run_item(item, nextitem, plan, is_last_pass=False) else True

    @hookimpl(tryfirst=True, optionalhook=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: Any) -> None:
        """Note the timer that pytest-timeout sets around a test. With func_only it sets one around each call itself."""
        self.timer = None if getattr(settings, "func_only", False) else (item, settings)

    def _begin_run(self, item: pytest.Item, plan: Plan, is_warmup: bool = False, may_repeat: bool = False) -> None:
        """The time limit of pytest-timeout is for one run of the test, so each run gets a new timer."""
        if self.timer is not None and self.timer[0] is item:
            hooks = item.config.hook
            hooks.pytest_timeout_cancel_timer(item=item)
            hooks.pytest_timeout_set_timer(item=item, settings=self.timer[1])
        plan.begin_run(is_warmup, may_repeat)

    def _run_item(
        self, item: pytest.Function, nextitem: Optional[pytest.Item], plan: Plan, is_last_pass: bool
    ) -> bool:
        """Run a test and report it. Return whether pytest-rerunfailures is to run it instead."""
        ihook = item.ihook  # looking it up is not free
        if self.recorder is None or self.recorder.hooks is not ihook:
            self.recorder = Recorder(ihook)
        runs = Runs(item, nextitem, self.recorder)
        if not is_last_pass:
            ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports = self._run(runs, plan)
        if plan.uncounted is not None and plan.uncounted.startswith(UNHOOKED):
            for report in reports:
                report.sections += [("heapster", HOOK_MALLOC)] if report.failed else []
        waits = False
        is_handed_over = any(report.failed for report in reports) and is_rerun_on_failure(item)
        if is_handed_over:
            self._hand_over(runs, plan)
            reports = []
        elif self.second_pass.is_narrow_failure(item, plan, reports):
            reports = self.second_pass.decide(item, plan, reports, runs.subreports.reports, is_last_pass)
            waits = any(map(is_wait, reports))
        if is_last_pass and not waits:
            ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        if not waits:  # else they wait, too
            runs.subreports.pass_on()
        for report in reports:
            ihook.pytest_runtest_logreport(report=report)
        plan.drop_runs()
        self.timer = None
        if not waits:  # else the terminal counts the test as done, and again when it is
            ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return is_handed_over

    @hookimpl(hookwrapper=True, trylast=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, None]:
        outcome = yield
        if outcome.excinfo is None:
            self.second_pass.run(session, lambda item, nextitem, plan: self._run_item(item, nextitem, plan, True))

    def _hand_over(self, runs: Runs, plan: Plan) -> None:
        """Leave a failed test to pytest-rerunfailures, which begins anew."""
        if self.reruns is None:
            self.reruns = Reruns(self.engine)
            runs.item.config.pluginmanager.register(self.reruns)
        runs.restore_item()
        self._begin_run(runs.item, plan)
        self.reruns.hand_over(runs.item, plan)

    def _run(self, runs: Runs, plan: Plan) -> Reports:
        """Run a test as often as needed; return the reports of its last run, with the figures."""
        policy = plan.policy = RetryPolicy(plan.limits, self.engine.settings)
        for _ in range(policy.warmup):
            self._begin_run(runs.item, plan, is_warmup=True)
            if not runs.warm_up():
                return runs.reports
        while True:
            if plan.pause:
                time.sleep(plan.pause)
            self._begin_run(runs.item, plan, may_repeat=policy.retries > 0)
            runs.run_measured()
            if runs.subreports.has_failed():
                return runs.reports
            if not policy.try_take_run(plan.measurements):
                self._explain(runs, plan)
                return self._finish_reports(runs, plan)

    def _explain(self, runs: Runs, plan: Plan) -> None:
        """Run a test once more whose figures failed it, to find out which lines made its requests; more often if that run
        made others, or measurements nest, of which one is explained at a time. What it reported stays."""
        found, reports, subreports = plan.measurements, runs.reports, runs.subreports.reports
        if self.engine.settings.explain != "on-failure" or found is None or not found.is_broken:
            return
        if not is_failure_of_call(reports) or not self.engine.can_explain():
            return
        for _ in range(MOST_EXPLAINED_RUNS):
            plan.wanted = found.list_unexplained() or found.list_unsteady()
            if not plan.wanted:
                break
            self._begin_run(runs.item, plan)
            runs.run_measured()
            if plan.measurements is not None:
                found.take_explanations(plan.measurements, self.engine.prefixes)
        plan.measurements, runs.reports, runs.subreports.reports, plan.wanted = found, reports, subreports, None
        if found.list_unexplained():
            next(each for each in reports if each.failed).sections.append(("heapster", UNEXPLAINED))

    def _finish_reports(self, runs: Runs, plan: Plan) -> Reports:
        """A test that cannot run twice has passed all the same, unless its author asked for it to be measured."""
        fails_again = bool(runs.warmup_reports) and not plan.records and not runs.has_passed()
        if fails_again and not plan.marks:
            unmeasured = (find_name(runs.item), UNREPEATABLE)
            attach_payload(runs.warmup_reports[-1], self.engine.fingerprint, [], unmeasured=unmeasured)
            return runs.warmup_reports
        if fails_again and plan.uncounted is None:
            next(each for each in runs.reports if not each.passed).sections.append(("heapster", RAN_BEFORE))
        if plan.records:
            called = next(each for each in runs.reports if each.when == "call")
            assert plan.policy is not None
            records = plan.policy.settle() if self.engine.settings.mode == "update" else plan.records
            is_steady = plan.policy.is_steady
            attach_payload(called, self.engine.fingerprint, records, is_steady=is_steady)
            called.sections += list_sections(records)
            if called.failed and plan.measurements is not None and plan.measurements.is_broken:
                called.sections.append(("heapster", self.second_pass.advise(plan)))
        return runs.reports

    @hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        plan = item.stash.get(PLAN, None)
        if plan is not None:
            plan.make_measurements(item)
            assert plan.measurements is not None
            self.engine.prepare(plan.measurements, plan.wanted)

    @hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, None]:
        plan = item.stash.get(PLAN, None)
        if plan is None or plan.is_warmup or plan.measurements is None or not isinstance(item, pytest.Function):
            yield
            return
        function = self.engine.wrap(item.obj, plan.measurements, plan.limits)
        if plan.growth is not None and not plan.growth.has_passed:
            from pytest_heapster.growth import wrap_rounds

            function = wrap_rounds(item, function, plan.growth, self.engine)
        with replace_function(item, function):
            yield

    def pytest_runtest_makereport(self, item: pytest.Item, call: "pytest.CallInfo[None]") -> None:
        """Runs after the one that reveals what a TestCase raised, and before the one that makes the report."""
        if call.excinfo is not None and call.when == "call" and isinstance(call.excinfo.value, UNCOUNTED):
            plan = item.stash.get(PLAN, None)
            if plan is not None:
                plan.uncounted = str(call.excinfo.value)

    def pytest_exception_interact(self, call: "pytest.CallInfo[Any]", report: Any) -> None:
        """Comes before the report is passed on; a hook around the making of every report would cost each test more."""
        if isinstance(report, pytest.TestReport) and call.excinfo is not None:
            note_line(report, call.excinfo)
