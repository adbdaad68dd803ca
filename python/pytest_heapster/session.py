"""pytest's hooks: which tests are measured, in which runs, and where the figures go. It decides nothing about figures."""

import contextlib
from typing import TYPE_CHECKING, Any, Callable, Generator, Iterator, List, Optional, Tuple, TypeVar

import pytest

from pytest_heapster import runs
from pytest_heapster.options import Settings
from pytest_heapster.plan import PLAN, Plan, name_of, uses_fixture
from pytest_heapster.steadiness import Steadiness

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

    from pytest_heapster.engine import Engine
    from pytest_heapster.fixture import Heap
    from pytest_heapster.record import Parcel, Record
    from pytest_heapster.results import Results

MARKER = "heap_limit"

# What a report carries the figures home as.
PARCEL = "heapster"

NOTHING = "heapster: no test was measured, so nothing was written; @pytest.mark.heap_limit() or --heap-all measures one"

RAN_BEFORE = (
    "It passed when it ran the first time, to warm up. If it cannot run twice in a process: heap_limit(warmup=0)."
)

Wrapper = Generator[None, Any, None]
Hook = TypeVar("Hook", bound=Callable[..., object])


def _first(hook: Hook) -> Hook:
    """Before other plugins'."""
    marked: Hook = pytest.hookimpl(tryfirst=True)(hook)
    return marked


def _around(hook: Hook) -> Hook:
    """Around the others, in the form that pytest 7 knows, too."""
    marked: Hook = pytest.hookimpl(hookwrapper=True, tryfirst=True)(hook)
    return marked


class Session:
    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.config = config
        self.settings = settings
        self._engine: "Optional[Engine]" = None
        self._results: "Optional[Results]" = None

    # Methods, not properties: pytest looks at each attribute of a plugin.

    def engine(self) -> "Engine":
        """Made when a test is to be measured: from here on heapster counts."""
        if self._engine is None:
            from pytest_heapster.engine import Engine

            self._engine = Engine(self.settings)
        return self._engine

    def results(self) -> "Results":
        """Made when the first figures come in."""
        if self._results is None:
            from pytest_heapster.results import Results

            self._results = Results(self.settings)
        return self._results

    # --- which tests ---

    def _plan(self, item: pytest.Item) -> Optional[Plan]:
        """BadTerms where a marker is wrong."""
        if not isinstance(item, pytest.Function):
            return None
        marks = list(item.iter_markers(MARKER))
        if not marks and not self.settings.everything:
            return Plan(None) if uses_fixture(item) else None
        return Plan(self.engine().terms_of_marks(marks), marks)

    def _problem(self, item: pytest.Item) -> Optional[str]:
        try:
            item.stash[PLAN] = self._plan(item)
        except ValueError as error:
            return f"{item.nodeid.partition('[')[0]}: {MARKER}: {error}"
        return None

    @_around
    def pytest_make_collect_report(self) -> Wrapper:
        outcome = yield
        report = outcome.get_result()
        items = [each for each in report.result or [] if isinstance(each, pytest.Function)]
        problems = [problem for problem in map(self._problem, items) if problem]
        if problems:
            report.outcome, report.result = "failed", []
            report.longrepr = "\n".join(dict.fromkeys(problems))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Once more: a conftest may have marked items since."""
        problems = [problem for problem in map(self._problem, session.items) if problem]
        if problems:
            raise pytest.UsageError("\n".join(dict.fromkeys(problems)))

    # --- their runs ---

    @_first
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: Optional[pytest.Item]) -> Optional[bool]:
        plan = item.stash.get(PLAN, None)
        if plan is None or not isinstance(item, pytest.Function):
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in self._reports(item, nextitem, plan):
            item.ihook.pytest_runtest_logreport(report=report)
        plan.end()
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _reports(self, item: pytest.Function, nextitem: Optional[pytest.Item], plan: Plan) -> runs.Reports:
        every = runs.Runs(item, nextitem)
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

    def _outcome(self, every: runs.Runs, plan: Plan) -> runs.Reports:
        """A test that nobody asked to run twice, and that cannot, has passed all the same."""
        fails_again = bool(every.rehearsed) and not runs.passed(every.reports) and not plan.records()
        if fails_again and not plan.marks:
            every.rehearsed[-1].heapster = self._parcel([], name_of(every.item))  # type: ignore[attr-defined]
            return every.rehearsed
        if fails_again:
            next(each for each in every.reports if not each.passed).sections.append(("heapster", RAN_BEFORE))
        for report in every.reports:
            if self.settings.mode == "update" and hasattr(report, PARCEL):
                report.heapster["records"] = list(plan.best.values())
        return every.reports

    @_first
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        plan = item.stash.get(PLAN, None)
        if plan is not None:
            plan.new_probe(name_of(item))

    @_around
    def pytest_runtest_call(self, item: pytest.Item) -> Wrapper:
        plan = item.stash.get(PLAN, None)
        if plan is None or plan.rehearses or plan.probe is None or not isinstance(item, pytest.Function):
            yield
            return
        from pytest_heapster.engine import replaced

        with replaced(item, self.engine().measured(item.obj, plan.probe, plan.terms)):
            yield

    @contextlib.contextmanager
    def fixture(self, item: pytest.Item) -> "Iterator[Heap]":
        """The fixture of a test. One that asked by name, when its plan was made, is judged when it has ended."""
        from pytest_heapster.fixture import Heap

        plan = item.stash.get(PLAN, None)
        is_late = plan is None
        if plan is None:
            plan = item.stash[PLAN] = Plan(None)
            plan.new_probe(name_of(item))
        assert plan.probe is not None
        yield Heap(self.engine(), plan.probe)
        if is_late:
            self.engine().conclude(plan.probe)

    # --- where the figures go ---

    def _parcel(self, records: "List[Record]", unrepeatable: Optional[str] = None) -> "Parcel":
        expected = self.engine().expected
        return {"fingerprint": expected.fingerprint, "records": records, "unrepeatable": unrepeatable}

    @_around
    def pytest_runtest_makereport(self, item: pytest.Item) -> Wrapper:
        plan = item.stash.get(PLAN, None)
        records = plan.take_records() if plan else []
        if not records:
            yield
            return
        from pytest_heapster.record import properties

        for each in records:
            item.user_properties += properties(name_of(item), each)
        outcome = yield
        outcome.get_result().heapster = self._parcel(records)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        parcel = getattr(report, PARCEL, None)
        if parcel is not None and not self.settings.is_worker:
            self.results().add(parcel, report.passed)

    def pytest_report_teststatus(self, report: pytest.TestReport) -> Optional[Tuple[str, str, Any]]:
        """Only a polluted test is skipped with figures, unless it was expected to fail."""
        is_polluted = report.skipped and hasattr(report, PARCEL) and not hasattr(report, "wasxfail")
        return ("polluted", "P", ("POLLUTED", {"yellow": True})) if is_polluted else None

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not self.settings.is_worker and self._results is not None:
            self._results.finish()
            if self._results.problems and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: "TerminalReporter") -> None:
        if self.settings.is_worker:
            return
        if self._results is not None:
            self._results.show(terminalreporter, self.config.getoption("verbose"))
        elif self.settings.reports or self.settings.mode == "update":
            terminalreporter.line(NOTHING)
