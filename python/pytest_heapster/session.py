"""pytest's hooks in every run: which tests are measured, and where the figures go. Values decide."""

import contextlib
import time
from typing import TYPE_CHECKING, Any, Callable, Dict, Generator, Iterable, Iterator, List, Optional, Tuple, TypeVar

import pytest

from pytest_heapster.collected import Collected, find_name
from pytest_heapster.options import (
    BENCHMARK,
    GROW_MARKER,
    ISOLATED,
    MARKER,
    NO_FUNCTION,
    PAYLOAD,
    REVERSE,
    Marks,
    Settings,
    begins_with_last,
    hookimpl,
    is_benchmark,
    is_isolated,
    merge_marks,
    uses_fixture,
)
from pytest_heapster.order import Order
from pytest_heapster.retries import PLAN, Plan

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

    from pytest_heapster.measure import Engine, Heap
    from pytest_heapster.measurements import Measurements
    from pytest_heapster.results import Results

T = TypeVar("T")

NOTHING = "heapster: no test was measured, so nothing was written; @pytest.mark.heap_limit() or --heap-all measures one"


def _parse(marker: str, parse: Callable[[], T]) -> T:
    """What the keys of a marker say; an error names the marker."""
    try:
        return parse()
    except ValueError as error:
        raise ValueError(f"{marker}: {error}") from None


class Status:
    """How pytest shows a test that waits for the second pass (-v), and a polluted one: of the tests with figures only those
    are skipped."""

    def pytest_report_teststatus(
        self, report: pytest.TestReport, config: pytest.Config
    ) -> Optional[Tuple[str, str, Any]]:
        payload = getattr(report, PAYLOAD, None)
        waiting = payload["waiting"] if payload is not None else None
        if waiting:
            # The terminal counts a test as done by its first letter or word.
            is_shown = config.getoption("verbose", 0) > 0 and not waiting["had_last_pass"]
            return "", "", ("WAITS", {"yellow": True}) if is_shown else ""
        is_polluted = report.skipped and hasattr(report, PAYLOAD) and not hasattr(report, "wasxfail")
        return ("polluted", "P", ("POLLUTED", {"yellow": True})) if is_polluted else None


class Session:
    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.config = config
        self.settings = settings
        self.collected = Collected(config)
        self.order = Order(settings.is_worker)
        self.began = time.monotonic()
        self.workers = 0  # of xdist, that have ended
        self._engine: "Optional[Engine]" = None
        self._results: "Optional[Results]" = None
        self._unplanned: "Dict[str, Measurements]" = {}  # of tests that asked for the fixture by name, by node id
        self._left_alone: Dict[str, str] = {}  # why an item that should be measured is not, by node id
        self._waiting: Dict[str, pytest.TestReport] = {}  # failures that wait for the second pass, by node id
        self._idle_baseline: Optional[str] = None  # what is wrong with a baseline that nothing was compared with
        self._is_idle_a_failure = False

    def ensure_engine(self) -> "Engine":
        """Made when the first test is to be measured: from here on heapster counts."""
        if self._engine is None:
            from pytest_heapster.measure import Engine

            self._engine = Engine(self.settings)
        return self._engine

    def _ensure_results(self, fingerprint: str) -> "Results":
        """Made when the first figures come in."""
        if self._results is None:
            from pytest_heapster.results import Results

            self._results = Results(self.settings, self.collected, fingerprint)
            self.config.pluginmanager.register(Status())
        return self._results

    # --- which tests are measured ---

    def _make_plan(self, item: pytest.Function, marks: Marks) -> Optional[Plan]:
        """ValueError if a marker is wrong."""
        limiting, growing = marks.find(item), marks.find(item, GROW_MARKER)
        is_limited = bool(limiting) or self.settings.everything
        if not is_limited and not growing:
            return Plan(None) if uses_fixture(item) and not is_isolated(item) else None
        if is_benchmark(item) or is_isolated(item):
            self._left_alone[item.nodeid] = BENCHMARK if is_benchmark(item) else ISOLATED
            return None
        engine, growth = self.ensure_engine(), None
        if growing:
            from pytest_heapster.growth import parse_growth

            growth = _parse(GROW_MARKER, lambda: parse_growth(merge_marks(growing, GROW_MARKER, "rounds=5")))
        limits = _parse(MARKER, lambda: engine.parse_marks(limiting)) if is_limited else None
        return Plan(limits, limiting, growth)

    def _plan_items(self, items: Iterable[object]) -> List[str]:
        """Make the plans of these items; return what is wrong with their markers, each problem once."""
        marks, problems = Marks(), []
        for item in items:
            if isinstance(item, pytest.Function):
                try:
                    item.stash[PLAN] = self._make_plan(item, marks)
                except ValueError as error:
                    problems.append(f"{item.nodeid.partition('[')[0]}: {error}")
            elif isinstance(item, pytest.Item) and (self.settings.everything or marks.find(item)):
                # A doctest, or an item of a project's own collector: only its author knows what a second run does.
                self._left_alone[item.nodeid] = NO_FUNCTION
        return list(dict.fromkeys(problems))

    @hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_make_collect_report(self) -> Generator[None, Any, None]:
        outcome = yield
        report = outcome.get_result()
        problems = self._plan_items(report.result or [])
        if problems:
            report.outcome, report.result = "failed", []
            report.longrepr = "\n".join(problems)

    @hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: List[pytest.Item]) -> Generator[None, Any, None]:
        """A second process runs the tests in an order of its own: some figures hang on what ran before."""
        self.order.note_collected(items)
        yield
        if self.settings.second_report is not None:
            self.order.reorder_for_second(items, is_reverse=self.settings.second_order == REVERSE)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Plan the items again: a conftest may have marked some since."""
        problems = self._plan_items(session.items)
        if problems:
            raise pytest.UsageError("\n".join(problems))
        plans = [item.stash.get(PLAN, None) for item in session.items]
        if any(plans):
            self.collected.is_any_planned = True
            from pytest_heapster.protocol import Protocol

            self.config.pluginmanager.register(Protocol(self.ensure_engine(), self.order, self.collected))

    # --- which tests there are ---

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.collected.add_report(report)

    def pytest_deselected(self) -> None:
        self.collected.cut_short("tests were deselected")

    @hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker of xdist has ended."""
        self.workers += 1
        packed = getattr(node, "workeroutput", {}).get(PAYLOAD)
        if packed is None:
            self.collected.cut_short("a worker of xdist was lost")
        else:
            self.collected.add_packed(packed)

    # --- the fixture ---

    @contextlib.contextmanager
    def open_fixture(self, item: pytest.Item) -> "Iterator[Heap]":
        """The fixture of a test. A test that asked for it by name has no plan, and is judged here."""
        from pytest_heapster.measure import Heap
        from pytest_heapster.measurements import Measurements

        plan = item.stash.get(PLAN, None)
        if plan is not None and plan.measurements is not None:
            yield Heap(self.ensure_engine(), plan.measurements)
            return
        measurements = Measurements(item, find_name(item), False)
        self.ensure_engine().prepare(measurements)
        yield Heap(self.ensure_engine(), measurements)
        self._unplanned[item.nodeid] = measurements
        self.ensure_engine().conclude(measurements)

    # --- where the figures go ---

    def _attach_payload(self, report: pytest.TestReport) -> None:
        """Figures of a test without a plan, and the name of an item that is not a function."""
        measurements = self._unplanned.pop(report.nodeid, None)
        why = self._left_alone.get(report.nodeid) if report.when == "call" and report.passed else None
        if why is not None or (measurements is not None and measurements.records):
            from pytest_heapster.records import attach_payload

            records = measurements.records if measurements is not None else []
            unmeasured = (report.nodeid, why) if why is not None else None
            attach_payload(report, self.ensure_engine().fingerprint, records, unmeasured=unmeasured)

    @hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self._unplanned or self._left_alone:
            self._attach_payload(report)
        payload = getattr(report, PAYLOAD, None)
        if self.settings.is_worker:
            return
        if payload is not None and payload["waiting"]:
            self._ensure_results(payload["fingerprint"])
            self._waiting[report.nodeid] = report
            return
        if report.when == "call" or not report.passed:
            self._waiting.pop(report.nodeid, None)
        if payload is not None:
            is_xfailed = report.skipped and hasattr(report, "wasxfail")
            self._ensure_results(payload["fingerprint"]).add(payload, report.passed, is_xfailed)

    @hookimpl(hookwrapper=True, trylast=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, None]:
        """Around the second pass, whose hook is registered later; inside the terminal's, which ends the last line."""
        outcome = yield
        if self._waiting:
            self._report_waiting(outcome.excinfo is None and not session.shouldfail and not session.shouldstop)

    def _report_waiting(self, is_whole: bool) -> None:
        """The second pass of these tests never came, so their failures stand; or it did not help, but they have another
        order than the files."""
        from pytest_heapster.files_order import find_time_limit, rebuild, try_files_order

        waiting, self._waiting = list(self._waiting.values()), {}
        if begins_with_last(self.config):
            waiting.reverse()
        seconds = find_time_limit(time.monotonic() - self.began, self.workers)
        found = try_files_order(self.config, self.settings, waiting if is_whole else [], seconds)
        for setup in waiting:
            hooks = self.config.hook
            hooks.pytest_runtest_logstart(nodeid=setup.nodeid, location=setup.location)
            for report in rebuild(self.config, setup, found):
                hooks.pytest_runtest_logreport(report=report)
            hooks.pytest_runtest_logfinish(nodeid=setup.nodeid, location=setup.location)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        is_ended = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        is_stopped = bool(session.shouldfail or session.shouldstop) or not is_ended
        if is_stopped:
            self.collected.cut_short("the run was stopped")
        if self.settings.is_worker:
            self.config.workeroutput[PAYLOAD] = self.collected.pack()  # type: ignore[attr-defined]
        elif self._results is not None:
            from pytest_heapster.summary import write_reports

            self._results.write_baseline(self.config, is_stopped)
            write_reports(self._results)
            if self._results.problems and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        elif self._is_baseline_idle():
            self._judge_idle_baseline(session)

    def _is_baseline_idle(self) -> bool:
        """Whether there is a baseline to compare with, and no test that is to be measured."""
        is_asked = self.settings.mode in (None, "check") and not self.config.getoption("collectonly")
        is_measured = self.settings.everything or self.collected.is_any_planned
        return is_asked and not is_measured and self.settings.baseline.exists()

    def _judge_idle_baseline(self, session: pytest.Session) -> None:
        from pytest_heapster.idle_baseline import describe

        self._idle_baseline, is_readable = describe(self.settings, self.collected)
        self._is_idle_a_failure = self.settings.mode == "check" or self.settings.strict or not is_readable
        if self._idle_baseline and self._is_idle_a_failure and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: "TerminalReporter") -> None:
        if self.settings.is_worker:
            return
        if self._results is not None:
            from pytest_heapster.summary import show

            show(self._results, terminalreporter, self.config.getoption("verbose"))
        if self._idle_baseline is not None:
            is_red = self._is_idle_a_failure
            terminalreporter.line(f"heapster: {self._idle_baseline}", red=is_red, yellow=not is_red)
        is_measured = self._results is not None and self._results.records
        if not is_measured and (self.settings.reports or self.settings.mode == "update"):
            terminalreporter.line(NOTHING if not self.settings.everything else NOTHING.partition(";")[0])
