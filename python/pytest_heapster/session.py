"""pytest's hooks in every run: which tests are measured, and where the figures go. It decides nothing about figures."""

import contextlib
from typing import TYPE_CHECKING, Any, Dict, Generator, Iterable, Iterator, List, Optional, Set, Tuple

import pytest

from pytest_heapster.collected import Collected
from pytest_heapster.options import MARKER, Marks, Settings, hookimpl, uses_fixture
from pytest_heapster.retries import PARCEL, PLAN, Plan, name_of

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

    from pytest_heapster.measure import Engine
    from pytest_heapster.fixture import Heap
    from pytest_heapster.probe import Probe
    from pytest_heapster.results import Results

NOTHING = "heapster: no test was measured, so nothing was written; @pytest.mark.heap_limit() or --heap-all measures one"


class Status:
    """How pytest shows a test that is polluted: of those with figures, only they are skipped."""

    def pytest_report_teststatus(self, report: pytest.TestReport) -> Optional[Tuple[str, str, Any]]:
        is_polluted = report.skipped and hasattr(report, PARCEL) and not hasattr(report, "wasxfail")
        return ("polluted", "P", ("POLLUTED", {"yellow": True})) if is_polluted else None


class Session:
    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.config = config
        self.settings = settings
        self.collected = Collected(config)
        self._engine: "Optional[Engine]" = None
        self._results: "Optional[Results]" = None
        self._late: "Dict[str, Probe]" = {}  # measured by a fixture that nobody planned with, by node id
        self._beyond: Set[str] = set()  # to be measured, but no functions: by node id

    # Methods, not properties: pytest looks at each attribute of a plugin.

    def engine(self) -> "Engine":
        """Made when a test is to be measured: from here on heapster counts."""
        if self._engine is None:
            from pytest_heapster.measure import Engine

            self._engine = Engine(self.settings)
        return self._engine

    def results(self) -> "Results":
        """Made when the first figures come in."""
        if self._results is None:
            from pytest_heapster.results import Results

            self._results = Results(self.settings, self.collected)
            self.config.pluginmanager.register(Status())
        return self._results

    # --- which tests ---

    def _plan(self, item: pytest.Function, marks: List[pytest.Mark]) -> Optional[Plan]:
        """BadTerms where a marker is wrong."""
        if not marks and not self.settings.everything:
            return Plan(None) if uses_fixture(item) else None
        return Plan(self.engine().terms_of_marks(marks), marks)

    def _problems(self, items: Iterable[object]) -> List[str]:
        """Make the plans of these; return what is wrong with their markers, each once."""
        marks, problems = Marks(), []
        for item in items:
            if not isinstance(item, pytest.Function):
                self._look_beyond(item, marks)
                continue
            try:
                item.stash[PLAN] = self._plan(item, marks.of(item))
            except ValueError as error:
                problems.append(f"{item.nodeid.partition('[')[0]}: {MARKER}: {error}")
        return list(dict.fromkeys(problems))

    def _look_beyond(self, item: object, marks: Marks) -> None:
        """Doctests, and items of a project's own collectors: nobody but they know what a second run of them does."""
        if isinstance(item, pytest.Item) and (self.settings.everything or marks.of(item)):
            self._beyond.add(item.nodeid)

    @hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_make_collect_report(self) -> Generator[None, Any, None]:
        outcome = yield
        report = outcome.get_result()
        problems = self._problems(report.result or [])
        if problems:
            report.outcome, report.result = "failed", []
            report.longrepr = "\n".join(problems)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Once more: a conftest may have marked items since."""
        problems = self._problems(session.items)
        if problems:
            raise pytest.UsageError("\n".join(problems))
        plans = [item.stash.get(PLAN, None) for item in session.items]
        if any(plans):
            from pytest_heapster.protocol import Protocol

            self.config.pluginmanager.register(Protocol(self.engine()))

    # --- which tests there are ---

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.collected.look(report)

    def pytest_deselected(self) -> None:
        self.collected.cut_short("tests were deselected")

    @hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """xdist's: a worker has ended."""
        packed = getattr(node, "workeroutput", {}).get(PARCEL)
        if packed is None:
            self.collected.cut_short("a worker of xdist was lost")
        else:
            self.collected.add(packed)

    def _end_of_run(self, session: pytest.Session, exitstatus: int) -> None:
        if session.shouldfail or session.shouldstop or exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            self.collected.cut_short("the run was stopped")

    # --- the fixture ---

    @contextlib.contextmanager
    def fixture(self, item: pytest.Item) -> "Iterator[Heap]":
        """The fixture of a test. One that asked by name, when nothing was planned for it, is judged when it has ended."""
        from pytest_heapster.fixture import Heap
        from pytest_heapster.probe import Probe

        plan = item.stash.get(PLAN, None)
        if plan is not None and plan.probe is not None:
            yield Heap(self.engine(), plan.probe)
            return
        probe = Probe(name_of(item), False, item.user_properties)
        yield Heap(self.engine(), probe)
        self._late[item.nodeid] = probe
        self.engine().conclude(probe)

    # --- where the figures go ---

    @hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        late = self._late.pop(report.nodeid, None)
        if late is not None and late.records:
            self.engine().attach(report, late.records)
        if report.when == "call" and report.passed and report.nodeid in self._beyond:
            from pytest_heapster.record import NO_FUNCTION

            self.engine().attach(report, [], (report.nodeid, NO_FUNCTION))
        parcel = getattr(report, PARCEL, None)
        if parcel is not None and not self.settings.is_worker:
            self.results().add(parcel, report.passed)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        self._end_of_run(session, exitstatus)
        if self.settings.is_worker:
            self.config.workeroutput[PARCEL] = self.collected.pack()  # type: ignore[attr-defined]
        elif self._results is not None:
            self._results.finish()
            if self._results.problems and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: "TerminalReporter") -> None:
        if self.settings.is_worker:
            return
        if self._results is not None:
            self._results.show(terminalreporter, self.config.getoption("verbose"))
        is_measured = self._results is not None and self._results.records
        if not is_measured and (self.settings.reports or self.settings.mode == "update"):
            terminalreporter.line(NOTHING if not self.settings.everything else NOTHING.partition(";")[0])
