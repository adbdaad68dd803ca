"""pytest's hooks in every run: which tests are measured, and where the figures go. Values decide."""

import contextlib
from typing import TYPE_CHECKING, Any, Dict, Generator, Iterable, Iterator, List, Optional, Set, Tuple

import pytest

from pytest_heapster.collected import Collected
from pytest_heapster.options import MARKER, PAYLOAD, Marks, Settings, hookimpl, uses_fixture
from pytest_heapster.retries import PLAN, Plan, find_name

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

    from pytest_heapster.measure import Engine, Heap, Measurements
    from pytest_heapster.results import Results

NOTHING = "heapster: no test was measured, so nothing was written; @pytest.mark.heap_limit() or --heap-all measures one"


class Status:
    """How pytest shows a polluted test: of the tests with figures only those are skipped."""

    def pytest_report_teststatus(self, report: pytest.TestReport) -> Optional[Tuple[str, str, Any]]:
        is_polluted = report.skipped and hasattr(report, PAYLOAD) and not hasattr(report, "wasxfail")
        return ("polluted", "P", ("POLLUTED", {"yellow": True})) if is_polluted else None


class Session:
    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.config = config
        self.settings = settings
        self.collected = Collected(config)
        self._engine: "Optional[Engine]" = None
        self._results: "Optional[Results]" = None
        self._unplanned: "Dict[str, Measurements]" = {}  # of tests that asked for the fixture by name, by node id
        self._not_functions: Set[str] = set()  # items that should be measured and cannot be, by node id

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

    def _make_plan(self, item: pytest.Function, marks: List[pytest.Mark]) -> Optional[Plan]:
        """ValueError if a marker is wrong."""
        if not marks and not self.settings.everything:
            return Plan(None) if uses_fixture(item) else None
        return Plan(self.ensure_engine().parse_marks(marks), marks)

    def _plan_items(self, items: Iterable[object]) -> List[str]:
        """Make the plans of these items; return what is wrong with their markers, each problem once."""
        marks, problems = Marks(), []
        for item in items:
            if isinstance(item, pytest.Function):
                try:
                    item.stash[PLAN] = self._make_plan(item, marks.find(item))
                except ValueError as error:
                    problems.append(f"{item.nodeid.partition('[')[0]}: {MARKER}: {error}")
            elif isinstance(item, pytest.Item) and (self.settings.everything or marks.find(item)):
                # A doctest, or an item of a project's own collector: only its author knows what a second run does.
                self._not_functions.add(item.nodeid)
        return list(dict.fromkeys(problems))

    @hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_make_collect_report(self) -> Generator[None, Any, None]:
        outcome = yield
        report = outcome.get_result()
        problems = self._plan_items(report.result or [])
        if problems:
            report.outcome, report.result = "failed", []
            report.longrepr = "\n".join(problems)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Plan the items again: a conftest may have marked some since."""
        problems = self._plan_items(session.items)
        if problems:
            raise pytest.UsageError("\n".join(problems))
        plans = [item.stash.get(PLAN, None) for item in session.items]
        if any(plans):
            from pytest_heapster.protocol import Protocol

            self.config.pluginmanager.register(Protocol(self.ensure_engine()))

    # --- which tests there are ---

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.collected.add_report(report)

    def pytest_deselected(self) -> None:
        self.collected.cut_short("tests were deselected")

    @hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker of xdist has ended."""
        packed = getattr(node, "workeroutput", {}).get(PAYLOAD)
        if packed is None:
            self.collected.cut_short("a worker of xdist was lost")
        else:
            self.collected.add_packed(packed)

    # --- the fixture ---

    @contextlib.contextmanager
    def open_fixture(self, item: pytest.Item) -> "Iterator[Heap]":
        """The fixture of a test. A test that asked for it by name has no plan, and is judged here."""
        from pytest_heapster.measure import Heap, Measurements

        plan = item.stash.get(PLAN, None)
        if plan is not None and plan.measurements is not None:
            yield Heap(self.ensure_engine(), plan.measurements)
            return
        measurements = Measurements(find_name(item), False, item.user_properties)
        yield Heap(self.ensure_engine(), measurements)
        self._unplanned[item.nodeid] = measurements
        self.ensure_engine().conclude(measurements)

    # --- where the figures go ---

    def _attach_payload(self, report: pytest.TestReport) -> None:
        """Figures of a test without a plan, and the name of an item that is not a function."""
        measurements = self._unplanned.pop(report.nodeid, None)
        is_unmeasured = report.when == "call" and report.passed and report.nodeid in self._not_functions
        if is_unmeasured or (measurements is not None and measurements.records):
            from pytest_heapster.results import NO_FUNCTION, attach_payload

            records = measurements.records if measurements is not None else []
            unmeasured = (report.nodeid, NO_FUNCTION) if is_unmeasured else None
            attach_payload(report, self.ensure_engine().fingerprint, records, unmeasured)

    @hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._attach_payload(report)
        payload = getattr(report, PAYLOAD, None)
        if payload is not None and not self.settings.is_worker:
            self._ensure_results(payload["fingerprint"]).add(payload, report.passed)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if session.shouldfail or session.shouldstop or exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            self.collected.cut_short("the run was stopped")
        if self.settings.is_worker:
            self.config.workeroutput[PAYLOAD] = self.collected.pack()  # type: ignore[attr-defined]
        elif self._results is not None:
            from pytest_heapster.summary import write_reports

            self._results.write_baseline()
            write_reports(self._results)
            if self._results.problems and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: "TerminalReporter") -> None:
        if self.settings.is_worker:
            return
        if self._results is not None:
            from pytest_heapster.summary import show

            show(self._results, terminalreporter, self.config.getoption("verbose"))
        is_measured = self._results is not None and self._results.records
        if not is_measured and (self.settings.reports or self.settings.mode == "update"):
            terminalreporter.line(NOTHING if not self.settings.everything else NOTHING.partition(";")[0])
